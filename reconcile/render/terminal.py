"""The terminal: tables that fit, colours where they are wanted, nothing else on standard output.

What draws is imported when something is drawn: a command that prints a document, or refuses, needs none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from reconcile.audit import Audit
from reconcile.explain import Explanation
from reconcile.language import commas, later, phrase, retold
from reconcile.render import tables
from reconcile.render.tables import Table
from reconcile.samples import samples
from reconcile.schema import Run

if TYPE_CHECKING:
    from rich.console import Console


def console() -> Console:
    """Standard output; `NO_COLOR` and pipes are honoured by rich itself, and a pipe is given room."""
    from rich.console import Console

    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=120)


def show(given: Table, *, to: Console) -> None:
    """Print one table; columns that can be spared are left out, and named, where there is no room for them.

    Where there is none for the others either, nothing is left out: the cells of a row stand below each other.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as Drawn
    from rich.text import Text

    from reconcile.render.fitting import fitted

    fit = fitted(given, to.width)
    if fit is None:
        _show_cells(given, to=to)
        return
    drawn = Drawn(box=SIMPLE_HEAD, pad_edge=False, expand=False)
    for column, width in zip(fit.columns, fit.widths, strict=True):
        justify: Literal["right", "left"] = "right" if column.numeric else "left"
        drawn.add_column(Text(column.heading), justify=justify, no_wrap=column.numeric, overflow="fold", width=width)
    for cells in zip(*(column.cells for column in fit.columns), strict=True):
        drawn.add_row(*map(Text, cells))
    to.print(drawn)
    if fit.left_out:
        columns = commas(map(later, fit.left_out))
        say(phrase("No room for {columns}: a wider terminal shows more.", columns=columns), to=to)


def _show_cells(given: Table, *, to: Console) -> None:
    """Print a table as one block for each row: every cell on a line of its own, behind the name of its column."""
    from rich.table import Table as Drawn
    from rich.text import Text

    from reconcile.render.fitting import columns_of

    drawn = Drawn.grid(padding=(0, 2))
    drawn.add_column(max_width=to.width // 2, overflow="fold", style="bold")
    drawn.add_column(overflow="fold")
    columns = columns_of(given)
    for cells in zip(*(column.cells for column in columns), strict=True):
        drawn.add_row()
        for column, cell in zip(columns, cells, strict=True):
            if cell:
                drawn.add_row(Text(column.heading), Text(cell))
    to.print(drawn)
    to.print()


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
    for note in (*(note for count in run.counts for note in tables.state_notes(count)), *tables.warning_notes(run)):
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
    show(tables.totals(audit.run, samples(audit)), to=out)
    for note in tables.work_notes(audit.run):
        say(note, to=out)
    for explanation in audit.explanations:
        if explanation.right.counter == "reference":
            say(tables.headline(explanation), to=out)
