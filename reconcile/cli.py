"""The command line: one command for each question, and what they refuse."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

import reconcile
from reconcile.commands.audit import audit_command
from reconcile.commands.bench import bench_command
from reconcile.commands.bisect import bisect_command
from reconcile.commands.cache import cache_command
from reconcile.commands.check import check_command
from reconcile.commands.cite import cite_command
from reconcile.commands.demo import demo_command
from reconcile.commands.doctor import doctor_command
from reconcile.commands.formulas import formulas_command
from reconcile.commands.identify import identify_command
from reconcile.commands.kits import kits_command
from reconcile.commands.listing import Commands
from reconcile.commands.options import (
    CACHE,
    DIFFERENT,
    DOCUMENT,
    EXPLAINED,
    FORMAT,
    MEMORY,
    METRIC,
    MODEL,
    counter_ids,
    examples,
    give,
    question_of,
)
from reconcile.commands.overlays import overlays_command
from reconcile.commands.refusals import of_click, of_system
from reconcile.commands.run import run_command
from reconcile.commands.speaking import asked, speak
from reconcile.commands.survey import survey_command
from reconcile.commands.timeline import timeline_command
from reconcile.commands.twins import twins_command
from reconcile.ends import sides
from reconcile.errors import ReconcileError
from reconcile.explain import explain
from reconcile.language import later, retold, speaking
from reconcile.launching.launch import TIMEOUT
from reconcile.registry import entries
from reconcile.render import terminal
from reconcile.render.files import csv_text, explanation_csv
from reconcile.render.markdown import table as markdown_table
from reconcile.render.progress_bar import progress_bar
from reconcile.render.report import difference_report
from reconcile.render.tables import Table

REFUSED, INTERRUPTED = 2, 130


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
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
    columns = (later("counter"), later("release"), later("unit"), later("framework"), later("sees"), later("state"))
    cells = tuple(
        (
            str(row["counter"]),
            str(row["version"] or "-"),
            str(row["unit"]),
            str(row["framework"]),
            str(row["sees"]),
            (later("installed") if row["overlay"] is None else later("in an overlay"))
            if row["installed"]
            else str(row["reason"]),
        )
        for row in rows
    )
    shown = tuple((*row[:4], *map(retold, row[4:])) for row in cells)
    table = Table(columns=columns, rows=shown, spare=("framework",))
    texts = {".md": markdown_table(table) + "\n", ".csv": csv_text(columns, cells)}
    give(
        document,
        as_json=as_json,
        output=output,
        show=lambda: terminal.show(table, to=terminal.console()),
        texts=texts,
    )
    return EXPLAINED


@cli.command(
    "explain",
    epilog=examples(
        "reconcile explain reconcile.models:ArticleNet -i 1,3,224,224 --from thop --to torch",
        "reconcile explain net.py:Net -i 1,3,32,32 --from thop --to claim:paper.yaml",
        "reconcile explain net.py:Net -i 1,3,32,32 --from torchinfo --to thop --metric params",
    ),
)
@MODEL
@click.option(
    "--from",
    "left",
    required=True,
    metavar="ID",
    shell_complete=counter_ids,
    help="A counter, reference, claim:FILE or run:FILE.json.",
)
@click.option("--to", "right", required=True, metavar="ID", shell_complete=counter_ids, help="What to compare it with.")
@METRIC
@DOCUMENT
def explain_command(
    left: str, right: str, metric: str, as_json: bool, output: str | None, model: str, **options: Any
) -> int:
    """Explain the difference of two numbers for OBJECT, cause by cause and layer by layer."""
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


@cli.command(
    "conform",
    epilog=examples(
        "reconcile conform thop --case 'transposed2d-*'",
    ),
)
@click.argument("counters", nargs=-1, metavar="[NAME]...")
@click.option("--all", "every", is_flag=True, help="Check every counter, those in overlays too.")
@click.option("--case", "patterns", multiple=True, metavar="PATTERN", help="Only these, as `conv2d-*` or `norms/*`.")
@click.option("--accept", metavar="FILE", help="Fail on every departure that FILE does not hold, and on stale lines.")
@click.option("--write-accept", metavar="FILE", help="Write the present departures as such a file.")
@click.option("--adapter", "adapters", multiple=True, metavar="FILE", help="A file that adds counters.")
@click.option("--timeout", default=TIMEOUT, metavar="SECONDS", help="How long one counter may take for one case.")
@MEMORY
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="How many workers at a time.")
@FORMAT
@click.option("--json", "as_json", is_flag=True, help="Print the document as JSON, and nothing else.")
@click.option("--output", "outputs", multiple=True, metavar="FILE", help="Write .json, .csv or Markdown; repeatable.")
def conform_command(**options: Any) -> int:
    """Check counters on small cases: against their own rules, and against the definition.

    Exit code 1: a counter drifted from its rules, or departs as FILE does not accept.
    """
    from reconcile.commands.conform import Asked, conform_answer

    return EXPLAINED if conform_answer(Asked(**options)) else DIFFERENT


cli.add_command(audit_command)
cli.add_command(cache_command)
cli.add_command(check_command)
cli.add_command(demo_command)
cli.add_command(cite_command)
cli.add_command(doctor_command)
cli.add_command(formulas_command)
cli.add_command(identify_command)
cli.add_command(kits_command)
cli.add_command(overlays_command)
cli.add_command(run_command)
cli.add_command(timeline_command)
cli.add_command(bisect_command)
cli.add_command(bench_command)
cli.add_command(survey_command)
cli.add_command(twins_command)
speak(cli)


def run_cli(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code; what is refused is one sentence on standard error."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    with speaking(asked(given)):
        return _answered(given)


def _answered(given: list[str]) -> int:
    try:
        with progress_bar():
            code = cli.main(args=given, prog_name="reconcile", standalone_mode=False, obj=given)
    except click.exceptions.Abort:
        return INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except click.ClickException as error:
        return _refuse(of_click(error))
    except ReconcileError as error:
        return _refuse(retold(str(error)))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DIFFERENT
    except OSError as error:
        return _refuse(of_system(error))
    return code if isinstance(code, int) else EXPLAINED


def _refuse(sentence: str) -> int:
    print(f"reconcile: {' '.join(sentence.split())}", file=sys.stderr)
    return REFUSED
