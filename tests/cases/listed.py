"""A network that past releases of torchinfo list in many ways: deep, shared, under two names, pruned, never called."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils import prune


class Scaled(nn.Module):
    """A layer that multiplies by parameters of a list, which is no layer of PyTorch's own."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scales = nn.ParameterList([nn.Parameter(torch.ones(width)) for _ in range(2)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.scales[0] + self.scales[1]


class Twice(nn.Module):
    """A layer under two names, and a convolution whose class a listing tells by a word in its name."""

    def __init__(self, shared: nn.Module) -> None:
        super().__init__()
        self.first = self.second = nn.Linear(6, 6)
        self.shared = shared
        self.weight = nn.Parameter(torch.ones(6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.shared(self.second(self.first(x))) * self.weight  # type: ignore[no-any-return]


class Each(nn.Module):
    """Layers in a list, which is not called itself."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(6, 6), nn.Linear(6, 6)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class ConvBlock(nn.Sequential):
    """A container whose name has the word in it that makes a layer a convolution to torchinfo."""


class Listed(nn.Module):
    """Images of whole numbers in, features in double precision out."""

    def __init__(self) -> None:
        super().__init__()
        deep = nn.Sequential(nn.Sequential(nn.Sequential(nn.Sequential(nn.Conv1d(6, 6, 1), nn.ReLU()))))
        shared = nn.Linear(6, 6)
        self.stem = ConvBlock(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6))
        self.deep = ConvBlock(deep, nn.Conv1d(6, 6, 1))
        self.boxes = nn.ModuleList([Twice(shared), Twice(shared)])
        self.scaled = Scaled(6)
        self.each = nn.Sequential(Each())
        self.unused = nn.Bilinear(3, 4, 5)
        self.memory = nn.GRU(6, 4, batch_first=True).double()
        prune.l1_unstructured(self.stem[0], "weight", 0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.deep(self.stem(x.float()).flatten(2)).transpose(1, 2)
        for box in reversed(self.boxes):
            x = box(x)
        return self.memory(self.each(self.scaled(x)).double())[0]  # type: ignore[no-any-return]
