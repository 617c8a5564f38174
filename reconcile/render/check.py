"""Checked claims as tables and pages."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby

from reconcile.claims.check import VERDICTS, Check, ClaimCheck, Finding, Verdict
from reconcile.claims.claim import UNKNOWN, Claim
from reconcile.claims.wording import SUBJECTS_SAID, unit_said
from reconcile.language import commas, later, phrase, retold, sentences, together
from reconcile.render.files import csv_text
from reconcile.render.markdown import table
from reconcile.render.tables import Table

COLUMNS = (later("where"), later("printed"), later("verdict"), later("cause"), later("because"))

_TALLY: dict[Verdict, str] = {
    "reproduced": later("{n} reproduced"),
    "explained": later("{n} explained"),
    "not stated": later("{n} not stated"),
    "refuted": later("{n} refuted"),
    "unexplained": later("{n} unexplained"),
}
"""How many numbers have a verdict, by the verdict."""


def findings(checked: ClaimCheck) -> Table:
    """One row for each number of a claim."""
    rows = tuple(
        (_where(finding), _printed(finding), finding.verdict, ", ".join(finding.causes), retold(finding.because))
        for finding in checked.findings
    )
    return Table(columns=COLUMNS, rows=rows, numeric=frozenset({"printed"}))


def _where(finding: Finding) -> str:
    """Where a number stands; names of layers, and `total`, are those of the claim file."""
    return retold(finding.where) if " " in finding.where else finding.where


def _printed(finding: Finding) -> str:
    """The printed number; where none is shown, what stands in its place; a formula stands in the first column."""
    if finding.printed is None:
        return "" if finding.value is None else f"({_short(finding.value)})"
    return "" if finding.where.endswith(f": {finding.printed}") else finding.printed


def _short(value: Fraction) -> str:
    return f"{int(value):,}" if value.denominator == 1 else f"{float(value):,.6g}"


def verdicts(check: Check) -> str:
    """How many numbers there are of each verdict."""
    counted = {verdict: check.number(verdict) for verdict in VERDICTS}
    tally = commas(later(_TALLY[verdict], n=number) for verdict, number in counted.items() if number)
    return phrase("{n} numbers and formulas: {verdicts}.", n=sum(counted.values()), verdicts=tally)


def check_report(check: Check, command: str) -> str:
    """Every number with its verdict, by file and claim, after what stands out."""
    parts = [phrase("# Every number, checked"), f"**{verdicts(check)}**", _written(command), _legend()]
    parts += _wrong(check)
    for file, claims in groupby(check.claims, key=lambda one: one.claim.file):
        parts.append(f"## {file}")
        for checked in claims:
            parts += _claim(checked)
    return "\n\n".join(parts) + "\n"


def _written(command: str) -> str:
    return phrase(
        "Written by `{command}`. Every number outside the column `printed` was computed by that command.",
        command=command,
    )


def _legend() -> str:
    return phrase(
        "A number is *reproduced* where a way to count gives it for the very work that is stated, and *explained* "
        "where it differs from that by one named thing, or by what its own author declares; no number is fitted by two "
        "free factors at once. It is *refuted* where it is wrong and the mistake has a name, and *unexplained* where "
        "nothing that was tried gives it. In brackets stands what a counter gives where the source shows no number."
    )


def _wrong(check: Check) -> list[str]:
    """The numbers that do not hold, first of all."""
    rows = [
        (checked.claim.file, checked.claim.name, _where(finding), _printed(finding), retold(finding.because))
        for checked in check.claims
        for finding in checked.findings
        if finding.verdict in ("refuted", "unexplained")
    ]
    if not rows:
        return []
    columns = (later("file"), later("claim"), later("where"), later("printed"), later("because"))
    return [
        phrase("## What does not hold"),
        table(Table(columns=columns, rows=tuple(rows), numeric=frozenset({"printed"}))),
    ]


def _claim(checked: ClaimCheck) -> Iterator[str]:
    claim = checked.claim
    yield f"### {claim.name or claim.source or claim.file}"
    yield sentences(_about(claim))
    yield table(findings(checked))
    if checked.notes:
        yield "\n\n".join(notes(checked))


def notes(checked: ClaimCheck) -> Iterator[str]:
    """What is to be said of a claim besides; the note of its author stays as it is."""
    return (note if note == checked.claim.note else retold(note) for note in checked.notes)


def _about(claim: Claim) -> Iterator[str]:
    if claim.name and claim.source:
        yield phrase("From {source}.", source=claim.source)
    if claim.model is None:
        yield phrase("Arithmetic alone.")
        return
    model = f"`{claim.model}`"
    if claim.model.arguments:
        model = later("`{model}` with {arguments}", model=claim.model, arguments=dict(claim.model.arguments))
    fields = {
        "model": model,
        "inputs": together(f"`{item}`" for item in claim.inputs),
        "metric": SUBJECTS_SAID[claim.metric],
    }
    if claim.unit == UNKNOWN:
        yield phrase("{model} at {inputs}, {metric} in an unknown unit.", **fields)
    else:
        yield phrase("{model} at {inputs}, {metric} in units of {unit}.", **fields, unit=unit_said(claim.unit))


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
