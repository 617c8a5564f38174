"""Checked claims as tables and pages."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby

from reconcile.claims.check import VERDICTS, Check, ClaimCheck, Finding
from reconcile.claims.claim import Claim
from reconcile.render.files import csv_text
from reconcile.render.markdown import table
from reconcile.render.tables import Table

COLUMNS = ("where", "printed", "verdict", "cause", "because")


def findings(checked: ClaimCheck) -> Table:
    """One row for each number of a claim."""
    rows = tuple(
        (finding.where, _printed(finding), finding.verdict, ", ".join(finding.causes), finding.because)
        for finding in checked.findings
    )
    return Table(columns=COLUMNS, rows=rows, numeric=frozenset({"printed"}))


def _printed(finding: Finding) -> str:
    """The printed number; where none is shown, what stands in its place; a formula stands in the first column."""
    if finding.printed is None:
        return "" if finding.value is None else f"({_short(finding.value)})"
    return "" if finding.where.endswith(f": {finding.printed}") else finding.printed


def _short(value: Fraction) -> str:
    return f"{int(value):,}" if value.denominator == 1 else f"{float(value):,.6g}"


def verdicts(check: Check) -> str:
    """How many numbers there are of each verdict."""
    counted = [f"{check.number(verdict)} {verdict}" for verdict in VERDICTS if check.number(verdict)]
    return f"{sum(check.number(verdict) for verdict in VERDICTS)} numbers and formulas: {', '.join(counted)}."


def check_report(check: Check, command: str) -> str:
    """Every number with its verdict, by file and claim, after what stands out."""
    parts = ["# Every number, checked", f"**{verdicts(check)}**", _written(command), _legend()]
    parts += _wrong(check)
    for file, claims in groupby(check.claims, key=lambda one: one.claim.file):
        parts.append(f"## {file}")
        for checked in claims:
            parts += _claim(checked)
    return "\n\n".join(parts) + "\n"


def _written(command: str) -> str:
    return f"Written by `{command}`. Every number outside the column `printed` was computed by that command."


def _legend() -> str:
    return (
        "A number is *reproduced* where a way to count gives it for the very work that is stated, and *explained* "
        "where it differs from that by one named thing, or by what its own author declares; no number is fitted by two "
        "free factors at once. It is *refuted* where it is wrong and the mistake has a name, and *unexplained* where "
        "nothing that was tried gives it. In brackets stands what a counter gives where the source shows no number."
    )


def _wrong(check: Check) -> list[str]:
    """The numbers that do not hold, first of all."""
    rows = [
        (checked.claim.file, checked.claim.name, finding.where, _printed(finding), finding.because)
        for checked in check.claims
        for finding in checked.findings
        if finding.verdict in ("refuted", "unexplained")
    ]
    if not rows:
        return []
    columns = ("file", "claim", "where", "printed", "because")
    return ["## What does not hold", table(Table(columns=columns, rows=tuple(rows), numeric=frozenset({"printed"})))]


def _claim(checked: ClaimCheck) -> Iterator[str]:
    claim = checked.claim
    yield f"### {claim.name or claim.source or claim.file}"
    yield " ".join(_about(claim))
    yield table(findings(checked))
    if checked.notes:
        yield "\n\n".join(checked.notes)


def _about(claim: Claim) -> Iterator[str]:
    if claim.name and claim.source:
        yield f"From {claim.source}."
    if claim.model is None:
        yield "Arithmetic alone."
        return
    given = f" with {dict(claim.model.arguments)}" if claim.model.arguments else ""
    yield f"`{claim.model}`{given} at {' and '.join(f'`{item}`' for item in claim.inputs)}, {claim.metric}"
    yield f"in units of {claim.unit}." if claim.unit != "unknown" else "in an unknown unit."


def check_csv(check: Check) -> str:
    """One line for each number."""
    columns = ("file", "claim", "where", "printed", "verdict", "way", "value", "causes", "because", "tried")
    rows = [
        (
            checked.claim.file,
            checked.claim.name,
            finding.where,
            finding.printed,
            finding.verdict,
            finding.way,
            finding.to_json()["value"],
            " ".join(finding.causes),
            finding.because,
            finding.tried,
        )
        for checked in check.claims
        for finding in checked.findings
    ]
    return csv_text(columns, rows)
