"""The terminal: tables that fit, colours where they are wanted, nothing else on standard output.

What draws is imported when something is drawn: a command that prints a document, or refuses, needs none of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconcile.audit import Audit
from reconcile.explain import Explanation
from reconcile.language import commas, later, phrase, retold
from reconcile.render import tables
from reconcile.render.tables import Table
from reconcile.schema import Run

if TYPE_CHECKING:
    from rich.console import Console


def console() -> Console:
    """Standard output; `NO_COLOR` and pipes are honoured by rich itself, and a pipe is given room."""
    from rich.console import Console

    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=120)


def show(given: Table, *, to: Console) -> None:
    """Print one table; columns that can be spared are left out, and named, where there is no room for them."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as Drawn
    from rich.text import Text

    fitting, left_out = _fitting(given, to.width)
    drawn = Drawn(box=SIMPLE_HEAD, pad_edge=False, expand=False)
    for column in fitting.columns:
        right = column in fitting.numeric
        drawn.add_column(phrase(column), justify="right" if right else "left", no_wrap=right, overflow="fold")
    for row in fitting.rows:
        drawn.add_row(*(Text(cell) for cell in row))
    to.print(drawn)
    if left_out:
        columns = commas(map(later, left_out))
        say(phrase("No room for {columns}: a wider terminal shows more.", columns=columns), to=to)


def _fitting(given: Table, width: int) -> tuple[Table, list[str]]:
    """A table without the spare columns that would break the numbers and words of the others, and their names."""
    left_out = []
    for column in given.spare:
        if _least(given) <= width:
            break
        given = given.without(column)
        left_out.append(column)
    return given, left_out


def _least(given: Table) -> int:
    """The width below which a number or a word of a table would be broken."""
    columns = zip(map(phrase, given.columns), *given.rows, strict=True)
    return sum(max(map(_unbreakable, column)) + 3 for column in columns)


_WORD = re.compile(r"[^\s\u2e80-\uffef]+")
"""What no line is broken in; one may end behind any character of Chinese."""


def _unbreakable(cell: str) -> int:
    return max(map(len, _WORD.findall(cell)), default=0)


def say(text: str, *, to: Console) -> None:
    """Print one line of plain text."""
    from rich.text import Text

    to.print(Text(text))


def show_answer(answer: str, rests_on: Table) -> None:
    """Print an answer and the table that it rests on."""
    out = console()
    say(answer, to=out)
    show(rests_on, to=out)


def show_run(run: Run, totals: Table, rows: Table) -> None:
    """Print the totals, the rows of the layers or groups of them, and every note of a run."""
    out = console()
    show(totals, to=out)
    if any(count.status == "ok" for count in run.counts):
        for part in tables.split(rows, out.width):
            show(part, to=out)
    if any(count.side_effects for count in run.counts):
        show(tables.side_effects(run), to=out)
    if run.reference is not None and run.reference.partial:
        ops = commas(run.reference.unpriced)
        say(phrase("The reference is partial: no price is known for {ops}.", ops=ops), to=out)
    for note in tables.work_notes(run):
        say(note, to=out)
    for count in run.counts:
        for note in (*tables.state_notes(count), *tables.warning_notes(count)):
            say(note, to=out)


def show_explanation(explanation: Explanation) -> None:
    """Print the answer, the causes and the formulas of one difference."""
    out = console()
    say(tables.headline(explanation), to=out)
    if explanation.causes or explanation.residual:
        show(tables.causes(explanation), to=out)
        show(tables.formulas(explanation), to=out)
    for note in explanation.notes:
        say(retold(note), to=out)


def show_audit(audit: Audit) -> None:
    """Print the totals of an audit and one line for each difference to the reference."""
    out = console()
    show(tables.totals(audit.run), to=out)
    for note in tables.work_notes(audit.run):
        say(note, to=out)
    for explanation in audit.explanations:
        if explanation.right.counter == "reference":
            say(tables.headline(explanation), to=out)
