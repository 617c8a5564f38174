"""Ways to count: the definition, every counter by its rules, and the conventions of hand calculations.

A way gives numbers for work that was executed, row by row; it needs no library and runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from reconcile import reference
from reconcile.adapter import Counter
from reconcile.language import later
from reconcile.registry import entries
from reconcile.resources.holdings import STATISTICS, holdings
from reconcile.resources.measures import definition, predicted
from reconcile.resources.memory_parts import parts_by_convention, parts_by_definition
from reconcile.resources.metrics import METRICS, OPERATIONS
from reconcile.rules import Rules, predict
from reconcile.work import ROOT, Work

Rows = Mapping[str, int | None]
Kind = Literal["definition", "counter", "hand", "release"]

DEFINITION = later("definition")
"""The name of the way that is the definition itself."""

ORDER: tuple[Kind, ...] = ("definition", "counter", "hand", "release")
"""Kinds of ways, the likeliest first: people count as today's tools do, by hand, or as a tool of old did."""

MODULES = "modules"
"""The metric of how many modules a model has, which some tools print as layers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to count: whose it is, what one of it is, and the rows that it gives for executed work.

    `counter` and `release` are set where it is a counter's; `release` is `==0.0.31` for one of old, and None for the
    release whose source was read.  A way that `needs_calls` goes by Python-level calls, which only a run of the
    counter itself records; one that is `traced` goes by work in which composite ops stand whole.
    `parts` are the rows of a whole by its parts, where it has some.
    """

    name: str
    unit: str
    kind: Kind
    rows: Callable[[Work], Rows]
    counter: str | None = None
    release: str | None = None
    needs_calls: bool = False
    traced: bool = False
    parts: Callable[[Work], Rows] = field(default=lambda work: {})

    def total(self, work: Work) -> int:
        """The sum of its rows."""
        return sum(value or 0 for value in self.rows(work).values())


def ways(metric: str, framework: str, adapters: Sequence[str] = ()) -> tuple[Way, ...]:
    """Every way to count a metric that can be applied to work of a framework, the likeliest first."""
    found = [*_definition(metric), *_counters(metric, framework, adapters), *_by_hand(metric)]
    return tuple(sorted(found, key=lambda way: ORDER.index(way.kind)))


def way_of(counter: str, metric: str, adapters: Sequence[str] = ()) -> Way | None:
    """The way of one counter, such as `thop` or `thop==0.0.31`; None where it tells nothing of the metric."""
    from reconcile.ask import parse_counter
    from reconcile.registry import entry

    asked = parse_counter(counter)
    ruled = entry(asked.name, adapters).counter.at(asked.release)
    release = None if asked.release is None else f"=={asked.release}"
    return _way(ruled, metric, release)


def _definition(metric: str) -> Iterator[Way]:
    if metric == OPERATIONS:
        yield Way(name=DEFINITION, unit="MAC", kind="definition", rows=lambda work: _values(work.reference))
    elif metric in METRICS:
        unit = METRICS[metric].unit
        yield Way(
            name=DEFINITION,
            unit=unit,
            kind="definition",
            rows=lambda work: _values(definition(metric, work)),
            parts=parts_by_definition if metric == "memory" else _no_parts,
        )


def _values(rows: Mapping[str, object]) -> Rows:
    return {name: int(getattr(part, "value", 0)) for name, part in rows.items()}


def _counters(metric: str, framework: str, adapters: Sequence[str]) -> Iterator[Way]:
    for name, item in entries(tuple(adapters)).items():
        counter = item.counter
        if name == reference.NAME or counter.framework not in (framework, "any"):
            continue
        for release in (None, *(found.specifier for found in counter.releases)):
            ruled = counter if release is None else counter.at(release.lstrip("="))
            found = _way(ruled, metric, release) if release is None or release.startswith("==") else None
            if found is not None:
                yield found


def _way(counter: Counter, metric: str, release: str | None) -> Way | None:
    """The way of a counter at a release; None where it tells nothing of the metric."""
    rules: Rules = counter.rules
    if metric == OPERATIONS:
        if not counter.counts_operations:
            return None
        unit, rows = str(counter.unit), _by_rules(rules)
    elif metric in counter.measures:
        unit, rows = METRICS[metric].unit, _measured(counter, metric)
    else:
        return None
    kind: Kind = "counter" if release is None else "release"
    return Way(
        name=f"{counter.id}{release or ''}",
        unit=unit,
        kind=kind,
        rows=rows,
        counter=counter.id,
        release=release,
        needs_calls=metric == OPERATIONS and bool(rules.functions),
        traced=metric == OPERATIONS and rules.traced,
        parts=_parts(counter) if metric == "memory" else _no_parts,
    )


def _no_parts(work: Work) -> Rows:
    return {}


def _parts(counter: Counter) -> Callable[[Work], Rows]:
    return lambda work: dict(parts_by_convention(counter.measures["memory"], counter.rules, work))


