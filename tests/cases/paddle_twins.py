"""Paddle twins of other names and another structure."""

from __future__ import annotations

from typing import Any

import paddle
import torch
from paddle import nn
from paddle.nn import functional as F


class FlatLeNet(nn.Layer):  # type: ignore[misc]
    """The twin of `reconcile.models:LeNet`: other names, functional activations, layers owned in another order."""

    def __init__(self, hidden: int = 120, more: bool = False) -> None:
        super().__init__()
        self.out = nn.Linear(84, 10)
        self.body = nn.Sequential(nn.Linear(400, hidden), nn.Linear(hidden, 84))
        self.second = nn.Conv2D(6, 16, 5)
        self.first = nn.Conv2D(1, 6, 3, padding=1)
        self.shrink = nn.MaxPool2D(2, 2)
        self.more = nn.Linear(10, 10) if more else None

    def forward(self, x: paddle.Tensor) -> Any:
        """Ten numbers."""
        x = self.shrink(F.relu(self.first(x)))
        x = self.shrink(F.relu(self.second(x)))
        x = self.out(self.body(paddle.flatten(x, 1)))
        return x if self.more is None else self.more(x)


class Scaled(FlatLeNet):
    """A twin whose tensors all have a counterpart, and which computes something else."""

    def forward(self, x: paddle.Tensor) -> Any:
        """Ten numbers, too large."""
        return super().forward(x) * 1.01


class Deciding(torch.nn.Module):
    """A PyTorch model that no trace can follow."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input or its negative, by its values."""
        return x if x.sum() > 0 else -x
