"""The sides of a metric besides operations: what a counter told of it, taken apart by the counter's way to count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from reconcile.errors import UsageError
from reconcile.language import phrase
from reconcile.pricing.amounts import Amount
from reconcile.resources.census import by_definition
from reconcile.resources.footprint import held, outputs_by_row, reads_by_row
from reconcile.resources.metrics import METRICS
from reconcile.rules import TOTAL, Rules
from reconcile.schema import Count, Layer, Measure
from reconcile.side import Item, Side
from reconcile.work import ROOT, Work


class Convention(Protocol):
    """A counter's way to count one metric, by its departures from the definition."""

    def departures(self, work: Work, rules: Rules) -> Iterator[Item]:
        """Everything that the counter does not count as the definition does."""


class AsDefined:
    """The reference's way: no departure at all."""

    def departures(self, work: Work, rules: Rules) -> Iterator[Item]:
        """Nothing departs."""
        return iter(())


def definition(metric: str, work: Work) -> Mapping[str, Amount]:
    """The reference of a metric, by row."""
    found = {"params": by_definition, "memory": held, "memread": reads_by_row, "memwrite": outputs_by_row}
    return found[metric](work)


def predicted(metric: str, convention: Convention, rules: Rules, work: Work) -> Mapping[str, int]:
    """What a convention gives for every row; it never looks at what the counter told."""
    return _sums(definition(metric, work), tuple(convention.departures(work, rules)))


def _sums(reference: Mapping[str, Amount], items: tuple[Item, ...]) -> dict[str, int]:
    sums = {row: part.value for row, part in reference.items()}
    for item in items:
        sums[item.layer] = sums.get(item.layer, 0) + item.value
    return sums


def measured_side(
    count: Count, metric: str, convention: Convention, rules: Rules, inputs: tuple[str, ...] = ()
) -> Side:
    """Take what a counter told of a metric apart; what it told is used for the residual only."""
    measure = count.measure(metric)
    if count.ledger is None or measure is None:
        raise UsageError(phrase("{counter} tells nothing of {metric}", counter=count.counter, metric=metric))
    work = Work(count.ledger)
    reference = definition(metric, work)
    items = tuple(convention.departures(work, rules))
    sums, told = _sums(reference, items), {row.layer: row.told for row in measure.layers}
    names = [name for name in dict.fromkeys([*sums, *told]) if sums.get(name) or told.get(name) or name in reference]
    places = work.ledger.places
    return Side(
        name=count.counter,
        version=count.version,
        unit=measure.unit,
        total=measure.total,
        told={name: told.get(name) for name in names},
        reference=reference,
        items=items,
        residuals={name: (told.get(name) or 0) - sums.get(name, 0) for name in names},
        mismatches=(),
        types={name: _type(name, places) for name in names},
        work=work,
        inputs=inputs,
        metric=metric,
    )


def _type(name: str, places: Mapping[str, object]) -> str:
    place = places.get("" if name == ROOT else name)
    return getattr(place, "name", name.rpartition("::")[2])


def measures_of(
    work: Work, answer: Mapping[str, Mapping[str, Any]], conventions: Mapping[str, Convention], rules: Rules
) -> tuple[Measure, ...]:
    """The measures of an answer that the counter has a convention for, each row with what that predicts."""
    return tuple(
        _measure(work, metric, told, predicted(metric, conventions[metric], rules, work))
        for metric, told in answer.items()
        if metric in conventions
    )


def _measure(work: Work, metric: str, told: Mapping[str, Any], sums: Mapping[str, int]) -> Measure:
    rest = told["total"] - sum(told["rows"].values())
    rows = {**told["rows"], **({TOTAL: rest} if rest else {})}
    names = [name for name in dict.fromkeys([*sums, *rows]) if sums.get(name) or rows.get(name)]
    layers = tuple(
        Layer(layer=name, type=_type(name, work.ledger.places), told=rows.get(name), predicted=sums.get(name))
        for name in names
    )
    return Measure(metric=metric, unit=METRICS[metric].unit, total=told["total"], layers=layers)
