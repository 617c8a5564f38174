"""A timeline: what each release of one counter tells of one model, and why the number moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from reconcile.ask import Question
from reconcile.errors import UsageError
from reconcile.explain import Explanation, explain
from reconcile.language import phrase
from reconcile.releases.by_release import run_releases, side_of_release
from reconcile.resources.metrics import OPERATIONS
from reconcile.schema import Count, Run
from reconcile.side import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One release: its number, and the difference to the last release before it that could run.

    `total` is None where the release could not run; `since` is None there, and at the first that could.
    """

    count: Count
    version: str
    total: int | None
    since: Explanation | None = None

    @property
    def reason(self) -> str | None:
        """Why the release could not run; None if it could."""
        return self.count.reason

    @property
    def moved(self) -> bool:
        """Whether anything changed since the release before, in the total or in any layer."""
        return self.since is not None and any(layer.difference or layer.causes for layer in self.since.layers)

    @property
    def explained(self) -> bool:
        """Whether the release ran and equals its own rules."""
        return self.count.explained

    def to_json(self) -> dict[str, Any]:
        """The moment as plain JSON values."""
        given = None if self.since is None else self.since.to_json()
        return {
            "version": self.version,
            "status": self.count.status,
            "reason": self.reason,
            "total": self.total,
            "complete": self.explained,
            "since": None if self.since is None else self.since.right.version,
            "difference": None if given is None else given["difference"],
            "residual": None if given is None else given["residual"],
            "causes": [] if given is None else given["causes"],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The releases of one counter on one model, in the order of their versions."""

    counter: str
    metric: str
    unit: str
    run: Run
    moments: tuple[Moment, ...]

    SCHEMA = "reconcile/timeline/1"

    @property
    def ran(self) -> tuple[Moment, ...]:
        """The releases that told a number."""
        return tuple(moment for moment in self.moments if moment.total is not None)

    @property
    def failed(self) -> tuple[Moment, ...]:
        """The releases that could not run."""
        return tuple(moment for moment in self.moments if moment.total is None)

    @property
    def explained(self) -> bool:
        """Whether every release that ran equals its own rules, and the work itself is priced whole."""
        whole = self.run.reference is None or not self.run.reference.partial
        return whole and bool(self.ran) and all(moment.explained for moment in self.ran)

    @property
    def complete(self) -> bool:
        """Whether, besides, every release ran."""
        return self.explained and not self.failed

    @property
    def groups(self) -> tuple[tuple[Moment, ...], ...]:
        """Neighbouring releases that tell the same for every layer, or fail for the same reason."""
        number, kept = 0, []
        for before, moment in zip((None, *self.moments), self.moments, strict=False):
            same = before is not None and before.reason == moment.reason and not moment.moved
            number += not same
            kept.append((number, moment))
        return tuple(tuple(moment for _, moment in group) for _, group in groupby(kept, key=lambda item: item[0]))

    def to_json(self) -> dict[str, Any]:
        """The timeline as plain JSON values."""
        return {
            "schema": self.SCHEMA,
            "counter": self.counter,
            "metric": self.metric,
            "unit": self.unit,
            "model": dict(self.run.model),
            "context": self.run.context.to_json(),
            "releases": [moment.to_json() for moment in self.moments],
        }


def timeline(question: Question, name: str, versions: Sequence[str], metric: str = OPERATIONS) -> Timeline:
    """Run releases of a counter on a model and explain every change from one to the next that could run."""
    if not versions:
        raise UsageError(phrase("there is no release of {counter} to run", counter=name))
    run = run_releases(question, name, versions)
    moments: list[Moment] = []
    last: Side | None = None
    for version, count in zip(versions, run.counts, strict=True):
        side = side_of_release(question, count, metric)
        since = None if side is None or last is None else explain(side, last)
        total = None if side is None else side.total
        moments.append(Moment(count=count, version=count.version or version, total=total, since=since))
        last = side or last
    unit = run.counts[0].unit if metric == OPERATIONS or last is None else last.unit
    return Timeline(counter=name, metric=metric, unit=unit, run=run, moments=tuple(moments))
