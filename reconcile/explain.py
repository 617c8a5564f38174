"""Explaining one difference: the causes, layer by layer, until nothing is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconcile.align import Pair, align
from reconcile.causes import CAUSES
from reconcile.errors import LedgerError
from reconcile.language import clauses, commas, either, later
from reconcile.pricing.amounts import Amount
from reconcile.pricing.terms import TERMS
from reconcile.resources.metrics import OPERATIONS
from reconcile.side import Item, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Summand:
    """One cause in one layer; `formula` evaluates to `amount`."""

    cause: str
    amount: int
    formula: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerDifference:
    """One layer of an explanation: difference = sum of its causes + residual."""

    layer: str
    type: str
    left: int | None
    right: int | None
    difference: int
    residual: int
    causes: tuple[Summand, ...]

    def __post_init__(self) -> None:
        if sum(cause.amount for cause in self.causes) + self.residual != self.difference:
            raise LedgerError(f"the causes of {self.layer!r} do not sum to its difference {self.difference}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause over all layers."""

    cause: str
    amount: int
    layers: tuple[str, ...]
    because: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end of a difference."""

    counter: str
    version: str | None
    unit: str
    total: int

    def to_json(self) -> dict[str, Any]:
        """The end as plain JSON values."""
        return {"counter": self.counter, "version": self.version, "unit": self.unit, "total": self.total}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A difference taken apart: difference = explained + residual, and explained is the sum of the causes.

    `unexplained` names, by side, the rows whose told number or state is not what that side's rules predict.
    """

    left: End
    right: End
    difference: int
    residual: int
    causes: tuple[Cause, ...]
    layers: tuple[LayerDifference, ...]
    unexplained: Mapping[str, tuple[str, ...]]
    partial: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    metric: str = OPERATIONS

    SCHEMA = "reconcile/explain/1"

    def __post_init__(self) -> None:
        if self.explained + self.residual != self.difference:
            raise LedgerError(f"the causes sum to {self.explained}, the difference is {self.difference}")
        if sum(layer.difference for layer in self.layers) != self.difference:
            raise LedgerError("the layers of an explanation do not sum to its difference")

    @property
    def explained(self) -> int:
        """The part of the difference that has a cause."""
        return sum(cause.amount for cause in self.causes)

    @property
    def complete(self) -> bool:
        """Whether each side equals its own prediction in every row, and every op has a price."""
        return not any(self.unexplained.values()) and not self.partial

    def __bool__(self) -> bool:
        return self.complete

    def to_json(self) -> dict[str, Any]:
        """The explanation as plain JSON values."""
        return {
            "schema": self.SCHEMA,
            "metric": self.metric,
            "from": self.left.to_json(),
            "to": self.right.to_json(),
            "difference": self.difference,
            "explained": self.explained,
            "residual": self.residual,
            "complete": self.complete,
            "unexplained": {side: list(rows) for side, rows in self.unexplained.items()},
            "unpriced": list(self.partial),
            "causes": [
                {
                    "cause": cause.cause,
                    "amount": cause.amount,
                    "layers": list(cause.layers),
                    "because": cause.because,
                    "sources": list(cause.sources),
                }
                for cause in self.causes
            ],
            "layers": [
                {
                    "layer": layer.layer,
                    "type": layer.type,
                    "from": layer.left,
                    "to": layer.right,
                    "difference": layer.difference,
                    "residual": layer.residual,
                    "causes": [
                        {
                            "cause": cause.cause,
                            "amount": cause.amount,
                            "formula": cause.formula,
                            "sources": list(cause.sources),
                        }
                        for cause in layer.causes
                    ],
                }
                for layer in self.layers
            ],
            "notes": list(self.notes),
        }


def explain(left: Side, right: Side) -> Explanation:
    """Take `left` minus `right` apart, each side against the definition."""
    if left.metric != right.metric:
        raise LedgerError(f"{left.name} is about {left.metric}, {right.name} about {right.metric}")
    pairs = align(left, right)
    if not pairs:
        raise LedgerError(f"{left.name} and {right.name} have no rows, so there is nothing to compare")
    layers = tuple(_layer(pair, left, right) for pair in pairs)
    return Explanation(
        left=_end(left),
        right=_end(right),
        difference=left.total - right.total,
        residual=sum(layer.residual for layer in layers),
        causes=_causes(layers, left, right),
        layers=layers,
        unexplained={side.name: _unexplained(side) for side in (left, right)},
        partial=tuple(dict.fromkeys([*left.unpriced, *right.unpriced])),
        metric=left.metric,
        notes=tuple(dict.fromkeys([*left.notes, *right.notes])),
    )


def _end(side: Side) -> End:
    return End(counter=side.name, version=side.version, unit=side.unit, total=side.total)


def _unexplained(side: Side) -> tuple[str, ...]:
    wrong = [name for name, value in side.residuals.items() if value]
    return tuple(dict.fromkeys([*wrong, *side.mismatches]))


def _layer(pair: Pair, left: Side, right: Side) -> LayerDifference:
    summands = [*_departures(pair.layer, left, right), *_work(pair.layer, left, right)]
    return LayerDifference(
        layer=pair.layer,
        type=pair.type,
        left=pair.left,
        right=pair.right,
        difference=pair.difference,
        residual=left.residuals.get(pair.layer, 0) - right.residuals.get(pair.layer, 0),
        causes=tuple(summands),
    )


def _departures(layer: str, left: Side, right: Side) -> Iterable[Summand]:
    mine, theirs = left.items_by_layer.get(layer, ()), right.items_by_layer.get(layer, ())
    for cause in dict.fromkeys(item.cause for item in (*mine, *theirs)):
        ours = [item for item in mine if item.cause == cause]
        others = [item for item in theirs if item.cause == cause]
        amount = sum(item.value for item in ours) - sum(item.value for item in others)
        if amount:
            sources = dict.fromkeys(item.source for item in (*ours, *others) if item.source)
            yield Summand(cause=cause, amount=amount, formula=_formula(ours, others), sources=tuple(sources))


