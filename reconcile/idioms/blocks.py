"""Blocks that networks are made of, and ways of calling them that are seen less often."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
import torch.utils.checkpoint
from torch import nn


def residual() -> nn.Module:
    """A residual block of two convolutions with batch norms."""
    return _Residual()


class _Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(6, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6)
        self.conv2, self.bn2 = nn.Conv2d(6, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += x
        return self.relu(out)


class SqueezeExcite(nn.Module):
    """Channels weighed by what a small network makes of their means."""

    def __init__(self) -> None:
        super().__init__()
        self.pool, self.down, self.up = nn.AdaptiveAvgPool2d(1), nn.Conv2d(6, 2, 1), nn.Conv2d(2, 6, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The same shape; input (N, 6, H, W)."""
        return x * torch.sigmoid(self.up(F.relu(self.down(self.pool(x)))))


class Upward(nn.Module):
    """One step down and up again, with a concatenated skip."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(3, 6, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(6, 3, 2, stride=2)
        self.head = nn.Conv2d(6, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Two maps; input (N, 3, H, W) of even sizes."""
        return self.head(torch.cat([x, self.up(self.down(x))], 1))


class Mixer(nn.Module):
    """Tokens and channels mixed by turns, across a transposed view."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.tokens, self.channels = nn.Linear(7, 7), nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The same shape; input (N, 7, 8)."""
        x = x + self.tokens(self.norm(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(x)


class Fold(nn.Module):
    """A view that folds space into the batch before a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(36, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Five features of each row of 36."""
        return self.fc(x.view(-1, 36))


class Transposed(nn.Module):
    """A linear layer on rows that do not lie one behind the other in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Five features; input (N, 8, L)."""
        return self.fc(x.transpose(1, 2))


class ChannelsLast(nn.Module):
    """A convolution on a tensor whose channels lie last in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(6, 10, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Ten maps; input (N, 6, H, W)."""
        return self.conv(x.contiguous(memory_format=torch.channels_last))


class OutputSize(nn.Module):
    """A transposed convolution that is told its output size."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(6, 10, 3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Ten maps of 12x10; input (1, 6, 5, 4)."""
        return self.up(x, output_size=[12, 10])


class ConvRelu(nn.Module):
    """A convolution and a functional activation."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(6, 10, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Ten maps."""
        return F.relu(self.conv(x))


class FrozenNorm(nn.Module):
    """A batch norm that stays in evaluation mode while the model trains."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(6, 6, 3), nn.BatchNorm2d(6)

    def train(self, mode: bool = True) -> FrozenNorm:
        """Training mode for all but the norm."""
        super().train(mode)
        self.norm.eval()
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Six maps."""
        return self.norm(self.conv(x))


class EvalNorm(nn.Module):
    """A batch norm that was put into evaluation mode inside a training model, by its caller."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(6, 6, 3), nn.BatchNorm2d(6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Six maps."""
        self.norm.eval()
        return self.norm(self.conv(x))


class Checkpointed(nn.Module):
    """A block whose activations are computed again in the backward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight features."""
        given: torch.Tensor = torch.utils.checkpoint.checkpoint(self.block, x, use_reentrant=False)
        return given


class Dynamic(nn.Module):
    """Control flow that depends on values: one of two layers, called as often as a sum says."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(8, 8), nn.Linear(8, 8, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight features."""
        layer = self.one if bool((x >= 0).all()) else self.two
        for _ in range(int((x >= 0).sum().item()) // 4):
            x = layer(x).abs()
        return x


class Selected(nn.Module):
    """A layer on the rows that a comparison selects: here all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Five features of each selected row."""
        return self.fc(x[(x >= 0).all(1)])


class Pair(NamedTuple):
    """Two results."""

    first: torch.Tensor
    second: torch.Tensor


@dataclass
class Answer:
    """A result that is no tensor, list or dict."""

    logits: torch.Tensor


class Gives(nn.Module):
    """A layer whose model gives its result in some other form than a tensor."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 5)
        self.form = form

    def forward(self, x: torch.Tensor) -> Any:
        """Five features, in the form that was asked for."""
        y = self.fc(x)
        if self.form == "tuple":
            return y, x
        if self.form == "list":
            return [y, x]
        if self.form == "dict":
            return {"logits": y}
        if self.form == "named tuple":
            return Pair(y, x)
        if self.form == "dataclass":
            return Answer(y)
        return y.sum() if self.form == "scalar" else None


class Takes(nn.Module):
    """A layer whose model takes its inputs by keyword, or takes more than one."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor, y: torch.Tensor | None = None) -> torch.Tensor:
        """Five features."""
        given: torch.Tensor = self.fc(x if y is None else x + y)
        return given


class NoParameters(nn.Module):
    """A model that holds nothing and multiplies its input with itself."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Products of rows; input (N, F)."""
        return x @ x.t()


def nested(depth: int) -> nn.Module:
    """A linear layer inside `depth` containers."""
    model: nn.Module = nn.Linear(8, 5)
    for _ in range(depth):
        model = nn.Sequential(OrderedDict(inner=model))
    return model


def stacked(depth: int) -> nn.Module:
    """A chain of `depth` linear layers."""
    return nn.Sequential(*(nn.Linear(8, 8) for _ in range(depth)))


def traced() -> nn.Module:
    """A model that `torch.jit.trace` made."""
    made: nn.Module = torch.jit.trace(nn.Sequential(nn.Linear(8, 5)), torch.rand(1, 8))
    return made


def scripted() -> nn.Module:
    """A model that `torch.jit.script` made."""
    made: nn.Module = torch.jit.script(nn.Sequential(nn.Linear(8, 5)))
    return made


def compiled() -> nn.Module:
    """A model that `torch.compile` wraps, without a compiler behind it."""
    made: Any = torch.compile(nn.Sequential(nn.Linear(8, 8)), backend="eager")
    return made  # type: ignore[no-any-return]


def quantised() -> nn.Module:
    """A linear layer with weights of eight bits, quantised on the fly, and an activation."""
    from torch.ao.quantization import quantize_dynamic

    made: nn.Module = quantize_dynamic(nn.Sequential(nn.Linear(8, 8), nn.ReLU()), {nn.Linear}, dtype=torch.qint8)
    return made
