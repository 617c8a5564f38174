"""The command `reconcile formulas`: what every published formula counts of one transformer, and what it leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from reconcile import reference
from reconcile.commands.options import DIFFERENT, DOCUMENT, EXPLAINED, MODEL, command_line, examples, give, question_of
from reconcile.ends import side_of_formula, sides
from reconcile.explain import Explanation, explain
from reconcile.published.formula import PREFIX, published, read_formula
from reconcile.render import terminal
from reconcile.render.files import csv_text
from reconcile.render.formulas import COLUMNS, formulas_page, overview, rows
from reconcile.render.tables import split

SCHEMA = "reconcile/formulas/1"


@click.command(
    "formulas",
    epilog=examples(
        "reconcile formulas reconcile.zoo.transformer_models:model -i 1,128:int64 --arg kind=GPT2LMHeadModel",
    ),
)
@MODEL
@click.option(
    "-f",
    "--formula",
    "names",
    multiple=True,
    metavar="NAME",
    help=f"A formula, as `palm@training@causal` or a FILE.yaml; all of {', '.join(published())} if none.",
)
@DOCUMENT
def formulas_command(names: Sequence[str], as_json: bool, output: str | None, model: str, **options: Any) -> int:
    """Say what the formulas that papers publish for transformers count of OBJECT, and what each leaves out."""
    question = question_of(model, **options)
    wanted = [read_formula(f"{PREFIX}{name}") for name in names or published()]
    executed = sides(question, [reference.NAME])[reference.NAME]
    found = [explain(side_of_formula(formula, executed), executed) for formula in wanted]
    document = {
        "schema": SCHEMA,
        "model": question.describe(),
        "reference": {"total": executed.total, "unit": executed.unit},
        "explanations": [explanation.to_json() for explanation in found],
    }
    texts = {".md": formulas_page(found, command_line()), ".csv": csv_text(COLUMNS, rows(found))}
    give(document, as_json=as_json, output=output, show=lambda: _show(found), texts=texts)
    return EXPLAINED if all(explanation.complete for explanation in found) else DIFFERENT


def _show(found: Sequence[Explanation]) -> None:
    out = terminal.console()
    for part in split(overview(found), out.width):
        terminal.show(part, to=out)
