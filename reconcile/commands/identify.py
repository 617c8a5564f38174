"""The command `reconcile identify`: what a number in print counts, and what a whole table of them counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from reconcile.ask import installed
from reconcile.claims.identify import FIELDS, Identification, identify
from reconcile.claims.stated import parse_stated
from reconcile.claims.table_audit import TableAudit, audit_table
from reconcile.claims.table_file import COLUMNS, read_table
from reconcile.commands.options import (
    COUNTERS,
    DIFFERENT,
    DOCUMENT,
    EXPLAINED,
    MODEL_OPTIONS,
    command_line,
    examples,
    give,
    question_of,
)
from reconcile.errors import UsageError
from reconcile.language import phrase, retold
from reconcile.render import terminal
from reconcile.render.files import csv_text
from reconcile.render.identification import identification_page, matches, sentence
from reconcile.render.table_audit import outside, sentences, table_page
from reconcile.surveys.survey import versions_of


@click.command(
    "identify",
    epilog=examples(
        "reconcile identify 2914598912 torchvision.models:densenet121 -i 1,3,224,224",
        "reconcile identify --table table.csv",
    ),
)
@click.argument("value", required=False)
@click.argument("model", metavar="[OBJECT]", required=False)
@MODEL_OPTIONS
@COUNTERS
@click.option("--table", metavar="FILE.csv", help=f"Audit a whole table; columns {', '.join(COLUMNS)}.")
@DOCUMENT
def identify_command(
    value: str | None,
    model: str | None,
    counters: Sequence[str],
    table: str | None,
    as_json: bool,
    output: str | None,
    **options: Any,
) -> int:
    """Say which counters, releases, units, inputs, contexts and batch sizes print VALUE for OBJECT.

    VALUE is a number as it is printed: 4.1G, '4.09 GMACs', 2914598912, '11.7M params'.

    With --table every number of a published table is audited: the convention that most rows follow, the rows that
    follow another one, and those that nothing gives.
    """
    if table is not None:
        if value is not None or model is not None or options["inputs"] or options["arguments"]:
            raise UsageError(phrase("with --table the numbers, models, arguments and inputs stand in the file"))
        return _audited(table, counters, as_json, output, options)
    if value is None or model is None:
        raise UsageError(phrase("name the value and the model: reconcile identify VALUE OBJECT -i SIZES"))
    question = question_of(model, **options)
    found = identify(parse_stated(value), question, list(counters) or list(installed(question.adapters)))
    texts = {".md": identification_page(found), ".csv": _csv(found)}
    give(found.to_json(), as_json=as_json, output=output, show=lambda: _show(found), texts=texts)
    return EXPLAINED if found.verdict == "identified" else DIFFERENT


def _audited(file: str, counters: Sequence[str], as_json: bool, output: str | None, options: Mapping[str, Any]) -> int:
    rows = read_table(file)
    question = question_of(str(rows[0].model), **options)
    audit = audit_table(rows, question, counters)
    versions = versions_of(counters, dict.fromkeys(row.model.place for row in rows if not row.model.is_file))
    command = command_line()
    document = audit.to_json() | {"command": command, "versions": versions}
    texts = {".md": table_page(audit, command, versions), ".csv": _numbers_csv(audit)}
    give(document, as_json=as_json, output=output, show=lambda: _show_table(audit), texts=texts)
    return EXPLAINED if audit.uniform else DIFFERENT


def _numbers_csv(audit: TableAudit) -> str:
    columns = ("name", "object", "input", "metric", "value", "verdict", "because", "total", "tried", "chance")
    rows = [item.to_json() for item in audit.findings]
    return csv_text(columns, ([row[name] for name in columns] for row in rows))


def _show_table(audit: TableAudit) -> None:
    out = terminal.console()
    for text in sentences(audit):
        terminal.say(text, to=out)
    if not audit.uniform:
        terminal.show(outside(audit), to=out)


def _csv(found: Identification) -> str:
    rows = [tuple(match.to_json().values()) for match in found.matches]
    return csv_text(FIELDS, rows)


def _show(found: Identification) -> None:
    out = terminal.console()
    terminal.say(sentence(found), to=out)
    if found.matches:
        terminal.show(matches(found), to=out)
    for note in found.notes:
        terminal.say(retold(note), to=out)
