"""Small networks with known numbers, in PyTorch."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


class ArticleNet(nn.Module):
    """The network of the article that asks where 1.638 G went; input (N, 3, H, W), made for H = W = 16.

    At any other size `view(-1, 8192)` folds space into the batch: at 224 one image becomes 196 rows.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, kernel_size=3, padding=1)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(64, 64, kernel_size=3, padding=1)
        self.relu2 = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=2, stride=2)
        self.conv3 = nn.Conv2d(64, 128, kernel_size=3, padding=1)
        self.relu3 = nn.ReLU(inplace=True)
        self.conv4 = nn.Conv2d(128, 128, kernel_size=3, padding=1)
        self.relu4 = nn.ReLU(inplace=True)
        self.fc1 = nn.Linear(128 * 8 * 8, 1024)
        self.relu5 = nn.ReLU(inplace=True)
        self.fc2 = nn.Linear(1024, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Ten scores for each row that the view makes."""
        x = self.relu2(self.conv2(self.relu1(self.conv1(x))))
        x = self.maxpool(x)
        x = self.relu4(self.conv4(self.relu3(self.conv3(x))))
        x = x.view(-1, 128 * 8 * 8)
        return self.fc2(self.relu5(self.fc1(x)))  # type: ignore[no-any-return]


class LeNet(nn.Module):
    """The torch twin of `paddle.vision.models.LeNet`; input (N, 1, 28, 28)."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2, 2),
            nn.Conv2d(6, 16, 5),
            nn.ReLU(),
            nn.MaxPool2d(2, 2),
        )
        self.fc = nn.Sequential(nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, num_classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Ten scores for each image."""
        return self.fc(torch.flatten(self.features(x), 1))  # type: ignore[no-any-return]


class TestNet(nn.Module):
    """The network of one convolution of the Paddle article; input (N, 2, 320, 320)."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(2, 4, kernel_size=3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The convolved image."""
        return self.conv2d(x)  # type: ignore[no-any-return]


class Functional(nn.Module):
    """Work that no module hook sees: `F.conv2d`, `F.relu`, `torch.matmul`, `@`, and a module called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(6, 3, 3, 3))
        self.bias = nn.Parameter(torch.randn(6))
        self.mix = nn.Linear(36, 36)
        self.head = nn.Linear(36, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Five scores for each channel of the one convolution; input (N, 3, 8, 8)."""
        x = F.relu(F.conv2d(x, self.weight, self.bias)).flatten(2)
        x = self.mix(F.relu(self.mix(x)))
        scores = torch.matmul(x, x.transpose(1, 2))
        return self.head(scores.softmax(-1) @ x)  # type: ignore[no-any-return]


class Layers(nn.Module):
    """Layers of the kinds that counters changed their minds about over the years; input (N, 3, H, W)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.block = nn.Sequential(
            nn.Conv2d(8, 16, 3, padding=1, groups=2, bias=False),
            nn.InstanceNorm2d(16, affine=True),
            nn.LeakyReLU(),
            nn.AvgPool2d(2),
            nn.PReLU(),
        )
        self.up = nn.Sequential(
            nn.ConvTranspose2d(16, 8, 2, stride=2),
            nn.ReLU6(),
            nn.Upsample(scale_factor=2),
            nn.GroupNorm(2, 8),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            nn.GELU(),
        )
        self.pool = nn.AdaptiveAvgPool2d(4)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.memory = nn.LSTM(8, 6, batch_first=True)
        self.head = nn.Sequential(nn.Dropout(), nn.Linear(6, 10), nn.Softmax(dim=-1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Ten probabilities for each of 16 places."""
        rows = self.pool(self.up(self.block(self.stem(x)))).flatten(2).transpose(1, 2)
        rows, _ = self.attention(rows, rows, rows)
        states, _ = self.memory(torch.matmul(torch.matmul(rows, rows.transpose(1, 2)), rows))
        return self.head(states)  # type: ignore[no-any-return]
