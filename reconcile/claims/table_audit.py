"""Auditing a published table: the convention that most rows follow, and what the other rows are.

A convention is a way to count with at most one departure, the same one for every row that follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from reconcile import progress
from reconcile.ask import Question, preload_places
from reconcile.claims.candidates import Candidates, candidates_of
from reconcile.claims.hypotheses import BY_CHANCE, Fit, Hypothesis, Level, Tried, fit, slipped
from reconcile.claims.identify import match_of
from reconcile.claims.stated import Stated
from reconcile.claims.table_file import TableRow
from reconcile.claims.ways import ORDER
from reconcile.language import commas, later
from reconcile.resources.metrics import OPERATIONS

SCHEMA = "reconcile/table/1"

Verdict = Literal["follows", "another convention", "slip of digits", "nothing gives it", "failed"]
VERDICTS: tuple[Verdict, ...] = ("follows", "another convention", "slip of digits", "nothing gives it", "failed")

Key = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one number of one row is; `tried` and `chance` are those of the search that a row outside needed."""

    row: TableRow
    stated: Stated
    verdict: Verdict
    because: str
    total: int | None = None
    tried: int = 1
    chance: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The finding as plain JSON values."""
        return {
            **self.row.to_json(),
            "metric": self.stated.metric,
            "value": self.stated.text,
            "verdict": self.verdict,
            "because": self.because,
            "total": self.total,
            "tried": self.tried,
            "chance": round(self.chance, 6),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """The convention that most numbers of one metric follow; `also` are others that give the very same rows."""

    metric: str
    counter: str
    unit: str
    departs: str
    follows: int
    of: int
    also: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The convention as plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "also"} | {"also": list(self.also)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableAudit:
    """A whole table: its conventions, and a finding for every number."""

    conventions: tuple[Convention, ...]
    findings: tuple[Finding, ...]

    @property
    def uniform(self) -> bool:
        """Whether every number follows the convention of its metric."""
        return all(finding.verdict == "follows" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The audit as plain JSON values."""
        return {
            "schema": SCHEMA,
            "conventions": [item.to_json() for item in self.conventions],
            "rows": [item.to_json() for item in self.findings],
        }


def audit_table(rows: Sequence[TableRow], question: Question, counters: Sequence[str] = ()) -> TableAudit:
    """Audit every number of a table; counters that are named are run on every model, the others go by their rules."""
    preload_places(row.model for row in rows)
    candidates: list[Candidates] = []
    for number, found in enumerate(candidates_of(rows, question, counters), start=1):
        candidates += found
        progress.finished(number, len(rows), found[0].row.name)
    conventions, findings = [], []
    for metric in dict.fromkeys(item.stated.metric for item in candidates):
        same = [item for item in candidates if item.stated.metric == metric]
        key, convention = _elected(metric, same)
        conventions += [] if convention is None else [convention]
        findings += [_finding(item, key) for item in same]
    return TableAudit(conventions=tuple(conventions), findings=tuple(findings))


def _key(hypothesis: Hypothesis) -> Key:
    return hypothesis.way.name, tuple(departure.says for departure in hypothesis.departures)


def _elected(metric: str, candidates: Sequence[Candidates]) -> tuple[Key | None, Convention | None]:
    """The convention that gives most numbers; of equal ones the simplest, which comes first."""
    rows: dict[Key, set[int]] = {}
    found: dict[Key, Hypothesis] = {}
    for index, item in enumerate(candidates):
        for hypothesis in item.printing():
            rows.setdefault(_key(hypothesis), set()).add(index)
            found.setdefault(_key(hypothesis), hypothesis)
    if not rows:
        return None, None
    rank = {_key(hypothesis): place for place, hypothesis in enumerate(_in_order(candidates))}
    best = min(rows, key=lambda key: (-len(rows[key]), rank[key]))
    same = [key for key in sorted(rows, key=lambda key: rank[key]) if rows[key] == rows[best]]
    also = [key for key in same if key != best and not _goes_without_saying(found[key], same)]
    match = match_of(found[best], candidates[0].stated, (), {})
    convention = Convention(
        metric=metric,
        counter=match.counter,
        unit=match.unit,
        departs=match.departs,
        follows=len(rows[best]),
        of=len(candidates),
        also=tuple(commas((name, *departs)) for name, departs in also),
    )
    return best, convention


