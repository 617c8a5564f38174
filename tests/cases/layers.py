"""Networks that together use every rule of every counter: each is a bag of layers on one input."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import prune


class Bag(nn.Module):
    """Layers that are each called on a view of one and the same input, (N, 4, 8, 8)."""

    def __init__(self, layers: dict[str, tuple[nn.Module, Callable[[torch.Tensor], torch.Tensor]]]) -> None:
        super().__init__()
        self.layers = nn.ModuleDict({name: layer for name, (layer, _) in layers.items()})
        self.views = {name: view for name, (_, view) in layers.items()}

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """What each layer gives, the recurrent ones' last parts left out."""
        outputs = []
        for name, layer in self.layers.items():
            given = self.views[name](x)
            output = layer(given, given, given) if isinstance(layer, nn.MultiheadAttention) else layer(given)
            outputs.append(output[0] if isinstance(output, tuple) else output)
        return outputs


def _flat(x: torch.Tensor) -> torch.Tensor:
    return x.flatten(2)


def _image(x: torch.Tensor) -> torch.Tensor:
    return x


def _volume(x: torch.Tensor) -> torch.Tensor:
    return x.unsqueeze(2).expand(-1, -1, 3, -1, -1)


def _rows(x: torch.Tensor) -> torch.Tensor:
    return x.flatten(1)


def _tokens(x: torch.Tensor) -> torch.Tensor:
    return x.flatten(2).transpose(1, 2).contiguous()


VIEWS = {1: _flat, 2: _image, 3: _volume}


def _each(
    names: str, make: Callable[[type[nn.Module]], nn.Module], view: Callable[[torch.Tensor], torch.Tensor] | None
):
    found = {}
    for name in names.split():
        size = int(name[-2]) if name[-1] == "d" and name[-2].isdigit() else 2
        found[name.lower()] = (make(getattr(nn, name)), view or VIEWS[size])
    return found


def convolutions() -> Bag:
    """Convolutions of every dimension, plain, transposed, strided, dilated and grouped, with and without bias."""
    plain = _each("Conv1d Conv2d Conv3d", lambda kind: kind(4, 6, 3, padding=1), None)
    transposed = _each("ConvTranspose1d ConvTranspose2d ConvTranspose3d", lambda kind: kind(4, 6, 3, stride=2), None)
    grouped = {
        "grouped": (nn.Conv2d(4, 8, 3, groups=2, dilation=2), _image),
        "strided": (nn.Conv2d(4, 8, (3, 1), stride=(2, 3)), _image),
        "grouped-transposed": (nn.ConvTranspose2d(4, 6, 2, groups=2, stride=2, bias=False), _image),
    }
    return Bag(plain | transposed | grouped)


def norms() -> Bag:
    """Normalisations of every kind, with and without affine parameters."""
    batch = _each("BatchNorm1d BatchNorm2d BatchNorm3d", lambda kind: kind(4), None)
    instance = _each("InstanceNorm1d InstanceNorm2d InstanceNorm3d", lambda kind: kind(4, affine=True), None)
    others = {
        "plain": (nn.BatchNorm2d(4, affine=False), _image),
        "sync": (nn.SyncBatchNorm(4), _image),
        "layer": (nn.LayerNorm(8), _image),
        "group": (nn.GroupNorm(2, 4), _image),
    }
    return Bag(batch | instance | others)


def activations() -> Bag:
    """Activations and everything else that is elementwise in a module."""
    names = "ReLU ReLU6 LeakyReLU PReLU ELU SELU CELU GELU SiLU Mish Sigmoid Tanh Hardtanh Hardswish Softplus"
    others = {
        "softmax": (nn.Softmax(dim=1), _image),
        "logsoftmax": (nn.LogSoftmax(dim=1), _image),
        "dropout": (nn.Dropout(), _image),
        "shuffle": (nn.PixelShuffle(2), _image),
        "pad": (nn.ZeroPad2d(1), _image),
        "empty": (nn.Sequential(), _image),
    }
    return Bag(_each(names, lambda kind: kind(), _image) | others)


