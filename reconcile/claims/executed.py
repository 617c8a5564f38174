"""The bench on which numbers are checked: what a model executes at an input, and what counters tell there, run once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial

from reconcile import reference
from reconcile.ask import Question, ask, entry_of, parse_counter
from reconcile.claims.hypotheses import Counted, count
from reconcile.claims.ways import Way, way_of, ways
from reconcile.claims.works import Works, traced
from reconcile.errors import UsageError
from reconcile.inputs import Input
from reconcile.language import later, phrase, retold
from reconcile.objects import ObjectSpec
from reconcile.resources.metrics import OPERATIONS
from reconcile.schema import Count
from reconcile.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A model at an input, and what is counted of it."""

    model: ObjectSpec
    inputs: tuple[Input, ...]
    metric: str

    @property
    def key(self) -> str:
        """The model and the input as one text."""
        return json.dumps([self.model.to_json(), [str(item) for item in self.inputs]], sort_keys=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class Bench:
    """Runs made while claims are checked; each model is executed once at each input, each counter once on it."""

    question: Question
    _runs: dict[tuple[str, str], Count] = field(default_factory=dict, init=False)
    _counted: dict[tuple[str, str], tuple[Counted, ...]] = field(default_factory=dict, init=False)

    def work(self, topic: Topic) -> Work:
        """What the model executes, from a clean pass."""
        ledger = self._run(topic, reference.NAME).ledger
        assert ledger is not None
        return Work(ledger)

    def counted(self, topic: Topic) -> tuple[Counted, ...]:
        """What every way gives that needs no run of its own, by its rules on the executed work."""
        key = (topic.key, topic.metric)
        if key not in self._counted:
            works = Works(clean=self.work(topic), traced=cache(partial(traced, self._asked(topic))))
            found = ways(topic.metric, works.clean.ledger.framework, self.question.adapters)
            self._counted[key] = count(found, works)
        return self._counted[key]

    def run_too(self, topic: Topic) -> tuple[Counted, ...]:
        """What the installed counters tell that go by Python-level calls, which only their own runs record."""
        if topic.metric != OPERATIONS:
            return ()
        framework = self.work(topic).ledger.framework
        needed = [way for way in ways(OPERATIONS, framework, self.question.adapters) if way.needs_calls]
        able = [way for way in needed if way.counter and way.release is None and self._able(way.counter)]
        return tuple(found for way in able if (found := self._told(topic, way, str(way.counter))) is not None)

    def told(self, topic: Topic, counter: str) -> Counted:
        """What one counter really tells; a counter that fails, or tells nothing of the metric, is refused."""
        way = way_of(counter, topic.metric, self.question.adapters)
        found = None if way is None else self._told(topic, way, counter)
        if found is None:
            reason = self._run(topic, counter).reason or later("by design")
            raise UsageError(
                phrase(
                    "{counter} tells nothing of the {metric} of {model}: {reason}",
                    counter=counter,
                    metric=topic.metric,
                    model=topic.model,
                    reason=retold(reason),
                )
            )
        return found

    def _able(self, counter: str) -> bool:
        entry = entry_of(parse_counter(counter), self.question.adapters)
        return entry.missing is None and entry.overlay is None

    def _told(self, topic: Topic, way: Way, counter: str) -> Counted | None:
        """The rows that a counter told in its own run; of a metric besides operations, those of its measure."""
        run = self._run(topic, counter)
        if run.status == "failed" or run.ledger is None:
            return None
        measure = run.measure(topic.metric)
        layers = run.layers if topic.metric == OPERATIONS else (() if measure is None else measure.layers)
        rows = {layer.layer: layer.told for layer in layers}
        work = Work(run.ledger)
        return Counted(way=way, work=work, rows=rows, parts=way.parts(work)) if rows else None

    def _run(self, topic: Topic, counter: str) -> Count:
        key = (topic.key, counter)
        if key not in self._runs:
            (self._runs[key],) = ask(self._asked(topic), [counter]).counts
        return self._runs[key]

    def _asked(self, topic: Topic) -> Question:
        return replace(self.question, model=topic.model, inputs=topic.inputs)


def executable(bench: Bench, topic: Topic, inputs: Sequence[Input]) -> Topic | None:
    """The same model at another input; None where it cannot be executed there."""
    other = replace(topic, inputs=tuple(inputs))
    try:
        bench.work(other)
    except UsageError:
        return None
    return other
