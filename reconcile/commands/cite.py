"""The command `reconcile cite`: a sentence for the paper, and a row for its table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from reconcile.cite import HEAD, Citation, cite, document
from reconcile.commands.options import COUNTERS, DIFFERENT, DOCUMENT, EXPLAINED, MODEL, examples, give, question_of
from reconcile.errors import UsageError
from reconcile.language import phrase, retold
from reconcile.render import terminal
from reconcile.render.files import csv_text


@click.command(
    "cite",
    epilog=examples(
        "reconcile cite torchvision.models:resnet18 -i 1,3,224,224 -c thop",
    ),
)
@MODEL
@COUNTERS
@DOCUMENT
def cite_command(counters: Sequence[str], as_json: bool, output: str | None, model: str, **options: Any) -> int:
    """Write one or two sentences and a LaTeX row that say what the number of a counter counts."""
    if not counters:
        raise UsageError(phrase("name the counter whose number is cited: -c ID"))
    question = question_of(model, **options)
    found = cite(question, counters)
    rows = [(item.counter, item.version, item.unit, item.total, item.text) for item in found]
    texts = {
        ".md": "\n\n".join(f"{retold(item.text)}\n\n    {item.latex}" for item in found) + "\n",
        ".tex": _latex(found) + "\n",
        ".csv": csv_text(("counter", "version", "unit", "total", "text"), rows),
    }
    give(document(question, found), as_json=as_json, output=output, show=lambda: _show(found), texts=texts)
    return EXPLAINED if all(item.explained for item in found) else DIFFERENT


def _latex(found: Sequence[Citation]) -> str:
    return "\n".join([f"% {' & '.join(HEAD)}", *(item.latex for item in found)])


def _show(found: Sequence[Citation]) -> None:
    out = terminal.console()
    for item in found:
        terminal.say(retold(item.text), to=out)
    out.print()
    print(_latex(found))