def pools() -> Bag:
    """Pools of every dimension and kind."""
    fixed = _each("MaxPool1d MaxPool2d MaxPool3d AvgPool1d AvgPool2d AvgPool3d", lambda kind: kind(2), None)
    names = [f"Adaptive{kind}Pool{size}d" for kind in ("Max", "Avg") for size in (1, 2, 3)]
    return Bag(fixed | _each(" ".join(names), lambda kind: kind(3), None))


def resampling() -> Bag:
    """Interpolation in every mode."""
    modes = {"nearest": _image, "linear": _flat, "bilinear": _image, "bicubic": _image, "trilinear": _volume}
    layers = {mode: (nn.Upsample(scale_factor=2, mode=mode), view) for mode, view in modes.items()}
    layers["nearest2d"] = (nn.UpsamplingNearest2d(scale_factor=2), _image)
    layers["bilinear2d"] = (nn.UpsamplingBilinear2d(scale_factor=2), _image)
    return Bag(layers)


def sequences() -> Bag:
    """Linear layers, recurrences and attention."""
    recurrent = _each("RNN GRU LSTM", lambda kind: kind(4, 5, num_layers=2, batch_first=True), _tokens)
    cells = _each("RNNCell GRUCell LSTMCell", lambda kind: kind(256, 5), _rows)
    others = {
        "linear": (nn.Linear(256, 3), _rows),
        "tokens": (nn.Linear(4, 3, bias=False), _tokens),
        "attention": (nn.MultiheadAttention(4, 2, batch_first=True), _tokens),
    }
    return Bag(recurrent | cells | others)


def images() -> Bag:
    """What torchstat can count: layers on four-dimensional inputs and linear layers on rows."""
    return Bag(
        {
            "conv2d": (nn.Conv2d(4, 6, 3), _image),
            "transposed": (nn.ConvTranspose2d(4, 6, 3, stride=2), _image),
            "batchnorm": (nn.BatchNorm2d(4), _image),
            "plain": (nn.BatchNorm2d(4, affine=False), _image),
            **_each("ReLU ReLU6 PReLU ELU LeakyReLU MaxPool2d AvgPool2d", _pool_or_plain, _image),
            "softmax": (nn.Softmax(dim=1), _image),
            "linear": (nn.Linear(256, 3), _rows),
            "upsample": (nn.Upsample(scale_factor=2), _image),
            "dropout": (nn.Dropout(), _image),
        }
    )


def _pool_or_plain(kind: type[nn.Module]) -> nn.Module:
    return kind(3) if "Pool" in kind.__name__ else kind()


