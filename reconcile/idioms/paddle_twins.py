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
