"""The Paddle mirror of a PyTorch model: certified or refused, and recorded without being changed."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import paddle
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from reconcile.audit import Audit
from reconcile.errors import CounterError
from reconcile.ledger import Ledger
from reconcile.models import ArticleNet, Functional, LeNet
from reconcile.schema import Reference
from reconcile.worker import shims
from reconcile.worker.certificate import (
    LIMIT,
    MismatchError,
    balance,
    certify,
    compare,
    copy_weights,
    outputs,
    randomise,
)
from reconcile.worker.mirror import mirror
from reconcile.worker.paddle_recorder import METHODS, REFLECTED, PaddleRecorder, bound_ops
from reconcile.worker.paddle_tree import cast, to_paddle
from reconcile.worker.torch_recorder import TorchRecorder


class Scaled(nn.Module):
    """A layer that others may own too, a bare parameter, and arguments that decide what is done."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None, *, twice: bool = False) -> torch.Tensor:
        """The inner layer's output, scaled."""
        if mask is not None:
            x = x * mask
        return self.inner(self.inner(x) if twice else x) * self.scale


class Images(nn.Module):
    """Every kind of convolution, normalisation, pool and activation that the mirror knows; input (N, 4, 15, 13)."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Sequential(
            nn.Conv2d(4, 8, 3, stride=2, padding=1, groups=2),
            nn.Conv2d(8, 8, (3, 2), padding="same", dilation=(1, 2), bias=False),
            nn.Conv2d(8, 8, 3, padding="valid", groups=8),
            nn.Conv2d(8, 8, 3, padding=2, padding_mode="reflect"),
            nn.ConvTranspose2d(8, 6, 3, stride=2, output_padding=1, groups=2),
        )
        self.norms = nn.Sequential(
            nn.BatchNorm2d(6),
            nn.BatchNorm2d(6, affine=False),
            nn.BatchNorm2d(6, track_running_stats=False),
            nn.InstanceNorm2d(6, affine=True),
            nn.GroupNorm(3, 6),
        )
        self.activations = nn.Sequential(
            *(nn.PReLU(6), nn.LeakyReLU(0.2), nn.ReLU6(), nn.Hardswish(), nn.SiLU(), nn.GELU(), nn.ELU(), nn.CELU(0.5)),
            *(nn.SELU(), nn.Mish(), nn.Tanh(), nn.Hardtanh(-0.5, 0.5), nn.Softplus(), nn.Hardsigmoid(), nn.Softsign()),
            *(nn.Identity(), nn.Dropout2d(), nn.Sequential()),
        )
        self.average = nn.AvgPool2d(3, 2, padding=1)
        self.maximum = nn.MaxPool2d(3, 2, 1, ceil_mode=True)
        self.adaptive = nn.AdaptiveAvgPool2d((4, 3))
        self.up = nn.Upsample(scale_factor=2, mode="bilinear")
        self.lines = nn.Sequential(
            *(nn.Conv1d(6, 4, 3, padding="same"), nn.BatchNorm1d(4), nn.ConvTranspose1d(4, 4, 3, 2)),
            *(nn.MaxPool1d(2), nn.AvgPool1d(2), nn.AdaptiveAvgPool1d(5)),
        )
        self.volumes = nn.Sequential(
            *(nn.Conv3d(1, 2, 2), nn.ConvTranspose3d(2, 2, 2), nn.BatchNorm3d(2)),
            *(nn.MaxPool3d((1, 2, 2)), nn.AvgPool3d((1, 2, 2)), nn.AdaptiveAvgPool3d(1)),
        )
        shared = nn.Linear(5, 5)
        self.first, self.second = Scaled(shared), Scaled(shared)
        self.norm = nn.LayerNorm(5, bias=False)
        self.weight = nn.Parameter(torch.randn(4, 6, 1, 1))
        self.register_buffer("factor", torch.rand(4, 1, 1))
        self.never = nn.EmbeddingBag(4, 2)

    def forward(self, x: torch.Tensor) -> dict[str, Any]:
        """Outputs of every branch, so that none can be wrong unseen."""
        x = self.norms(self.enter(x))
        batch, channels, height, width = x.shape
        mixed = x.view(batch, channels // 2, 2, height, width).transpose(1, 2).reshape(batch, -1, height, width)
        x = self.up(x + self.activations(mixed))
        pooled = torch.cat([self.average(x), self.maximum(x)[:, :, :-1, :-1]], dim=1)
        bare = F.conv2d(x, self.weight, padding="same") * self.factor
        bare = F.avg_pool2d(F.max_pool2d(F.interpolate(bare, size=(9, 9)), 2, ceil_mode=True), 3, 1, 1)
        line = self.norm(self.second(self.first(self.lines(x.flatten(2))), twice=True))
        line = torch.einsum("bij,bkj->bik", line, line).softmax(-1) @ line
        volume = self.volumes(x[:, :1].unsqueeze(2).repeat(1, 1, 3, 1, 1)).squeeze(-1)
        left, right = F.layer_norm(pooled, pooled.shape[-1:]).mean((2, 3), keepdim=True).chunk(2, 1)
        return {"line": line, "others": (bare, volume, self.adaptive(x)), "sum": torch.stack([left, right]).sum(0)}


class Attention(nn.Module):
    """Attention written out, on embedded tokens; input (N, L) of integers."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10, 8)
        self.norm = nn.LayerNorm(8)
        self.qkv = nn.Linear(8, 24)
        self.out = nn.Linear(8, 8)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Mixed tokens."""
        x = self.norm(self.embedding(ids))
        batch, length, size = x.shape
        qkv = self.qkv(x).reshape(batch, length, 3, 2, size // 2).permute(2, 0, 3, 1, 4)
        scores = (qkv[0] @ qkv[1].transpose(-2, -1)) * (size // 2) ** -0.5
        return self.out((scores.softmax(dim=-1) @ qkv[2]).transpose(1, 2).reshape(batch, length, size))


class Tokens(nn.Module):
    """Branches and loops over sizes, masks, positions and what transformers do to tensors; input (N, L) of integers."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10, 8)
        self.places = nn.Embedding(16, 8)
        self.qkv = nn.Linear(8, 24)
        self.scale = nn.Parameter(torch.ones(8))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Mixed tokens, their best ones, and their windows."""
        count = ids.shape[1]
        x = self.embedding(ids) + self.places(torch.arange(count)).unsqueeze(0)
        for _ in range(count // 4):
            x = self._mixed(x, mask) * self.scale
        rows = x if len(x) > 1 else -x
        kept = torch.zeros(x.shape[:2], dtype=torch.bool)
        kept[:, 1:] = True
        filled = rows.masked_fill(~kept.unsqueeze(-1), 0.5).type_as(x)
        best = filled.max(dim=1)[0] + torch.gather(filled, 1, ids[:, :1, None].expand(-1, -1, 8) % count)[:, 0]
        norm = (
            F.rms_norm(filled, (8,), self.scale) + F.normalize(filled, dim=-1) + F.layer_norm(filled, (8,)).to(x.dtype)
        )
        windows = norm.unfold(1, 2, 1).mT.flatten(2).std(-1, keepdim=True) + norm[:, 1:].where(kept[:, 1:, None], 0.0)
        return torch.cat([windows, best[:, None].expand_as(windows[:, :1].expand(-1, 1, 8)), norm.flip(1)], 1)

    def _mixed(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        q, k, v = self.qkv(x).unflatten(-1, (3, 2, 4)).movedim(2, 0).transpose(2, 3).unbind(0)
        causal = F.scaled_dot_product_attention(q, k, v, is_causal=mask is None, attn_mask=mask)
        grouped = F.scaled_dot_product_attention(q, k[:, :1], v[:, :1], enable_gqa=True, scale=0.5)
        scores = torch.baddbmm(q.sum(-1).mean(1)[:, None], q[:, 0], k[:, 1].mT, alpha=0.3)
        best = torch.topk(scores.softmax(-1, dtype=torch.float32), 2)[0]
        return (causal + grouped).transpose(1, 2).flatten(2) + best.sum(-1, keepdim=True)


class OwnLinear(nn.Linear):
    """A subclass, which a counter by exact type does not know."""


class Bypassed(nn.Module):
    """A subclass of a layer, and a layer whose `forward` is called past its hooks."""

    def __init__(self) -> None:
        super().__init__()
        self.own = OwnLinear(4, 4)
        self.plain = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Four numbers."""
        return self.plain.forward(self.own(x))


