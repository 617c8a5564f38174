"""Paddle networks without a PyTorch twin."""

from __future__ import annotations

import paddle
from paddle import nn


class Plain(nn.Layer):
    """A BatchNorm of the old kind, which PyTorch does not have; input (N, 4, 8, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2D(4, 6, 3)
        self.norm = nn.BatchNorm(6)
        self.fc = nn.Linear(216, 3)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Three scores."""
        return self.fc(paddle.flatten(self.norm(self.conv(x)), 1))


class Held(nn.Layer):  # type: ignore[misc]
    """Parameters that a layer with sublayers holds itself, and a layer that is never called."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = self.create_parameter([8])
        self.a, self.dead, self.norm = nn.Linear(8, 8), nn.Linear(8, 8), nn.BatchNorm1D(8)
        self.inner = nn.Sequential(nn.Linear(8, 8))
        self.inner.shift = self.create_parameter([8])

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.norm(self.inner(self.a(x * self.scale)))
