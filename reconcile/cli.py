"""The command line: one command for each question, and what they refuse."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

import reconcile
from reconcile.ask import ask, installed
from reconcile.audit import Audit, audit_question
from reconcile.bisect_command import bisect_command
from reconcile.cache_command import cache_command
from reconcile.cite_command import cite_command
from reconcile.command import (
    CACHE,
    COUNTERS,
    DIFFERENT,
    DOCUMENT,
    EXPLAINED,
    METRIC,
    MODEL,
    command_line,
    give,
    question_of,
)
from reconcile.doctor_command import doctor_command
from reconcile.ends import sides
from reconcile.errors import ReconcileError, UsageError
from reconcile.explain import explain
from reconcile.launch import TIMEOUT
from reconcile.overlays_command import overlays_command
from reconcile.registry import entries
from reconcile.render import terminal
from reconcile.render.article import article_report
from reconcile.render.files import csv_text, explanation_csv, make_folder, write_json, write_text
from reconcile.render.markdown import table as markdown_table
from reconcile.render.report import difference_report, report, run_report
from reconcile.render.tables import Table
from reconcile.survey_command import survey_command
from reconcile.timeline_command import timeline_command

REFUSED, INTERRUPTED = 2, 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(reconcile.__version__, prog_name="reconcile")
def cli() -> None:
    """Run the real FLOP counters on one model and explain every difference between their numbers.

    Exit codes: 0 done and fully explained, 1 something is unexplained, 2 the question cannot be answered as asked.
    """


@cli.command("counters")
@click.option("--adapter", "adapters", multiple=True, metavar="FILE", help="A file that adds counters.")
@CACHE
@DOCUMENT
def counters_command(adapters: Sequence[str], as_json: bool, output: str | None) -> int:
    """List every counter: release, unit, what it sees, and whether it is installed."""
    rows = [
        {
            "counter": name,
            "version": item.version,
            "unit": item.counter.unit,
            "framework": item.counter.framework,
            "sees": item.counter.sees,
            "installed": item.missing is None,
            "overlay": None if item.overlay is None else item.overlay.name,
            "reason": item.missing,
        }
        for name, item in entries(tuple(adapters)).items()
    ]
    document = {"schema": "reconcile/counters/1", "counters": rows}
    columns = ("counter", "release", "unit", "framework", "sees", "state")
    cells = tuple(
        (
            str(row["counter"]),
            str(row["version"] or "-"),
            str(row["unit"]),
            str(row["framework"]),
            str(row["sees"]),
            ("installed" if row["overlay"] is None else "in an overlay") if row["installed"] else str(row["reason"]),
        )
        for row in rows
    )
    table = Table(columns=columns, rows=cells)
    texts = {".md": markdown_table(table) + "\n", ".csv": csv_text(columns, cells)}
    give(
        document,
        as_json=as_json,
        output=output,
        show=lambda: terminal.show(table, to=terminal.console()),
        texts=texts,
    )
    return EXPLAINED


@cli.command("run")
@MODEL
@COUNTERS
@DOCUMENT
def run_command(counters: Sequence[str], as_json: bool, output: str | None, model: str, **options: Any) -> int:
    """Count OBJECT with each counter: totals, parameters and rows by layer.

    Example: reconcile run torchvision.models:resnet18 -i 1,3,224,224 -c thop -c fvcore
    """
    question = question_of(model, **options)
    names = list(counters) or list(installed(question.adapters))
    if not names:
        raise UsageError("no counter is installed; pip install 'flop-reconcile[all]' brings them")
    run = ask(question, names)
    texts = {".md": run_report(run), ".csv": _layers_csv(Audit(question, run))}
    give(run.to_json(), as_json=as_json, output=output, show=lambda: terminal.show_run(run), texts=texts)
    return EXPLAINED if run.explained else DIFFERENT


def _layers_csv(audit: Audit) -> str:
    frame = audit.layers()
    return str(frame.to_csv(index=False, lineterminator="\n"))


@cli.command("explain")
@MODEL
@click.option("--from", "left", required=True, metavar="ID", help="A counter, reference, claim:FILE or run:FILE.json.")
@click.option("--to", "right", required=True, metavar="ID", help="What to compare it with.")
@METRIC
@DOCUMENT
def explain_command(
    left: str, right: str, metric: str, as_json: bool, output: str | None, model: str, **options: Any
) -> int:
    """Explain the difference of two numbers for OBJECT, cause by cause and layer by layer.

    Example: reconcile explain reconcile.models:ArticleNet -i 1,3,224,224 --from thop --to torch
    """
    question = question_of(model, **options)
    found = sides(question, [left, right], metric)
    explanation = explain(found[left], found[right])
    texts = {".md": difference_report(explanation), ".csv": explanation_csv(explanation)}
    give(
        explanation.to_json(),
        as_json=as_json,
        output=output,
        show=lambda: terminal.show_explanation(explanation),
        texts=texts,
    )
    return EXPLAINED if explanation.complete else DIFFERENT


@cli.command("audit")
@MODEL
@COUNTERS
@click.option("--out", metavar="DIR", help="The folder of the whole report; made if it is missing.")
@DOCUMENT
def audit_command(
    counters: Sequence[str], out: str | None, as_json: bool, output: str | None, model: str, **options: Any
) -> int:
    """Write the whole report on OBJECT: every counter, every difference, as Markdown, JSON, CSV and HTML."""
    if out is None and output is None and not as_json:
        raise UsageError("name where the report goes: --out DIR for all of it, or --output FILE for one page")
    question = question_of(model, **options)
    audit = audit_question(question, counters)
    document, page = audit.document(), report(audit, command_line())
    if out is not None:
        folder = make_folder(out)
        write_text(folder / "report.md", page)
        write_json(folder / "report.json", document)
        write_text(folder / "layers.csv", _layers_csv(audit))
        write_text(folder / "totals.csv", str(audit.totals().to_csv(index=False, lineterminator="\n")))
        audit.to_html(str(folder / "index.html"))
    texts = {".md": page, ".csv": _layers_csv(audit)}
    give(document, as_json=as_json, output=output, show=lambda: terminal.show_audit(audit), texts=texts)
    return EXPLAINED if audit.explained else DIFFERENT


@cli.command("conform")
@click.argument("counters", nargs=-1, metavar="[NAME]...")
@click.option("--all", "every", is_flag=True, help="Check every counter, those in overlays too.")
@click.option("--case", "patterns", multiple=True, metavar="PATTERN", help="Only these, as `conv2d-*` or `norms/*`.")
@click.option("--accept", metavar="FILE", help="Fail on every departure that FILE does not hold, and on stale lines.")
@click.option("--write-accept", metavar="FILE", help="Write the present departures as such a file.")
@click.option("--adapter", "adapters", multiple=True, metavar="FILE", help="A file that adds counters.")
@click.option("--timeout", default=TIMEOUT, metavar="SECONDS", help="How long one counter may take for one case.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="How many workers at a time.")
@click.option("--json", "as_json", is_flag=True, help="Print the document as JSON, and nothing else.")
@click.option("--output", "outputs", multiple=True, metavar="FILE", help="Write .json, .csv or Markdown; repeatable.")
def conform_command(**options: Any) -> int:
    """Check counters on small cases: against their own rules, and against the definition.

    Exit code 1: a counter drifted from its rules, or departs as FILE does not accept.

    Example: reconcile conform thop --case 'transposed2d-*'
    """
    from reconcile.conform_command import Asked, conform_answer

    return EXPLAINED if conform_answer(Asked(**options)) else DIFFERENT


@cli.command("demo")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="How many workers at a time.")
@DOCUMENT
def demo_command(jobs: int | None, as_json: bool, output: str | None) -> int:
    """Explain the article's missing 1.638 G: thop against the author's own calculation."""
    from reconcile.demo import demo

    story = demo(jobs=jobs)
    texts = {".md": article_report(story), ".csv": explanation_csv(story.missing)}
    give(
        story.document(),
        as_json=as_json,
        output=output,
        show=lambda: terminal.show_explanation(story.missing),
        texts=texts,
    )
    return EXPLAINED if story.complete else DIFFERENT


cli.add_command(cache_command)
cli.add_command(cite_command)
cli.add_command(doctor_command)
cli.add_command(overlays_command)
cli.add_command(timeline_command)
cli.add_command(bisect_command)
cli.add_command(survey_command)


def run_cli(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code; what is refused is one sentence on standard error."""
    try:
        given = list(sys.argv[1:] if arguments is None else arguments)
        code = cli.main(args=given, prog_name="reconcile", standalone_mode=False, obj=given)
    except click.exceptions.Abort:
        return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except click.ClickException as error:
        return _refuse(error.format_message())
    except ReconcileError as error:
        return _refuse(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DIFFERENT
    except OSError as error:
        return _refuse(f"the system refuses: {error.strerror or error}")
    return code if isinstance(code, int) else EXPLAINED


def _refuse(sentence: str) -> int:
    print(f"reconcile: {' '.join(sentence.split())}", file=sys.stderr)
    return REFUSED


def main() -> None:
    """Enter from the installed command."""
    sys.exit(run_cli())