def _densenet() -> nn.Module:
    list(shims.apply())
    import torchvision

    return torchvision.models.densenet121(weights=None)


def _deep() -> nn.Module:
    blocks = (nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True)) for _ in range(12))
    return nn.Sequential(nn.Conv2d(3, 8, 1), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 6))


MODELS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], torch.dtype]] = {
    "LeNet": (LeNet, (1, 1, 28, 28), torch.float32),
    "ArticleNet": (ArticleNet, (1, 3, 32, 32), torch.float32),
    "Functional": (Functional, (2, 3, 8, 8), torch.float32),
    "Images": (Images, (2, 4, 15, 13), torch.float32),
    "Attention": (Attention, (2, 7), torch.int64),
    "Tokens": (Tokens, (2, 7), torch.int64),
    "Bypassed": (Bypassed, (2, 4), torch.float32),
    "a layer alone": (lambda: nn.Conv2d(3, 4, 3), (1, 3, 8, 8), torch.float32),
    "Deep": (_deep, (1, 3, 12, 12), torch.float32),
    "densenet121": (_densenet, (1, 3, 32, 32), torch.float32),
}


def _given(name: str) -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(0)
    build, shape, dtype = MODELS[name]
    x = torch.rand(shape) if dtype.is_floating_point else torch.arange(14).reshape(shape) % 10
    return build().eval(), x


