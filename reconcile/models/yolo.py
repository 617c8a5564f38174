"""YOLOv5s of the 6.x releases as its published table of modules gives it, and its fused form.

Every module stands at the place, and is built of the parts, that the table and its parameter counts ask for: 25 modules
in a row, of which a concatenation takes earlier outputs too.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

CLASSES, ANCHORS = 80, 3
"""Classes of COCO, and the shapes of boxes that are tried at every position of a map."""


class Conv(nn.Module):
    """A convolution without bias, a normalisation and SiLU; when fused, a convolution with bias and SiLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, padding: int | None = None) -> None:
        super().__init__()
        self.sizes = (inputs, outputs, kernel, stride, kernel // 2 if padding is None else padding)
        self.conv = nn.Conv2d(*self.sizes, bias=False)
        self.bn: nn.Module | None = nn.BatchNorm2d(outputs)
        self.act = nn.SiLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps of `outputs` channels, each side divided by the stride."""
        x = self.conv(x)
        return self.act(x if self.bn is None else self.bn(x))  # type: ignore[no-any-return]

    def fuse(self) -> None:
        """Put the normalisation into the convolution: two numbers for each channel become one, its bias."""
        old, norm = self.conv, self.bn
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        self.conv = nn.Conv2d(*self.sizes, bias=True)
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        with torch.no_grad():
            self.conv.weight.copy_(old.weight * scale.reshape(-1, 1, 1, 1))
            assert self.conv.bias is not None
            self.conv.bias.copy_(norm.bias - norm.running_mean * scale)
        del self.bn
        self.bn = None


class Bottleneck(nn.Module):
    """A 1x1 and a 3x3 convolution, around which the input goes too if `shortcut`."""

    def __init__(self, channels: int, *, shortcut: bool) -> None:
        super().__init__()
        self.cv1 = Conv(channels, channels, 1)
        self.cv2 = Conv(channels, channels, 3)
        self.shortcut = shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps of the same size."""
        y = self.cv2(self.cv1(x))
        return x + y if self.shortcut else y  # type: ignore[no-any-return]


class C3(nn.Module):
    """Three 1x1 convolutions of which two go side by side, one of them through `depth` bottlenecks."""

    def __init__(self, inputs: int, outputs: int, depth: int, *, shortcut: bool = True) -> None:
        super().__init__()
        half = outputs // 2
        self.cv1 = Conv(inputs, half)
        self.cv2 = Conv(inputs, half)
        self.cv3 = Conv(2 * half, outputs)
        self.m = nn.Sequential(*(Bottleneck(half, shortcut=shortcut) for _ in range(depth)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps of `outputs` channels."""
        return self.cv3(torch.cat((self.m(self.cv1(x)), self.cv2(x)), 1))  # type: ignore[no-any-return]


class SPPF(nn.Module):
    """One 5x5 maximum pool, called three times in a row, between two 1x1 convolutions."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        half = inputs // 2
        self.cv1 = Conv(inputs, half)
        self.cv2 = Conv(4 * half, outputs)
        self.m = nn.MaxPool2d(kernel, stride=1, padding=kernel // 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps of `outputs` channels."""
        maps = [self.cv1(x)]
        for _ in range(3):
            maps.append(self.m(maps[-1]))
        return self.cv2(torch.cat(maps, 1))  # type: ignore[no-any-return]


class Concat(nn.Module):
    """Several maps as one, channel after channel."""

    def forward(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """Maps with the channels of all."""
        return torch.cat(tuple(maps), 1)


class Detect(nn.Module):
    """A 1x1 convolution on each of three maps: a box, a score and the classes, for every anchor at every position."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.m = nn.ModuleList(nn.Conv2d(size, ANCHORS * (CLASSES + 5), 1) for size in channels)

    def forward(self, maps: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """For each map (N, anchors, height, width, 85), as in training: boxes are not decoded."""
        given = [layer(x) for layer, x in zip(self.m, maps, strict=True)]
        return [x.unflatten(1, (ANCHORS, CLASSES + 5)).permute(0, 1, 3, 4, 2) for x in given]


def _modules() -> list[nn.Module]:
    """The published table, in its order."""
    return [
        Conv(3, 32, 6, 2, 2),
        Conv(32, 64, 3, 2),
        C3(64, 64, 1),
        Conv(64, 128, 3, 2),
        C3(128, 128, 2),
        Conv(128, 256, 3, 2),
        C3(256, 256, 3),
        Conv(256, 512, 3, 2),
        C3(512, 512, 1),
        SPPF(512, 512, 5),
        Conv(512, 256),
        nn.Upsample(None, 2, "nearest"),
        Concat(),
        C3(512, 256, 1, shortcut=False),
        Conv(256, 128),
        nn.Upsample(None, 2, "nearest"),
        Concat(),
        C3(256, 128, 1, shortcut=False),
        Conv(128, 128, 3, 2),
        Concat(),
        C3(256, 256, 1, shortcut=False),
        Conv(256, 256, 3, 2),
        Concat(),
        C3(512, 512, 1, shortcut=False),
        Detect((128, 256, 512)),
    ]


JOINED = {12: 6, 16: 4, 19: 14, 22: 10}
"""The earlier module whose output a concatenation takes beside the one before it."""

DETECTED = (17, 20, 23)
"""The modules whose outputs are looked at for boxes."""


class YOLOv5s(nn.Module):
    """YOLOv5s; input (N, 3, H, W), 640 as published, each side a multiple of 32.

    `fused` puts every normalisation into its convolution and freezes all parameters, as the tool's validation does
    with the averaged weights that it loads.
    """

    def __init__(self, *, fused: bool = False) -> None:
        super().__init__()
        self.model = nn.Sequential(*_modules())
        if fused:
            for module in list(self.modules()):
                if isinstance(module, Conv):
                    module.fuse()
            self.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Three maps of boxes, at an eighth, a sixteenth and a thirty-second of each side."""
        outputs: list[torch.Tensor] = []
        for index, module in enumerate(self.model):
            if index in JOINED:
                x = module([x, outputs[JOINED[index]]])
            elif isinstance(module, Detect):
                return module([outputs[place] for place in DETECTED])  # type: ignore[no-any-return]
            else:
                x = module(x)
            outputs.append(x)
        raise AssertionError("the last module detects")
