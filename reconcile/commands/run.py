"""`reconcile run`: what each counter tells of one model, in total and by layer, module or type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from reconcile import outline
from reconcile.ask import ask, installed
from reconcile.audit import Audit
from reconcile.commands.options import COUNTERS, DIFFERENT, DOCUMENT, EXPLAINED, MODEL, examples, give, question_of
from reconcile.errors import UsageError
from reconcile.language import phrase
from reconcile.outline import Group
from reconcile.render import tables, terminal
from reconcile.render.report import run_report
from reconcile.render.report_files import layers_csv
from reconcile.samples import samples
from reconcile.schema import Run


@click.command(
    "run",
    epilog=examples(
        "reconcile run torchvision.models:resnet18 -i 1,3,224,224 -c thop -c fvcore",
        "reconcile run torchvision.models:resnet18 -i 8,3,224,224 --group-by type",
        "reconcile run net.py:Net -i ids=1,128:int64 --arg layers=12 --depth 2 --format csv",
    ),
)
@MODEL
@COUNTERS
@click.option("--depth", type=click.IntRange(min=0), metavar="N", help="Add up the rows of each module at depth N.")
@click.option("--group-by", type=click.Choice(["type"]), help="Add up the rows of each type of layer.")
@DOCUMENT
def run_command(
    counters: Sequence[str],
    depth: int | None,
    group_by: str | None,
    as_json: bool,
    output: str | None,
    model: str,
    **options: Any,
) -> int:
    """Count OBJECT with each counter: totals, parameters and rows by layer.

    With a batch of several samples the totals are shown for one sample too.
    The document of --json always has every layer.
    """
    if depth is not None and group_by is not None:
        raise UsageError(phrase("--depth and --group-by exclude each other: rows are added up in one way"))
    question = question_of(model, **options)
    names = list(counters) or list(installed(question.adapters))
    if not names:
        raise UsageError(phrase("no counter is installed; pip install 'flop-reconcile[all]' brings them"))
    run = ask(question, names)
    groups = _groups(run, depth, group_by)
    audit = Audit(question, run)
    totals = tables.totals(run, samples(audit))
    rows = tables.layers(run) if groups is None else tables.groups(groups)
    give(
        run.to_json(),
        as_json=as_json,
        output=output,
        show=lambda: terminal.show_run(run, totals, rows),
        texts={
            ".md": lambda: run_report(run, totals, rows),
            ".csv": lambda: layers_csv(audit) if groups is None else tables.groups_csv(groups),
        },
    )
    return EXPLAINED if run.explained else DIFFERENT


def _groups(run: Run, depth: int | None, group_by: str | None) -> tuple[Group, ...] | None:
    """The rows put together as asked; None if every layer is to stand for itself."""
    if depth is not None:
        return outline.by_depth(run, depth)
    return None if group_by is None else outline.by_type(run)
