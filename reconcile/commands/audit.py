"""`reconcile audit`: the whole report on one model, in a folder or as one document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from reconcile.ask import installed
from reconcile.audit import audit_question
from reconcile.claims.claim_file import read_claim
from reconcile.commands.options import (
    COUNTERS,
    DIFFERENT,
    DOCUMENT,
    EXPLAINED,
    FOLDER,
    MODEL,
    command_line,
    counter_ids,
    examples,
    give,
    question_of,
)
from reconcile.errors import UsageError
from reconcile.language import phrase
from reconcile.render import terminal
from reconcile.render.folder import check_folder, write_folder
from reconcile.render.report import report
from reconcile.render.report_files import REPORT_FILES, layers_csv, report_files
from reconcile.topic import topic


@click.command(
    "audit",
    epilog=examples(
        "reconcile audit torchvision.models:resnet18 -i 1,3,224,224 --out report",
        "reconcile audit net.py:Net -i 1,3,32,32 -c thop --from thop --to claim:paper.yaml --out report",
    ),
)
@MODEL
@COUNTERS
@FOLDER
@click.option(
    "--from",
    "left",
    metavar="ID",
    shell_complete=counter_ids,
    help="What the page asks first: this counter, or claim:FILE, ...",
)
@click.option(
    "--to",
    "right",
    metavar="ID",
    shell_complete=counter_ids,
    help="... against this one; without both, the largest difference.",
)
@DOCUMENT
def audit_command(
    counters: Sequence[str],
    out: str | None,
    force: bool,
    left: str | None,
    right: str | None,
    as_json: bool,
    output: str | None,
    model: str,
    **options: Any,
) -> int:
    """Write the whole report on OBJECT: every counter, every difference, as a page, text, data and pictures."""
    if (left is None) != (right is None):
        raise UsageError(
            phrase("--from and --to belong together: name both numbers that the page should compare first")
        )
    if left is not None and left == right:
        raise UsageError(phrase("--from and --to both name {name!r}: name two numbers that can be compared", name=left))
    if out is not None:
        check_folder(out, REPORT_FILES, force=force)
    question = question_of(model, **options)
    ends = None if left is None or right is None else (left, right)
    audit = audit_question(question, _asked(counters, ends or (), question.adapters))
    text = report(audit, command_line())
    if out is not None:
        write_folder(out, report_files(topic(audit, command_line(), ends), text), REPORT_FILES, force=force)
    texts = {".md": text, ".csv": layers_csv(audit)}
    give(audit.document(), as_json=as_json, output=output, show=lambda: terminal.show_audit(audit), texts=texts)
    return EXPLAINED if audit.explained else DIFFERENT


def _asked(counters: Sequence[str], ends: Sequence[str], adapters: Sequence[str]) -> list[str]:
    """The counters that are named, or else every installed one, and those of the question; a bad claim is refused."""
    for file in (name.removeprefix("claim:") for name in ends if name.startswith("claim:")):
        read_claim(file)
    mine = [name for name in ends if not name.startswith(("claim:", "run:"))]
    return list(dict.fromkeys([*(counters or installed(adapters)), *mine]))
