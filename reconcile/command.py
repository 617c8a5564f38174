"""What the commands of the command line share: how they write their answer, and where they keep things."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from reconcile.cache import VARIABLE, cache_at
from reconcile.render.files import json_text, write_text

Command = Callable[..., int]


def options_of(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, shown in the order given."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


DOCUMENT = options_of(
    click.option("--json", "as_json", is_flag=True, help="Print the document as JSON, and nothing else."),
    click.option("--output", metavar="FILE", help="Write the answer to FILE too: .json, .csv or Markdown."),
)


def _use(context: click.Context, option: click.Parameter, folder: str | None) -> None:
    """Use a cache folder until the command ends."""
    context.with_resource(cache_at(folder))


CACHE = click.option(
    "--cache-dir",
    metavar="DIR",
    expose_value=False,
    callback=_use,
    help=f"The folder of overlays; {VARIABLE}, or ~/.cache/reconcile, if not named.",
)


def give(
    document: dict[str, Any], *, as_json: bool, output: str | None, show: Callable[[], None], texts: dict[str, str]
) -> None:
    """Write the answer where it was asked for: a file by its ending, then standard output."""
    if output is not None:
        ending = Path(output).suffix
        write_text(output, json_text(document) if ending == ".json" else texts.get(ending, texts[".md"]))
    if as_json:
        sys.stdout.write(json_text(document))
    else:
        show()
