"""The command `reconcile survey`: many models at once, from a file that lists them."""

from __future__ import annotations

import fnmatch
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from reconcile.commands.options import FORMAT, give
from reconcile.errors import UsageError
from reconcile.launching.launch import TIMEOUT
from reconcile.render.files import json_text, write_text
from reconcile.render.survey import summary, survey_csv, survey_report
from reconcile.surveys.survey import complete, run_survey
from reconcile.surveys.survey_file import Survey, SurveyModel, read_survey

_CACHE = ".survey"


@click.command("survey")
@click.argument("file", metavar="FILE.yaml")
@click.option("--model", "patterns", multiple=True, metavar="PATTERN", help="Only models whose name or group matches.")
@click.option("--cache", default=_CACHE, metavar="DIR", help=f"Where finished models are kept ({_CACHE}).")
@click.option("--resume", is_flag=True, help="Take the models that are finished already from the cache.")
@click.option("--finished", is_flag=True, help="Report what is finished in the cache, and run no counter.")
@click.option("--timeout", default=TIMEOUT, metavar="SECONDS", help="How long one counter may take on one model.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="How many workers at a time.")
@FORMAT
@click.option("--json", "as_json", is_flag=True, help="Print the document as JSON, and nothing else.")
@click.option("--output", metavar="FILE.md", help="Write the report to FILE.md and the document beside it as .json.")
def survey_command(
    file: str,
    patterns: Sequence[str],
    cache: str,
    resume: bool,
    finished: bool,
    timeout: float,
    jobs: int | None,
    as_json: bool,
    output: str | None,
) -> int:
    """Run every counter on each model that FILE.yaml lists, and report what is explained and what is not.

    Example: reconcile survey reconcile/zoo/networks.yaml --output reports/zoo.md --resume
    """
    if output is not None and Path(output).suffix != ".md":
        raise UsageError(f"the output {output!r} must end in .md; the document is written beside it")
    if not 0 < timeout < float("inf"):
        raise UsageError(f"the timeout {timeout:g} must be a number of seconds above 0")
    survey = read_survey(file)
    document = run_survey(
        survey,
        models=chosen(survey, patterns),
        command=_command(file, patterns, output),
        cache=cache,
        resume=resume,
        finished=finished,
        timeout=timeout,
        jobs=jobs,
        say=lambda text: print(text, file=sys.stderr, flush=True),
    )
    if output is not None:
        write_text(output, survey_report(document))
        write_text(str(Path(output).with_suffix(".json")), json_text(document))
    give(
        document,
        as_json=as_json,
        output=None,
        show=lambda: print(summary(document)),
        texts={".md": lambda: survey_report(document), ".csv": lambda: survey_csv(document)},
    )
    return 0 if complete(document) else 1


def chosen(survey: Survey, patterns: Sequence[str]) -> list[SurveyModel]:
    """The models of a survey whose name or group matches a pattern, or all of them if there is none."""
    if not patterns:
        return list(survey.models)
    found = [
        model
        for model in survey.models
        if any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns for text in (model.name, model.group))
    ]
    if not found:
        raise UsageError(f"no model of {survey.file!r} matches {' or '.join(map(repr, patterns))}")
    return found


def _command(file: str, patterns: Sequence[str], output: str | None) -> str:
    chosen = [word for pattern in patterns for word in ("--model", pattern)]
    return shlex.join(["reconcile", "survey", file, *chosen, *(["--output", output] if output else [])])
