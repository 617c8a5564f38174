"""Layers that PyTorch runs by another kernel where nobody needs gradients."""

from __future__ import annotations

import torch
from torch import nn


class MultiheadAttention(nn.Module):
    """Self-attention without its weights."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.attention(x, x, x, need_weights=False)[0]  # type: ignore[no-any-return]


def TransformerEncoderLayer() -> nn.Module:  # noqa: N802 - it stands for the class of that name
    """An encoder layer that may take its fused path."""
    return nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
