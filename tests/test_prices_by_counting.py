"""The price list against the definition: each product and each sum is executed in plain Python and counted.

What the loops compute is compared with what PyTorch computes, so that they are known to be the operator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import exp, prod, sqrt

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from reconcile.pricing import formulas
from reconcile.pricing.einsum import best_cost, parse_equation
from tests.executed import executed

Index = tuple[int, ...]
Shape = tuple[int, ...]

counting = settings(max_examples=25, deadline=None, derandomize=True)


@dataclass
class Tally:
    """Multiplications and additions, one by one."""

    products: int = 0
    sums: int = 0

    def times(self, a: float, b: float) -> float:
        """One multiplication."""
        self.products += 1
        return a * b

    def plus(self, a: float, b: float) -> float:
        """One addition."""
        self.sums += 1
        return a + b

    def dot(self, pairs: Iterable[tuple[float, float]]) -> float:
        """A sum of products; the first product needs no addition."""
        total: float | None = None
        for a, b in pairs:
            part = self.times(a, b)
            total = part if total is None else self.plus(total, part)
        return 0.0 if total is None else total


def grid(shape: Shape) -> Iterable[Index]:
    """Every index of a shape."""
    return product(*(range(size) for size in shape))


def values(tensor: torch.Tensor) -> dict[Index, float]:
    """The elements of a tensor by their index."""
    return dict(zip(grid(tuple(tensor.shape)), tensor.flatten().tolist(), strict=True))


def whole_numbers(*shape: int) -> torch.Tensor:
    """A tensor of small whole numbers, so that sums in any order are equal."""
    return torch.randint(-4, 5, shape).double()


@dataclass(frozen=True, kw_only=True)
class Convolution:
    """One convolution with everything that its formula depends on."""

    batch: int | None
    groups: int
    ins: int
    outs: int
    size: Shape
    kernel: Shape
    stride: Shape
    padding: Shape
    dilation: Shape
    transposed: bool
    bias: bool
    extra: Shape = field(default=())

    @property
    def x(self) -> Shape:
        """The shape of the input."""
        return (*([] if self.batch is None else [self.batch]), self.ins * self.groups, *self.size)

    @property
    def weight(self) -> Shape:
        """The shape of the weight; `ins` and `outs` are channels of one group."""
        pair = (self.ins * self.groups, self.outs) if self.transposed else (self.outs * self.groups, self.ins)
        return (*pair, *self.kernel)

    @property
    def positions(self) -> Shape:
        """The spatial size of the output."""
        spans = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel, strict=True)]
        sides = zip(self.size, spans, self.stride, self.padding, self.extra, strict=True)
        if self.transposed:
            return tuple((n - 1) * s - 2 * p + span + e for n, span, s, p, e in sides)
        return tuple((n + 2 * p - span) // s + 1 for n, span, s, p, _ in sides)

    def __call__(self, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        """What PyTorch computes."""
        options = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}
        name = f"conv_transpose{len(self.size)}d" if self.transposed else f"conv{len(self.size)}d"
        if self.transposed:
            options["output_padding"] = self.extra
        result: torch.Tensor = getattr(F, name)(x, weight, bias, **options)
        return result


@st.composite
def convolutions(draw: st.DrawFn, *, transposed: bool) -> Convolution:
    """Small convolutions of one, two and three dimensions."""
    rank = draw(st.integers(1, 3))
    most = 3 if rank == 3 else 5

    def sides(low: int, high: int) -> Shape:
        return tuple(draw(st.integers(low, high)) for _ in range(rank))

    stride = sides(1, 3)
    chosen = Convolution(
        batch=draw(st.sampled_from([None, 1, 2])),
        groups=draw(st.integers(1, 2)),
        ins=draw(st.integers(1, 2)),
        outs=draw(st.integers(1, 2)),
        size=sides(1, most),
        kernel=sides(1, 2 if rank == 3 else 3),
        stride=stride,
        padding=sides(0, 1),
        dilation=sides(1, 2),
        transposed=transposed,
        bias=draw(st.booleans()),
        extra=tuple(draw(st.integers(0, step - 1)) if transposed else 0 for step in stride),
    )
    assume(all(size > 0 for size in chosen.positions))
    return chosen


def convolve(how: Convolution, x: Mapping[Index, float], w: Mapping[Index, float], tally: Tally) -> dict[Index, float]:
    """A convolution by its definition: every output is a sum over channels and taps; taps outside read a zero."""
    found = {}
    for batch, channel, *at in grid((how.batch or 1, how.outs * how.groups, *how.positions)):
        first = channel // how.outs * how.ins
        pairs = []
        for inner, *tap in grid((how.ins, *how.kernel)):
            sides = zip(at, tap, how.stride, how.padding, how.dilation, strict=True)
            where = tuple(a * s - p + t * d for a, t, s, p, d in sides)
            pairs.append((x.get((batch, first + inner, *where), 0.0), w[(channel, inner, *tap)]))
        found[(batch, channel, *at)] = tally.dot(pairs)
    return found


def spread(how: Convolution, x: Mapping[Index, float], w: Mapping[Index, float], tally: Tally) -> dict[Index, float]:
    """A transposed convolution by its definition: every input is multiplied by every tap; what falls outside is cut."""
    found = dict.fromkeys(grid((how.batch or 1, how.outs * how.groups, *how.positions)), 0.0)
    for batch, channel, *at in grid((how.batch or 1, how.ins * how.groups, *how.size)):
        first = channel // how.ins * how.outs
        for inner, *tap in grid((how.outs, *how.kernel)):
            part = tally.times(x[(batch, channel, *at)], w[(channel, inner, *tap)])
            sides = zip(at, tap, how.stride, how.padding, how.dilation, strict=True)
            where = (batch, first + inner, *(a * s - p + t * d for a, t, s, p, d in sides))
            if where in found:
                found[where] += part
    return found


@pytest.mark.parametrize("transposed", [False, True], ids=["convolution", "transposed"])
@counting
@given(data=st.data())
def test_a_convolution_does_as_many_products_as_its_price_says(data: st.DataObject, transposed: bool) -> None:
    how = data.draw(convolutions(transposed=transposed))
    x, weight = whole_numbers(*how.x), whole_numbers(*how.weight)
    bias = whole_numbers(how.outs * how.groups) if how.bias else None
    tally = Tally()
    batched = x if how.batch else x.unsqueeze(0)
    found = (spread if transposed else convolve)(how, values(batched), values(weight), tally)
    if bias is not None:
        found = {at: tally.plus(part, float(bias[at[1]])) for at, part in found.items()}
    out = how(x, weight, bias)
    assert found == values(out if how.batch else out.unsqueeze(0))

    terms = formulas.convolution(
        how.x, how.weight, tuple(out.shape), transposed=transposed, groups=how.groups, bias=how.bias
    )
    assert terms["mac"].value == tally.products
    if not transposed:
        sums = terms["mac"].value - terms["first-add"].value + (terms["bias"].value if how.bias else 0)
        assert sums == tally.sums
    spelled = executed(how, x, weight, bias)
    assert {name: spelled[name] for name in terms if "by-" not in name} == {
        name: part.value for name, part in terms.items() if "by-" not in name
    }


@counting
@given(rows=st.lists(st.integers(1, 3), max_size=3), ins=st.integers(1, 5), outs=st.integers(1, 5), bias=st.booleans())
def test_a_linear_layer_does_as_many_products_and_sums_as_its_price_says(
    rows: list[int], ins: int, outs: int, bias: bool
) -> None:
    x, weight, added = whole_numbers(*rows, ins), whole_numbers(outs, ins), whole_numbers(outs)
    tally, a, w = Tally(), values(x), values(weight)
    found = {
        (*row, out): tally.dot((a[(*row, inner)], w[(out, inner)]) for inner in range(ins))
        for *row, out in grid((*rows, outs))
    }
    if bias:
        found = {at: tally.plus(part, float(added[at[-1]])) for at, part in found.items()}
    assert found == values(F.linear(x, weight, added if bias else None))
    terms = formulas.linear(tuple(x.shape), (outs, ins), bias=bias)
    assert terms["mac"].value == tally.products
    assert terms["mac"].value - terms["first-add"].value + (terms["bias"].value if bias else 0) == tally.sums
    assert executed(F.linear, x, weight, added if bias else None)["mac"] == tally.products


@st.composite
def matrices(draw: st.DrawFn) -> tuple[Shape, Shape]:
    """Two shapes that `matmul` takes, vectors and broadcast batches among them."""
    batch = draw(st.lists(st.integers(1, 3), max_size=2))
    inner = draw(st.integers(1, 4))

    def side(core: Shape, vector: Shape) -> Shape:
        if draw(st.booleans()) and draw(st.booleans()):
            return vector
        kept = batch[draw(st.integers(0, len(batch))) :]
        return (*(draw(st.sampled_from([1, size])) for size in kept), *core)

    left = side((draw(st.integers(1, 3)), inner), (inner,))
    return left, side((inner, draw(st.integers(1, 3))), (inner,))


@counting
@given(shapes=matrices())
def test_a_matrix_product_does_as_many_products_and_sums_as_its_price_says(shapes: tuple[Shape, Shape]) -> None:
    a, b = whole_numbers(*shapes[0]), whole_numbers(*shapes[1])
    left = a if a.dim() > 1 else a.unsqueeze(0)
    right = b if b.dim() > 1 else b.unsqueeze(1)
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    one, two = values(left.expand(*batch, *left.shape[-2:])), values(right.expand(*batch, *right.shape[-2:]))
    tally = Tally()
    found = [
        tally.dot((one[(*at, row, inner)], two[(*at, inner, column)]) for inner in range(left.shape[-1]))
        for *at, row, column in grid((*batch, left.shape[-2], right.shape[-1]))
    ]
    assert found == (a @ b).flatten().tolist()
    terms = formulas.matmul(*shapes)
    assert (terms["mac"].value, terms["mac"].value - terms["first-add"].value) == (tally.products, tally.sums)
    assert executed(torch.matmul, a, b)["mac"] == tally.products


@counting
@given(rows=st.lists(st.integers(1, 2), max_size=2), sizes=st.tuples(*[st.integers(1, 4)] * 3))
def test_a_bilinear_layer_in_two_steps_does_as_many_products_as_its_price_says(
    rows: list[int], sizes: tuple[int, int, int]
) -> None:
    outs, left, right = sizes
    a, b, weight = whole_numbers(*rows, left), whole_numbers(*rows, right), whole_numbers(outs, left, right)
    tally, one, two, w = Tally(), values(a), values(b), values(weight)
    found = {}
    for *row, out in grid((*rows, outs)):
        firsts = [tally.dot((one[(*row, i)], w[(out, i, j)]) for i in range(left)) for j in range(right)]
        found[(*row, out)] = tally.dot((first, two[(*row, j)]) for j, first in enumerate(firsts))
    assert found == values(F.bilinear(a, b, weight))
    terms = formulas.bilinear(tuple(a.shape), tuple(b.shape), sizes, bias=False)
    assert terms["mac"].value == tally.products == executed(F.bilinear, a, b, weight)["mac"]


@counting
@given(
    heads=st.integers(1, 3),
    rows=st.integers(1, 4),
    columns=st.integers(1, 4),
    size=st.integers(1, 3),
    grad=st.booleans(),
)
def test_attention_does_as_many_products_and_exponentials_as_its_price_says(
    heads: int, rows: int, columns: int, size: int, grad: bool
) -> None:
    query, key, value = torch.randn(1, heads, rows, size), *torch.randn(2, 1, heads, columns, size)
    tally, q, k, v = Tally(), values(query), values(key), values(value)
    exponentials, found = 0, []
    for head, row in grid((heads, rows)):
        scores = [
            tally.dot((q[(0, head, row, i)], k[(0, head, column, i)]) for i in range(size)) for column in range(columns)
        ]
        raised = [exp(score / sqrt(size)) for score in scores]
        exponentials += len(raised)
        for i in range(size):
            parts = ((part / sum(raised), v[(0, head, column, i)]) for column, part in enumerate(raised))
            found.append(tally.dot(parts))
    out = F.scaled_dot_product_attention(query, key, value)
    torch.testing.assert_close(torch.tensor(found), out.flatten())
    terms = formulas.attention(tuple(query.shape), tuple(key.shape), tuple(value.shape))
    assert (terms["mac"].value, terms["softmax"].value) == (tally.products, exponentials)
    assert terms["softmax.row"].value == heads * rows
    spelled = executed(F.scaled_dot_product_attention, query, key, value, grad=grad)
    assert (spelled["mac"], spelled["softmax"]) == (tally.products, exponentials)


@counting
@given(sizes=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=2))
def test_an_adaptive_pool_reads_as_many_elements_as_its_price_says(sizes: list[tuple[int, int]]) -> None:
    before, after = zip(*sizes, strict=True)
    read = 0
    for at in grid(after):
        windows = [range(i * n // m, -(-(i + 1) * n // m)) for i, n, m in zip(at, before, after, strict=True)]
        read += prod(len(window) for window in windows)
    terms = formulas.adaptive_pool((2, 3, *before), (2, 3, *after), spatial=len(sizes))
    assert terms["pool.window"].value == 2 * 3 * read


@counting
@given(data=st.data())
def test_an_einsum_costs_what_numpy_says(data: st.DataObject) -> None:
    letters = "abcde"
    sizes = {letter: data.draw(st.sampled_from([1, 2, 3, 5, 7])) for letter in letters}
    term = st.lists(st.sampled_from(letters), min_size=1, max_size=3, unique=True)
    terms = data.draw(st.lists(term, min_size=1, max_size=4))
    used = sorted({letter for part in terms for letter in part})
    out = data.draw(st.lists(st.sampled_from(used), max_size=3, unique=True))
    equation = ",".join("".join(part) for part in terms) + "->" + "".join(out)
    shapes: Sequence[Shape] = [tuple(sizes[letter] for letter in part) for part in terms]
    told = np.einsum_path(equation, *(np.zeros(shape) for shape in shapes), optimize="optimal")[1]
    line = next(line for line in told.splitlines() if "Optimized FLOP count" in line)
    cost = best_cost(parse_equation(equation, shapes)) + 1
    assert f"{cost:.3e}" == line.split(":")[1].strip()