def _torch_ledger(model: nn.Module, x: torch.Tensor) -> Ledger:
    with torch.no_grad(), TorchRecorder(model) as recorder:
        model(x.clone())
    return recorder.tape.ledger("run")


def _paddle_ledger(layer: paddle.nn.Layer, x: torch.Tensor) -> Ledger:
    with paddle.no_grad(), PaddleRecorder(layer) as recorder:
        layer(to_paddle(x))
    return recorder.tape.ledger("run")


@pytest.mark.parametrize("name", MODELS)
def test_a_mirror_is_certified_and_executes_the_same_work_at_the_same_places(name: str) -> None:
    model, x = _given(name)
    layer = mirror(model, (x,), {})
    certificate = certify(model, layer, (x,), {})
    assert certificate["status"] == "certified"
    assert certificate["relative"] <= LIMIT
    assert certificate["outputs"] > 1

    ours, theirs = _paddle_ledger(layer, x), _torch_ledger(model, x)
    assert [place.path for place in ours.modules] == [place.path for place in theirs.modules]
    assert [place.alias for place in ours.modules] == [place.alias for place in theirs.modules]
    assert [(call.module, call.number) for call in ours.calls] == [(call.module, call.number) for call in theirs.calls]
    found, expected = Reference.of(ours), Reference.of(theirs)
    assert (found.unpriced, expected.unpriced) == ((), ())
    assert found.total == expected.total > 0
    assert _places(found) == _places(expected)
    if name != "Tokens":
        assert _working(found) == _working(expected)


def _places(reference: Reference) -> dict[str, int]:
    """The work by module: fused attention is one op there and two products here."""
    sums: Counter[str] = Counter()
    for layer, amount in _working(reference).items():
        sums[layer.partition("::")[0]] += amount
    return dict(sums)


def _working(reference: Reference) -> dict[str, int]:
    return {layer: amount for layer, amount in reference.layers.items() if amount}


def test_the_model_that_is_mirrored_is_not_changed() -> None:
    model, x = _given("Deep")
    model.train()
    model[1].eval()
    state, flags = copy.deepcopy(model.state_dict()), [module.training for module in model.modules()]
    certify(model, mirror(model, (x,), {}), (x,), {})
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert [module.training for module in model.modules()] == flags
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def _copied(name: str) -> tuple[nn.Module, paddle.nn.Layer, torch.Tensor]:
    model, x = _given(name)
    layer = mirror(model, (x,), {})
    randomise(model, 0)
    balance(model, (x,), {})
    copy_weights(model, layer)
    compare(*outputs(model, layer, (x,), {}))
    return model, layer, x


def test_two_swapped_weights_make_the_certificate_fail() -> None:
    model, layer, x = _copied("Deep")
    tensors = dict(layer.named_parameters())
    first, second = tensors["2.0.weight"], tensors["9.0.weight"]
    values = first.numpy(), second.numpy()
    first.set_value(values[1])
    second.set_value(values[0])
    with pytest.raises(CounterError, match=r"something else: outputs differ by .* the limit is 0\.0001"):
        compare(*outputs(model, layer, (x,), {}))


def test_a_running_variance_that_is_off_by_one_percent_makes_the_certificate_fail() -> None:
    model, layer, x = _copied("Deep")
    variance = dict(layer.named_parameters())["7.1._variance"]
    variance.set_value(variance.numpy() * 1.01)
    with pytest.raises(CounterError, match="the twin computes something else"):
        compare(*outputs(model, layer, (x,), {}))


