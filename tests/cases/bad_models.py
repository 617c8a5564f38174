"""Models that cannot be built, or are none."""

from __future__ import annotations

import time

import torch
from torch import nn

number = 12
ready = nn.Linear(3, 2)


def fails() -> nn.Module:
    """Refuse to be built."""
    raise RuntimeError("no weights here")


def text() -> str:
    """Give something that is no model."""
    return "model"


class Picky(nn.Module):
    """Takes (N, 4) only."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.fc = nn.Linear(width, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Two scores."""
        return self.fc(x)


class Silent(nn.Module):
    """Refuses every input and does not say why."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Never."""
        assert x.ndim == 7
        return x


class Factorised(nn.Module):
    """Executes an op without a price; input (4, 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Two scores for each row of the upper triangle."""
        return self.fc(torch.linalg.qr(x)[1])


def slow() -> nn.Module:
    """Take very long to be built."""
    time.sleep(600)
    return nn.Linear(4, 2)
