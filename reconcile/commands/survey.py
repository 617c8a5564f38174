"""The command `reconcile survey`: many models at once, from a file that lists them."""

from __future__ import annotations

from typing import Any

import click

from reconcile.commands.many import REPORT, Asked, many_models
from reconcile.commands.options import DIFFERENT, EXPLAINED, examples
from reconcile.render.survey import summary, survey_csv, survey_report
from reconcile.surveys.survey import complete, run_survey
from reconcile.surveys.survey_file import read_survey


@click.command(
    "survey",
    epilog=examples(
        "reconcile survey reconcile/zoo/networks.yaml --output reports/zoo.md --resume",
    ),
)
@many_models(".survey")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="How many workers at a time.")
@REPORT
def survey_command(jobs: int | None, **options: Any) -> int:
    """Run every counter on each model that FILE.yaml lists, and report what is explained and what is not."""
    asked = Asked(**options)
    survey = read_survey(asked.file)
    document = run_survey(
        survey, models=asked.models(survey), command=asked.command("survey"), jobs=jobs, **asked.running
    )
    asked.give(document, report=survey_report, csv=survey_csv, summary=summary)
    return EXPLAINED if complete(document) else DIFFERENT
