"""A bisection: the release at which a counter's number moved, found by running as few releases as needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reconcile.ask import Question
from reconcile.errors import UsageError
from reconcile.explain import Explanation, explain
from reconcile.language import commas, phrase, retold
from reconcile.releases.by_release import run_releases, side_of_release
from reconcile.releases.offered import in_order
from reconcile.resources.metrics import OPERATIONS
from reconcile.schema import Count
from reconcile.side import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Bisection:
    """Two releases between which the number moved, with none between them that could run.

    `skipped` are the releases between them that could not; `tried` is every release that was run, in that order.
    """

    counter: str
    explanation: Explanation
    skipped: tuple[Count, ...]
    tried: tuple[str, ...]
    among: int

    SCHEMA = "reconcile/bisect/1"

    @property
    def complete(self) -> bool:
        """Whether the release is found for certain, and the change is explained."""
        return self.explanation.complete and not self.skipped

    def to_json(self) -> dict[str, Any]:
        """The bisection as plain JSON values."""
        given = self.explanation.to_json()
        return {
            "schema": self.SCHEMA,
            "counter": self.counter,
            "metric": given["metric"],
            "before": {"version": self.explanation.right.version, "total": self.explanation.right.total},
            "after": {"version": self.explanation.left.version, "total": self.explanation.left.total},
            "skipped": [{"version": count.version, "reason": count.reason} for count in self.skipped],
            "tried": list(self.tried),
            "releases": self.among,
            "explanation": given,
        }


@dataclass(kw_only=True)
class _Search:
    """The releases that were tried so far, by their place in the list."""

    question: Question
    name: str
    versions: Sequence[str]
    metric: str
    sides: dict[int, Side | None]
    counts: dict[int, Count]

    def try_at(self, *places: int) -> None:
        """Run the releases at these places."""
        run = run_releases(self.question, self.name, [self.versions[place] for place in places])
        for place, count in zip(places, run.counts, strict=True):
            self.counts[place] = count
            self.sides[place] = side_of_release(self.question, count, self.metric)

    def total(self, place: int) -> int | None:
        """The number at a place; None if the release could not run."""
        side = self.sides[place]
        return None if side is None else side.total

    def untried(self, low: int, high: int) -> int | None:
        """The place nearest to the middle that was not tried yet; None if there is none."""
        left = [place for place in range(low + 1, high) if place not in self.counts]
        return min(left, key=lambda place: abs(2 * place - low - high), default=None)


def bisect(question: Question, name: str, versions: Sequence[str], metric: str = OPERATIONS) -> Bisection:
    """Find where the number of the first of some releases was left, on the way to the last.

    Where it moved several times, one of the moves is found: the number is that of the first release before it.
    """
    search = _Search(question=question, name=name, versions=versions, metric=metric, sides={}, counts={})
    low, high = 0, len(versions) - 1
    search.try_at(low, high)
    first = _refuse_equal(search, low, high)
    while (place := search.untried(low, high)) is not None:
        search.try_at(place)
        total = search.total(place)
        if total is not None:
            low, high = (place, high) if total == first else (low, place)
    before, after = search.sides[low], search.sides[high]
    assert before is not None
    assert after is not None
    return Bisection(
        counter=name,
        explanation=explain(after, before),
        skipped=tuple(search.counts[place] for place in range(low + 1, high)),
        tried=tuple(versions[place] for place in search.counts),
        among=len(versions),
    )


def _refuse_equal(search: _Search, low: int, high: int) -> int:
    """The number at the first end; two ends of which one cannot run, or that tell the same, are refused."""
    for place in (low, high):
        if search.sides[place] is None:
            end = f"{search.name}=={search.versions[place]}"
            reason = retold(str(search.counts[place].reason))
            raise UsageError(
                phrase("{end} cannot run, so it is no end to search from: {reason}", end=end, reason=reason)
            )
    first, last = search.total(low), search.total(high)
    assert first is not None
    if first == last:
        raise UsageError(
            phrase(
                "{counter} tells {total:,} at both {first} and {last}; `reconcile timeline` shows what is between",
                counter=search.name,
                total=first,
                first=search.versions[low],
                last=search.versions[high],
            )
        )
    return first


def between(versions: Sequence[str], start: str, end: str) -> tuple[str, ...]:
    """The releases from one to another, both included, in the direction asked for.

    >>> between(("1", "2", "3", "4"), "3", "1")
    ('3', '2', '1')
    """
    ends = [in_order([text])[0] for text in (start, end)]
    for text in ends:
        if text not in versions:
            raise UsageError(
                phrase(
                    "{release} is none of the releases; the last of them are {last}",
                    release=text,
                    last=commas(versions[-3:]),
                )
            )
    first, last = map(versions.index, ends)
    if first == last:
        raise UsageError(phrase("both ends are {release}; name two releases", release=ends[0]))
    return tuple(versions[first : last + 1]) if first < last else tuple(versions[last : first + 1][::-1])
