"""Idioms of building and calling: sharing, subclassing, wrapping, and calls that hooks do not see."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, prune


class CalledTwice(nn.Module):
    """One layer called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight features."""
        return self.fc(self.fc(x))


class Parents(nn.Module):
    """One layer owned by several parents, called by the first `calls` of them."""

    def __init__(self, owners: int, calls: int, activation: bool = False) -> None:
        super().__init__()
        shared = nn.ReLU() if activation else nn.Linear(8, 8)
        self.owners = nn.ModuleList([_Owner(shared) for _ in range(owners)])
        self.calls = calls

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight features."""
        for owner in self.owners[: self.calls]:
            x = owner(x)
        return x


class _Owner(nn.Module):
    def __init__(self, shared: nn.Module) -> None:
        super().__init__()
        self.shared = shared

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.shared(x)


class TwoNames(CalledTwice):
    """One layer under two names of one parent, called by each."""

    def __init__(self) -> None:
        super().__init__()
        self.again = self.fc

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight features."""
        return self.again(self.fc(x))


class TiedWeights(nn.Module):
    """Two layers that share one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(8, 8), nn.Linear(8, 8)
        self.two.weight = self.one.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight features."""
        return self.two(self.one(x))


class TiedEmbedding(nn.Module):
    """A table of embeddings whose weight is that of the last layer too."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(11, 6)
        self.head = nn.Linear(6, 11, bias=False)
        self.head.weight = self.table.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eleven scores; input (N, L) of int64."""
        return self.head(self.table(x))


class OwnLinear(nn.Linear):
    """A subclass that changes nothing."""


class Down(nn.Conv2d):
    """A convolution that is not called one."""


class ConvertedLinear(nn.Linear):
    """A linear layer with a convolution in its name."""


class Subclass(nn.Module):
    """A model whose one layer is of a subclass."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        ways = {"OwnLinear": OwnLinear, "ConvertedLinear": ConvertedLinear}
        self.layer: nn.Module = Down(6, 10, 3) if kind == "Down" else ways[kind](8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the layer gives."""
        given: torch.Tensor = self.layer(x)
        return given


class BaseAndSubclass(nn.Module):
    """A layer and a layer of its subclass."""

    def __init__(self) -> None:
        super().__init__()
        self.plain, self.own = nn.Linear(8, 8), OwnLinear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight features."""
        return self.own(self.plain(x))


class ForwardCall(CalledTwice):
    """A layer whose `forward` is called past its hooks."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight features."""
        return self.fc.forward(x)


class Keyword(nn.Module):
    """A layer that is called by keyword."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.layer = nn.Conv2d(6, 10, 3) if kind == "Conv2d" else nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the layer gives."""
        given: torch.Tensor = self.layer(input=x)
        return given


class Parametrised(nn.Module):
    """A layer whose weight is computed by a parametrisation, or by a hook of the older kind."""

    def __init__(self, how: str, layer: str = "Linear") -> None:
        super().__init__()
        made: nn.Module = nn.Linear(8, 5) if layer == "Linear" else nn.Conv2d(6, 10, 3)
        ways: dict[str, Any] = {
            "weight_norm": nn.utils.weight_norm,
            "spectral_norm": nn.utils.spectral_norm,
            "parametrized weight_norm": parametrizations.weight_norm,
            "parametrized spectral_norm": parametrizations.spectral_norm,
        }
        self.layer = ways[how](made)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the layer gives."""
        given: torch.Tensor = self.layer(x)
        return given


class Pruned(nn.Module):
    """A layer a quarter of whose weights are masked; the dense work runs all the same."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = prune.l1_unstructured(nn.Linear(8, 8), "weight", 0.25)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight features."""
        given: torch.Tensor = self.fc(x)
        return given


class Adapted(nn.Linear):
    """A linear layer with a low-rank branch of its own, as LoRA adds it."""

    def __init__(self) -> None:
        super().__init__(8, 8)
        self.down, self.up = nn.Linear(8, 2, bias=False), nn.Linear(2, 8, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight features."""
        return super().forward(x) + self.up(self.down(x))


class LowRank(nn.Module):
    """A model of one adapted layer."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = Adapted()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight features."""
        given: torch.Tensor = self.fc(x)
        return given


class ChildOfRuled(nn.Module):
    """A linear layer that owns another one, which its parent calls."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.fc.add_module("branch", nn.Linear(8, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight features."""
        return self.fc(x) + self.fc.get_submodule("branch")(x)


class Unused(CalledTwice):
    """A layer that is never called beside one that is."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight features."""
        return self.fc(x)


class DeadBranch(Unused):
    """A layer that is called and whose result nothing depends on."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight features."""
        self.unused(x)
        return self.fc(x)


class Listed(nn.Module):
    """Layers in a `ModuleList`, a `ModuleDict` or a plain list that registers nothing."""

    def __init__(self, how: str) -> None:
        super().__init__()
        made = [nn.Linear(8, 8) for _ in range(2)]
        self.dict = nn.ModuleDict({"a": made[0], "b": made[1]}) if how == "ModuleDict" else None
        self.list = nn.ModuleList(made) if how == "ModuleList" else None
        self.hidden = made if how == "list" else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight features."""
        layers: Any = self.list or self.hidden or (self.dict.values() if self.dict is not None else ())
        for layer in layers:
            x = layer(x)
        return x


class BareParameter(nn.Module):
    """A parameter of the model itself, multiplied by `@`."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(8, 5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Five features."""
        return x @ self.weight


class OwnBuffer(CalledTwice):
    """A model with a buffer of its own that is called `total_ops`."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total_ops", torch.full((1,), 7.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight features."""
        return self.fc(x)


class Frozen(CalledTwice):
    """A layer whose parameters are not trained."""

    def __init__(self) -> None:
        super().__init__()
        self.fc.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight features."""
        return F.relu(self.fc(x))


class Hooked(CalledTwice):
    """A layer that carries a hook of its own, which multiplies once more."""

    def __init__(self) -> None:
        super().__init__()
        self.fc.register_forward_hook(lambda module, given, result: result @ module.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight features."""
        return self.fc(x)
