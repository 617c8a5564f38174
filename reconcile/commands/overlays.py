"""`reconcile overlays`: list, make and clear the folders that hold counters of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from reconcile.ask import entry_of, parse_counter
from reconcile.commands.listing import Commands
from reconcile.commands.options import CACHE, DOCUMENT, examples, give
from reconcile.errors import UsageError
from reconcile.language import later, phrase
from reconcile.registry import entries
from reconcile.releases.overlay import Overlay, clear, clear_all, make, overlays_folder, standing, verified
from reconcile.render import terminal
from reconcile.render.files import csv_text
from reconcile.render.markdown import table as markdown_table
from reconcile.render.tables import Table

COLUMNS = (later("overlay"), later("state"), later("counter"), later("files"), later("bytes"))

_ADAPTERS = click.option("--adapter", "adapters", multiple=True, metavar="FILE", help="A file that adds counters.")


@click.group("overlays", cls=Commands, invoke_without_command=True)
@_ADAPTERS
@CACHE
@DOCUMENT
@click.pass_context
def overlays_command(context: click.Context, adapters: Sequence[str], as_json: bool, output: str | None) -> int:
    """List the overlays: counters, or releases of counters, that stand in folders of their own.

    A counter named with -c, --from or --to gets its overlay by itself; with none named, only those already made count.
    """
    if context.invoked_subcommand is None:
        _show(adapters, as_json, output)
    return 0


@overlays_command.command("list")
@_ADAPTERS
@CACHE
@DOCUMENT
def list_command(adapters: Sequence[str], as_json: bool, output: str | None) -> int:
    """List the overlays in the cache, and those that a counter needs."""
    _show(adapters, as_json, output)
    return 0


@overlays_command.command(
    "make", epilog=examples("reconcile overlays make ultralytics-thop thop==0.0.23.post1907011323")
)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@_ADAPTERS
@CACHE
@DOCUMENT
def make_command(ids: Sequence[str], adapters: Sequence[str], as_json: bool, output: str | None) -> int:
    """Make the overlays of counters, such as `ultralytics-thop` or `thop==0.0.31`."""
    for overlay in [_overlay(text, adapters) for text in ids]:
        make(overlay)
    _show(adapters, as_json, output)
    return 0


@overlays_command.command("clear", epilog=examples("reconcile overlays clear thop==0.0.23.post1907011323"))
@click.argument("ids", nargs=-1, metavar="[ID...]")
@_ADAPTERS
@CACHE
@DOCUMENT
def clear_command(ids: Sequence[str], adapters: Sequence[str], as_json: bool, output: str | None) -> int:
    """Remove the overlays of counters, or every overlay if none is named."""
    if ids:
        clear(tuple(_place(text, adapters) for text in ids))
    else:
        clear_all()
    _show(adapters, as_json, output)
    return 0


def _overlay(text: str, adapters: Sequence[str]) -> Overlay:
    overlay = entry_of(parse_counter(text), adapters).overlay
    if overlay is None:
        raise UsageError(phrase("{counter!r} needs no overlay: it runs in this environment", counter=text))
    return overlay


def _place(text: str, adapters: Sequence[str]) -> Path:
    """The folder of an overlay by the counter's id or by the name that the list shows."""
    named = overlays_folder() / text
    place = named if named in standing() else _overlay(text, adapters).place
    if not place.is_dir():
        raise UsageError(
            phrase("there is no overlay of {counter!r} in {folder}", counter=text, folder=overlays_folder())
        )
    return place


def _needed(adapters: Sequence[str]) -> dict[str, str]:
    """The counters that need an overlay, by its name."""
    found = {name: entry.overlay for name, entry in entries(tuple(adapters)).items()}
    names: dict[str, list[str]] = {}
    for counter, overlay in found.items():
        if overlay is not None:
            names.setdefault(overlay.name, []).append(counter)
    return {name: ", ".join(counters) for name, counters in names.items()}


def _rows(adapters: Sequence[str]) -> list[dict[str, Any]]:
    needed = _needed(adapters)
    places = {place.name: place for place in standing()}
    rows = []
    for name in sorted({*needed, *places}):
        row: dict[str, Any] = {
            "overlay": name,
            "state": "not made",
            "counter": needed.get(name),
            "files": 0,
            "bytes": 0,
        }
        if name in places:
            files = [item for item in (places[name] / "files").rglob("*") if item.is_file()]
            row["state"] = "made" if verified(places[name]) else "damaged"
            row |= {"files": len(files), "bytes": sum(item.stat().st_size for item in files)}
        rows.append(row)
    return rows


def _show(adapters: Sequence[str], as_json: bool, output: str | None) -> None:
    rows = _rows(adapters)
    cells = tuple(tuple("-" if row[name] is None else str(row[name]) for name in COLUMNS) for row in rows)
    table = Table(columns=COLUMNS, rows=cells)
    document = {"schema": "reconcile/overlays/1", "folder": str(overlays_folder()), "overlays": rows}
    texts = {".md": markdown_table(table) + "\n", ".csv": csv_text(COLUMNS, cells)}
    give(
        document,
        as_json=as_json,
        output=output,
        show=lambda: terminal.show(table, to=terminal.console()),
        texts=texts,
    )
