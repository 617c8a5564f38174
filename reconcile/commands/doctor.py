"""`reconcile doctor`: what is wrong with this environment, and the way out."""

from __future__ import annotations

import click

from reconcile.commands.options import CACHE, DIFFERENT, DOCUMENT, EXPLAINED, give
from reconcile.doctor import CHECKS, examine
from reconcile.environment import environment
from reconcile.language import later, phrase, retold
from reconcile.render import terminal
from reconcile.render.files import csv_text
from reconcile.render.markdown import table as markdown_table
from reconcile.render.tables import Table

COLUMNS = (later("check"), later("what is wrong"), later("way out"))


@click.command("doctor")
@CACHE
@DOCUMENT
def doctor_command(as_json: bool, output: str | None) -> int:
    """Say what is wrong with this environment, each with the way out.

    Exit code 1: something is wrong.
    """
    here = environment()
    findings = examine(here)
    document = {
        "schema": "reconcile/doctor/1",
        "python": ".".join(map(str, here.python)),
        "checks": [check.__name__.replace("_", "-") for check in CHECKS],
        "findings": [finding.to_json() for finding in findings],
    }
    rows = [(item.check, item.found, item.way_out) for item in findings]
    table = Table(columns=COLUMNS, rows=tuple((check, retold(found), retold(out)) for check, found, out in rows))

    def show() -> None:
        out = terminal.console()
        if findings:
            terminal.show(table, to=out)
        else:
            terminal.say(phrase("Nothing is wrong: {n} checks found nothing.", n=len(CHECKS)), to=out)

    texts = {".md": markdown_table(table) + "\n", ".csv": csv_text(COLUMNS, rows)}
    give(document, as_json=as_json, output=output, show=show, texts=texts)
    return DIFFERENT if findings else EXPLAINED
