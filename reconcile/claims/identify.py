"""Identifying a number: which counters, releases, units, inputs, contexts and batch sizes print it to its digits.

Simple ways come first, and what costs another run of the model is tried only where nothing else gives the number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, partial
from typing import Any, Literal

from reconcile import reference
from reconcile.ask import CONTEXTS, Question, ask
from reconcile.claims.hypotheses import (
    BY_CHANCE,
    Counted,
    Fit,
    Hypothesis,
    Level,
    Tried,
    count,
    departing,
    elsewhere,
    fit,
    plain,
    slipped,
)
from reconcile.claims.stated import Stated
from reconcile.claims.variants import Departure, likely_sizes
from reconcile.claims.ways import ORDER, Way, ways
from reconcile.claims.wording import unit_said
from reconcile.claims.works import Works, traced
from reconcile.errors import UsageError
from reconcile.inputs import Input
from reconcile.language import commas, later
from reconcile.registry import entries, entry
from reconcile.resources.metrics import OPERATIONS
from reconcile.schema import Count, Run
from reconcile.work import Work

Verdict = Literal["identified", "by chance", "nothing"]


FIELDS = ("counter", "version", "unit", "input", "total", "printed", "because")
"""What a document tells of a match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One way in which a number comes about; `printed` is its total to the digits of the stated value.

    `departs` says in what it departs from the plain count of what was asked; it is a part of `because`.
    """

    counter: str
    version: str | None
    unit: str
    input: str
    total: int
    printed: str
    because: str
    departs: str = ""

    def to_json(self) -> dict[str, Any]:
        """The match as plain JSON values."""
        return {name: getattr(self, name) for name in FIELDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """What was found for a stated value.

    `tried` different totals were compared until something was found; `chance` is how many of so many totals would be
    expected to print these digits although nothing relates them.
    """

    stated: Stated
    verdict: Verdict
    matches: tuple[Match, ...]
    tried: int
    chance: float
    notes: tuple[str, ...] = ()

    SCHEMA = "reconcile/identify/1"

    def to_json(self) -> dict[str, Any]:
        """The identification as plain JSON values."""
        return {
            "schema": self.SCHEMA,
            "value": self.stated.text,
            "metric": self.stated.metric,
            "verdict": self.verdict,
            "matches": [match.to_json() for match in self.matches],
            "tried": self.tried,
            "chance": round(self.chance, 6),
            "notes": list(self.notes),
        }


def identify(stated: Stated, question: Question, counters: Sequence[str]) -> Identification:
    """Look for a stated value among everything that may be told of a model."""
    run = ask(question, [reference.NAME, *counters])
    counted = counted_of(run, stated.metric, question.adapters, cache(partial(traced, question)))
    search = _Search(stated=stated, question=question, counters=tuple(counters), counted=counted)
    outcome = fit(stated.printed, search.levels())
    versions = {count.counter: count.version for count in run.counts}
    failed = [
        later("{counter} gave no number: {reason}", counter=count.counter, reason=count.reason)
        for count in run.counts
        if count.status == "failed"
    ]
    return Identification(
        stated=stated,
        verdict=_verdict(outcome),
        matches=tuple(match_of(item, stated, question.inputs, versions) for item in search.matching(outcome)),
        tried=outcome.tried,
        chance=outcome.chance,
        notes=(*_slip(stated, counted, outcome), *failed),
    )


def counted_of(
    run: Run, metric: str, adapters: Sequence[str] = (), traced: Callable[[], Work | None] = lambda: None
) -> tuple[Counted, ...]:
    """What every way gives for a run, the likeliest first: what counters told, and what rules say of their ledgers.

    `traced` gives the work as a trace holds it, for the rules of counters that go by one and were not run.
    """
    told = {count.counter: count for count in run.counts if count.ledger is not None}
    works = {name: Work(count.ledger) for name, count in told.items() if count.ledger is not None}
    own = works if metric == OPERATIONS else {}
    found = count(
        ways(metric, run.model["framework"], adapters), Works(clean=works[reference.NAME], own=own, traced=traced)
    )
    if metric != OPERATIONS:
        return found
    by_rules = [one for one in found if one.way.release is not None or one.way.counter not in told]
    answered = [_told(count, works[name]) for name, count in told.items() if name != reference.NAME]
    every = [*by_rules, *(one for one in answered if one is not None)]
    return tuple(sorted(every, key=lambda one: ORDER.index(one.way.kind)))


def _told(count: Count, work: Work) -> Counted | None:
    """What a counter really told, as a way of its own; None if it counts no operations."""
    if count.total is None:
        return None
    rows = {layer.layer: layer.told for layer in count.layers}
    way = Way(name=count.counter, unit=count.unit, kind="counter", rows=lambda work: rows, counter=count.counter)
    return Counted(way=way, work=work, rows=rows)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Search:
    """The levels that are tried for one value, from the simplest on."""

    stated: Stated
    question: Question
    counters: tuple[str, ...]
    counted: tuple[Counted, ...]

    def levels(self) -> Iterator[Level]:
        """Every way as asked; one departure; other contexts; other sizes of the input."""
        unit = self.stated.unit if self.stated.metric == OPERATIONS else None
        for kind in ORDER:
            yield plain([one for one in self.counted if one.way.kind == kind], None, unit)
        if self.stated.metric == OPERATIONS:
            yield departing(self.counted, None, unit)
            yield self._in_contexts(unit)
            yield self._at_sizes(unit)

    def matching(self, outcome: Fit | Tried) -> Sequence[Hypothesis]:
        """Everything that prints the value and is as simple as what was found; each name and departure once."""
        if isinstance(outcome, Tried):
            return outcome.by_chance
        if outcome.hypothesis.free:
            return (outcome.hypothesis, *outcome.others)
        unit = self.stated.unit if self.stated.metric == OPERATIONS else None
        return [item for item in plain(self.counted, None, unit) if self.stated.printed.prints(item.value)]

    def _in_contexts(self, unit: str | None) -> Level:
        words = [word for word in CONTEXTS if word != "eval"]
        ids = [f"{name}@{word}" for word in words for name in self.counters if "@" not in name]
        if not ids:
            return
        for asked in ask(self.question, ids).counts:
            one = None if asked.ledger is None else _told(asked, Work(asked.ledger))
            if one is not None and one.in_unit(unit):
                name, _, word = asked.counter.partition("@")
                says = later("in the context {context} instead of that of its documentation", context=word)
                departure = Departure(cause="context", says=says)
                value = Fraction(one.value(None) or 0)
                yield Hypothesis(way=replace(one.way, counter=name), value=value, free=(departure,))

    def _at_sizes(self, unit: str | None) -> Level:
        total = next(one.value(None) or 0 for one in self.counted if one.way.kind == "definition")
        for inputs in sizes_near(self.stated, total, self.question.inputs):
            there = replace(self.question, inputs=inputs)
            try:
                run = ask(there, [reference.NAME])
            except UsageError:  # The model takes no input of this size.
                continue
            counted = counted_of(run, OPERATIONS, self.question.adapters, cache(partial(traced, there)))
            yield from elsewhere(counted, " ".join(map(str, inputs)), None, unit)


def sizes_near(stated: Stated, total: int, inputs: Sequence[Input]) -> tuple[tuple[Input, ...], ...]:
    """Other sizes of the input at which a total of multiply-adds, or twice as many, would come near a value."""
    found = (size for factor in (1, 2) for size in likely_sizes(stated.printed, factor * total, inputs))
    return tuple(dict.fromkeys(found))


def match_of(
    hypothesis: Hypothesis, stated: Stated, inputs: Sequence[Input], versions: Mapping[str, str | None]
) -> Match:
    """A hypothesis as a match, with the sentence that says why."""
    way, total = hypothesis.way, round(hypothesis.value)
    at = hypothesis.at or " ".join(map(str, inputs))
    name = reference.NAME if way.kind == "definition" else way.name
    version = way.release.lstrip("=") if way.release else _version(way, versions)
    unit = next((departure.unit for departure in hypothesis.departures if departure.unit), way.unit)
    departs = commas(departure.says for departure in hypothesis.departures)
    fields = {"way": name, "total": f"{total:,}", "unit": unit_said(unit), "input": at or later("its own input")}
    because = later("{way} gives {total} {unit} on {input}", **fields)
    if way.counter in versions and not way.release:
        because = later("{way} tells {total} {unit} on {input}", **fields)
    return Match(
        counter=name,
        version=version,
        unit=unit,
        input=at,
        total=total,
        printed=stated.show(total),
        because=later("{told}, {departures}", told=because, departures=departs) if departs else because,
        departs=departs,
    )


def _version(way: Way, versions: Mapping[str, str | None]) -> str | None:
    """The release that answered, or the one at hand whose rules were taken."""
    if way.counter is None or way.counter not in entries():
        return versions.get(way.name)
    return versions.get(way.counter, entry(way.counter).version)


def _verdict(outcome: Fit | Tried) -> Verdict:
    if isinstance(outcome, Fit):
        return "identified" if outcome.chance <= BY_CHANCE else "by chance"
    return "by chance" if outcome.by_chance else "nothing"


def _slip(stated: Stated, counted: Sequence[Counted], outcome: Fit | Tried) -> tuple[str, ...]:
    """What a value that nothing gives would be with a slip of digits."""
    if isinstance(outcome, Fit):
        return ()
    found = slipped(stated.printed, plain(counted))
    if found is None:
        return ()
    said = later(
        "{value} is {meant:,} by {way} with a slip of digits",
        value=stated.printed.text,
        meant=round(found.value),
        way=found.way.name,
    )
    return (said,)
