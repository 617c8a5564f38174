"""Networks for counters that look at base classes and at functions: subclasses, attention, spelled-out products."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence


class Adapted(nn.Linear):
    """A linear layer with a low-rank path beside its own, which are children."""

    def __init__(self, ins: int, outs: int) -> None:
        super().__init__(ins, outs)
        self.down = nn.Linear(ins, 2, bias=False)
        self.up = nn.Linear(2, outs, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(..., ins) to (..., outs)."""
        return F.linear(x, self.weight, self.bias) + self.up(self.down(x))


class AdaptedConvolution(nn.Conv2d):
    """A grouped convolution with a child."""

    def __init__(self) -> None:
        super().__init__(4, 8, 3, groups=2)
        self.act = nn.PReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 4, H, W) to (N, 8, H - 2, W - 2)."""
        return self.act(super().forward(x))


class Mixing(nn.Sequential):
    """A container that multiplies too."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores of positions, then the layers inside."""
        return super().forward(torch.matmul(x, x.transpose(-1, -2)))


class Twice(nn.PReLU):
    """A layer with a rule of its own, inside which a product is not counted."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 4, 8, 8) to the same."""
        return super().forward(x) @ x[0, 0]


class Modes(nn.Module):
    """Attention, recurrences, subclasses and functional products; input (N, 4, 8, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.widths = nn.MultiheadAttention(4, 2, kdim=6, vdim=10, add_bias_kv=True, add_zero_attn=True)
        self.alone = nn.MultiheadAttention(4, 2, bias=False)
        self.packed = nn.LSTM(4, 6, num_layers=2, proj_size=3, bidirectional=True)
        self.unbatched = nn.GRU(4, 5, bias=False)
        self.plain = nn.RNN(4, 5, bidirectional=True, num_layers=2)
        self.cell = nn.LSTMCell(4, 5, bias=False)
        self.step = nn.RNNCell(4, 5)
        self.gate = nn.GRUCell(4, 5)
        self.encoder = nn.TransformerEncoderLayer(4, 2, 6, batch_first=True, activation="gelu")
        self.decoder = nn.TransformerDecoderLayer(4, 2, 6, batch_first=True)
        self.adapted = Adapted(8, 5)
        self.convolution = AdaptedConvolution()
        self.mixing = Mixing(nn.Linear(8, 3), nn.ReLU())
        self.twice = Twice()
        self.direct = nn.Linear(8, 3)
        self.free = nn.Parameter(torch.rand(5, 8))
        self.table = nn.Embedding(7, 3)
        self.conv = nn.Conv2d(4, 6, 3, stride=2)
        self.transposed = nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2)
        self.heads = nn.ParameterDict(
            {
                "into": nn.Parameter(torch.rand(12, 4)),
                "bias": nn.Parameter(torch.rand(12)),
                "out": nn.Parameter(torch.rand(4, 4)),
            }
        )

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """One result of each."""
        tokens = x.flatten(2).transpose(1, 2)
        return [*self._attention(tokens), *self._recurrence(tokens), *self._layers(x, tokens), *self._products(x)]

    def _attention(self, x: torch.Tensor) -> list[torch.Tensor]:
        short, wide = x[:, :5].repeat(1, 1, 2)[..., :6], x[:, :5].repeat(1, 1, 3)[..., :10]
        forward = F.multi_head_attention_forward
        arguments = (4, 2, self.heads["into"], self.heads["bias"], None, None, True, 0.0, self.heads["out"], None)
        heads = x.unflatten(-1, (2, 2)).transpose(1, 2)
        return [
            self.widths(query=x.transpose(0, 1), key=short.transpose(0, 1), value=wide.transpose(0, 1))[0],
            self.widths(x.transpose(0, 1), short.transpose(0, 1), wide.transpose(0, 1), need_weights=False)[0],
            self.alone(x[0], x[0, :3], x[0, :3])[0],
            self.encoder(x),
            self.decoder(x, x[:, :3]),
            forward(x, x[:3], x[:3], *arguments)[0] if len(x) > 3 else forward(x, x[:1], x[:1], *arguments)[0],
            forward(x[0], x[0], x[0], *arguments, need_weights=False)[0],
            F.scaled_dot_product_attention(heads, heads[:, :, :7], heads[:, :, :7]),
            F.scaled_dot_product_attention(query=heads, key=heads[:, :1], value=heads[:, :1, :, :1], enable_gqa=True),
        ]

    def _recurrence(self, x: torch.Tensor) -> list[torch.Tensor]:
        lengths = torch.tensor([9, 5][: len(x)] + [3] * (len(x) - 2))
        packed = self.packed(pack_padded_sequence(x.transpose(0, 1)[:9], lengths))[0]
        row = x[:, 0]
        return [
            packed.data,
            self.unbatched(x[0])[0],
            self.plain(x)[0],
            self.cell(row)[0],
            self.step(row[0]),
            self.gate(row),
        ]

    def _layers(self, x: torch.Tensor, tokens: torch.Tensor) -> list[torch.Tensor]:
        return [
            self.adapted(x),
            self.convolution(x),
            self.mixing(x),
            self.twice(x),
            self.direct.forward(x),
            self.table(tokens[..., 0].long()),
            self.conv(x[0]),
            self.transposed(x[0]),
        ]

    def _products(self, x: torch.Tensor) -> list[torch.Tensor]:
        vector, square = x[0, 0, 0], x[0, 0]
        return [
            F.linear(x, self.free),
            torch.matmul(vector, vector),
            torch.matmul(x, vector),
            torch.matmul(input=vector, other=x),
            x.unsqueeze(2) @ x.unsqueeze(1),
            x[0].bmm(x[0]),
            torch.einsum("nchw,nchv->ncwv", x, x),
            torch.einsum("...hw,wv", x, square),
            torch.einsum("nchw,k->nk", x, vector),
            torch.einsum("nchw,nchw->nchw", x, x),
            torch.einsum("ii,ij->j", square, square),
            torch.einsum("nchw,wv,vk->nchk", x, square, square),
            torch.einsum("ij->ji", square),
            torch.einsum(x, [0, 1, 2, 3], square, [3, 4], [0, 4]),
        ]


class Shaped(nn.Module):
    """Norms, softmaxes, pools and resampling that few networks have; input (N, 4, 8, 8)."""

    def __init__(self) -> None:
        super().__init__()
        named = {
            "root": nn.RMSNorm(8),
            "bare": nn.RMSNorm(8, elementwise_affine=False),
            "norm": nn.LazyBatchNorm2d(),
            "grouped": nn.GroupNorm(2, 4, affine=False),
            "instance": nn.InstanceNorm2d(4),
            "softmin": nn.Softmin(dim=2),
            "channels": nn.Softmax2d(),
            "logarithm": nn.LogSoftmax(dim=3),
            "padded": nn.AvgPool2d(3, stride=2, padding=1),
            "inside": nn.AvgPool2d((3, 2), stride=2, padding=1, count_include_pad=False),
            "ceiled": nn.AvgPool2d(3, stride=2, ceil_mode=True),
            "uneven": nn.AdaptiveAvgPool2d((3, None)),
            "exact": nn.Upsample(size=(5, 7), mode="nearest-exact"),
            "nearest": nn.UpsamplingNearest2d(scale_factor=3),
            "fraction": nn.FractionalMaxPool2d(2, output_size=3),
            "reflected": nn.ReflectionPad2d(1),
            "circular": nn.CircularPad2d(1),
            "dropped": nn.Dropout2d(),
            "unfolded": nn.Unfold(2),
            "shuffled": nn.ChannelShuffle(2),
            "alpha": nn.AlphaDropout(),
        }
        self.layers = nn.ModuleDict(named)
        self.implicit = nn.Softmax(dim=None)
        self.lazy = nn.LazyLinear(3)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """One result of each layer."""
        return [layer(x) for layer in self.layers.values()] + [
            self.lazy(x[0, 0]),
            self.implicit(x),
            self.implicit(x[0]),
        ]
