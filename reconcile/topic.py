"""What a report page is about: a question between two numbers, its answer, and every number that stands around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from reconcile import reference
from reconcile.audit import Audit
from reconcile.explain import Explanation, explain
from reconcile.schema import Count
from reconcile.side import Side


@dataclass(frozen=True, eq=False, kw_only=True)
class Topic:
    """An audit with the one difference that its page starts with.

    `focus` is None where nothing can be compared.  `claims` are numbers that a person states, each read against the
    audit's own reference.  `question` and `answer` are sentences of their own, where a page has better ones than
    those that its numbers give; the first of the answer is the answer itself.
    """

    audit: Audit
    focus: Explanation | None
    claims: Mapping[str, Side] = field(default_factory=dict)
    question: str = ""
    answer: tuple[str, ...] = ()
    command: str = ""

    @cached_property
    def sides(self) -> Mapping[str, Side]:
        """Every number that can be compared: counters, claims, and the reference last."""
        counters = [count.counter for count in self.answered]
        last = [name for name in counters if name == reference.NAME]
        found = {name: self.audit.side(name) for name in counters if name != reference.NAME}
        return {**found, **self.claims, **{name: self.audit.side(name) for name in last}}

    @property
    def answered(self) -> tuple[Count, ...]:
        """The counters that gave a number."""
        return tuple(count for count in self.audit.run.counts if count.status == "ok" and count.total is not None)

    @property
    def failed(self) -> tuple[Count, ...]:
        """The counters that gave none."""
        return tuple(count for count in self.audit.run.counts if count.status == "failed")

    @cached_property
    def explanations(self) -> tuple[Explanation, ...]:
        """Every pair of numbers once; the one that the page starts with stands for its pair."""
        names = list(self.sides)
        pairs = [(left, right) for index, left in enumerate(names) for right in names[index + 1 :]]
        return tuple(self._between(left, right) for left, right in pairs)

    def _between(self, left: str, right: str) -> Explanation:
        focus = self.focus
        if focus is not None and {left, right} == {focus.left.counter, focus.right.counter}:
            return focus
        if left in self.claims or right in self.claims:
            return explain(self.sides[left], self.sides[right])
        return self.audit.explanation(left, right)

    def against_reference(self, name: str) -> Explanation | None:
        """How a number departs from the definition; None for the definition itself."""
        if name == reference.NAME or reference.NAME not in self.sides:
            return None
        if name in self.claims:
            return explain(self.claims[name], self.sides[reference.NAME])
        return self.audit.explanation(name, reference.NAME)

    @property
    def explained(self) -> bool:
        """Whether every counter answered and nothing is left unexplained."""
        return self.audit.explained and all(self.explanations)


def topic(audit: Audit, command: str = "", ends: tuple[str, str] | None = None) -> Topic:
    """The topic of an audit: the difference between two named numbers, or else the largest between two counters.

    An end may be a counter of the audit, `claim:FILE` or `run:FILE.json`.
    """
    if ends is None:
        return Topic(audit=audit, focus=_largest(audit), command=command)
    left, right = (audit.side(name) for name in ends)
    claims = {side.name: side for side in (left, right) if audit.run.count(side.name) is None}
    return Topic(audit=audit, focus=explain(left, right), claims=claims, command=command)


def _largest(audit: Audit) -> Explanation | None:
    """The largest difference between two counters, from the larger; against the reference where only one answered."""
    counters = [item for item in audit.explanations if reference.NAME not in (item.left.counter, item.right.counter)]
    found = max(counters or audit.explanations, key=lambda item: abs(item.difference), default=None)
    if found is None or found.difference >= 0:
        return found
    return audit.explanation(found.right.counter, found.left.counter)