def _by_rules(rules: Rules) -> Callable[[Work], Rows]:
    return lambda work: {name: item.value for name, item in predict(rules, work).items()}


def _measured(counter: Counter, metric: str) -> Callable[[Work], Rows]:
    return lambda work: dict(predicted(metric, counter.measures[metric], counter.rules, work))


EITHER = "operation"
"""The unit of work that is no multiply-add, of which MAC and FLOP mean the same."""

OPERATIONAL = ("MAC", "FLOP", EITHER)
"""Units of operations."""

_WEIGHTS: tuple[tuple[str, str, Mapping[str, int]], ...] = (
    (later("multiply-adds and biases"), "MAC", {"mac": 1, "bias": 1}),
    (later("2 for each multiply-add"), "FLOP", {"mac": 2}),
    (later("2 for each multiply-add, 1 for each bias"), "FLOP", {"mac": 2, "bias": 1}),
    (later("2 for each multiply-add and 2 for each bias"), "FLOP", {"mac": 2, "bias": 2}),
    (later("multiplications and the additions between them"), "FLOP", {"mac": 2, "first-add": -1}),
    (later("multiplications and additions, with biases"), "FLOP", {"mac": 2, "first-add": -1, "bias": 1}),
    (later("1 for each element activated"), EITHER, {"activation": 1}),
    (later("1 for each window element of a pool"), EITHER, {"pool.window": 1}),
    (later("1 for each element given out by a pool"), EITHER, {"pool.output": 1}),
    (later("1 for each element given to a pool"), EITHER, {"pool.input": 1}),
    (later("1 for each element normalised"), EITHER, {"norm": 1}),
    (later("2 for each element normalised"), EITHER, {"norm": 2}),
    (later("4 for each element normalised"), EITHER, {"norm": 4}),
    (later("1 for each element of a softmax"), EITHER, {"softmax": 1}),
    (later("1 for each element of an elementwise operation"), EITHER, {"elementwise": 1}),
    (later("1 for each element resampled"), EITHER, {"resample": 1}),
)
"""Conventions of hand calculations: what they are called, their unit, and their weights over terms."""


def _by_hand(metric: str) -> Iterator[Way]:
    if metric == OPERATIONS:
        for convention, unit, weights in _WEIGHTS:
            yield _hand(convention, unit, _weighed(weights))
    elif metric == "params":
        yield _hand(later("weights without biases"), "parameter", _weights_alone)
        yield _hand(later("running statistics counted too"), "parameter", _with_statistics)
        yield _hand(later("what needs a gradient"), "parameter", _trainable)
        yield _hand(later("what needs no gradient"), "parameter", _frozen)
    elif metric == "memory":
        yield _hand(later("parameters alone"), "byte", _parameter_bytes)
    elif metric == MODULES:
        yield _hand(later("every module, containers and the model itself too"), "module", _every_module)
        yield _hand(later("modules without children"), "module", _leaves)


def _hand(convention: str, unit: str, rows: Callable[[Work], Rows]) -> Way:
    called = later("by hand: {convention}", convention=convention)
    return Way(name=called, unit=unit, kind="hand", rows=rows)


def _weighed(weights: Mapping[str, int]) -> Callable[[Work], Rows]:
    def rows(work: Work) -> Rows:
        return {
            name: sum(weight * work.amount(term, ops).value for term, weight in weights.items())
            for name, ops in work.layers.items()
        }

    return rows


def _held(taken: Callable[[str, bool, bool, int], bool]) -> Callable[[Work], Rows]:
    """Elements by module of the parameters and buffers that are taken, by name, kind, gradient and rank."""

    def rows(work: Work) -> Rows:
        found: dict[str, int] = {}
        for holding in holdings(work.ledger):
            tensor = holding.tensor
            if holding.first and taken(tensor.name, holding.buffer, tensor.trainable, len(tensor.shape)):
                found[holding.layer] = found.get(holding.layer, 0) + holding.elements.value
        return found or {ROOT: 0}

    return rows


_weights_alone = _held(lambda name, buffer, trainable, rank: not buffer and "bias" not in name)
_with_statistics = _held(lambda name, buffer, trainable, rank: not buffer or name in STATISTICS)
_trainable = _held(lambda name, buffer, trainable, rank: not buffer and trainable)
_frozen = _held(lambda name, buffer, trainable, rank: not buffer and not trainable)


def _parameter_bytes(work: Work) -> Rows:
    found: dict[str, int] = {}
    for holding in holdings(work.ledger):
        if holding.first and not holding.buffer:
            found[holding.layer] = found.get(holding.layer, 0) + holding.bytes.value
    return found or {ROOT: 0}


def _every_module(work: Work) -> Rows:
    return {module.path or ROOT: 1 for module in work.ledger.modules if module.alias is None}


def _leaves(work: Work) -> Rows:
    return {module.path or ROOT: int(not module.children) for module in work.ledger.modules if module.alias is None}
