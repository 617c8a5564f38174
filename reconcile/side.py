"""One side of an explanation: a counter's numbers against the definition, cause by cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from reconcile.errors import UsageError
from reconcile.language import phrase
from reconcile.pricing.amounts import Amount
from reconcile.pricing.operators import COMPOSITES, FAST_PATHS, FUSED, operator
from reconcile.pricing.terms import DEFINITION, TERMS
from reconcile.resources.metrics import OPERATIONS
from reconcile.rules import TOTAL, Contribution, Prediction, Rules, predict
from reconcile.schema import Count
from reconcile.work import ROOT, Work

UNREAD = "::rules"
"""Stands among the rows that are not explained where no rules are written for the release that answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One summand: (weight - definition) times the amount of one term, in one layer.

    `hidden_by` names the operators that kept the work out of the counter's sight.
    """

    layer: str
    cause: str
    term: str
    weight: int
    definition: int
    amount: Amount
    source: str
    hidden_by: tuple[str, ...] = ()

    @property
    def value(self) -> int:
        """The summand itself."""
        return (self.weight - self.definition) * self.amount.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """How a counter comes to its number for one layer: weights times amounts, and the source of each weight."""

    value: int
    formula: str
    sources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """A counter's answer taken apart: told = reference + sum of items + residual, in every row.

    `reference` holds the definition's multiply-adds on this side's own ledger; `types` says what each row is.
    """

    name: str
    version: str | None
    unit: str
    total: int
    told: Mapping[str, int | None]
    reference: Mapping[str, Amount]
    items: tuple[Item, ...]
    residuals: Mapping[str, int]
    mismatches: tuple[str, ...]
    types: Mapping[str, str]
    work: Work
    derivations: Mapping[str, Derivation] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    metric: str = OPERATIONS

    @property
    def order(self) -> tuple[str, ...]:
        """The rows in their order: that of execution for operations, and of the modules for what they hold."""
        return tuple(dict.fromkeys([*(self.work.layers if self.metric == OPERATIONS else ()), *self.told]))

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Executed ops without a price, which matter to operations only."""
        return self.work.unpriced if self.metric == OPERATIONS else ()

    @cached_property
    def items_by_layer(self) -> Mapping[str, tuple[Item, ...]]:
        """The items of each row that has some."""
        found: dict[str, list[Item]] = {}
        for item in self.items:
            found.setdefault(item.layer, []).append(item)
        return {layer: tuple(items) for layer, items in found.items()}


def side_of(count: Count, rules: Rules, inputs: tuple[str, ...] = ()) -> Side:
    """Take a counter's answer apart by its rules and its ledger; what it told is used for the residual only."""
    if count.ledger is None or count.total is None:
        raise UsageError(phrase("{counter} counts no operations", counter=count.counter))
    work = Work(count.ledger)
    predictions = predict(rules, work)
    told = {layer.layer: layer.told for layer in count.layers}
    predicted = {name: item.value for name, item in predictions.items()}
    names = dict.fromkeys([*predictions, *told])
    items = [item for name in names for item in _items(name, predictions.get(name), rules, work)]
    return Side(
        name=count.counter,
        version=count.version,
        unit=count.unit,
        total=count.total,
        told={name: told.get(name) for name in names},
        reference=work.reference,
        items=tuple(items),
        residuals={name: (told.get(name) or 0) - (predicted.get(name) or 0) for name in names},
        mismatches=(
            *(name for name in names if name != TOTAL and (told.get(name) is None) != (predicted.get(name) is None)),
            *(() if count.ruled else (UNREAD,)),
        ),
        types={layer.layer: layer.type for layer in count.layers},
        work=work,
        derivations={name: _derivation(item) for name, item in predictions.items() if item.value is not None},
        inputs=inputs,
    )


def _derivation(prediction: Prediction) -> Derivation:
    parts = [part for match in prediction.matches for part in match.contributions if part.value]
    return Derivation(
        value=prediction.value or 0,
        formula=" + ".join(f"{part.weight} * ({part.amount.formula})" for part in parts) or str(prediction.value),
        sources=tuple(dict.fromkeys(match.rule.source for match in prediction.matches)),
    )


def _items(layer: str, prediction: Prediction | None, rules: Rules, work: Work) -> Iterator[Item]:
    """Every departure from the definition in one layer; they sum to prediction minus reference."""
    if layer == TOTAL:
        yield from _finish(prediction, rules)
        return
    covered: set[tuple[int, str]] = set()
    matches = prediction.matches if prediction is not None else ()
    for match in matches:
        for part in match.contributions:
            yield from _departures(part, covered, work)
    yield from _missing(layer, prediction, covered, rules, work)


