"""The price list: formulas on plain tuples, every op that is priced at its real arguments, and a second witness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from reconcile.pricing import by_arguments, formulas, sequences
from reconcile.pricing import ops as price
from reconcile.pricing import products as price_products
from reconcile.pricing.amounts import Amount
from reconcile.pricing.einsum import printed_cost
from reconcile.pricing.operators import MOVES
from tests.executed import executed

PURE = {
    "convolution": (
        formulas.convolution((1, 3, 224, 224), (64, 3, 3, 3), (1, 64, 224, 224), transposed=False, groups=1, bias=True),
        {"mac": 1 * 64 * 224 * 224 * 3 * 3 * 3, "bias": 1 * 64 * 224 * 224, "first-add": 1 * 64 * 224 * 224},
    ),
    "grouped convolution": (
        formulas.convolution((2, 6, 9, 7), (4, 3, 3, 2), (2, 4, 7, 6), transposed=False, groups=2, bias=False),
        {"mac": 2 * 4 * 7 * 6 * 3 * 3 * 2, "mac.by-output": 2 * 4 * 7 * 6 * (6 // 2) * 3 * 2},
    ),
    "unbatched convolution": (
        formulas.convolution((6, 9, 7), (5, 6, 3, 3), (5, 7, 5), transposed=False, groups=1, bias=True),
        {"mac": 5 * 7 * 5 * 6 * 3 * 3, "bias": 5 * 7 * 5},
    ),
    "transposed convolution, by input positions": (
        formulas.convolution((1, 6, 5, 4), (6, 8, 3, 3), (1, 8, 11, 9), transposed=True, groups=1, bias=True),
        {"mac": 1 * 6 * 5 * 4 * 8 * 3 * 3, "mac.by-output": 1 * 8 * 11 * 9 * 6 * 3 * 3, "bias": 1 * 8 * 11 * 9},
    ),
    "convolution by its arguments, an even kernel padded to the same size": (
        by_arguments.convolution(
            (2, 4, 7, 6), (8, 2, 2, 4), stride=(1, 1), padding="same", dilation=(1, 3), groups=2, bias=True
        ),
        # Half of the padding, rounded down, on both sides: 7 + 2*0 - 1 = 6 rows, 6 + 2*4 - 9 = 5 columns.
        {"mac.by-arguments": 2 * 8 * (7 - 1) * (6 + 2 * 4 - 9) * 2 * 2 * 4, "bias.by-arguments": 2 * 8 * 6 * 5},
    ),
    "transposed convolution by its arguments": (
        by_arguments.transposed_convolution(
            (2, 4, 8), (4, 3, 5), stride=(4,), padding=(2,), output_padding=(1,), dilation=(2,), groups=2, bias=True
        ),
        {
            "mac.by-groups-twice": 2 * 4 * 8 * (3 // 2) * 5,
            "bias.by-arguments": 2 * (3 * 2) * (7 * 4 - 2 * 2 + 2 * 4 + 1 + 1),
            "bias.by-forward-arguments": 2 * 3 * ((8 + 2 * 2 - (2 * 4 + 1)) // 4 + 1),
        },
    ),
    "transposed convolution of so few positions that a plain one would have none": (
        by_arguments.transposed_convolution(
            (1, 4, 2), (4, 3, 7), stride=(2,), padding=(0,), output_padding=(0,), dilation=(1,), groups=1, bias=True
        ),
        {"bias.by-forward-arguments": 1 * 3 * ((2 - 7) // 2 + 1)},
    ),
    "resampling by a size, without batch and channels": (
        by_arguments.resample((2, 3, 4, 4), (5, 7), 1),
        {"resample.by-size-or-input": 5 * 7, "resample.by-size-or-scale": 5 * 7},
    ),
    "resampling by a scale": (
        by_arguments.resample((2, 3, 4, 4), None, 1.25),
        {"resample.by-size-or-input": 2 * 3 * 4 * 4, "resample.by-size-or-scale": int(2 * 3 * 4 * 4 * 1.25**2)},
    ),
    "linear on rows": (
        formulas.linear((196, 8192), (1024, 8192), bias=True),
        {"mac": 196 * 8192 * 1024, "bias": 196 * 1024, "first-add": 196 * 1024},
    ),
    "linear on a vector": (formulas.linear((8,), (5, 8), bias=False), {"mac": 8 * 5}),
    "matrix product, broadcast": (formulas.matmul((2, 1, 3, 4), (5, 4, 6)), {"mac": 2 * 5 * 3 * 4 * 6}),
    "matrix and vector": (formulas.matmul((3, 4), (4,)), {"mac": 3 * 4}),
    "two vectors": (formulas.matmul((4,), (4,)), {"mac": 4}),
    "added matrix product": (formulas.added_matmul((5,), (2, 4), (4, 5)), {"mac": 2 * 4 * 5, "bias": 2 * 5}),
    "added matrix product, scaled by 0": (
        formulas.added_matmul((5,), (2, 4), (4, 5), used=False),
        {"mac": 2 * 4 * 5, "bias.by-operand-given": 5},
    ),
    "bilinear": (formulas.bilinear((2, 3), (2, 4), (5, 3, 4), bias=True), {"mac": 2 * (5 * 4 * 3 + 5 * 4), "bias": 10}),
    "attention": (
        formulas.attention((1, 2, 5, 4), (1, 2, 7, 4), (1, 2, 7, 3)),
        {"mac": 1 * 2 * 5 * 7 * (4 + 3), "softmax": 1 * 2 * 5 * 7, "softmax.row": 1 * 2 * 5},
    ),
    "encoder layer": (
        sequences.encoder_layer((2, 5, 8), 16, heads=2),
        {
            "mac": 4 * (2 * 5 * 8 * 8) + 2 * (2 * 2 * 5 * 5 * 4) + 2 * (2 * 5 * 8 * 16),
            "bias": 4 * (2 * 5 * 8) + 2 * 5 * 16 + 2 * 5 * 8,
            "norm": 2 * (2 * 5 * 8),
            "activation": 2 * 5 * 16,
            "softmax": 2 * 2 * 5 * 5,
            "elementwise": 2 * (2 * 5 * 8),
        },
    ),
    "normalisation": (
        formulas.normalisation((2, 4, 3), affine=True, batch_statistics=False),
        {"norm": 2 * 4 * 3, "norm.affine": 2 * 4 * 3},
    ),
    "pool": (
        formulas.pool((1, 6, 9, 7), (2, 2), (1, 6, 4, 3)),
        {"pool.input": 6 * 9 * 7, "pool.output": 6 * 4 * 3, "pool.window": 6 * 4 * 3 * 2 * 2},
    ),
    "softmax": (formulas.softmax((1, 6, 9, 7), 1), {"softmax": 6 * 9 * 7, "softmax.row": 9 * 7, "softmax.call": 1}),
    "resampling": (
        formulas.resample((1, 6, 3, 3), (1, 6, 6, 6), "bilinear"),
        {"resample": 6 * 6 * 6, "resample.bilinear": 6 * 6 * 6},
    ),
}


@pytest.mark.parametrize(("terms", "expected"), PURE.values(), ids=PURE)
def test_a_formula_gives_the_product_that_stands_beside_it(terms: formulas.Terms, expected: dict[str, int]) -> None:
    assert {name: terms[name].value for name in expected} == expected


@pytest.mark.parametrize("terms", [terms for terms, _ in PURE.values()], ids=PURE)
def test_the_text_of_an_amount_is_arithmetic_that_gives_its_value(terms: formulas.Terms) -> None:
    for name, part in terms.items():
        assert eval(part.formula, {"__builtins__": {}, "int": int}) == part.value, name


@pytest.mark.parametrize(
    ("equation", "shapes", "expected"),
    [
        ("ij,jk->ik", [(97, 89), (89, 53)], Amount(915_100 // 2, "915100 // 2")),  # 2*97*89*53 + 1 = 915099
        ("i,j->ij", [(3,), (4,)], Amount(13 // 2, "13 // 2")),  # nothing is summed: 3*4 + 1
        ("abc,abd->acd", [(2, 3, 4), (2, 3, 5)], Amount(2 * 3 * 4 * 5, "2*3*4 * 5")),
        ("xyz,xwz->xyw", [(2, 3, 4), (2, 5, 4)], Amount(241 // 2, "241 // 2")),
        ("xyz,xwz->xwy", [(2, 3, 4), (2, 5, 4)], Amount(2 * 3 * 4 * 5, "2*3*4 * 5")),
    ],
)
def test_an_einsum_is_sized_by_the_text_that_numpy_prints(
    equation: str, shapes: list[tuple[int, ...]], expected: Amount
) -> None:
    assert printed_cost(equation, shapes) == expected


def r(*shape: int) -> torch.Tensor:
    """A random tensor."""
    return torch.rand(shape)


def _attention(**options: Any) -> Callable[[], Any]:
    return lambda: F.scaled_dot_product_attention(r(1, 2, 5, 4), r(1, 2, 7, 4), r(1, 2, 7, 4), **options)


def _batch_norm(*, affine: bool, training: bool, statistics: bool = True) -> Callable[[], Any]:
    layer = nn.BatchNorm2d(4, affine=affine, track_running_stats=statistics).train(training)
    return lambda: layer(r(2, 4, 3, 5))


Case = tuple[Callable[[], Any], dict[str, int]]

PRODUCTS: dict[str, Case] = {
    "conv1d": (lambda: F.conv1d(r(2, 4, 9), r(6, 4, 3), r(6)), {"mac": 2 * 6 * 7 * 4 * 3, "bias": 2 * 6 * 7}),
    "conv2d, groups, stride, dilation": (
        lambda: F.conv2d(r(2, 4, 9, 8), r(6, 2, 3, 2), stride=(2, 1), dilation=(1, 2), groups=2),
        {"mac": 2 * 6 * 4 * 6 * 2 * 3 * 2},
    ),
    "conv2d, padding by name": (
        lambda: F.conv2d(r(1, 4, 9, 8), r(6, 4, 3, 3), padding="same"),
        {"mac": 6 * 9 * 8 * 4 * 9},
    ),
    "conv2d, unbatched": (lambda: F.conv2d(r(4, 9, 8), r(6, 4, 3, 3)), {"mac": 6 * 7 * 6 * 4 * 3 * 3}),
    "conv3d": (lambda: F.conv3d(r(1, 2, 4, 4, 4), r(3, 2, 2, 2, 2)), {"mac": 3 * 3 * 3 * 3 * 2 * 2 * 2 * 2}),
    "conv_transpose2d, groups": (
        lambda: F.conv_transpose2d(r(2, 4, 3, 5), r(4, 3, 2, 2), r(6), stride=2, groups=2),
        {"mac": 2 * 4 * 3 * 5 * 3 * 2 * 2, "bias": 2 * 6 * 6 * 10},
    ),
    "conv_transpose1d, unbatched": (lambda: F.conv_transpose1d(r(4, 5), r(4, 3, 2)), {"mac": 4 * 5 * 3 * 2}),
    "conv_tbc": (
        lambda: torch.conv_tbc(r(6, 2, 3), r(3, 3, 4), r(4)),
        {"mac": 4 * 2 * 4 * 3 * 3, "bias": 4 * 2 * 4},
    ),
    "linear, 1-D": (lambda: F.linear(r(4), r(5, 4), r(5)), {"mac": 4 * 5, "bias": 5}),
    "linear, 2-D": (lambda: F.linear(r(3, 4), r(5, 4), r(5)), {"mac": 3 * 4 * 5, "bias": 3 * 5}),
    "linear, 3-D": (lambda: F.linear(r(2, 3, 4), r(5, 4)), {"mac": 2 * 3 * 4 * 5}),
    "linear, not contiguous": (lambda: F.linear(r(3, 2, 4).transpose(0, 1), r(5, 4), r(5)), {"mac": 2 * 3 * 4 * 5}),
    "mm": (lambda: r(3, 4).mm(r(4, 5)), {"mac": 3 * 4 * 5}),
    "bmm": (lambda: torch.bmm(r(2, 3, 4), r(2, 4, 5)), {"mac": 2 * 3 * 4 * 5}),
    "mv": (lambda: torch.mv(r(3, 4), r(4)), {"mac": 3 * 4}),
    "dot": (lambda: torch.dot(r(4), r(4)), {"mac": 4}),
    "matmul, broadcast": (lambda: r(5, 1, 3, 4) @ r(6, 4, 2), {"mac": 5 * 6 * 3 * 4 * 2}),
    "matmul, vector first": (lambda: r(4) @ r(5, 4, 2), {"mac": 5 * 4 * 2}),
    "matmul, vector last": (lambda: r(2, 3, 4) @ r(4), {"mac": 2 * 3 * 4}),
    "inner": (lambda: torch.inner(r(3, 4), r(5, 4)), {"mac": 3 * 4 * 5}),
    "tensordot": (lambda: torch.tensordot(r(3, 4, 5), r(4, 5, 6), 2), {"mac": 3 * 4 * 5 * 6}),
    "addmm": (lambda: torch.addmm(r(5), r(3, 4), r(4, 5)), {"mac": 3 * 4 * 5, "bias": 3 * 5, "bias.by-operand": 5}),
    "addmm, beta 0": (lambda: torch.addmm(r(5), r(3, 4), r(4, 5), beta=0), {"mac": 3 * 4 * 5, "bias": 0}),
    "baddbmm": (
        lambda: torch.baddbmm(r(2, 3, 5), r(2, 3, 4), r(2, 4, 5)),
        {"mac": 2 * 3 * 4 * 5, "bias": 2 * 3 * 5},
    ),
    "addmv": (lambda: torch.addmv(r(3), r(3, 4), r(4)), {"mac": 3 * 4, "bias": 3}),
    "addbmm": (lambda: torch.addbmm(r(3, 5), r(2, 3, 4), r(2, 4, 5)), {"mac": 2 * 3 * 4 * 5, "bias": 3 * 5}),
    "addr": (lambda: torch.addr(r(3, 4), r(3), r(4)), {"mac": 3 * 4}),
    "outer": (lambda: torch.outer(r(3), r(4)), {"mac": 0, "elementwise": 3 * 4}),
    "einsum": (lambda: torch.einsum("bij,kj->bik", r(2, 3, 4), r(5, 4)), {"mac": 2 * 3 * 4 * 5}),
    "einsum without a sum": (lambda: torch.einsum("i,j->ij", r(3), r(4)), {"mac": 0, "elementwise": 3 * 4}),
    "multi_dot": (lambda: torch.linalg.multi_dot([r(3, 4), r(4, 5), r(5, 2)]), {"mac": 4 * 5 * 2 + 3 * 4 * 2}),
    "bilinear": (
        lambda: F.bilinear(r(2, 3), r(2, 4), r(5, 3, 4), r(5)),
        {"mac": 2 * (5 * 4 * 3 + 5 * 4), "elementwise": 2 * 5},
    ),
    "cdist": (lambda: torch.cdist(r(3, 4), r(5, 4)), {"mac": 0, "reduce": 3 * 5 * 4}),
    "cdist by a product": (lambda: torch.cdist(r(30, 4), r(50, 4)), {"mac": 30 * 50 * (4 + 2)}),
    "affine_grid": (
        lambda: F.affine_grid(r(2, 2, 3), [2, 1, 5, 6], align_corners=False),
        {"mac": 2 * 5 * 6 * 2 * 3},
    ),
    "attention": (_attention(), {"mac": 2 * 5 * 7 * (4 + 4), "softmax": 2 * 5 * 7}),
    "attention, causal": (_attention(is_causal=True), {"mac": 2 * 5 * 7 * (4 + 4)}),
    "attention, masked": (_attention(attn_mask=torch.zeros(5, 7)), {"mac": 2 * 5 * 7 * (4 + 4)}),
    "attention, dropout": (_attention(dropout_p=0.5), {"mac": 2 * 5 * 7 * (4 + 4), "softmax": 2 * 5 * 7}),
    "attention, 3-D": (
        lambda: F.scaled_dot_product_attention(r(2, 5, 4), r(2, 7, 4), r(2, 7, 3)),
        {"mac": 2 * 5 * 7 * (4 + 3), "softmax": 2 * 5 * 7},
    ),
}

OTHERS: dict[str, Case] = {
    "batch norm, eval": (
        _batch_norm(affine=True, training=False),
        {"norm": 120, "norm.affine": 2 * 4 * 3 * 5, "norm.batch": 0},
    ),
    "batch norm, plain": (_batch_norm(affine=False, training=False), {"norm": 2 * 4 * 3 * 5, "norm.affine": 0}),
    "batch norm, training": (
        _batch_norm(affine=True, training=True),
        {"norm": 2 * 4 * 3 * 5, "norm.batch": 2 * 4 * 3 * 5},
    ),
    "batch norm without statistics": (
        _batch_norm(affine=True, training=False, statistics=False),
        {"norm": 2 * 4 * 3 * 5, "norm.batch": 2 * 4 * 3 * 5},
    ),
    "instance norm": (lambda: F.instance_norm(r(2, 4, 3, 5)), {"norm": 2 * 4 * 3 * 5, "norm.affine": 0}),
    "group norm": (lambda: F.group_norm(r(2, 4, 3), 2, r(4), r(4)), {"norm": 2 * 4 * 3, "norm.affine": 2 * 4 * 3}),
    "layer norm": (lambda: F.layer_norm(r(2, 4), (4,)), {"norm": 2 * 4, "norm.affine": 0}),
    "layer norm, affine": (lambda: F.layer_norm(r(2, 4), (4,), r(4)), {"norm": 2 * 4, "norm.affine": 2 * 4}),
    "relu in place": (lambda: F.relu(r(2, 3), inplace=True), {"activation": 2 * 3}),
    "glu": (lambda: F.glu(r(2, 6)), {"activation": 2 * 6}),
    "prelu": (lambda: F.prelu(r(2, 3), r(1)), {"activation": 2 * 3}),
    "max_pool1d": (
        lambda: F.max_pool1d(r(1, 2, 8), 2),
        {"pool.input": 2 * 8, "pool.output": 2 * 4, "pool.window": 2 * 4 * 2},
    ),
    "max_pool2d": (lambda: F.max_pool2d(r(1, 2, 9, 8), (3, 2)), {"pool.output": 2 * 3 * 4, "pool.window": 24 * 3 * 2}),
    "avg_pool2d, one number": (lambda: F.avg_pool2d(r(1, 2, 8, 8), 2), {"pool.window": 2 * 4 * 4 * 2 * 2}),
    "avg_pool3d": (lambda: F.avg_pool3d(r(1, 2, 4, 4, 4), 2), {"pool.window": 2 * 2 * 2 * 2 * 2 * 2 * 2}),
    "adaptive_avg_pool1d": (lambda: F.adaptive_avg_pool1d(r(1, 2, 5), 3), {"pool.window": 2 * (2 + 3 + 2)}),
    "adaptive_max_pool2d": (
        lambda: F.adaptive_max_pool2d(r(1, 2, 9, 7), (5, 4)),
        {"pool.input": 2 * 9 * 7, "pool.output": 2 * 5 * 4, "pool.window": 2 * (2 + 3 + 3 + 3 + 2) * (2 + 3 + 3 + 2)},
    ),
    "adaptive_avg_pool3d": (
        lambda: F.adaptive_avg_pool3d(r(1, 2, 4, 4, 4), 2),
        {"pool.window": 2 * (2 + 2) * (2 + 2) * (2 + 2)},
    ),
    "adaptive_avg_pool2d to one": (lambda: F.adaptive_avg_pool2d(r(1, 2, 9, 7), 1), {"reduce": 2 * 9 * 7}),
    "fractional_max_pool2d": (lambda: nn.FractionalMaxPool2d(2, 3)(r(1, 2, 8, 8)), {"pool.window": 2 * 3 * 3 * 2 * 2}),
    "softmax": (lambda: F.softmax(r(2, 3, 4), 1), {"softmax": 2 * 3 * 4, "softmax.row": 2 * 4, "softmax.call": 1}),
    "log_softmax": (lambda: F.log_softmax(r(2, 3, 4), -1), {"softmax": 2 * 3 * 4, "softmax.row": 2 * 3}),
    "nearest": (lambda: F.interpolate(r(1, 2, 3, 4), scale_factor=2), {"resample.nearest": 2 * 6 * 8}),
    "linear resampling": (
        lambda: F.interpolate(r(1, 2, 3), scale_factor=2, mode="linear"),
        {"resample": 2 * 6, "resample.linear": 2 * 6},
    ),
    "bicubic": (lambda: F.interpolate(r(1, 2, 3, 4), size=(5, 5), mode="bicubic"), {"resample.bicubic": 2 * 5 * 5}),
    "trilinear": (
        lambda: F.interpolate(r(1, 2, 2, 2, 2), scale_factor=2, mode="trilinear"),
        {"resample.trilinear": 2 * 4 * 4 * 4},
    ),
    "nearest-exact": (
        lambda: F.interpolate(r(1, 2, 3, 4), scale_factor=2, mode="nearest-exact"),
        {"resample.nearest-exact": 2 * 6 * 8, "resample.no-channels": 6 * 8},
    ),
    "grid_sample": (
        lambda: F.grid_sample(r(1, 2, 4, 4), r(1, 3, 5, 2), align_corners=False),
        {"resample": 2 * 3 * 5},
    ),
    "Fourier transform": (lambda: torch.fft.rfft2(r(2, 6, 8)), {"transform": 2 * 6 * (8 // 2 + 1)}),
    "embedding": (lambda: F.embedding(torch.ones(2, 3).long(), r(5, 4)), {"embedding": 2 * 3 * 4}),
    "embedding bag": (lambda: nn.EmbeddingBag(5, 4)(torch.ones(2, 3).long()), {"embedding": 2 * 3 * 4}),
    "broadcast sum": (lambda: r(2, 1, 4) + r(3, 1), {"elementwise": 2 * 3 * 4}),
    "variance and mean": (lambda: torch.var_mean(r(2, 3, 4), 1), {"reduce": 2 * 3 * 4}),
    "largest": (lambda: r(2, 3, 4).argmax(1), {"compare": 2 * 3 * 4}),
    "scattered sum": (
        lambda: torch.zeros(5, 4).index_add(0, torch.tensor([0, 1, 1]), r(3, 4)),
        {"reduce": 3 * 4},
    ),
    "weight norm": (
        lambda: torch._weight_norm(r(5, 3), r(5, 1)),
        {"reduce": 5 * 3, "elementwise": 5 * 3},
    ),
    "data moved": (lambda: r(2, 3).t().reshape(6).repeat(2), {}),
}


@pytest.mark.parametrize("grad", [True, False], ids=["grad", "no_grad"])
@pytest.mark.parametrize(("body", "expected"), (PRODUCTS | OTHERS).values(), ids=PRODUCTS | OTHERS)
def test_an_executed_op_is_priced_by_its_own_arguments(
    body: Callable[[], Any], expected: dict[str, int], grad: bool
) -> None:
    terms = executed(body, grad=grad)
    assert {name: terms.get(name, 0) for name in expected} == expected
    if not expected:
        assert terms == {}


def test_the_fused_kernels_without_gradients_do_the_products_of_the_layers_they_replace() -> None:
    attention = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    x = r(2, 5, 8)
    for body in (lambda: attention(x, x, x), lambda: layer(x)):
        whole, parts = executed(body, grad=False), executed(body, grad=True)
        assert {name: whole[name] for name in ("mac", "softmax")} == {name: parts[name] for name in ("mac", "softmax")}
    assert whole["norm"] == parts["norm"] == 2 * (2 * 5 * 8)
    assert whole["activation"] == parts["activation"] == 2 * 5 * 16
    assert whole["bias"] == 3 * (2 * 5 * 8) + 2 * 5 * 8 + 2 * 5 * 16 + 2 * 5 * 8


UNWITNESSED = frozenset(
    [
        *("mv", "dot", "matmul, vector last", "addmv", "addbmm", "addr", "outer", "einsum without a sum"),
        *("bilinear", "conv_tbc", "cdist", "cdist by a product", "affine_grid"),
        *("attention", "attention, causal", "attention, masked"),
    ]
)
"""Products that FlopCounterMode has no formula for on the CPU."""


@pytest.mark.parametrize("name", PRODUCTS)
def test_flop_counter_mode_bears_witness_to_the_multiply_adds(name: str) -> None:
    body, expected = PRODUCTS[name]
    with FlopCounterMode(display=False) as counter:
        body()
    assert counter.get_total_flops() == (0 if name in UNWITNESSED else 2 * expected["mac"])


def test_flop_counter_mode_bears_witness_to_attention_where_no_kernel_is_fused() -> None:
    with torch.device("meta"):
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        x = torch.rand(2, 5, 8)
    with FlopCounterMode(display=False) as counter:
        layer(x)
    assert counter.get_total_flops() == 2 * sequences.encoder_layer((2, 5, 8), 16, heads=2)["mac"].value


def test_every_name_in_the_price_list_is_an_operator_of_pytorch() -> None:
    names = {*price_products.PRODUCTS, *price.TORCH}
    spaces = (torch.ops.aten, torch.ops.quantized)
    known = {name for name in names if any(hasattr(space, name) or hasattr(space, f"{name}_") for space in spaces)}
    assert names - known == set()


def test_no_name_is_both_priced_and_free() -> None:
    assert MOVES & set(price.TORCH) == set()