def _formula(ours: Sequence[Item], others: Sequence[Item]) -> str:
    """The difference of two sides' summands, with equal amounts put together as (weight - weight) * amount."""
    parts: list[str] = []
    rest = list(others)
    for item in ours:
        twin = next((other for other in rest if _same(item, other)), None)
        if twin is not None:
            rest.remove(twin)
            if item.weight != twin.weight:
                parts.append(f"+ {_product(item.weight, twin.weight, item.amount)}")
        else:
            parts.append(f"+ {_product(item.weight, item.definition, item.amount)}")
    parts += [f"+ {_product(item.definition, item.weight, item.amount)}" for item in rest]
    return " ".join(parts).removeprefix("+ ")


def _same(item: Item, other: Item) -> bool:
    return (item.term, item.definition, item.amount) == (other.term, other.definition, other.amount)


def _product(weight: int, less: int, amount: Amount) -> str:
    if (weight, less) == (1, 0):
        return amount.formula if not set("+-") & set(amount.formula) else f"({amount.formula})"
    factor = f"({weight} - {less})" if less >= 0 else f"({weight} + {-less})"
    if less == 0:
        factor = str(weight) if weight >= 0 else f"({weight})"
    return f"{factor} * ({amount.formula})"


def _work(layer: str, left: Side, right: Side) -> Iterable[Summand]:
    """The definition's own difference: the two sides did not execute the same work."""
    none = Amount(0, "0")
    mine, theirs = left.reference.get(layer, none), right.reference.get(layer, none)
    if mine.value != theirs.value:
        formula = f"{mine.formula} - ({theirs.formula})"
        yield Summand(cause=_work_cause(left, right), amount=mine.value - theirs.value, formula=formula)


def _work_cause(left: Side, right: Side) -> str:
    if left.metric == "params":
        return "shared"
    given = [[tensor.shape for tensor in side.work.ledger.inputs] for side in (left, right)]
    if given[0] != given[1]:
        tails = [[shape[1:] for shape in shapes] for shapes in given]
        return "batch" if tails[0] == tails[1] else "input-size"
    calls = [[call.module for call in side.work.ledger.calls] for side in (left, right)]
    same_modules = set(calls[0]) == set(calls[1])
    return "calls" if same_modules and len(calls[0]) != len(calls[1]) else "path"


def _causes(layers: Sequence[LayerDifference], left: Side, right: Side) -> tuple[Cause, ...]:
    found: dict[str, list[tuple[str, Summand]]] = {}
    for layer in layers:
        for summand in layer.causes:
            found.setdefault(summand.cause, []).append((layer.layer, summand))
    causes = [
        Cause(
            cause=name,
            amount=sum(summand.amount for _, summand in parts),
            layers=tuple(dict.fromkeys(layer for layer, _ in parts)),
            because=_because(name, {layer for layer, _ in parts}, left, right),
            sources=tuple(dict.fromkeys(source for _, summand in parts for source in summand.sources)),
        )
        for name, parts in found.items()
    ]
    return tuple(sorted(causes, key=lambda cause: -abs(cause.amount)))


def _because(cause: str, layers: set[str], left: Side, right: Side) -> str:
    """One sentence: what each side does with this work."""
    kind = CAUSES[cause]
    if kind.family == "convention" and cause != "zero-rule":
        return later("{clauses}.", clauses=clauses(_weights(cause, layers, side) for side in (left, right)))
    sides = [side for side in (left, right) if _has(cause, layers, side)]
    if sides:
        return later("{clauses}.", clauses=clauses(_departs(cause, layers, side) for side in sides))
    return later(
        "{left} and {right} executed different work: {clause}.",
        left=left.name,
        right=right.name,
        clause=later(kind.says, side=right.name),
    )


def _has(cause: str, layers: set[str], side: Side) -> bool:
    return any(item.cause == cause and item.layer in layers for item in side.items)


def _weights(cause: str, layers: set[str], side: Side) -> str:
    """The weights that a side gives to the terms of a cause in these layers, in words."""
    given: dict[str, dict[int, None]] = {}
    for item in side.items:
        if item.cause == cause and item.layer in layers and item.term in TERMS:
            given.setdefault(TERMS[TERMS[item.term].base].unit, {})[item.weight] = None
    if cause == "mac-weight" and not given:
        given = {TERMS["mac"].unit: {1: None}}
    if not given:
        return later("{side} counts nothing", side=side.name)
    weights = [
        later("{weight} for each {unit}", weight=either(map(str, weights)), unit=unit)
        for unit, weights in given.items()
    ]
    return later("{side} counts {weights}", side=side.name, weights=commas(weights))


def _departs(cause: str, layers: set[str], side: Side) -> str:
    """How a side departs, and what it counted twice, where in its code, or the wrong size that it measured by."""
    says = later(CAUSES[cause].says, side=side.name)
    items = [item for item in side.items if item.cause == cause and item.layer in layers]
    if cause == "double-count":
        return later("{clause}, in {sources}", clause=says, sources=commas(dict.fromkeys(x.source for x in items)))
    hidden = dict.fromkeys(name for item in items for name in item.hidden_by)
    if hidden:
        return later("{clause} (the work is inside {operators})", clause=says, operators=commas(hidden))
    units = dict.fromkeys(TERMS[item.term].unit for item in items if item.term in TERMS)
    return later("{clause} ({units})", clause=says, units=commas(units)) if cause == "formula" and units else says
