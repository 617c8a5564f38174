"""Attention layers and recurrent layers as models call them."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class SelfAttention(nn.Module):
    """`nn.MultiheadAttention` of one input with itself."""

    def __init__(self, size: int, heads: int, weights: bool = True, **options: Any) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(size, heads, **options)
        self.weights = weights

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The attended rows; input (L, N, E), or (N, L, E) if batch comes first."""
        given: torch.Tensor = self.attention(x, x, x, need_weights=self.weights)[0]
        return given


class CrossAttention(nn.Module):
    """`nn.MultiheadAttention` of one input over another."""

    def __init__(self, size: int, heads: int, **options: Any) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(size, heads, **options)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """The attended rows of x; inputs (L, N, E) and (S, N, K)."""
        given: torch.Tensor = self.attention(x, y, y)[0]
        return given


class MaskedAttention(SelfAttention):
    """`nn.MultiheadAttention` with a mask over pairs of positions."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The attended rows; input (L, N, E)."""
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[0])
        given: torch.Tensor = self.attention(x, x, x, need_weights=self.weights, attn_mask=mask)[0]
        return given


class PaddedAttention(SelfAttention):
    """`nn.MultiheadAttention` with a mask over positions."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The attended rows; input (L, N, E)."""
        padded = torch.zeros(x.shape[1], x.shape[0], dtype=torch.bool)
        padded[:, -1] = True
        given: torch.Tensor = self.attention(x, x, x, need_weights=self.weights, key_padding_mask=padded)[0]
        return given


class KeywordAttention(SelfAttention):
    """`nn.MultiheadAttention` called by keywords."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The attended rows; input (L, N, E)."""
        given: torch.Tensor = self.attention(query=x, key=x, value=x, need_weights=self.weights)[0]
        return given


class PackedProjection(nn.Module):
    """Attention as timm writes it: one linear layer for queries, keys and values, and `@`."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(size, 3 * size)
        self.proj = nn.Linear(size, size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The attended rows; input (N, L, E)."""
        n, length, size = x.shape
        q, k, v = self.qkv(x).reshape(n, length, 3, self.heads, size // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        scores = (q * (size // self.heads) ** -0.5) @ k.transpose(-2, -1)
        return self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, length, size))


class FusedProjection(PackedProjection):
    """The same with the fused function in the place of the products."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The attended rows; input (N, L, E)."""
        n, length, size = x.shape
        q, k, v = self.qkv(x).reshape(n, length, 3, self.heads, size // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        attended = nn.functional.scaled_dot_product_attention(q, k, v)
        return self.proj(attended.transpose(1, 2).reshape(n, length, size))


def encoder(size: int, heads: int, inner: int, layers: int, **options: Any) -> nn.Module:
    """`nn.TransformerEncoder` of several layers."""
    layer = nn.TransformerEncoderLayer(size, heads, inner, **options)
    return nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)


class LastOutput(nn.Module):
    """A recurrent layer of which only the last output is used."""

    def __init__(self, kind: str, ins: int, outs: int, **options: Any) -> None:
        super().__init__()
        self.recurrent = getattr(nn, kind)(ins, outs, **options)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The last output; input (L, N, F)."""
        outputs: torch.Tensor = self.recurrent(x)[0]
        return outputs[-1]


class WithState(LastOutput):
    """A recurrent layer that is given its first state."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The last output; input (L, N, F)."""
        state = torch.zeros(1, x.shape[1], self.recurrent.hidden_size)
        outputs: torch.Tensor = self.recurrent(x, (state, state))[0]
        return outputs[-1]


class Packed(LastOutput):
    """A recurrent layer on a packed sequence of the lengths 5, 3 and 2."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The last states; input (5, 3, F)."""
        packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([5, 3, 2]))
        outputs, _ = self.recurrent(packed)
        given: torch.Tensor = outputs.data
        return given


class Unrolled(nn.Module):
    """A cell that is called for each step."""

    def __init__(self, kind: str, ins: int, outs: int) -> None:
        super().__init__()
        self.cell = getattr(nn, kind)(ins, outs)
        self.outs = outs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The last state; input (L, N, F)."""
        state = torch.zeros(x.shape[1], self.outs)
        for step in x:
            state = self.cell(step, state)
        return state
