"""Recognising the view that folds space into the batch, from the flow of data in a ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from reconcile.language import commas, later
from reconcile.ledger import Op, Shape, first_shape
from reconcile.pricing.operators import operator
from reconcile.work import Work

_VIEWS = frozenset(("view _unsafe_view reshape _reshape_alias flatten unflatten clone contiguous").split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One op that changed how many rows a sample has: `factor` rows stand where one stood before."""

    op: str
    module: str
    before: Shape
    after: Shape
    factor: int
    layers: tuple[str, ...]

    @property
    def says(self) -> str:
        """What the op did, in one sentence."""
        return later(
            "`{op}` in {place} turns {before} into {after}: {factor} rows where one stood, behind it {layers} run on "
            "{factor} times as many",
            op=self.op,
            place=self.module or later("the model itself"),
            before=self.before,
            after=self.after,
            factor=self.factor,
            layers=commas(self.layers),
        )


@dataclass(frozen=True, eq=False)
class Flow:
    """How many rows for one sample each op of a ledger works on, and the ops that changed that."""

    folds: tuple[Fold, ...]
    layers: Mapping[str, Fraction]


def flow(work: Work) -> Flow:
    """Follow the data through the executed ops of a ledger."""
    factors: dict[int, Fraction] = {}
    starts: dict[int, tuple[Op, Fraction]] = {}
    origin: dict[int, int | None] = {}
    layers: dict[str, Fraction] = {}
    reached: dict[int, dict[str, None]] = {}
    for index in work.ledger.executed:
        op = work.ledger.ops[index]
        inherited, source = _inherited(op, factors, origin)
        factor = inherited * _change(work, op)
        origin[index] = source
        if factor > inherited:
            starts[index] = (op, factor / inherited)
            origin[index] = index
        for whole in (index, *_wholes(work, op)):
            factors[whole], origin[whole] = factor, origin[index]
        layer = work.layer_of(op)
        if layer in work.layers and work.prices[index]:
            layers[layer] = inherited if layers.get(layer, inherited) == inherited else Fraction(1)
            if source is not None and inherited > 1:
                reached.setdefault(source, {})[layer] = None
    folds = tuple(
        Fold(
            op=operator(op.name),
            module=work.ledger.module(op.call).path,
            before=op.shape(0),
            after=op.out,
            factor=int(factor),
            layers=tuple(reached[index]),
        )
        for index, (op, factor) in starts.items()
        if index in reached
    )
    return Flow(folds=folds, layers=layers)


def _wholes(work: Work, op: Op) -> Iterator[int]:
    """The composite ops that an op is a part of: what the last part gives is what they give."""
    parent = op.parent
    while parent is not None:
        yield parent
        parent = work.ledger.ops[parent].parent


def _inherited(
    op: Op, factors: Mapping[int, Fraction], origin: Mapping[int, int | None]
) -> tuple[Fraction, int | None]:
    best, source = Fraction(1), None
    for tensor in op.tensors:
        writer = tensor.writer
        if writer is not None and factors.get(writer, best) > best:
            best, source = factors[writer], origin[writer]
    return best, source


def _change(work: Work, op: Op) -> Fraction:
    """By how much an op outside leaf layers multiplies the rows; 1 unless it is a view of a batch of maps."""
    if operator(op.name) not in _VIEWS or "::" not in work.layer_of(op):
        return Fraction(1)
    before, after = op.shape(0), op.out
    if len(before) < 2 or len(after) < 2 or before[0] == after[0] or 0 in (before[0], after[0]):
        return Fraction(1)
    change = Fraction(after[0], before[0])
    return change if change < 1 or change.denominator == 1 else Fraction(1)


def sayings(work: Work) -> tuple[str, ...]:
    """What each fold of a ledger did, what every layer behind it adds, and the input that would undo it."""
    shape = next((first_shape((call.arguments, dict(call.keywords))) for call in work.ledger.calls), ())
    return tuple(_saying(fold, work, shape) for fold in flow(work).folds)


def _saying(fold: Fold, work: Work, shape: Shape) -> str:
    sizes = {name: work.reference[name].value for name in fold.layers if name in work.reference}
    more = [f"{name} {value - value // fold.factor:,}" for name, value in sizes.items() if value]
    says = fold.says
    if more:
        says = later(
            "{fold}, which adds these multiply-adds to those of one row: {layers}", fold=says, layers=commas(more)
        )
    size = unfolded_input(fold, shape)
    if size is None:
        return says
    return later(
        "{fold}; an input of {size} gives one row for each sample if every map shrinks in proportion",
        fold=says,
        size="x".join(map(str, size)),
    )


def unfolded_input(fold: Fold, shape: Shape) -> Shape | None:
    """The input size at which the fold would give one row, if the map shrinks in proportion; None if none does.

    >>> fold = Fold(op="view", module="", before=(1, 128, 112, 112), after=(196, 8192), factor=196, layers=())
    >>> unfolded_input(fold, (1, 3, 224, 224))
    (1, 3, 16, 16)
    """
    if len(shape) != 4:
        return None
    side = isqrt(fold.factor)
    if side * side != fold.factor or shape[2] % side or shape[3] % side:
        return None
    return (*shape[:2], shape[2] // side, shape[3] // side)
