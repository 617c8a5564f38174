"""The command `reconcile kits`: what the maintainers of counters would have to accept to keep them under test."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from reconcile.commands.options import DOCUMENT, examples, give, language_option
from reconcile.conformance.accepted import accepted_text
from reconcile.conformance.conform import Suite, conform
from reconcile.conformance.corpus import chosen
from reconcile.conformance.kit import SCHEMA, kit_of, picked, read_suite
from reconcile.render import terminal
from reconcile.render.files import csv_text, make_folder, write_text
from reconcile.render.kits import kits_report, kits_summary


@click.command(
    "kits",
    epilog=examples(
        "reconcile kits thop --case 'linears/*'",
    ),
)
@click.argument("counters", nargs=-1, required=True, metavar="NAME...")
@click.option("--from", "results", metavar="FILE.json", help="Results that `reconcile conform` wrote; nothing is run.")
@click.option("--case", "patterns", multiple=True, metavar="PATTERN", help="Only these, as `conv2d-*` or `norms/*`.")
@click.option("--out", metavar="DIR", help="Write DIR/NAME.yaml too: the accepted lines of each counter.")
@DOCUMENT
def kits_command(
    counters: Sequence[str],
    results: str | None,
    patterns: Sequence[str],
    out: str | None,
    as_json: bool,
    output: str | None,
) -> int:
    """Say what the maintainers of counters would have to accept, by cause, to keep them under test.

    Exit code 1: a counter drifted from its rules, which nobody can accept.
    """
    suite = _suite(counters, results, patterns)
    kits = tuple(kit_of(counter) for counter in suite.counters)
    if out is not None:
        _write_lines(suite, out)
    words = [*counters, *(["--from", results] if results else []), *(["--out", out] if out else [])]
    words += [word for pattern in patterns for word in ("--case", pattern)]
    words += [*(["--output", output] if output else []), *language_option()]
    table = kits_summary(kits)
    give(
        {"schema": SCHEMA, "kits": [kit.to_json() for kit in kits]},
        as_json=as_json,
        output=output,
        show=lambda: terminal.show(table, to=terminal.console()),
        texts={
            ".md": kits_report(suite, shlex.join(["reconcile", "kits", *words]), _beside(output, out)),
            ".csv": csv_text(table.columns, table.rows),
        },
    )
    return 1 if suite.drifted else 0


def _suite(counters: Sequence[str], results: str | None, patterns: Sequence[str]) -> Suite:
    cases = chosen(patterns)
    if results is None:
        return conform(cases, counters)
    suite, names = picked(read_suite(results), counters), {case.name for case in cases}
    return suite.only(names)


def _write_lines(suite: Suite, out: str) -> None:
    folder = make_folder(out)
    for counter in suite.counters:
        write_text(folder / f"{counter.counter}.yaml", accepted_text(Suite(cases=suite.cases, counters=(counter,))))


def _beside(output: str | None, out: str | None) -> str | None:
    """The folder of accepted lines as it is reached from the report."""
    if out is None:
        return None
    folder, place = Path(out), Path(output or ".").parent
    return str(folder.relative_to(place)) if folder.is_relative_to(place) else out
