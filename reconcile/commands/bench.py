"""The command `reconcile bench`: what counting costs, by shape, for real and in plain Python."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from reconcile.bench import Bench, bench
from reconcile.commands.options import COUNTERS, DIFFERENT, DOCUMENT, EXPLAINED, MODEL, examples, give, question_of
from reconcile.inputs import parse_inputs
from reconcile.render import terminal
from reconcile.render.bench import bench_report, costs, growth, sayings
from reconcile.render.files import csv_text

PLAIN = ("thop", "ptflops", "ptflops:aten", "torch", "torchinfo", "fvcore")
"""Counters that can be called one after another in one process, and leave the next one alone."""


@click.command(
    "bench",
    epilog=examples(
        "reconcile bench torchvision.models:resnet18 -i 1,3,224,224 --then 1,3,640,640",
    ),
)
@MODEL
@COUNTERS
@click.option("--then", "more", multiple=True, metavar="SIZES", help="The same again on another input; repeatable.")
@DOCUMENT
def bench_command(
    counters: Sequence[str], more: Sequence[str], as_json: bool, output: str | None, model: str, **options: Any
) -> int:
    """Measure what counting OBJECT costs: by shape, with --real, and by the bare counters in plain Python.

    Exit code 1: a counter failed, or told something else in another way.
    """
    question = question_of(model, **options)
    dtype = question.context.dtype
    questions = [question, *(replace(question, inputs=parse_inputs([text], default_dtype=dtype)) for text in more)]
    benches = [bench(item, list(counters) or PLAIN) for item in questions]
    command = shlex.join(["reconcile", *click.get_current_context().obj])
    give(
        {"schema": "reconcile/benches/1", "benches": [item.to_json() for item in benches]},
        as_json=as_json,
        output=output,
        show=lambda: _show(benches),
        texts={".md": bench_report(benches, command), ".csv": _csv(benches)},
    )
    return EXPLAINED if all(item.agreed for item in benches) else DIFFERENT


def _csv(benches: Sequence[Bench]) -> str:
    columns = ("inputs", "counter", "way", "seconds", "peak", "total", "reason")
    rows = [
        (" ".join(item.model["inputs"]), cost.counter, cost.way, cost.seconds, cost.peak, cost.total, cost.reason)
        for item in benches
        for cost in item.costs
    ]
    return csv_text(columns, rows)


def _show(benches: Sequence[Bench]) -> None:
    out = terminal.console()
    for item in benches:
        terminal.say(" ".join(item.model["inputs"]), to=out)
        terminal.show(costs(item), to=out)
        for sentence in sayings(item):
            terminal.say(sentence, to=out)
    grown = growth(benches)
    if grown:
        terminal.say(grown, to=out)