def _finish(prediction: Prediction | None, rules: Rules) -> Iterator[Item]:
    if prediction is not None and prediction.value and rules.finish is not None:
        value = Amount(prediction.value, str(prediction.value))
        yield Item(
            layer=TOTAL,
            cause=rules.finish.cause,
            term="total",
            weight=1,
            definition=0,
            amount=value,
            source=rules.finish.source,
        )


def _departures(part: Contribution, covered: set[tuple[int, str]], work: Work) -> Iterator[Item]:
    term = TERMS[part.term]
    definition = DEFINITION.get(term.base, 0)
    fresh = tuple(op for op in part.ops if (op, term.base) not in covered and not work.ledger.ops[op].composite)
    again = part.again or (bool(part.ops) and not fresh)
    own = frozenset(work.layers.get(part.layer, ()))
    covered.update((op, term.base) for op in fresh)
    if again:
        yield _item(part, "double-count", part.weight, 0, part.amount)
        return
    # Ops of another row, such as a child's, are that row's work, whoever counts them here.
    base = work.amount(term.base, tuple(op for op in fresh if op in own)) if definition else part.base
    if part.weight != definition:
        yield _item(part, term.cause, part.weight, definition, base)
    if part.amount.value != base.value:
        excess = Amount(part.amount.value - base.value, f"{part.amount.formula} - ({base.formula})")
        yield _item(part, "formula", part.weight, 0, excess)


def _item(part: Contribution, cause: str, weight: int, definition: int, amount: Amount) -> Item:
    return Item(
        layer=part.layer,
        cause=cause,
        term=part.term,
        weight=weight,
        definition=definition,
        amount=amount,
        source=part.rule.source,
    )


def _missing(
    layer: str, prediction: Prediction | None, covered: set[tuple[int, str]], rules: Rules, work: Work
) -> Iterator[Item]:
    """Multiply-adds of a layer that no weight fell on."""
    for term, definition in DEFINITION.items():
        left = (op for op in work.layers.get(layer, ()) if (op, term) not in covered)
        reasons: dict[tuple[str, str], list[int]] = {}
        for op in left:
            if term in (work.prices[op] or {}):
                reasons.setdefault(_reason(layer, prediction, op, rules, work), []).append(op)
        for (cause, source), ops in reasons.items():
            amount = work.amount(term, tuple(ops))
            if amount.value:
                yield Item(
                    layer=layer,
                    cause=cause,
                    term=term,
                    weight=0,
                    definition=definition,
                    amount=amount,
                    source=source,
                    hidden_by=tuple(dict.fromkeys(_hiding(op, work) for op in ops)) if cause in _KERNELS else (),
                )


_KERNELS = ("path", "unseen")
"""Causes whose sentence names the op that hides the work."""


def _hiding(index: int, work: Work) -> str:
    """The operator that a counter of ops meets for some work: the outermost one that it is a part of."""
    op = work.ledger.ops[index]
    while op.parent is not None:
        op = work.ledger.ops[op.parent]
    return operator(op.name)


def _reason(layer: str, prediction: Prediction | None, index: int, rules: Rules, work: Work) -> tuple[str, str]:
    """Why no weight fell on an op: zero by rule, on another kernel path, out of sight, or seen without a rule."""
    if rules.live and index not in work.live:
        return "unseen", ""
    for match in prediction.matches if prediction is not None else ():
        if index in match.ops:
            return "zero-rule", match.rule.source
    if rules.ops:
        return _reason_of_op(index, rules, work), ""
    sees_modules = bool(rules.modules or rules.names) and "::" not in layer and not _out_of_reach(layer, rules, work)
    return ("no-rule" if sees_modules else "unseen"), ""


def _out_of_reach(layer: str, rules: Rules, work: Work) -> bool:
    """Whether a layer stands where its counter hooks nothing."""
    path = "" if layer == ROOT else layer
    return rules.hooking is not None and not rules.hooking.reaches(work.ledger, path)


def _reason_of_op(index: int, rules: Rules, work: Work) -> str:
    """Why a counter of ops has nothing for one: a fast path, a composite met whole, a fused kernel, or no rule."""
    whole = _hiding(index, work)
    if whole in FAST_PATHS or (whole in COMPOSITES and not rules.live):
        return "path"
    return "unseen" if whole in FUSED else "no-rule"
