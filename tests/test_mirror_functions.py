"""Every function of the mirror's tables stands in one table, computes what PyTorch's computes, and has a price."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from typing import Any

import paddle
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from reconcile import refused
from reconcile.schema import Reference
from reconcile.worker import mirror_functions, mirror_numbers, mirror_tensors
from reconcile.worker.certificate import LIMIT, certify
from reconcile.worker.mirror import mirror
from reconcile.worker.mirror_layers import LAYERS
from reconcile.worker.paddle_recorder import PaddleRecorder
from reconcile.worker.paddle_tree import to_paddle

Expression = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], Any]


class Expressed(nn.Module):
    """One expression on the output of a linear layer (2, 5, 8), a vector of 8 and a cube of (3, 8, 8)."""

    def __init__(self, expression: Expression) -> None:
        super().__init__()
        self.expression = expression
        self.linear = nn.Linear(8, 8)
        self.vector = nn.Parameter(torch.ones(8))
        self.cube = nn.Parameter(torch.ones(3, 8, 8))

    def forward(self, x: torch.Tensor) -> Any:
        """What the expression gives."""
        return self.expression(self.linear(x), self.vector, self.cube)


def _index(*indices: int) -> torch.Tensor:
    return torch.tensor(indices)


EXPRESSIONS: dict[str, Expression] = {
    "exponents": lambda x, v, c: (x.expm1(), x.exp2(), (x * x).log1p(), (x * x + 1).log2(), (x * x + 1).log10()),
    "angles": lambda x, v, c: (x.tan(), x.atan(), x.tanh().asin(), x.tanh().acos(), torch.atan2(x, v)),
    "hyperbolas": lambda x, v, c: (x.sinh(), x.cosh(), x.asinh(), (x * x + 2).acosh(), (x.tanh() / 2).atanh()),
    "roundings": lambda x, v, c: (x.sign(), x.trunc(), x.round(), x.frac(), torch.fmod(x, 0.3), x.remainder(0.7)),
    "divisions": lambda x, v, c: (
        torch.div(x, v, rounding_mode="floor"),
        torch.div(x, 0.3, rounding_mode="trunc"),
        torch.floor_divide(x, 0.3),
        torch.true_divide(x, v) + torch.divide(x, 2),
        torch.addcdiv(x, x, v, value=0.3),
    ),
    "sums": lambda x, v, c: (torch.add(x, v, alpha=2), torch.sub(x, v, alpha=0.5), torch.subtract(x, v), -x),
    "questions": lambda x, v, c: (
        (x.isnan() | x.isinf()).float() + x,
        torch.logical_and(x > 0, x.isfinite()).float() + torch.logical_not(x > 1).float() + x,
        torch.logical_or(x > 0, torch.logical_xor(x < -1, x > 2)).float() + x,
        torch.any(x > 1, 1).float().sum(0) + torch.all(x > -1, -1, keepdim=True).float() + x,
    ),
    "limits": lambda x, v, c: (x.clamp_max(0.2), F.threshold(x, 0.1, 0.5), F.hardshrink(x), F.softshrink(x)),
    "normal inverse": lambda x, v, c: (torch.erfinv(x.tanh() / 2), torch.logit(x.sigmoid()), x.nan_to_num()),
    "idle in evaluation": lambda x, v, c: (F.rrelu(x), F.alpha_dropout(x), F.feature_alpha_dropout(x)),
    "softened": lambda x, v, c: (F.softmin(x, dim=-1), F.log_softmax(x, -1, dtype=torch.float32), F.softmax(x, 1)),
    "reduced": lambda x, v, c: (x.prod(1), x.logsumexp(-1), x.cumprod(1), torch.trace(x[0]) + x, x.diff(dim=1)),
    "ordered": lambda x, v, c: (x.min(1)[0], x.argmin(-1).float(), x.sort(-1)[0], x.argsort(1, descending=True) * v),
    "spread": lambda x, v, c: (torch.var_mean(x, -1)[0], torch.std_mean(x, (0, 1), correction=0), x.std(-1)),
    "lengths": lambda x, v, c: (torch.linalg.norm(x, dim=-1), torch.linalg.vector_norm(x, dim=-1), x.norm(dim=1)),
    "distances": lambda x, v, c: (
        F.cosine_similarity(x, x.flip(1), dim=-1),
        F.pairwise_distance(x, x.flip(1)),
        torch.cdist(x, x.flip(1)),
    ),
    "products": lambda x, v, c: (
        x[0].mv(v),
        torch.dot(x[0, 0], v) + torch.vdot(x[0, 1], v) + x,
        torch.inner(x, v),
        torch.tensordot(x, c, dims=([2], [1])),
        torch.kron(x[0], x[1]),
        torch.linalg.cross(x[:, :, :3], x[:, :, 3:6]),
    ),
    "bilinear": lambda x, v, c: (F.bilinear(x, x, c), F.bilinear(x, x, c, v[:3])),
    "normalised": lambda x, v, c: (
        F.local_response_norm(x, 3),
        F.instance_norm(x),
        torch._weight_norm(x, x[:, :1, :1]),
    ),
    "scattered": lambda x, v, c: (
        x.scatter(1, torch.zeros(2, 1, 8, dtype=torch.long), x[:, 1:2]),
        x.scatter_add(1, torch.zeros(2, 2, 8, dtype=torch.long), x[:, 1:3]),
        torch.index_add(x, 1, _index(0, 2), x[:, 3:5]),
        x.index_fill(1, _index(0), 0.5),
        torch.take_along_dim(x, x.argmax(-1, keepdim=True), -1),
        F.one_hot(x.argmax(-1), 8) * v,
    ),
    "stacked": lambda x, v, c: (torch.hstack([x, x]), torch.vstack([x, x]), torch.dstack([x, x])),
    "parts": lambda x, v, c: (torch.tensor_split(x, 3, 1)[0], x.split_with_sizes([2, 3], 1)[1], x.diagonal(0, 1, 2)),
    "turned": lambda x, v, c: (x.rot90(1, [1, 2]), x.ravel(), torch.broadcast_to(v, (3, 8)), x.mul(v)),
    "grids": lambda x, v, c: (
        F.grid_sample(x[:, None], x[:, None, :, :2], align_corners=False),
        F.affine_grid(x[:, :2, :3], (2, 1, 4, 4), align_corners=False),
    ),
    "borders": lambda x, v, c: (F.pad(x, (1, 2), mode="circular"), F.pad(x, (1, 2), mode="replicate")),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_a_function_computes_the_same_in_paddle_and_has_a_price(name: str) -> None:
    torch.manual_seed(0)
    model, x = Expressed(EXPRESSIONS[name]), torch.rand(2, 5, 8)
    layer = mirror(model, (x,), {})
    assert certify(model, layer, (x,), {})["relative"] <= LIMIT / 10
    with paddle.no_grad(), PaddleRecorder(layer) as recorder:
        layer(to_paddle(x))
    assert Reference.of(recorder.tape.ledger("run")).unpriced == ()


def _written(module: Any, table: str) -> list[str]:
    """The keys that a table spells out, as often as it does."""
    tree = ast.parse(inspect.getsource(module))
    (found,) = (
        node.value for node in tree.body if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == table
    )
    assert isinstance(found, ast.Dict)
    return [ast.literal_eval(key) for key in found.keys if isinstance(key, ast.Constant)]


def test_no_function_is_mirrored_twice() -> None:
    keys = [
        *_written(mirror_functions, "FUNCTIONS"),
        *_written(mirror_numbers, "NUMBERS"),
        *_written(mirror_tensors, "TENSORS"),
    ]
    assert len(keys) > 150
    assert sorted(keys) == sorted(set(keys))
    assert not mirror_numbers.NUMBERS.keys() & mirror_tensors.TENSORS.keys()


def test_every_function_of_torch_has_a_mirror_or_stands_in_the_list_of_refusals() -> None:
    places = ("torch.nn.functional", "torch._C._nn", "torch._jit_internal", "torch", None)
    public = {name: item for name, item in vars(F).items() if name[0] != "_" and not inspect.isclass(item)}
    functions = {name for name, item in public.items() if callable(item) and getattr(item, "__module__", "") in places}
    assert len(functions) > 100
    mirrored = {name for name in functions if name.rstrip("_") in mirror_functions.FUNCTIONS}
    assert functions - mirrored == refused.FUNCTIONS.keys()


TRACED: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    **{
        f"{kind}Pad{rank}d": (getattr(nn, f"{kind}Pad{rank}d")(1), (2, 3, 4, 4, 4)[: rank + 2])
        for rank in (1, 2, 3)
        for kind in ("Circular", "Reflection", "Replication", "Zero")
    },
    **{
        f"ConstantPad{rank}d": (getattr(nn, f"ConstantPad{rank}d")(1, 0.5), (2, 3, 4, 4, 4)[: rank + 2])
        for rank in (1, 2, 3)
    },
    "Dropout1d": (nn.Dropout1d(), (2, 3, 4)),
    "FeatureAlphaDropout": (nn.FeatureAlphaDropout(), (2, 3, 4)),
    "GLU": (nn.GLU(), (2, 4)),
    "LocalResponseNorm": (nn.LocalResponseNorm(2), (2, 3, 4, 4)),
    "RMSNorm": (nn.RMSNorm(4), (2, 3, 4)),
    "RReLU": (nn.RReLU(), (2, 4)),
    "Softmax2d": (nn.Softmax2d(), (2, 3, 4, 4)),
    "Softmin": (nn.Softmin(-1), (2, 4)),
    "Threshold": (nn.Threshold(0.3, 0.1), (2, 4)),
    "TransformerEncoderLayer": (nn.TransformerEncoderLayer(4, 2, 6), (3, 2, 4)),
    "Unflatten": (nn.Unflatten(1, (2, 2)), (2, 4)),
}
"""Layers of `torch.nn` that are traced through to functions, with the size of an input."""

OF_TWO = {
    "Bilinear": (nn.Bilinear(4, 4, 3), (2, 4)),
    "CosineSimilarity": (nn.CosineSimilarity(), (2, 4)),
    "PairwiseDistance": (nn.PairwiseDistance(), (2, 4)),
    "Transformer": (nn.Transformer(4, 2, 1, 1, 6, batch_first=True), (3, 2, 4)),
    "TransformerDecoderLayer": (nn.TransformerDecoderLayer(4, 2, 6), (3, 2, 4)),
    "TransformerDecoder": (nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 6), 1), (3, 2, 4)),
}
"""The same, of two inputs."""

HOLDERS = {"ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential", "TransformerEncoder"}
"""Layers that only hold others."""


@pytest.mark.parametrize("name", [*TRACED, *OF_TWO])
def test_a_layer_without_a_counterpart_of_its_own_is_traced_through(name: str) -> None:
    torch.manual_seed(0)
    model, shape = (TRACED | OF_TWO)[name]
    inputs = tuple(torch.rand(shape) for _ in range(1 + (name in OF_TWO)))
    assert certify(model, mirror(model.eval(), inputs, {}), inputs, {})["relative"] <= LIMIT


def test_every_layer_of_torch_has_a_mirror_is_traced_through_or_stands_in_the_list_of_refusals() -> None:
    layers = {name: item for name, item in vars(nn).items() if inspect.isclass(item) and issubclass(item, nn.Module)}
    rest = {name for name, kind in layers.items() if kind not in LAYERS}
    assert rest == TRACED.keys() | OF_TWO.keys() | HOLDERS | refused.LAYERS.keys()


def test_what_is_emptied_in_place_is_empty_in_the_tensor_that_it_is_a_part_of() -> None:
    def emptied(x: torch.Tensor, v: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        copied = x.clone()
        copied[:, 1:3].zero_()
        return copied

    torch.manual_seed(0)
    model, x = Expressed(emptied), torch.rand(2, 5, 8)
    layer = mirror(model, (x,), {})
    certify(model, layer, (x,), {})
    assert not layer(to_paddle(x))[:, 1:3].any()
