"""Networks whose views fold space into the batch, once, twice or not at all."""

from __future__ import annotations

import torch
from torch import nn


class Once(nn.Module):
    """One fold: (N, 3, 8, 8) becomes 16 N rows of 12."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(12, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Two scores a row."""
        return self.fc(x.view(-1, 12))


class Twice(nn.Module):
    """Two folds behind one another: 32 rows a sample, then 128."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(12, 8)
        self.second = nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Two scores a row; input (N, 3, 16, 8)."""
        return self.second(self.first(x.reshape(-1, 12)).view(-1, 2))


class Flat(nn.Module):
    """A batch of one made into a vector: nothing is folded."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(512, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Ten scores; input (1, 8, 8, 8)."""
        return self.fc(x.view(-1))


class Plain(nn.Module):
    """The usual flattening, one row a sample."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(192, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Two scores a sample; input (N, 3, 8, 8)."""
        return self.fc(x.flatten(1))
