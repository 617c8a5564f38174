"""Networks that hold parameters, and give out tensors, in every way that counters treat differently."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils import prune


class Inside(nn.Module):
    """A module that holds another one."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.m = module

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.m(x)  # type: ignore[no-any-return]


class Tied(nn.Module):
    """Two layers with one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)
        self.b.weight = self.a.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.b(self.a(x))  # type: ignore[no-any-return]


class Owned(nn.Module):
    """One layer that two modules own, called through both."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.Linear(8, 8)
        self.p, self.q, self.r = Inside(layer), Inside(layer), nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.q(self.r(self.p(x)))  # type: ignore[no-any-return]


class Frozen(nn.Module):
    """A weight that needs no gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 4)
        self.a.weight.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.b(self.a(x))  # type: ignore[no-any-return]


class Unused(nn.Module):
    """Layers that are never called, a bare parameter, and a layer that few counters know."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.dead, self.box = nn.Linear(8, 8), nn.Linear(8, 8), Inside(nn.Linear(8, 3))
        self.raw, self.norm = nn.Parameter(torch.ones(8)), nn.GroupNorm(2, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.a(x) * self.raw)  # type: ignore[no-any-return]


class Together(nn.Module):
    """The four above in one, for counters that take long to start."""

    def __init__(self) -> None:
        super().__init__()
        self.all = nn.Sequential(Tied(), Owned(), Unused(), Frozen())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.all(x)  # type: ignore[no-any-return]


class Attention(nn.Module):
    """An attention that never calls the layer inside it."""

    def __init__(self) -> None:
        super().__init__()
        self.emb, self.norm = nn.Linear(8, 8), nn.LayerNorm(8)
        self.a = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.emb(x).unsqueeze(1)
        return self.norm(self.a(x, x, x, need_weights=False)[0])  # type: ignore[no-any-return]


class Pruned(nn.Module):
    """Masked weights, one of them deeper in the tree."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), Inside(nn.Linear(8, 8))
        prune.l1_unstructured(self.a, "weight", 0.3)
        prune.l1_unstructured(self.b.m, "weight", 0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.b(self.a(x))  # type: ignore[no-any-return]


class Parametrized(nn.Module):
    """A weight that is made from two others."""

    def __init__(self) -> None:
        super().__init__()
        self.b = nn.utils.parametrizations.weight_norm(nn.Linear(8, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.b(x)  # type: ignore[no-any-return]


class Halves(nn.Module):
    """A layer with two outputs."""

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [x[:, :2], x[:, 2:]]


class Several(nn.Module):
    """A layer with two outputs, and one that is called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.twice, self.split = nn.Linear(8, 8), Halves()
        self.f, self.c = nn.Linear(2, 3), Inside(nn.Linear(6, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a, b = self.split(self.twice(self.twice(x)))
        return torch.cat([self.f(a), self.c(b)], 1)


class Nested(nn.Module):
    """Lists and sequences of modules that are reached into."""

    def __init__(self) -> None:
        super().__init__()
        self.many = nn.ModuleList([Inside(nn.Linear(8, 8)) for _ in range(3)])
        self.box = nn.Sequential(Inside(nn.Linear(8, 8)), nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for module in self.many:
            x = module(x)
        return self.box[1](self.box[0].m(x))  # type: ignore[index, operator, union-attr, no-any-return]


class Adapted(nn.Module):
    """A layer that holds another one, as low-rank adapters do."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.fc.lora = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x) + self.fc.lora(x).sum()  # type: ignore[operator, no-any-return]


class Images(nn.Module):
    """Every layer whose memory torchstat knows, one of them frozen, and a fold of space into the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.plain = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.BatchNorm2d(4, affine=False)
        self.acts = nn.Sequential(nn.ReLU(), nn.ReLU6(), nn.ELU(), nn.LeakyReLU(), nn.PReLU(), nn.GELU())
        self.pools, self.fc = nn.Sequential(nn.MaxPool2d(2), nn.AvgPool2d(1)), nn.Linear(4, 5)
        self.conv.bias.requires_grad_(False)  # type: ignore[union-attr]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pools(self.acts(self.plain(self.norm(self.conv(x)))))
        return self.fc(x.view(-1, 4))  # type: ignore[no-any-return]


class Two(nn.Module):
    """Two inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.f, self.g = nn.Linear(8, 2), nn.Linear(3, 2)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return self.f(x) + self.g(y)  # type: ignore[no-any-return]


class Halved(nn.Module):
    """Weights of two bytes an element."""

    def __init__(self) -> None:
        super().__init__()
        self.f, self.g = nn.Linear(8, 8), nn.Linear(8, 2).bfloat16()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.g(self.f(x).bfloat16())  # type: ignore[no-any-return]


class Doubled(nn.Module):
    """Weights and outputs of eight bytes an element."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Linear(8, 2).double()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.f(x.double())  # type: ignore[no-any-return]


class Recurrent(nn.Module):
    """A layer with parameters and two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.g, self.f = nn.GRU(8, 4, batch_first=True), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.f(self.g(x.unsqueeze(1))[0])  # type: ignore[no-any-return]


class Scaled(nn.Sequential):
    """A sequence with a weight of its own."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__(*layers)
        self.weight = nn.Parameter(torch.ones(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x * self.weight)  # type: ignore[no-any-return]


class Weighted(nn.Module):
    """Weights that a model and a sequence hold themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.inner = nn.Parameter(torch.ones(8)), Scaled(nn.Linear(8, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x * self.weight)  # type: ignore[no-any-return]


class Interleaved(nn.Module):
    """Two lists whose layers are called by turns, inside a list; one list has a layer that is never called."""

    def __init__(self) -> None:
        super().__init__()
        first, second = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 8)]), nn.ModuleList([nn.Linear(8, 8)])
        first.append(nn.Linear(8, 5))
        self.lists, self.last = nn.ModuleList([first, second]), nn.ModuleList([nn.Linear(8, 2)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first, second = self.lists
        return self.last[0](first[1](second[0](first[0](x))))  # type: ignore[no-any-return,index,operator]


def alone() -> nn.Module:
    """A model that is itself one layer."""
    return nn.Linear(8, 3)
