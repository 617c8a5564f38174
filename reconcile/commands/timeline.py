"""`reconcile timeline`: the number of one counter at each of its releases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from reconcile.commands.options import (
    DIFFERENT,
    DOCUMENT,
    EXPLAINED,
    METRIC,
    MODEL,
    RELEASES,
    command_line,
    examples,
    give,
    question_of,
)
from reconcile.releases.by_release import releases_of
from reconcile.releases.timeline import timeline
from reconcile.render.files import csv_text
from reconcile.render.terminal import show_answer
from reconcile.render.timeline import COLUMNS, headline, rows, timeline_report, timeline_table


@click.command(
    "timeline",
    epilog=examples(
        "reconcile timeline thop reconcile.models:LeNet -i 1,1,28,28 --releases 0.0.22,0.1.1.post2209072238",
    ),
)
@click.argument("name", metavar="NAME")
@MODEL
@RELEASES
@METRIC
@DOCUMENT
def timeline_command(
    name: str, releases: Sequence[str], metric: str, as_json: bool, output: str | None, model: str, **options: Any
) -> int:
    """Tell the number of the counter NAME for OBJECT at each of its releases, and why it moved.

    Exit code 1: a release could not run, or is not explained by its own rules.
    """
    question = question_of(model, **options)
    found = timeline(question, name, releases_of(question, name, releases), metric)
    give(
        found.to_json(),
        as_json=as_json,
        output=output,
        show=lambda: show_answer(headline(found), timeline_table(found)),
        texts={".md": timeline_report(found, command_line()), ".csv": csv_text(COLUMNS, rows(found))},
    )
    return EXPLAINED if found.complete else DIFFERENT
