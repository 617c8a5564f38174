"""MobileNet V1 as its paper's table of layers gives it (Howard et al., 2017)."""

from __future__ import annotations

import torch
from torch import nn

STEM = (2, 32)
"""Stride and output channels of the first layer, a 3x3 convolution of the image's three channels."""

BLOCKS = (
    (1, 64),
    (2, 128),
    (1, 128),
    (2, 256),
    (1, 256),
    (2, 512),
    *((1, 512),) * 5,
    (2, 1024),
    (1, 1024),
)
"""Stride and output channels of each depthwise 3x3 and the pointwise 1x1 convolution after it."""


class Block(nn.Module):
    """A 3x3 convolution of every channel alone and a 1x1 convolution across them, or one 3x3 convolution of both."""

    def __init__(self, inputs: int, outputs: int, stride: int, *, separable: bool) -> None:
        super().__init__()
        self.separable = separable
        if separable:
            self.depthwise = nn.Conv2d(inputs, inputs, 3, stride=stride, padding=1, groups=inputs, bias=False)
            self.norm1 = nn.BatchNorm2d(inputs)
            self.act1 = nn.ReLU(inplace=True)
            self.pointwise = nn.Conv2d(inputs, outputs, 1, bias=False)
        else:
            self.conv = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps of `outputs` channels, each side divided by the stride."""
        x = self.pointwise(self.act1(self.norm1(self.depthwise(x)))) if self.separable else self.conv(x)
        return self.act(self.norm(x))  # type: ignore[no-any-return]


class MobileNetV1(nn.Module):
    """MobileNet V1; input (N, 3, H, W), 224 in the paper.

    `separable=False` puts one standard convolution in the place of each depthwise separable one, and `classes=0`
    leaves out the pool and the classifier.
    """

    def __init__(self, classes: int = 1000, *, separable: bool = True) -> None:
        super().__init__()
        stride, channels = STEM
        layers: list[nn.Module] = [
            nn.Conv2d(3, channels, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        ]
        self.stem = nn.Sequential(*layers)
        blocks = []
        for stride, outputs in BLOCKS:
            blocks.append(Block(channels, outputs, stride, separable=separable))
            channels = outputs
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d(1) if classes else None
        self.fc = nn.Linear(channels, classes) if classes else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores for each image, or the last maps where there is no classifier."""
        x = self.blocks(self.stem(x))
        if self.pool is None or self.fc is None:
            return x
        return self.fc(self.pool(x).flatten(1))  # type: ignore[no-any-return]
