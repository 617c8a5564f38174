"""What the kit found in a whole test session, as Markdown for the summary page of a continuous-integration job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconcile.conformance.conform import VERDICTS, Result
from reconcile.render.markdown import table
from reconcile.render.tables import Table
from reconcile.render.text import number

Outcomes = Sequence[Mapping[str, Any]]
"""Outcomes of cases as JSON values, in the order in which they came."""


def results_by_counter(outcomes: Outcomes) -> dict[str, list[Result]]:
    """The results of each counter."""
    found: dict[str, list[Result]] = {}
    for item in outcomes:
        found.setdefault(item["counter"], []).append(Result.from_json(item["result"]))
    return found


def summary(outcomes: Outcomes, failures: Sequence[tuple[str, str]]) -> str:
    """One row for each counter, what failed of its cases, and the text of every other check that failed."""
    parts = ["## Counters of operations"]
    if outcomes:
        parts += [table(_verdicts(outcomes)), *_wrong(outcomes)]
    for name, text in failures:
        parts += [f"### {name}", f"```text\n{text.replace('```', '` ` `')}\n```"]
    return "\n\n".join(parts) + "\n"


def _verdicts(outcomes: Outcomes) -> Table:
    columns = ("counter", "cases", *VERDICTS, "failed")
    rows = tuple(
        (
            counter,
            str(len(results)),
            *(str(sum(result.verdict == verdict for result in results)) for verdict in VERDICTS),
            str(sum(bool(item["wrong"]) for item in outcomes if item["counter"] == counter)),
        )
        for counter, results in results_by_counter(outcomes).items()
    )
    return Table(columns=columns, rows=rows, numeric=frozenset(columns[1:]))


def _wrong(outcomes: Outcomes) -> list[str]:
    rows = tuple(
        (
            item["counter"],
            item["result"]["case"],
            number(item["result"]["told"]),
            number(item["result"]["reference"]),
            item["wrong"],
        )
        for item in outcomes
        if item["wrong"]
    )
    columns = ("counter", "case", "told", "definition", "why it fails")
    return [table(Table(columns=columns, rows=rows, numeric=frozenset(columns[2:4])))] if rows else []
