"""One layer of `torch.nn`, called by a model that does nothing else."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def _plain(value: Any) -> Any:
    """An argument as PyTorch takes it: sequences are tuples, and `complex64` and its like are dtypes."""
    if isinstance(value, list):
        return tuple(_plain(item) for item in value)
    if isinstance(value, str) and isinstance(getattr(torch, value, None), torch.dtype):
        return getattr(torch, value)
    return value


class OneInput(nn.Module):
    """A model that calls its one layer with one input."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor) -> Any:
        """What the layer gives."""
        return self.layer(x)


class TwoInputs(OneInput):
    """A model that calls its one layer with two inputs."""

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> Any:  # type: ignore[override]
        """What the layer gives."""
        return self.layer(x, y)


class ThreeInputs(OneInput):
    """A model that calls its one layer with three inputs."""

    def forward(self, x: torch.Tensor, y: torch.Tensor, z: torch.Tensor) -> Any:  # type: ignore[override]
        """What the layer gives."""
        return self.layer(x, y, z)


def _made(layer: str, given: list[Any], named: dict[str, Any]) -> nn.Module:
    kind: type[nn.Module] = getattr(nn, layer)
    return kind(*map(_plain, given), **{name: _plain(value) for name, value in named.items()})


def one_layer(layer: str, given: list[Any], named: dict[str, Any], takes: int = 1) -> nn.Module:
    """A model of one layer: its class in `torch.nn`, its arguments by position and by name, and how many inputs."""
    return (OneInput, TwoInputs, ThreeInputs)[takes - 1](_made(layer, given, named))


def root_layer(layer: str, given: list[Any], named: dict[str, Any]) -> nn.Module:
    """A layer that is itself the model."""
    return _made(layer, given, named)
