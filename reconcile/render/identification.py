"""What was found for a number in print, in words, as a table and as a page."""

from __future__ import annotations

from reconcile.claims.identify import Identification
from reconcile.claims.wording import unit_said
from reconcile.language import later, phrase, retold
from reconcile.render.markdown import table
from reconcile.render.tables import Table
from reconcile.render.text import number


def sentence(found: Identification) -> str:
    """The answer in one sentence or two."""
    tried = later("{n} different totals were compared", n=found.tried)
    if found.tried == 1:
        tried = later("one total was compared")
    fields = {"value": found.stated.text, "tried": tried, "chance": found.chance}
    if found.verdict == "identified":
        return phrase(
            "{value}: {because}; {tried}, and {chance:.2g} of so many would print these digits by chance.",
            because=retold(found.matches[0].because),
            **fields,
        )
    if found.verdict == "by chance":
        return phrase(
            "{value} has too few digits to be told from chance: {tried}, and {chance:.2g} of so many would print "
            "these digits by chance.",
            **fields,
        )
    return phrase(
        "Nothing gives {value}: {tried}, at this input and at sizes near it, and none prints it.",
        value=found.stated.text,
        tried=tried,
    )


def matches(found: Identification) -> Table:
    """One row for each match."""
    rows = [
        (
            retold(match.counter) if " " in match.counter else match.counter,
            match.version or "-",
            retold(unit_said(match.unit)),
            match.input,
            number(match.total),
            match.printed,
            retold(match.departs),
        )
        for match in found.matches
    ]
    columns = (
        *(later("counter"), later("release"), later("unit"), later("input")),
        *(later("total"), later("printed"), later("departs")),
    )
    return Table(columns=columns, rows=tuple(rows), numeric=frozenset({"total", "printed"}), spare=("printed",))


def identification_page(found: Identification) -> str:
    """The answer as Markdown."""
    parts = [phrase("# What prints {value}", value=found.stated.text), sentence(found)]
    parts += [table(matches(found))] if found.matches else []
    parts += [f"- {retold(note)}" for note in found.notes]
    return "\n\n".join(parts) + "\n"
