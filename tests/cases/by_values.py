"""Networks that read values, and networks in which a careless execution by shape goes wrong."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils import prune


class Experts(nn.Module):
    """A mixture of experts: how many rows each expert gets is decided by values."""

    def __init__(self) -> None:
        super().__init__()
        self.router = nn.Linear(16, 4)
        self.experts = nn.ModuleList(nn.Linear(16, 16) for _ in range(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The sum of what the two best experts of each row make of it."""
        best = self.router(x).topk(2, dim=-1).indices
        output = torch.zeros_like(x)
        for number, expert in enumerate(self.experts):
            rows = (best == number).any(-1).nonzero().squeeze(1)
            output[rows] += expert(x[rows])
        return output


class Branch(nn.Module):
    """Two ways to go, one of which is chosen by the sum of the activations."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.even, self.odd = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 1), nn.Conv2d(8, 12, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Twelve channels or four."""
        x = self.conv(x)
        return self.odd(x) if x.sum() > 0 else self.even(x)


class Swallowing(nn.Module):
    """A network that takes every exception for a sign that something is not there."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The convolution, cut where a value says."""
        x = self.conv(x)
        try:
            size = 2 + int(x.abs().max() > 0)
        except BaseException:
            size = 1
        return self.conv(torch.zeros(size, 3, 8, 8))


class Listed(nn.Module):
    """A network that takes values out of a tensor as Python numbers, without an op."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(64, 64)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The layer, once for each positive number of the first row."""
        for number in self.fc(x)[0].tolist():
            if number > 0:
                x = self.fc(x)
        return x


class Masked(nn.Module):
    """A network whose mask is read while it is made; nothing in it depends on weights."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(32, 32)
        self.register_buffer("scale", torch.linspace(0, 1, 32))
        assert self.scale.max().item() == 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Only the rows that the mask lets pass, of which there are twelve."""
        rows = torch.ones(x.shape[0], x.shape[0]).tril().sum(1) > 4
        return self.fc(x[rows]) * self.scale


class Metadata(nn.Module):
    """Ops in place that change the shape of what they are given."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(40, 20, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """A layer before and after which a tensor is turned without a copy."""
        x = self.fc(x.unsqueeze_(0)).squeeze_(0)
        return self.fc(torch.cat((x, x), -1).t_().t_())


def pruned() -> nn.Module:
    """A network with masks, which torchinfo adds up."""
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3))
    prune.random_unstructured(model[0], "weight", 0.5)
    prune.l1_unstructured(model[2], "weight", 0.25)
    return model


class Packed(nn.Module):
    """An LSTM on sequences of different length."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(8, 16)
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The states after each step."""
        lengths = torch.tensor([7, 5, 3])
        packed = nn.utils.rnn.pack_padded_sequence(self.embed(x), lengths, batch_first=True)
        return nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0]


class Unpooled(nn.Module):
    """A pool whose indices are used again."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.pool, self.back = (
            nn.Conv2d(3, 8, 3, padding=1),
            nn.MaxPool2d(2, return_indices=True),
            nn.MaxUnpool2d(2),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """As large as the input."""
        x, indices = self.pool(self.conv(x))
        return self.back(x, indices)
