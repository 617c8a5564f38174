"""What one model executes, in the form in which each way to count can be applied to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconcile import reference
from reconcile.ask import CounterId, Question
from reconcile.claims.ways import Way
from reconcile.launching.launch import launch
from reconcile.ledger import from_json as ledger_from_json
from reconcile.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Works:
    """What one model executes: in a clean pass, in the own runs of some counters, and as a trace holds it.

    Rules of counters that go by a trace name composite ops, which a clean pass executes without writing them down.
    """

    clean: Work
    own: Mapping[str, Work] = field(default_factory=dict)
    traced: Callable[[], Work | None] = lambda: None

    def of(self, way: Way) -> Work | None:
        """The work that a way can be applied to; None where only a run of the counter would record it."""
        if way.counter is not None and way.counter in self.own:
            return self.own[way.counter]
        if way.traced:
            return self.traced()
        return None if way.needs_calls else self.clean


def traced(question: Question) -> Work | None:
    """What a model executes, as a trace of it holds it; None where no such pass can be made."""
    request = question.request(CounterId(name=reference.NAME), traced=True)
    (answer,) = launch([request], timeout=question.timeout, memory=question.memory, jobs=question.jobs)
    return traced_work(answer)


def traced_work(answer: Mapping[str, Any]) -> Work | None:
    """The work of an answer about a traced pass; None where it failed."""
    return Work(ledger_from_json(answer["ledger"])) if answer["status"] == "ok" else None
