"""Small networks from a list of steps: every layer kind, residual additions, branches, shared layers, functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

Step = Sequence[Any]

ACTIVATIONS = ("ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "GELU", "SiLU", "Sigmoid", "Hardswish")

FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "F.relu": lambda x: F.relu(x),
    "relu": lambda x: x.relu(),
    "F.gelu": lambda x: F.gelu(x),
    "F.softmax": lambda x: F.softmax(x, 1),
    "torch.add": lambda x: torch.add(x, x),
    "mul": lambda x: x * x.mean(),
    "F.interpolate": lambda x: F.interpolate(x, scale_factor=2) if x.dim() == 4 and x.shape[-1] < 9 else x,
    "F.avg_pool2d": lambda x: F.avg_pool2d(x, 2) if x.dim() == 4 and min(x.shape[2:]) > 1 else x,
    "torch.matmul": lambda x: torch.matmul(x, x.transpose(-1, -2)),
    "@": lambda x: x @ x.transpose(-1, -2),
    "bmm": lambda x: torch.bmm(x.flatten(2), x.flatten(2).transpose(1, 2)) if x.dim() > 2 else x,
}

IMAGE = ("conv", "depthwise", "same", "transposed", "norm", "activation", "pool", "adaptive", "upsample", "function")

ROWS = ("linear", "layernorm", "activation", "function", "attention", "recurrent", "softmax")


def _largest_divisor(number: int, at_most: int) -> int:
    return max(part for part in range(1, at_most + 1) if number % part == 0)


def _image_layer(kind: str, size: int, x: torch.Tensor) -> nn.Module | None:
    channels, least = x.shape[1], min(x.shape[2:])
    groups = _largest_divisor(channels, 2)
    if kind == "conv":
        kernel = min(least, 1 + size % 3)
        return nn.Conv2d(channels, 2 * size, kernel, stride=1 + size % 2, groups=groups, bias=size % 3 > 0)
    if kind == "depthwise":
        return nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
    if kind == "same":
        return nn.Conv2d(channels, size, 3, padding="same")
    if kind == "transposed":
        return nn.ConvTranspose2d(channels, 2 * size, 2, stride=2, groups=groups) if least < 9 else None
    if kind == "norm":
        ways = (nn.BatchNorm2d(channels), nn.GroupNorm(groups, channels), nn.InstanceNorm2d(channels, affine=size > 2))
        return ways[size % 3] if least > 1 else ways[0]
    if kind == "pool":
        return (nn.MaxPool2d(2), nn.AvgPool2d(2))[size % 2] if least > 1 else None
    if kind == "adaptive":
        return (nn.AdaptiveAvgPool2d(1 + size % 2), nn.AdaptiveMaxPool2d(1))[size % 2]
    if kind == "upsample":
        return nn.Upsample(scale_factor=2, mode=("nearest", "bilinear")[size % 2]) if least < 9 else None
    return None


def _row_layer(kind: str, size: int, x: torch.Tensor) -> nn.Module | None:
    features = x.shape[-1]
    if kind == "linear":
        return nn.Linear(features, 2 * size, bias=size % 3 > 0)
    if kind == "layernorm":
        return nn.LayerNorm(features, elementwise_affine=size % 2 > 0)
    if kind == "softmax":
        return nn.Softmax(-1)
    return None


class Sequence3d(nn.Module):
    """Attention or a recurrent layer over rows; vectors are taken as sequences of one."""

    def __init__(self, layer: nn.Module, attention: bool) -> None:
        super().__init__()
        self.layer, self.attention = layer, attention

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Rows of the same number."""
        rows = x if x.dim() == 3 else x.unsqueeze(1)
        return self.layer(rows, rows, rows)[0] if self.attention else self.layer(rows)[0]


class Function(nn.Module):
    """A function by name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the function gives."""
        return FUNCTIONS[self.name](x)


class Residual(nn.Module):
    """A layer's result added to what it was given, if the shapes allow it."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The sum."""
        y: torch.Tensor = self.inner(x)
        return x + y if x.shape == y.shape else y


class Branches(nn.Module):
    """Two layers on the same input, put together along the channels, if the shapes allow it."""

    def __init__(self, left: nn.Module, right: nn.Module) -> None:
        super().__init__()
        self.left, self.right = left, right

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Both results, or the second and the mean of the first."""
        a, b = self.left(x), self.right(x)
        return torch.cat([a, b], 1) if a.shape[:1] + a.shape[2:] == b.shape[:1] + b.shape[2:] else b + a.mean()


class Twice(nn.Module):
    """One layer called twice, under two names, if it takes what it gives."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.again = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The second result, or the first."""
        y: torch.Tensor = self.inner(x)
        return self.again(y) if x.shape == y.shape else y


def _layer(step: Step, x: torch.Tensor) -> nn.Module:
    """The module of a step for an input like `x`; a step that does not fit is one that changes nothing."""
    kind, size, *inner = step
    if kind == "residual":
        return Residual(_layer(inner[0], x))
    if kind == "branches":
        return Branches(_layer(inner[0], x), _layer(inner[1], x))
    if kind == "twice":
        return Twice(_layer(inner[0], x))
    if kind == "function":
        return Function(list(FUNCTIONS)[size % len(FUNCTIONS)])
    if kind == "activation":
        made: nn.Module = getattr(nn, ACTIVATIONS[size % len(ACTIVATIONS)])()
        return made
    if x.dim() == 4:
        return _image_layer(kind, size, x) or nn.Identity()
    heads = _largest_divisor(x.shape[-1], 2)
    if kind == "attention":
        return Sequence3d(nn.MultiheadAttention(x.shape[-1], heads, batch_first=True), True)
    if kind == "recurrent":
        ways = (nn.LSTM, nn.GRU, nn.RNN)
        return Sequence3d(ways[size % 3](x.shape[-1], size, batch_first=True), False)
    return _row_layer(kind, size, x) or nn.Identity()


class Net(nn.Module):
    """Steps on an image, rows made of it, and steps on the rows."""

    def __init__(self, image: Sequence[Step], rows: Sequence[Step], tokens: bool, shape: Sequence[int]) -> None:
        super().__init__()
        x, self.tokens = torch.rand(tuple(shape)), tokens
        self.image, self.rows = nn.Sequential(), nn.Sequential()
        with torch.no_grad():
            for number, step in enumerate(image):
                self.image.append(_layer(step, x).eval())
                x = self.image[number](x)
            x = self._as_rows(x)
            for number, step in enumerate(rows):
                self.rows.append(_layer(step, x).eval())
                x = self.rows[number](x)

    def _as_rows(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(2).transpose(1, 2) if self.tokens and x.dim() == 4 else x.flatten(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Whatever comes out; input (N, C, H, W)."""
        return self.rows(self._as_rows(self.image(x)))