def _goes_without_saying(hypothesis: Hypothesis, same: Sequence[Key]) -> bool:
    """Whether a way is an old release of a counter that gives the same rows today."""
    way = hypothesis.way
    return way.release is not None and (way.counter, _key(hypothesis)[1]) in same


def _in_order(candidates: Sequence[Candidates]) -> Iterator[Hypothesis]:
    """Hypotheses of all rows, each key first where it is simplest."""
    seen: set[Key] = set()
    for hypothesis in (
        *(h for item in candidates for h in item.plain),
        *(h for item in candidates for h in item.departing),
    ):
        if _key(hypothesis) not in seen:
            seen.add(_key(hypothesis))
            yield hypothesis


def _finding(item: Candidates, key: Key | None) -> Finding:
    """What one number is, against the convention of the table."""
    if item.failed:
        return _found(item, "failed", item.failed)
    own = next((found for found in (*item.plain, *item.departing) if _key(found) == key), None)
    if own is not None and item.stated.printed.prints(own.value):
        return _found(item, "follows", "", hypothesis=own)
    for levels in (_near, _plain):
        outcome = fit(item.stated.printed, levels(item, own)) if own is not None else None
        if isinstance(outcome, Fit) and outcome.chance <= BY_CHANCE:
            return _other(item, outcome)
    if own is not None and slipped(item.stated.printed, [replace(own, free=(), declared=())]) is not None:
        because = later(
            "{printed} stands where {meant} belongs",
            printed=item.stated.printed.text,
            meant=item.stated.show(own.value),
        )
        return _found(item, "slip of digits", because, hypothesis=own)
    wider = fit(item.stated.printed, (*_plain(item, own), *_wider(item, own)))
    if isinstance(wider, Fit) and wider.chance <= BY_CHANCE:
        return _other(item, wider)
    printing = wider.by_chance if isinstance(wider, Tried) else (wider.hypothesis, *wider.others)
    because = later("none of {tried} totals prints it", tried=wider.tried)
    if printing:
        because = later("{n} of {tried} totals print it, as many as by chance", n=len(printing), tried=wider.tried)
    return replace(_found(item, "nothing gives it", because), tried=wider.tried, chance=wider.chance)


def _near(item: Candidates, own: Hypothesis | None) -> Iterator[Level]:
    """A number outside the convention may be the same way with one departure."""
    yield _chosen((*item.plain, *item.departing), own, same=True)
    if item.stated.metric == OPERATIONS:
        yield _chosen(item.elsewhere(), own, same=True)


def _plain(item: Candidates, own: Hypothesis | None) -> Iterator[Level]:
    """Or another way as it is, without any departure."""
    for kind in ORDER:
        yield _chosen((one for one in item.plain if one.way.kind == kind), own, same=False)


def _wider(item: Candidates, own: Hypothesis | None) -> Iterator[Level]:
    """Or what a counter tells in a run of its own; or another way with one departure."""
    if item.stated.metric == OPERATIONS:
        yield item.told()
    yield _chosen(item.departing, own, same=False)
    if item.stated.metric == OPERATIONS:
        yield _chosen(item.elsewhere(), own, same=False)


def _chosen(found: Iterable[Hypothesis], own: Hypothesis | None, *, same: bool) -> Iterator[Hypothesis]:
    """Hypotheses of the way of the convention (`same`), or of all others."""
    return (one for one in found if (own is not None and one.way.name == own.way.name) == same)


def _other(item: Candidates, outcome: Fit) -> Finding:
    found = _found(item, "another convention", "", hypothesis=outcome.hypothesis)
    return replace(found, tried=outcome.tried, chance=outcome.chance)


def _found(item: Candidates, verdict: Verdict, because: str, *, hypothesis: Hypothesis | None = None) -> Finding:
    if hypothesis is None:
        return Finding(row=item.row, stated=item.stated, verdict=verdict, because=because)
    match = match_of(hypothesis, item.stated, item.row.inputs, {})
    why = because or match.because
    return Finding(row=item.row, stated=item.stated, verdict=verdict, because=why, total=match.total)