class Recurrent(nn.Module):
    """A recurrent layer of which the outputs count, and its states where `states` is set."""

    def __init__(self, *, states: bool) -> None:
        super().__init__()
        self.layer, self.states = nn.LSTM(6, 4, batch_first=True), states

    def forward(self, x: torch.Tensor) -> Any:
        """The outputs of every step; input (N, L, 6)."""
        outputs, states = self.layer(x)
        return (outputs, states) if self.states else outputs


class RecurrentTwin(paddle.nn.Layer):  # type: ignore[misc]
    """The outputs alone, as many times as large as they are."""

    def __init__(self, times: float) -> None:
        super().__init__()
        self.layer, self.times = paddle.nn.LSTM(6, 4), times

    def forward(self, x: paddle.Tensor) -> Any:
        """The outputs of every step; input (N, L, 6)."""
        return self.layer(x)[0] * self.times


@pytest.mark.parametrize(
    ("states", "times", "reason"),
    [
        (False, 1.001, "the twin computes something else"),
        (True, 1.0, r"outputs of the shapes \[\(3, 5, 4\)\] instead of \[\(3, 5, 4\), \(1, 3, 4\), \(1, 3, 4\)\]"),
    ],
    ids=["larger outputs", "fewer outputs"],
)
def test_a_recurrent_twin_that_is_none_is_refused_for_what_is_wrong_with_it(
    states: bool, times: float, reason: str
) -> None:
    with pytest.raises(CounterError, match=reason):
        certify(Recurrent(states=states), RecurrentTwin(times), (torch.rand(3, 5, 6),), {})


def test_another_precision_leaves_whole_numbers_and_unwritten_buffers_as_they_are() -> None:
    layer = RecurrentTwin(1.0)
    layer.register_buffer("places", paddle.arange(3))
    unwritten = {name for name, buffer in layer.named_buffers() if not buffer._is_initialized()}
    assert unwritten, "nothing is tested"
    cast(layer, "float64")
    assert {str(parameter.dtype) for parameter in layer.parameters()} == {"paddle.float64"}
    assert layer.places.dtype == paddle.int64
    assert {name for name, buffer in layer.named_buffers() if not buffer._is_initialized()} == unwritten
    assert layer(paddle.rand([2, 3, 6]).astype("float64")).dtype == paddle.float64


CONSTANT = {
    "one class": nn.Softmax(-1),
    "all zero": nn.Sequential(nn.Softmax(-1), nn.Hardtanh(-1.0, 0.0)),
    "nearly constant": nn.Hardtanh(1.0, 1.001),
}


@pytest.mark.parametrize("case", CONSTANT)
def test_a_constant_output_proves_nothing_and_is_refused(case: str) -> None:
    model, x = nn.Sequential(nn.Linear(4, 1), CONSTANT[case]), torch.rand(2, 4)
    with pytest.raises(CounterError, match="the output is constant, which proves nothing"):
        certify(model, mirror(model, (x,), {}), (x,), {})


class Attended(nn.Module):
    """Attention of one input with itself; both results count."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, **options)

    def forward(self, x: torch.Tensor) -> Any:
        """The mixed rows and the weights of the mixture."""
        return self.attention(x, x, x)


class Masked(nn.Module):
    """Attention across two widths, with both kinds of mask."""

    forbidden: torch.Tensor
    padding: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, kdim=3, vdim=2, bias=False, batch_first=True)
        self.keys, self.values = nn.Linear(4, 3), nn.Linear(4, 2)
        self.register_buffer("forbidden", torch.ones(5, 5, dtype=torch.bool).triu(1))
        self.register_buffer("padding", torch.tensor([[False] * 4 + [True], [False] * 5]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The mixed rows."""
        given = {"attn_mask": self.forbidden, "key_padding_mask": self.padding, "need_weights": False}
        mixed: torch.Tensor = self.attention(x, self.keys(x), value=self.values(x), **given)[0]
        return mixed


