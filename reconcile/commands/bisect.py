"""`reconcile bisect`: the release at which a counter's number moved."""

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
from reconcile.releases.bisection import between, bisect
from reconcile.releases.by_release import releases_of
from reconcile.render.files import explanation_csv
from reconcile.render.tables import causes
from reconcile.render.terminal import show_answer
from reconcile.render.timeline import answer, bisection_report


@click.command(
    "bisect",
    epilog=examples(
        "reconcile bisect thop reconcile.models:LeNet -i 1,1,28,28 --from 0.0.22 --to 0.1.1.post2209072238",
    ),
)
@click.argument("name", metavar="NAME")
@MODEL
@click.option("--from", "start", required=True, metavar="A", help="The release whose number is left.")
@click.option("--to", "end", required=True, metavar="B", help="A release that tells another number.")
@RELEASES
@METRIC
@DOCUMENT
def bisect_command(
    name: str,
    start: str,
    end: str,
    releases: Sequence[str],
    metric: str,
    as_json: bool,
    output: str | None,
    model: str,
    **options: Any,
) -> int:
    """Find the release of the counter NAME at which its number for OBJECT moved, running as few as needed.

    Exit code 1: releases in between cannot run, or the change is not explained.
    """
    question = question_of(model, **options)
    found = bisect(question, name, between(releases_of(question, name, releases), start, end), metric)
    give(
        found.to_json(),
        as_json=as_json,
        output=output,
        show=lambda: show_answer(answer(found), causes(found.explanation)),
        texts={".md": bisection_report(found, command_line()), ".csv": explanation_csv(found.explanation)},
    )
    return EXPLAINED if found.complete else DIFFERENT
