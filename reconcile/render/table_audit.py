"""What an audit of a published table found, in words, as tables and as a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from reconcile.claims.table_audit import VERDICTS, Convention, Finding, TableAudit, Verdict
from reconcile.claims.wording import unit_said
from reconcile.language import clauses, commas, later, phrase, retold
from reconcile.render.markdown import table
from reconcile.render.tables import Table
from reconcile.render.text import number

_WORDS = {"operations": later("operations"), "params": later("parameters")}

_TALLY: dict[Verdict, str] = {
    "follows": later("{n} follows"),
    "another convention": later("{n} another convention"),
    "slip of digits": later("{n} slip of digits"),
    "nothing gives it": later("{n} nothing gives it"),
    "failed": later("{n} failed"),
}
"""How many numbers have a verdict, by the verdict."""


def sentences(audit: TableAudit) -> tuple[str, ...]:
    """One sentence for the convention of each metric, and one for what does not follow it."""
    said = [_convention(item) for item in audit.conventions]
    outside = [item for item in audit.findings if item.verdict != "follows"]
    numbers = len(audit.findings)
    if outside:
        counted = Counter(item.verdict for item in outside)
        tally = commas(later(_TALLY[verdict], n=counted[verdict]) for verdict in VERDICTS if counted[verdict])
        last = phrase("{n} of {all} numbers do not: {tally}.", n=len(outside), all=numbers, tally=tally)
    elif len(said) == 1:
        last = phrase("Every one of the {n} numbers follows it.", n=numbers)
    else:
        last = phrase("Every one of the {n} numbers follows the convention of its column.", n=numbers)
    return (*said, last)


def _convention(item: Convention) -> str:
    fields = {"metric": _WORDS[item.metric], "counter": item.counter, "follows": item.follows, "n": item.of}
    if item.departs:
        said = later(
            "The convention of the {metric} is {counter}, {departs}: {follows} of {n} follow it",
            departs=item.departs,
            **fields,
        )
    else:
        said = later(
            "The convention of the {metric} is {counter} in {unit}: {follows} of {n} follow it",
            unit=unit_said(item.unit),
            **fields,
        )
    also = [later("the same rows follow {ways}", ways=clauses(item.also))] if item.also else []
    return phrase("{clauses}.", clauses=clauses([said, *also]))


def outside(audit: TableAudit) -> Table:
    """One row for each number that does not follow the convention."""
    rows = [
        (
            item.row.name,
            _input(item),
            item.stated.text,
            item.verdict,
            retold(item.because),
            f"{item.tried}, {item.chance:.2g}" if item.tried > 1 else "-",
        )
        for item in audit.findings
        if item.verdict != "follows"
    ]
    columns = (
        *(later("model"), later("input"), later("value")),
        *(later("verdict"), later("because"), later("tried, by chance")),
    )
    return Table(columns=columns, rows=tuple(rows))


def numbers(audit: TableAudit) -> Table:
    """One row for each number of the table."""
    rows = [
        (item.row.name, _input(item), item.stated.text, number(item.total), item.verdict) for item in audit.findings
    ]
    columns = (later("model"), later("input"), later("value"), later("convention gives"), later("verdict"))
    return Table(columns=columns, rows=tuple(rows), numeric=frozenset({"value", "convention gives"}))


def _input(item: Finding) -> str:
    return " ".join(map(str, item.row.inputs))


def table_page(audit: TableAudit, command: str, versions: Mapping[str, str]) -> str:
    """The whole audit as Markdown."""
    shown = ", ".join(f"{name} {version}" for name, version in versions.items())
    first, *others = sentences(audit)
    parts = [phrase("# A published table, audited"), "\n".join([f"**{first}**", *others]), _method()]
    parts += [phrase("Written by `{command}` with {versions}.", command=command, versions=shown)]
    parts += [phrase("## What does not follow"), table(outside(audit))] if not audit.uniform else []
    parts += [phrase("## Every number"), table(numbers(audit))]
    return "\n\n".join(parts) + "\n"


def _method() -> str:
    """How the numbers of a table were looked for, one sentence on a line."""
    return "\n".join(
        [
            phrase(
                "A convention is a way to count with at most one departure from the plain count, the same for every "
                "row."
            ),
            phrase(
                "Every model is executed by shape on its own input; counters are told by their rules unless they are "
                "named, and are run on a row that nothing else gives."
            ),
        ]
    )