class Steps(nn.Module):
    """A recurrent layer that goes on from its last states, or a cell that takes one step after another."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor) -> Any:
        """Outputs and states."""
        if not isinstance(self.layer, nn.RNNBase):
            return self.layer(x[:, 1], self.layer(x[:, 0]))
        _, states = self.layer(x)
        return self.layer(x, states)


SEQUENCES: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "attention": (Attended, "MultiHeadAttention"),
    "attention, batch first": (lambda: Attended(batch_first=True, bias=False), "MultiHeadAttention"),
    "attention, masked": (Masked, "MultiHeadAttention"),
    "encoder": (lambda: nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), "MultiHeadAttention"),
    "LSTM": (lambda: Steps(nn.LSTM(4, 3, 2, bidirectional=True, batch_first=True, dropout=0.1)), "LSTM"),
    "GRU": (lambda: Steps(nn.GRU(4, 3, bias=False)), "GRU"),
    "RNN": (lambda: Steps(nn.RNN(4, 3, nonlinearity="relu")), "SimpleRNN"),
    "LSTM cell": (lambda: Steps(nn.LSTMCell(4, 3)), "LSTMCell"),
    "GRU cell": (lambda: Steps(nn.GRUCell(4, 3)), "GRUCell"),
    "RNN cell": (lambda: Steps(nn.RNNCell(4, 3)), "SimpleRNNCell"),
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_attention_and_recurrent_layers_become_paddles_own_and_do_the_same_work(name: str) -> None:
    build, kind = SEQUENCES[name]
    torch.manual_seed(0)
    model, x = build().eval(), torch.rand(2, 5, 4)
    layer = mirror(model, (x,), {})
    assert certify(model, layer, (x,), {})["relative"] <= LIMIT
    ours = _paddle_ledger(layer, x)
    assert f"paddle.nn.{kind}" in {place.type for place in ours.modules}
    found = Reference.of(ours)
    with torch.enable_grad(), TorchRecorder(model) as recorder:
        model(x.clone())
    assert not found.unpriced
    assert found.total == Reference.of(recorder.tape.ledger("run")).total > 0


def test_a_layer_that_only_pytorch_has_is_traced_through_and_passes_for_no_layer_of_paddle() -> None:
    normed = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
    hooked = nn.Linear(4, 4)
    hooked.register_forward_hook(lambda module, given, output: output * 2)
    model, x = nn.Sequential(normed, nn.RMSNorm(4), nn.GLU(), nn.ZeroPad1d(1), hooked), torch.rand(2, 3, 4)
    layer = mirror(model, (x,), {})
    assert certify(model, layer, (x,), {})["relative"] <= LIMIT
    types = {place.path: place.type for place in _paddle_ledger(layer, x).modules}
    assert types["4"] != "paddle.nn.Linear"
    assert types["1"] == "paddle.nn.RMSNorm"


class Summing(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.logcumsumexp(x, 1)


class Deciding(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x if x.sum() > 0 else -x


REFUSED: dict[str, tuple[nn.Module, str]] = {
    "layer": (nn.Sequential(nn.ReLU(), nn.LPPool1d(2, 2)), "lp_pool1d at 1 has no Paddle counterpart here"),
    "attention": (nn.Sequential(Attended(add_zero_attn=True)), "MultiheadAttention with a row of keys of its own"),
    "function": (nn.Sequential(nn.ReLU(), Summing()), "logcumsumexp at 1 has no Paddle counterpart here"),
    "option": (nn.Sequential(nn.MaxPool1d(2, dilation=2)), "MaxPool1d with indices or dilation at 0"),
    "control flow": (nn.Sequential(Deciding()), "torch.fx cannot trace it"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_mirrored_is_refused_by_name_with_the_way_out(case: str) -> None:
    model, said = REFUSED[case]
    sentence = f"^paddle: the model cannot be mirrored: .*{said}.*name the twin with --paddle"
    with pytest.raises(CounterError, match=sentence):
        mirror(model, (torch.rand(2, 4),), {})


def test_a_layer_without_counterpart_that_is_never_called_is_no_reason_to_refuse() -> None:
    model, x = _given("Images")
    assert "never" in [path for path, _ in mirror(model, (x,), {}).named_sublayers()]


def test_twins_whose_tensors_do_not_correspond_are_told_apart() -> None:
    x = torch.rand(1, 1, 28, 28)
    smaller, larger = paddle.vision.models.LeNet(), paddle.vision.models.LeNet()
    smaller.fc._sub_layers.pop("2")
    larger.fc.add_sublayer("3", paddle.nn.Linear(10, 10))
    with pytest.raises(MismatchError, match=r"the PyTorch model has fc.2.weight, which the Paddle model has not"):
        certify(LeNet(), smaller, (x,), {})
    with pytest.raises(MismatchError, match=r"the Paddle model has fc.3.weight, which the PyTorch model has not"):
        certify(LeNet(), larger, (x,), {})
    with pytest.raises(MismatchError, match=r"fc.2.weight is \(10, 84\) in PyTorch and \(84, 7\) in Paddle"):
        certify(LeNet(), paddle.vision.models.LeNet(num_classes=7), (x,), {})


def _bindings() -> dict[tuple[int, str], int]:
    ops = {(id(owner), name): id(value) for owner, name, value in bound_ops()}
    methods = {(0, name): id(vars(paddle.Tensor)[name]) for name in (*METHODS, *REFLECTED)}
    return ops | methods | {(1, "__call__"): id(paddle.nn.Layer.__call__)}


def test_the_recorder_leaves_paddle_as_it_was() -> None:
    before = _bindings()
    assert len(before) > 1000
    net = paddle.nn.Linear(4, 4)
    with pytest.raises(ValueError, match="InvalidArgument"), PaddleRecorder(net):
        net(paddle.ones([2, 3]))
    assert _bindings() == before


def test_every_op_that_paddle_says_it_executed_is_on_the_ledger() -> None:
    """Paddle's own list of executed ops is the witness; in it, a linear layer is a product and an addition."""
    net = paddle.vision.models.LeNet()
    net.eval()
    core = paddle.base.core
    paddle.set_flags({"FLAGS_low_precision_op_list": 1})
    lists = []
    for recorded in (False, True):
        core.clear_low_precision_op_list()
        x = paddle.ones([1, 1, 28, 28])
        with paddle.no_grad():
            ledger = _paddle_ledger(net, torch.ones(1, 1, 28, 28)) if recorded else net(x)
        lists.append({name: sum(map(int, text.split(","))) for name, text in core.get_low_precision_op_list().items()})
    paddle.set_flags({"FLAGS_low_precision_op_list": 0})
    assert isinstance(ledger, Ledger)
    kinds = Counter(op.name.removeprefix("paddle.") for op in ledger.ops)
    assert kinds["linear"] == 3
    assert kinds["conv2d"] == lists[1]["conv2d"] == lists[0]["conv2d"] == 2
    assert kinds["linear"] == lists[1]["matmul_v2"] == lists[0]["matmul_v2"]
    assert kinds["add"] + kinds["linear"] == lists[1]["elementwise_add"] == lists[0]["elementwise_add"]
    assert kinds["relu"] == lists[1]["relu"]
    assert kinds["pool2d"] == lists[1]["pool2d"]