class Functions(nn.Module):
    """Python-level calls of everything that a counter may have patched, and the operators that it cannot patch."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(1))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """One result of each function on (N, 4, 8, 8)."""
        flat, volume, square = x.flatten(2), x.unsqueeze(2).expand(-1, -1, 3, -1, -1), x[0, 0]
        batch = x[0]
        outputs = [
            F.relu(x),
            F.relu6(x),
            F.prelu(x, self.weight),
            F.elu(x),
            F.gelu(x),
            F.silu(x),
            F.softmax(x, dim=1),
            F.interpolate(x, scale_factor=2),
            F.interpolate(x, size=(5, 7)),
            F.upsample(x, scale_factor=2),
            torch.linalg.matmul(x, square),
            torch.matmul(x, x),
            torch.mm(square, square),
            torch.bmm(batch, batch),
            torch.addmm(square, square, square),
            torch.baddbmm(batch, batch, batch),
            torch.add(x, x[0]),
            torch.mul(x, 2.0),
            x.matmul(square),
            square.mm(square),
            batch.bmm(batch),
            square.addmm(square, square),
            x.add(1.0),
            x.mul(x),
            x @ square,
            x + x * x - x,
            torch.einsum("nchw,nchv->ncwv", x, x),
            F.grid_sample(x, torch.zeros(x.shape[0], 3, 3, 2), align_corners=False),
            F.interpolate(x, scale_factor=2, mode="bilinear"),
        ]
        for size, given in ((1, flat), (2, x), (3, volume)):
            for kind in ("max", "avg"):
                outputs.append(getattr(F, f"{kind}_pool{size}d")(given, 2))
                outputs.append(getattr(F, f"adaptive_{kind}_pool{size}d")(given, 2))
        return outputs


class Pairs(nn.Module):
    """A layer of two inputs; input (N, 4, 8, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.bilinear = nn.Bilinear(5, 7, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Three scores."""
        rows = x.flatten(1)
        return self.bilinear(rows[:, :5], rows[:, :7])


class Traced(nn.Module):
    """Operators that only a counter of traces has rules for, and arithmetic on sizes, which only a trace executes."""

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """One result of each on (N, 4, 8, 8)."""
        rows, vector, grid = x.flatten(1), x[0, 0, 0], torch.zeros(x.shape[0], 3, 3, 2)
        number = x.sum()
        number *= 2.0
        scaled = x + 1.0
        scaled *= 2.0
        return [
            number,
            scaled,
            x.sum() * 2.0,
            x.mean((2, 3)),
            rows.view(x.shape[0] * x.shape[1], -1),
            torch.addmv(vector, x[0, 0], vector),
            torch.linalg.matmul(x, x),
            torch.einsum("nchw,nchv->ncwv", x, x),
            F.grid_sample(x, grid, mode="bicubic", align_corners=False),
            F.grid_sample(x.unsqueeze(2), torch.zeros(x.shape[0], 1, 3, 3, 3), align_corners=False),
            F.scaled_dot_product_attention(x[0, 0], x[0, 0], x[0, 0]),
        ]


class Pruned(nn.Module):
    """A pruned convolution, a lazy linear layer, a subclass with a name of its own, and a table of embeddings."""

    class Down(nn.Conv2d):
        """A convolution that is not called one."""

    def __init__(self) -> None:
        super().__init__()
        self.pruned = prune.l1_unstructured(nn.Conv2d(4, 6, 3), "weight", 0.25)
        self.normed = nn.utils.spectral_norm(Pruned.Down(6, 5, 3))
        self.lazy = nn.LazyLinear(3)
        self.table = nn.Embedding(7, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Three scores and two features; input (N, 4, 8, 8)."""
        scores = self.lazy(self.normed(self.pruned(x)).flatten(1))
        return torch.cat([scores, self.table(scores.argmax(1))], 1)


class Shared(nn.Module):
    """One linear layer that two parents own, one that stands under two names, and a subclass of one."""

    class Own(nn.Linear):
        """A subclass that changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        both = nn.Linear(256, 256)
        self.left = nn.Sequential(both)
        self.right = nn.Sequential(both, nn.ReLU())
        self.twice = nn.Linear(256, 256)
        self.again = self.twice
        self.own = Shared.Own(256, 7)
        self.unused = nn.Linear(256, 256)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Seven scores; input (N, 4, 8, 8)."""
        x = self.right(self.left(x.flatten(1)))
        return self.own(self.again(self.twice(x)))


class Fused(nn.Module):
    """Attention in the spellings that counters see and do not see."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The encoded rows; input (N, L, 8)."""
        heads = x.unflatten(-1, (2, 4)).transpose(1, 2)
        return self.encoder(x) + F.scaled_dot_product_attention(heads, heads, heads).transpose(1, 2).flatten(2)


def tokens() -> nn.Module:
    """Timm's attention twice, once with all its parts; input (N, L, 8)."""
    from timm.layers import Attention

    return nn.Sequential(Attention(8, 2), Attention(8, 2, qkv_bias=True, qk_norm=True, norm_layer=nn.LayerNorm))
