"""What an audit of a published table found, in words, as tables and as a report."""

from __future__ import annotations

from collections.abc import Mapping

from reconcile.claims.table_audit import VERDICTS, Convention, Finding, TableAudit
from reconcile.render.markdown import table
from reconcile.render.tables import Table
from reconcile.render.text import number

_WORDS = {"operations": "operations", "params": "parameters"}


def sentences(audit: TableAudit) -> tuple[str, ...]:
    """One sentence for the convention of each metric, and one for what does not follow it."""
    said = [_convention(item) for item in audit.conventions]
    outside = [item for item in audit.findings if item.verdict != "follows"]
    numbers = len(audit.findings)
    if not outside:
        return (
            *said,
            f"Every one of the {numbers} numbers follows it."
            if len(said) == 1
            else f"Every one of the {numbers} numbers follows the convention of its column.",
        )
    counts = [(sum(item.verdict == verdict for item in outside), verdict) for verdict in VERDICTS]
    tally = ", ".join(f"{many} {verdict}" for many, verdict in counts if many)
    return (*said, f"{len(outside)} of {numbers} numbers do not: {tally}.")


def _convention(item: Convention) -> str:
    how = f", {item.departs}" if item.departs else f" in {item.unit}"
    also = f"; the same rows follow {'; '.join(item.also)}" if item.also else ""
    said = f"The convention of the {_WORDS[item.metric]} is {item.counter}{how}"
    return f"{said}: {item.follows} of {item.of} follow it{also}."


def outside(audit: TableAudit) -> Table:
    """One row for each number that does not follow the convention."""
    rows = [
        (
            item.row.name,
            _input(item),
            item.stated.text,
            item.verdict,
            item.because,
            f"{item.tried}, {item.chance:.2g}" if item.tried > 1 else "-",
        )
        for item in audit.findings
        if item.verdict != "follows"
    ]
    return Table(columns=("model", "input", "value", "verdict", "because", "tried, by chance"), rows=tuple(rows))


def numbers(audit: TableAudit) -> Table:
    """One row for each number of the table."""
    rows = [
        (item.row.name, _input(item), item.stated.text, number(item.total), item.verdict) for item in audit.findings
    ]
    columns = ("model", "input", "value", "convention gives", "verdict")
    return Table(columns=columns, rows=tuple(rows), numeric=frozenset({"value", "convention gives"}))


def _input(item: Finding) -> str:
    return " ".join(map(str, item.row.inputs))


def table_page(audit: TableAudit, command: str, versions: Mapping[str, str]) -> str:
    """The whole audit as Markdown."""
    shown = ", ".join(f"{name} {version}" for name, version in versions.items())
    first, *others = sentences(audit)
    parts = ["# A published table, audited", "\n".join([f"**{first}**", *others]), _METHOD]
    parts += [f"Written by `{command}` with {shown}."]
    parts += ["## What does not follow", table(outside(audit))] if not audit.uniform else []
    parts += ["## Every number", table(numbers(audit))]
    return "\n\n".join(parts) + "\n"


_METHOD = """\
A convention is a way to count with at most one departure from the plain count, the same for every row.
Every model is executed by shape on its own input; counters are told by their rules unless they are named."""
