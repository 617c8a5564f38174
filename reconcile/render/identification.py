"""What was found for a number in print, in words, as a table and as a page."""

from __future__ import annotations

from reconcile.claims.identify import Identification
from reconcile.render.markdown import table
from reconcile.render.tables import Table
from reconcile.render.text import number


def sentence(found: Identification) -> str:
    """The answer in one sentence or two."""
    tried = f"{found.tried} different totals were compared" if found.tried != 1 else "one total was compared"
    chance = f"{found.chance:.2g} of so many would print these digits by chance"
    if found.verdict == "identified":
        return f"{found.stated.text} is {found.matches[0].because}; {tried}, and {chance}."
    if found.verdict == "by chance":
        return f"{found.stated.text} has too few digits to be told from chance: {tried}, and {chance}."
    return f"Nothing gives {found.stated.text}: {tried}, at this input and at sizes near it, and none prints it."


def matches(found: Identification) -> Table:
    """One row for each match."""
    rows = [
        (
            match.counter,
            match.version or "-",
            match.unit,
            match.input,
            number(match.total),
            match.printed,
            match.departs,
        )
        for match in found.matches
    ]
    columns = ("counter", "release", "unit", "input", "total", "printed", "departs")
    return Table(columns=columns, rows=tuple(rows), numeric=frozenset({"total", "printed"}))


def identification_page(found: Identification) -> str:
    """The answer as Markdown."""
    parts = [f"# What prints {found.stated.text}", sentence(found)]
    parts += [table(matches(found))] if found.matches else []
    parts += [f"- {note}" for note in found.notes]
    return "\n\n".join(parts) + "\n"
