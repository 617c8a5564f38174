"""The candidates for each number of a table: what every way gives for its row, from one run of the row's model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconcile import reference
from reconcile.ask import CounterId, Question, ask, count_answered, entry_of
from reconcile.claims.hypotheses import Hypothesis, departing, elsewhere, plain
from reconcile.claims.identify import counted_of, sizes_near
from reconcile.claims.stated import Stated
from reconcile.claims.table_file import TableRow
from reconcile.errors import UsageError
from reconcile.launching.launch import stream
from reconcile.resources.metrics import OPERATIONS
from reconcile.schema import Run


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """What every way gives for one number of one row: as stated, and with one departure that needs no other run.

    `failed` is why there is nothing to compare with.
    """

    row: TableRow
    stated: Stated
    question: Question
    plain: tuple[Hypothesis, ...] = ()
    departing: tuple[Hypothesis, ...] = ()
    failed: str = ""

    @property
    def unit(self) -> str | None:
        """The unit that is stated; None for parameters, which have one unit only."""
        return self.stated.unit if self.stated.metric == OPERATIONS else None

    def printing(self) -> Iterator[Hypothesis]:
        """Everything that prints the number, the simplest first."""
        return (item for item in (*self.plain, *self.departing) if self.stated.printed.prints(item.value))

    def elsewhere(self) -> Iterator[Hypothesis]:
        """What every way gives at sizes of the input near which the number would come about; these are run."""
        total = next((round(item.value) for item in (*self.plain, *self.departing) if item.way.kind == "definition"), 0)
        for inputs in sizes_near(self.stated, total, self.question.inputs):
            run = _counted(replace(self.question, inputs=inputs), ())
            if isinstance(run, Run):
                counted = counted_of(run, OPERATIONS, self.question.adapters)
                yield from elsewhere(counted, " ".join(map(str, inputs)))


def candidates_of(rows: Sequence[TableRow], question: Question, counters: Sequence[str]) -> Iterator[list[Candidates]]:
    """The candidates for the numbers of each row, row by row."""
    for row, run in zip(rows, _executed(rows, question, counters), strict=True):
        yield [_candidates(row, stated, _asked(row, question), run) for stated in row.stated]


def _asked(row: TableRow, question: Question) -> Question:
    return replace(question, model=row.model, inputs=row.inputs)


def _executed(rows: Sequence[TableRow], question: Question, counters: Sequence[str]) -> Iterator[Run | str]:
    """A run of every row by the reference, and by the counters that are named; or why there is none."""
    asked = [_asked(row, question) for row in rows]
    if counters:
        yield from (_counted(own, counters) for own in asked)
        return
    clean = CounterId(name=reference.NAME)
    answers = stream([own.request(clean) for own in asked], timeout=question.timeout, jobs=question.jobs)
    for own, answer in zip(asked, answers, strict=True):
        yield _run(own, answer) if answer["status"] == "ok" else str(answer["reason"])


def _run(question: Question, answer: Mapping[str, Any]) -> Run:
    """The run of an answer of the reference."""
    clean = CounterId(name=reference.NAME)
    count = count_answered(clean, entry_of(clean), answer, question.context)
    framework = "torch" if count.ledger is None else count.ledger.framework
    model = question.describe() | {"framework": framework}
    return Run(model=model, context=question.context, reference=None, counts=(count,))


def _counted(question: Question, counters: Sequence[str]) -> Run | str:
    try:
        return ask(question, [reference.NAME, *counters])
    except UsageError as error:
        return str(error)


def _candidates(row: TableRow, stated: Stated, question: Question, run: Run | str) -> Candidates:
    if isinstance(run, str):
        return Candidates(row=row, stated=stated, question=question, failed=run)
    found = Candidates(row=row, stated=stated, question=question)
    counted = counted_of(run, stated.metric, question.adapters)
    more = departing(counted, None, found.unit) if stated.metric == OPERATIONS else ()
    return replace(found, plain=tuple(plain(counted, None, found.unit)), departing=tuple(more))
