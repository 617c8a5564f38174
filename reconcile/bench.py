"""What counting costs: this toolkit by shape and for real, and the bare counters, on one model in one run."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from reconcile import reference
from reconcile.ask import CounterId, Question, ask, entry_of, parse_counter
from reconcile.errors import UsageError
from reconcile.language import later, phrase
from reconcile.launching.launch import Request, launch

Way = Literal["shape", "unwatched", "real", "bare"]

WAYS: Mapping[Way, str] = {
    "shape": later("by shape, as the toolkit counts"),
    "unwatched": later("by shape, with nothing recorded"),
    "real": later("`--real`: every value computed, and recorded"),
    "bare": later("the counter alone, in plain Python"),
}
"""What each way of counting is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one counter took in one way: seconds of counting, the most bytes held meanwhile, and what it told."""

    counter: str
    way: Way
    seconds: float | None
    peak: int | None
    total: int | None
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The cost as plain JSON values."""
        return {
            "counter": self.counter,
            "way": self.way,
            "seconds": self.seconds,
            "peak": self.peak,
            "total": self.total,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The costs on one model and input.

    `audit` are seconds from the question to the answer, by shape; `plain` those of the bare counters one after another.
    Both include the making of the models.
    """

    model: Mapping[str, Any]
    machine: str
    costs: tuple[Cost, ...]
    audit: float
    plain: float

    SCHEMA = "reconcile/bench/1"

    def cost(self, counter: str, way: Way) -> Cost | None:
        """What a counter took in one way."""
        return next((cost for cost in self.costs if (cost.counter, cost.way) == (counter, way)), None)

    @property
    def counters(self) -> tuple[str, ...]:
        """The counters in the order that they were asked in."""
        return tuple(dict.fromkeys(cost.counter for cost in self.costs))

    def counting(self, way: Way) -> float:
        """Seconds of counting of all counters together."""
        return sum(cost.seconds or 0.0 for cost in self.costs if cost.way == way)

    @property
    def agreed(self) -> bool:
        """Whether every counter told the same in every way."""
        told = {counter: {cost.total for cost in self.costs if cost.counter == counter} for counter in self.counters}
        return all(len(totals) == 1 and None not in totals for totals in told.values())

    def to_json(self) -> dict[str, Any]:
        """The bench as plain JSON values."""
        return {
            "schema": self.SCHEMA,
            "model": dict(self.model),
            "machine": self.machine,
            "costs": [cost.to_json() for cost in self.costs],
            "audit_seconds": self.audit,
            "plain_seconds": self.plain,
        }


def machine() -> str:
    """This machine in one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return later(
        "{machine}, {cores} cores, {memory:.0f} GiB, {system}, Python {python}; load average {load:.1f} when it began",
        machine=platform.machine(),
        cores=cores,
        memory=memory,
        system=platform.system(),
        python=platform.python_version(),
        load=load,
    )


def bench(question: Question, counters: Sequence[str]) -> Bench:
    """Measure counters on a model, one after another, so that none waits for another.

    Raises `UsageError` for a counter that cannot stand in one process with the others, or that counts no PyTorch model.
    """
    found, began = machine(), time.perf_counter()
    question = replace(question, cached=False, real=False)
    ids = [_bare(question, text) for text in counters]
    _first(question)
    began = time.perf_counter()
    ask(question, [str(item) for item in ids])
    audit = time.perf_counter() - began
    costs = [
        *_costs(question, ids, "shape"),
        *_costs(question, ids, "unwatched"),
        *_costs(replace(question, real=True), ids, "real"),
    ]
    _first(question)
    began = time.perf_counter()
    costs += _plain(question, ids)
    plain = time.perf_counter() - began
    return Bench(model=question.describe(), machine=found, costs=tuple(costs), audit=audit, plain=plain)


def _first(question: Question) -> None:
    """Let a worker wait for the framework to be imported, which is no part of what is measured next."""
    launch([question.request(CounterId(name=reference.NAME))], timeout=question.timeout)


def _bare(question: Question, text: str) -> CounterId:
    """A counter that can be called in plain Python beside others."""
    item = parse_counter(text)
    entry = entry_of(item, question.adapters)
    if item.context or entry.overlay is not None or entry.counter.framework != "torch":
        raise UsageError(
            phrase(
                "{counter!r} cannot be measured beside others: name counters of PyTorch that are installed, without a "
                "context",
                counter=text,
            )
        )
    return item


def _costs(question: Question, ids: Sequence[CounterId], way: Way) -> list[Cost]:
    requests = [question.request(item, recorded=way != "unwatched") for item in ids]
    answers = launch(requests, timeout=question.timeout, memory=question.memory, jobs=1)
    return [_cost(str(item), way, answer) for item, answer in zip(ids, answers, strict=True)]


def _cost(counter: str, way: Way, answer: Mapping[str, Any]) -> Cost:
    return Cost(
        counter=counter,
        way=way,
        seconds=answer.get("seconds", {}).get("counting"),
        peak=answer.get("peak"),
        total=answer.get("total"),
        reason=answer.get("reason"),
    )


def _plain(question: Question, ids: Sequence[CounterId]) -> list[Cost]:
    """The bare counters in one process; if that breaks, so does every row of it."""
    first = question.request(ids[0], recorded=False)
    names = [item.name for item in ids]
    request = Request(document={**first.document, "real": True, "counters": names}, payload=first.payload)
    (answer,) = launch([request], timeout=question.timeout * len(ids), memory=question.memory)
    rows = answer.get("rows") or [{"counter": name, "reason": answer.get("reason")} for name in names]
    return [_cost(str(item), "bare", row) for item, row in zip(ids, rows, strict=True)]
