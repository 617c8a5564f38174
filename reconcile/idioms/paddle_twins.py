"""Paddle twins of a few cases, written by hand where no mirror can be made or where Paddle has a form of its own."""

from __future__ import annotations

from typing import Any

import paddle
from paddle import nn


class LastChannels(nn.Layer):  # type: ignore[misc]
    """A convolution that takes its channels last, between two transpositions."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2D(6, 10, 3, data_format="NHWC")

    def forward(self, x: paddle.Tensor) -> Any:
        """Ten maps; input (N, 6, H, W)."""
        return self.layer(x.transpose([0, 2, 3, 1])).transpose([0, 3, 1, 2])


class SelfAttention(nn.Layer):  # type: ignore[misc]
    """Paddle's attention of one input with itself."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.attention = nn.MultiHeadAttention(size, heads)

    def forward(self, x: paddle.Tensor) -> Any:
        """The attended rows; input (N, L, E)."""
        return self.attention(x)


class Own(nn.Linear):  # type: ignore[misc]
    """A subclass that changes nothing."""


class OwnLinear(nn.Layer):  # type: ignore[misc]
    """A layer of a subclass of Paddle's own."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = Own(8, 8)

    def forward(self, x: paddle.Tensor) -> Any:
        """Eight features."""
        return self.layer(x)


class OneLayer(nn.Layer):  # type: ignore[misc]
    """A layer of Paddle by its name."""

    def __init__(self, layer: str, given: list[int]) -> None:
        super().__init__()
        self.layer = getattr(nn, layer)(*given)

    def forward(self, x: paddle.Tensor) -> Any:
        """What the layer gives."""
        return self.layer(x)


class Keyword(OneLayer):
    """A layer of Paddle that is called by keyword."""

    def __init__(self, layer: str, given: list[int], name: str) -> None:
        super().__init__(layer, given)
        self.keyword = name

    def forward(self, x: paddle.Tensor) -> Any:
        """What the layer gives."""
        return self.layer(**{self.keyword: x})
