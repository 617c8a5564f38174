"""The committed matrix of conformance, as the pages read it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from reconcile.conformance.conform import Conformance, Result, Shown, Suite

_SPECIAL = frozenset({"oddities", "contexts", "sharing", "movement"})
"""Subjects whose cases are about something else than the layer that they hold."""


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Every counter on every case."""

    suite: Suite

    @classmethod
    def read(cls, file: Path) -> Matrix:
        """The matrix that a file holds."""
        return cls(suite=Suite.from_json(json.loads(file.read_text(encoding="utf-8"))))

    @cached_property
    def cases(self) -> Mapping[str, Shown]:
        """The cases by name."""
        return {case.case: case for case in self.suite.cases}

    def of(self, counter: str) -> Conformance | None:
        """The results of one counter; None if it counts no operations."""
        return next((item for item in self.suite.counters if item.counter == counter), None)

    def departing(self, results: Conformance) -> Mapping[str, Sequence[Result]]:
        """The results in which a counter departs, by cause; the smallest and plainest case of each comes first."""
        found: dict[str, list[Result]] = {}
        for result in results.of("departs"):
            for cause in result.causes:
                found.setdefault(cause, []).append(result)
        return {cause: sorted(items, key=self._plainness) for cause, items in found.items()}

    def _plainness(self, result: Result) -> tuple[int, bool, int, str]:
        case = self.cases[result.case]
        return len(result.causes), case.subject in _SPECIAL, case.reference, result.case

    def showing(self, cause: str) -> Mapping[str, Sequence[Result]]:
        """The results that have one cause, by counter."""
        found = {item.counter: self.departing(item).get(cause, ()) for item in self.suite.counters}
        return {counter: results for counter, results in found.items() if results}

    def verdicts(self, results: Conformance) -> Mapping[str, int]:
        """How often each verdict was given."""
        return Counter(result.verdict for result in results.results)
