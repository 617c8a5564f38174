"""One network that uses every rule of the profilers that patch functions: it takes long to start one of them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import layers
import torch
from torch import nn
from torch.nn import functional as F

EINOPS = import_module("einops") if find_spec("einops") is not None else None
"""A library that stands in the overlay of a profiler that patches it, and that nothing else here needs."""


class Arguments(nn.Module):
    """Calls whose arguments a profiler takes for something else than what they do; input (N, 4, 8, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.same = nn.Conv2d(4, 6, 2, padding="same")
        self.shrunk = nn.ConvTranspose2d(4, 8, 5, stride=4, padding=2, output_padding=3, groups=2, dilation=2)
        self.table = nn.Embedding(7, 2)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """One result of each."""
        queries, keys = x[:1, :, :5], x.flatten(2).unflatten(2, (8, 8))
        return [
            self.same(x),
            self.shrunk(x),
            self.table(x[0, 0].long()),
            F.linear(x, torch.ones(8)),
            F.batch_norm(x, None, None, training=True),
            F.batch_norm(x, None, None, torch.ones(4), torch.zeros(4), training=True),
            F.instance_norm(x),
            F.layer_norm(x, (8,)),
            F.group_norm(x, 2),
            F.leaky_relu(x),
            F.interpolate(x, scale_factor=1.3),
            F.interpolate(x, 5),
            F.local_response_norm(x, 2),
            F.lp_pool2d(x, 2, 3),
            F.scaled_dot_product_attention(queries, keys, keys),
            torch.einsum("nchw,nvhw,nv->cv", x, x, x[:, :, 0, 0]),
            torch.einsum("i,j->ij", x[0, 0, 0], x[0, 0, 1]),
            torch.addmm(x[0, 0, :1], x[0, 0], x[0, 1], beta=0),
            torch.mul(x, x[0, 0, 0]),
            *([EINOPS.einsum(x, x[0, 0], "n c h w, w v -> n c h v")] if EINOPS is not None else []),
        ]


class Owned(nn.Module):
    """A layer and a function in a module that two parents own; input (N, 4, 8, 8)."""

    class Inner(nn.Module):
        """A recurrent layer, a linear layer, and a function beside them."""

        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(8, 8)
            self.recurrent = nn.LSTM(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            """As many rows of as many features."""
            return F.relu(self.linear(self.recurrent(x)[0]))

    def __init__(self) -> None:
        super().__init__()
        both = Owned.Inner()
        self.left, self.right = nn.Sequential(both), nn.Sequential(both)
        self.own = nn.Linear(8, 8)
        self.again = self.own

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """As many rows of as many features."""
        return self.again(self.right(self.left(x[0])))


class Everything(nn.Module):
    """Every bag of layers and every spelling of a function; input (N, 4, 8, 8)."""

    def __init__(self) -> None:
        super().__init__()
        bags = (layers.convolutions, layers.norms, layers.activations, layers.pools, layers.resampling)
        self.bags = nn.ModuleList([*(bag() for bag in bags), layers.sequences()])
        self.functions = nn.ModuleList([layers.Functions(), layers.Pairs(), layers.Shared(), Arguments(), Owned()])
        self.fused = layers.Fused()

    def forward(self, x: torch.Tensor) -> list[object]:
        """What each of them gives."""
        given = [net(x) for net in (*self.bags, *self.functions)]
        return [*given, self.fused(x.flatten(1, 2))]
