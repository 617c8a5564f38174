"""The command `reconcile twins`: the Paddle mirrors of many models, certified and counted."""

from __future__ import annotations

from typing import Any

import click

from reconcile.commands.many import REPORT, Asked, many_models
from reconcile.commands.options import DIFFERENT, EXPLAINED, examples
from reconcile.language import commas, later
from reconcile.render.survey import cells_csv
from reconcile.render.twins import summary, twins_report
from reconcile.surveys.survey_file import read_survey
from reconcile.surveys.twins import explained, run_twins


@click.command(
    "twins",
    epilog=examples(
        "reconcile twins reconcile/zoo/networks.yaml --model 'torchvision classification' --output twins.md",
    ),
)
@many_models(".twins")
@REPORT
def twins_command(**options: Any) -> int:
    """Mirror each model of a survey file in Paddle, certify that both compute the same, and run paddle.flops on it."""
    asked = Asked(**options)
    survey = read_survey(asked.file)
    models = asked.models(survey)
    groups = dict.fromkeys(model.group for model in models)
    title = later("Paddle twins of {groups}", groups=commas(groups))
    document = run_twins(survey, models=models, command=asked.command("twins"), title=title, **asked.running)
    asked.give(document, report=twins_report, csv=lambda document: cells_csv(document["models"]), summary=summary)
    return EXPLAINED if explained(document["models"]) else DIFFERENT
