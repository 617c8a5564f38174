"""`reconcile cache`: list and clear the answers that are kept."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

import click

from reconcile.byte_sizes import show_bytes
from reconcile.caching.answers import LIMIT, Kept, answers_folder, clear, kept
from reconcile.commands.listing import Commands
from reconcile.commands.options import CACHE, DOCUMENT, examples, give
from reconcile.errors import UsageError
from reconcile.inputs import Input
from reconcile.language import either, later, phrase
from reconcile.render import terminal
from reconcile.render.files import csv_text
from reconcile.render.markdown import table as markdown_table
from reconcile.render.tables import Table

COLUMNS = (
    *(later("object"), later("inputs"), later("counter"), later("release")),
    *(later("context"), later("size"), later("used")),
)


@click.group("cache", cls=Commands, invoke_without_command=True)
@CACHE
@DOCUMENT
@click.pass_context
def cache_command(context: click.Context, as_json: bool, output: str | None) -> int:
    """List the answers that are kept, so that a repeated command answers at once.

    An answer holds as long as the object, the counter, the frameworks and every other file behind it are unchanged.
    """
    if context.invoked_subcommand is None:
        _show(as_json, output)
    return 0


@cache_command.command("list")
@CACHE
@DOCUMENT
def list_command(as_json: bool, output: str | None) -> int:
    """List the answers that are kept, the one that was used last first."""
    _show(as_json, output)
    return 0


@cache_command.command("clear", epilog=examples("reconcile cache clear reconcile.models:LeNet"))
@click.argument("objects", nargs=-1, metavar="[OBJECT]...")
@CACHE
@DOCUMENT
def clear_command(objects: Sequence[str], as_json: bool, output: str | None) -> int:
    """Remove the answers about each OBJECT, or all of them; overlays stay where they are."""
    if not clear(objects) and objects:
        raise UsageError(
            phrase("there is no answer about {objects} in {folder}", objects=either(objects), folder=answers_folder())
        )
    _show(as_json, output)
    return 0


def _row(item: Kept) -> dict[str, Any]:
    asked = item.asked
    return {
        "object": asked["model"]["object"],
        "arguments": asked["model"]["arguments"],
        "inputs": [str(Input.from_json(one)) for one in asked["inputs"]],
        "counter": asked["counter"],
        "version": item.version,
        "context": asked["context"],
        "bytes": item.size,
        "used": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(item.used)),
    }


def _cells(rows: Iterable[dict[str, Any]]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            row["object"] + (f" {json.dumps(row['arguments'])}" if row["arguments"] else ""),
            " ".join(row["inputs"]),
            row["counter"],
            row["version"] or "-",
            f"{row['context']['mode']}, {row['context']['grad']}",
            show_bytes(row["bytes"]),
            row["used"],
        )
        for row in rows
    )


def _show(as_json: bool, output: str | None) -> None:
    rows = [_row(item) for item in kept()]
    taken = sum(file.stat().st_size for file in answers_folder().rglob("*.gz"))
    document = {
        "schema": "reconcile/cache/1",
        "folder": str(answers_folder()),
        "bytes": taken,
        "limit": LIMIT,
        "answers": rows,
    }
    table = Table(columns=COLUMNS, rows=_cells(rows), spare=("used", "size"))
    sentence = phrase(
        "{n} answers in {folder} take {taken} of at most {limit}.",
        n=len(rows),
        folder=answers_folder(),
        taken=show_bytes(taken),
        limit=show_bytes(LIMIT),
    )

    def show() -> None:
        out = terminal.console()
        terminal.say(sentence, to=out)
        if rows:
            terminal.show(table, to=out)

    texts = {".md": markdown_table(table) + "\n", ".csv": csv_text(COLUMNS, table.rows)}
    give(document, as_json=as_json, output=output, show=show, texts=texts)
