"""Small networks of the Paddle article, in Paddle; its LeNet is `paddle.vision.models:LeNet`."""

from __future__ import annotations

from typing import Any

from paddle import nn


class TestNet(nn.Layer):  # type: ignore[misc]
    """One convolution; input (N, 2, 320, 320)."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2D(2, 4, kernel_size=3, padding=1)

    def forward(self, x: Any) -> Any:
        """The convolved image."""
        return self.conv2d(x)


class NormNet(nn.Layer):  # type: ignore[misc]
    """One BatchNorm2D; input (N, channels, H, W)."""

    def __init__(self, channels: int = 4) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2D(channels)

    def forward(self, x: Any) -> Any:
        """The normalised image."""
        return self.norm(x)


class LinearNet(nn.Layer):  # type: ignore[misc]
    """One linear layer; input (N, inputs)."""

    def __init__(self, inputs: int = 2, outputs: int = 4) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)

    def forward(self, x: Any) -> Any:
        """The outputs of every row."""
        return self.linear(x)
