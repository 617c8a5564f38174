"""`reconcile check`: every number of claim files, reproduced, explained, refuted or left unexplained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from reconcile.ask import Question, preload_places
from reconcile.claims.check import FAILING, Check
from reconcile.claims.claim import Claim
from reconcile.claims.claim_file import read_claims
from reconcile.claims.examine import examine
from reconcile.claims.executed import Bench
from reconcile.commands.options import (
    CACHE,
    DIFFERENT,
    DOCUMENT,
    EXPLAINED,
    MEMORY,
    Texts,
    command_line,
    examples,
    give,
)
from reconcile.errors import UsageError
from reconcile.language import either, phrase
from reconcile.launching.launch import TIMEOUT
from reconcile.render import terminal
from reconcile.render.check import check_csv, check_report, findings, notes, verdicts

SHIPPED = Path(__file__).parents[1] / "claims"
"""The claims that ship with the package."""


@click.command(
    "check",
    epilog=examples(
        "reconcile check my-paper.yaml",
    ),
)
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--shipped", is_flag=True, help="The claims that ship: every number of five articles.")
@click.option("--only", "patterns", multiple=True, metavar="PATTERN", help="Only files of this name, as `yolo*`.")
@click.option("--adapter", "adapters", multiple=True, metavar="FILE", help="A file that adds counters.")
@click.option("--timeout", default=TIMEOUT, metavar="SECONDS", help="How long one counter may take.")
@MEMORY
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="How many workers at a time.")
@click.option("--no-cache", "fresh", is_flag=True, help="Run every counter, and keep no answer.")
@CACHE
@DOCUMENT
def check_command(
    files: Sequence[str],
    shipped: bool,
    patterns: Sequence[str],
    adapters: Sequence[str],
    timeout: float,
    memory: int | None,
    jobs: int | None,
    fresh: bool,
    as_json: bool,
    output: str | None,
) -> int:
    """Check the numbers that claim FILEs state: which way to count gives each, or which mistake it is.

    Exit code 0: every number is reproduced or explained; 1: one is refuted or unexplained; 2: a file is no claim.
    """
    claims = _claims(files, shipped=shipped, patterns=patterns)
    question = Question(
        model=None, adapters=tuple(adapters), timeout=timeout, memory=memory, jobs=jobs, cached=not fresh
    )
    bench = Bench(question=question)
    preload_places(claim.model for claim in claims if claim.model is not None)
    check = Check(claims=tuple(examine(claim, bench) for claim in claims))
    command = command_line()
    texts: Texts = {".md": lambda: check_report(check, command), ".csv": lambda: check_csv(check)}
    give(check.to_json(), as_json=as_json, output=output, show=lambda: _show(check), texts=texts)
    return DIFFERENT if check.worst in FAILING else EXPLAINED


def _claims(files: Sequence[str], *, shipped: bool, patterns: Sequence[str]) -> list[Claim]:
    """The claims of all files; every file is read before anything runs."""
    if not files and not shipped:
        raise UsageError(phrase("name the files to check, or give --shipped for the claims that ship with the package"))
    found = [claim for file in files for claim in read_claims(file)]
    if shipped:
        for path in sorted(SHIPPED.glob("*.yaml")):
            found += [replace(claim, file=path.name) for claim in read_claims(str(path))]
    if patterns:
        found = [claim for claim in found if any(Path(claim.file).match(pattern) for pattern in patterns)]
    if not found:
        raise UsageError(phrase("no file is named {patterns}", patterns=either(map(repr, patterns))))
    return found


def _show(check: Check) -> None:
    out = terminal.console()
    for claim in check.claims:
        terminal.say(f"{claim.claim.file}: {claim.claim.name or claim.claim.source}", to=out)
        terminal.show(findings(claim), to=out)
        for note in notes(claim):
            terminal.say(note, to=out)
    terminal.say(verdicts(check), to=out)
