"""The command `reconcile twins`: the Paddle mirrors of many models, certified and counted."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from reconcile.commands.options import FORMAT, give
from reconcile.commands.survey import chosen
from reconcile.errors import UsageError
from reconcile.launching.launch import TIMEOUT
from reconcile.render.files import json_text, write_text
from reconcile.render.survey import cells_csv
from reconcile.render.twins import summary, twins_report
from reconcile.surveys.survey_file import read_survey
from reconcile.surveys.twins import explained, run_twins

_CACHE = ".twins"


@click.command("twins")
@click.argument("file", metavar="FILE.yaml")
@click.option("--model", "patterns", multiple=True, metavar="PATTERN", help="Only models whose name or group matches.")
@click.option("--cache", default=_CACHE, metavar="DIR", help=f"Where finished models are kept ({_CACHE}).")
@click.option("--resume", is_flag=True, help="Take the models that are finished already from the cache.")
@click.option("--finished", is_flag=True, help="Report what is finished in the cache, and run nothing.")
@click.option("--timeout", default=TIMEOUT, metavar="SECONDS", help="How long one model may take.")
@FORMAT
@click.option("--json", "as_json", is_flag=True, help="Print the document as JSON, and nothing else.")
@click.option("--output", metavar="FILE.md", help="Write the report to FILE.md and the document beside it as .json.")
def twins_command(
    file: str,
    patterns: Sequence[str],
    cache: str,
    resume: bool,
    finished: bool,
    timeout: float,
    as_json: bool,
    output: str | None,
) -> int:
    """Mirror each model of a survey file in Paddle, certify that both compute the same, and run paddle.flops on it.

    Example: reconcile twins reconcile/zoo/networks.yaml --model 'torchvision classification' --output twins.md
    """
    if output is not None and Path(output).suffix != ".md":
        raise UsageError(f"the output {output!r} must end in .md; the document is written beside it")
    if not 0 < timeout < float("inf"):
        raise UsageError(f"the timeout {timeout:g} must be a number of seconds above 0")
    survey = read_survey(file)
    models = chosen(survey, patterns)
    groups = dict.fromkeys(model.group for model in models)
    document = run_twins(
        survey,
        models=models,
        command=_command(file, patterns, output),
        title=f"Paddle twins of {', '.join(groups)}",
        cache=cache,
        resume=resume,
        finished=finished,
        timeout=timeout,
        say=lambda text: print(text, file=sys.stderr, flush=True),
    )
    if output is not None:
        write_text(output, twins_report(document))
        write_text(str(Path(output).with_suffix(".json")), json_text(document))
    give(
        document,
        as_json=as_json,
        output=None,
        show=lambda: print(summary(document)),
        texts={".md": lambda: twins_report(document), ".csv": lambda: cells_csv(document["models"])},
    )
    return 0 if explained(document["models"]) else 1


def _command(file: str, patterns: Sequence[str], output: str | None) -> str:
    chosen = [word for pattern in patterns for word in ("--model", pattern)]
    return shlex.join(["reconcile", "twins", file, *chosen, *(["--output", output] if output else [])])
