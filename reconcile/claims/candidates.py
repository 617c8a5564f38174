"""The candidates for each number of a table: what every way gives for its row, from one run of the row's model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from reconcile import reference
from reconcile.ask import CounterId, Question, ask, count_answered, entry_of, installed
from reconcile.claims.hypotheses import Counted, Hypothesis, departing, elsewhere, plain
from reconcile.claims.identify import counted_of, sizes_near
from reconcile.claims.stated import Stated
from reconcile.claims.table_file import TableRow
from reconcile.claims.works import traced, traced_work
from reconcile.errors import UsageError
from reconcile.launching.launch import stream
from reconcile.resources.metrics import OPERATIONS
from reconcile.schema import Run
from reconcile.work import Work


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """What every way gives for one number of one row: as stated, and with one departure that needs no other run.

    `failed` is why there is nothing to compare with.  `answered` runs the counters at hand that have not been.
    """

    row: TableRow
    stated: Stated
    question: Question
    plain: tuple[Hypothesis, ...] = ()
    departing: tuple[Hypothesis, ...] = ()
    failed: str = ""
    answered: Callable[[], Sequence[Counted]] = tuple

    @property
    def unit(self) -> str | None:
        """The unit that is stated; None for parameters, which have one unit only."""
        return self.stated.unit if self.stated.metric == OPERATIONS else None

    def printing(self) -> Iterator[Hypothesis]:
        """Everything that prints the number, the simplest first."""
        return (item for item in (*self.plain, *self.departing) if self.stated.printed.prints(item.value))

    def told(self) -> Iterator[Hypothesis]:
        """What counters really tell of the row; they are run, once for all numbers of it."""
        return plain(self.answered(), None, self.unit)

    def elsewhere(self) -> Iterator[Hypothesis]:
        """What every way gives at sizes of the input near which the number would come about; these are run."""
        total = next((round(item.value) for item in (*self.plain, *self.departing) if item.way.kind == "definition"), 0)
        for inputs in sizes_near(self.stated, total, self.question.inputs):
            there = replace(self.question, inputs=inputs)
            run = _counted(there, ())
            if isinstance(run, Run):
                counted = counted_of(run, OPERATIONS, self.question.adapters, cache(partial(traced, there)))
                yield from elsewhere(counted, " ".join(map(str, inputs)))


def candidates_of(rows: Sequence[TableRow], question: Question, counters: Sequence[str]) -> Iterator[list[Candidates]]:
    """The candidates for the numbers of each row, row by row."""
    for row, (run, trace) in zip(rows, _executed(rows, question, counters), strict=True):
        asked = _asked(row, question)
        answered = tuple if counters else cache(partial(_answered, asked))
        yield [replace(_candidates(row, stated, asked, run, trace), answered=answered) for stated in row.stated]


def _asked(row: TableRow, question: Question) -> Question:
    return replace(question, model=row.model, inputs=row.inputs)


Trace = Callable[[], Work | None]
"""The work of a row as a trace of its model holds it; None where there is none."""


def _executed(
    rows: Sequence[TableRow], question: Question, counters: Sequence[str]
) -> Iterator[tuple[Run | str, Trace]]:
    """A run of every row by the reference, and by the counters that are named; or why there is none."""
    asked = [_asked(row, question) for row in rows]
    if counters:
        yield from ((_counted(own, counters), cache(partial(traced, own))) for own in asked)
        return
    clean = CounterId(name=reference.NAME)
    requests = [own.request(clean, traced=held) for own in asked for held in (False, True)]
    answers = stream(requests, timeout=question.timeout, jobs=question.jobs)
    for own in asked:
        answer, held = next(answers), next(answers)
        run = _run(own, answer) if answer["status"] == "ok" else str(answer["reason"])
        yield run, cache(partial(traced_work, held))


def _run(question: Question, answer: Mapping[str, Any]) -> Run:
    """The run of an answer of the reference."""
    clean = CounterId(name=reference.NAME)
    count = count_answered(clean, entry_of(clean), answer, question.context)
    framework = "torch" if count.ledger is None else count.ledger.framework
    model = question.describe() | {"framework": framework}
    return Run(model=model, context=question.context, reference=None, counts=(count,))


def _answered(question: Question) -> tuple[Counted, ...]:
    """What every counter at hand tells in a run of its own."""
    run = _counted(question, installed(question.adapters))
    found = () if isinstance(run, str) else counted_of(run, OPERATIONS, question.adapters)
    return tuple(one for one in found if one.way.kind == "counter")


def _counted(question: Question, counters: Sequence[str]) -> Run | str:
    try:
        return ask(question, [reference.NAME, *counters])
    except UsageError as error:
        return str(error)


def _candidates(row: TableRow, stated: Stated, question: Question, run: Run | str, trace: Trace) -> Candidates:
    if isinstance(run, str):
        return Candidates(row=row, stated=stated, question=question, failed=run)
    found = Candidates(row=row, stated=stated, question=question)
    counted = counted_of(run, stated.metric, question.adapters, trace)
    more = departing(counted, None, found.unit) if stated.metric == OPERATIONS else ()
    return replace(found, plain=tuple(plain(counted, None, found.unit)), departing=tuple(more))