ARTICLE_LAYERS = {
    "features.0": (28 * 28 * 6 * (1 * 3 * 3 + 1), 6 * 1 * 3 * 3 + 6),
    "features.1": (0, 0),
    "features.2": (None, 0),
    "features.3": (10 * 10 * 16 * (6 * 5 * 5 + 1), 16 * 6 * 5 * 5 + 16),
    "features.4": (0, 0),
    "features.5": (None, 0),
    "fc.0": (400 * 120, 400 * 120 + 120),
    "fc.1": (120 * 84, 120 * 84 + 84),
    "fc.2": (84 * 10, 84 * 10 + 10),
}
"""The published table of paddle.flops on LeNet; a pool without a rule is printed as 0 there."""


@pytest.mark.parametrize("model", ["reconcile.models:LeNet", "paddle.vision.models:LeNet"])
def test_paddle_tells_the_published_layer_table_of_lenet(audits: Callable[..., Audit], model: str) -> None:
    run = audits(model, "1,1,28,28", ("paddle", "thop")).run
    count = run.count("paddle")
    assert count is not None
    assert {layer.layer: (layer.told, layer.params) for layer in count.layers} == ARTICLE_LAYERS
    assert count.total == sum(told or 0 for told, _ in ARTICLE_LAYERS.values()) == 347560
    assert count.params == sum(params for _, params in ARTICLE_LAYERS.values()) == 61610
    assert count.explained
    assert (count.certificate is None) == model.startswith("paddle.")


def test_a_counter_of_pytorch_refuses_a_paddle_layer_in_one_sentence(audits: Callable[..., Audit]) -> None:
    run = audits("paddle.vision.models:LeNet", "1,1,28,28", ("paddle", "thop")).run
    count = run.count("thop")
    assert count is not None
    assert (count.status, count.reason) == (
        "failed",
        "thop counts PyTorch models; paddle.vision.models:LeNet is a Paddle layer",
    )
    assert run.model["framework"] == "paddle"
    assert run.reference is not None
    assert run.reference.total == 28 * 28 * 6 * 9 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10


def test_a_paddle_model_is_counted_where_pytorch_is_not_imported() -> None:
    code = "import sys, reconcile.worker.paddle_side; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
