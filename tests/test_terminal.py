"""The terminal: tables that fit, numbers that are never broken, forms for other programs, help that can be copied."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction

import click
import pytest
import rich.console

from reconcile import outline
from reconcile.audit import Audit
from reconcile.cli import cli, run_cli
from reconcile.progress import watched
from reconcile.render import tables, terminal
from reconcile.render.progress_bar import Bar
from reconcile.render.tables import Table
from reconcile.samples import per_sample

Audits = Callable[..., Audit]

LENET = ["run", "reconcile.models:LeNet", "-i", "1,1,28,28", "-c", "thop", "-c", "ptflops"]


def _printed(show: Callable[[rich.console.Console], None], width: int) -> str:
    out = io.StringIO()
    show(rich.console.Console(width=width, file=out, highlight=False))
    return out.getvalue()


def _shown(audit: Audit) -> Iterator[Table]:
    yield tables.totals(audit.run)
    yield tables.totals(audit.run, {count.counter: Fraction(10**9 + 1, 3) for count in audit.run.counts})
    yield from tables.split(tables.layers(audit.run), 80)
    yield from tables.split(tables.groups(outline.by_type(audit.run)), 80)
    for explanation in audit.explanations:
        yield tables.causes(explanation)
        yield tables.formulas(explanation)


def test_every_table_fits_eighty_columns_and_breaks_no_number(audits: Audits) -> None:
    for table in _shown(audits("torchvision.models:resnet18", "1,3,224,224")):
        text = _printed(lambda out, table=table: terminal.show(table, to=out), 80)
        assert max(map(len, text.splitlines())) <= 80
        kept = [column for column in table.columns if column not in table.spare]
        for row in table.rows:
            for column, cell in zip(table.columns, row, strict=True):
                if column in kept and column in table.numeric:
                    assert re.search(rf"(?<![\d,]){re.escape(cell)}(?![\d,])", text), (column, cell)


def test_columns_that_have_no_room_are_named() -> None:
    table = Table(columns=("name", "more"), rows=(("a" * 12, "b" * 12),), spare=("more",))
    text = _printed(lambda out: terminal.show(table, to=out), 20)
    assert "b" not in text
    assert "No room for more: a wider" in " ".join(text.split())
    assert "b" * 12 in _printed(lambda out: terminal.show(table, to=out), 40)


ENDS = ("thop", "claim:missing-1.638G.yaml")

STEPS = Table(
    columns=("layer", *ENDS, "cause", "amount", "formula"),
    rows=(("fc1", "1,644,167,168", "8,388,608", "folded-batch", "+1,635,778,560", "195 * 8388608"),),
    numeric=frozenset({*ENDS, "amount"}),
    spare=ENDS,
)


def test_a_long_heading_is_folded_before_a_number_is_left_out() -> None:
    wide, eighty = (_printed(lambda out: terminal.show(STEPS, to=out), width) for width in (100, 80))
    assert ENDS[1] in wide
    assert "No room" not in eighty
    for whole in (*STEPS.rows[0][:5], "claim:", "missing-", "1.638G.yaml"):
        assert whole in eighty, whole


def test_a_heading_is_not_folded_where_a_column_less_gives_room_enough() -> None:
    table = Table(
        columns=("counter", "release", "per sample"),
        rows=(("thop", "0.1.1.post2209072238", "1,234"),),
        numeric=frozenset({"per sample"}),
        spare=("release",),
    )
    assert "per sample" in _printed(lambda out: terminal.show(table, to=out), 30)


@pytest.mark.parametrize("width", [20, 30, 40, 50, 60, 72])
def test_nothing_is_lost_in_a_narrow_terminal(audits: Audits, width: int) -> None:
    audit = audits("reconcile.models:LeNet", "4,1,28,28", ("thop", "ptflops", "torch"))
    for table in _shown(audit):
        text = _printed(lambda out, table=table: terminal.show(table, to=out), width)
        assert max(map(len, text.splitlines())) <= width
        said = re.sub(r"\s", "", text)
        for row in table.rows:
            for column, cell in zip(table.columns, row, strict=True):
                held = re.sub(r"\s", "", cell) in said or " " in cell
                assert held or column in table.spare, (column, cell)


def test_a_column_of_sentences_is_never_a_column_of_letters() -> None:
    rows = (("calflops:macs", "0.1.1.post2209072238", "指定函数的调用，以及按确切类型识别的循环层"),)
    table = Table(columns=("counter", "release", "sees"), rows=rows)
    for width in (40, 50, 60):
        lines = _printed(lambda out, width=width: terminal.show(table, to=out), width).splitlines()
        assert any("指定函数的调" in line for line in lines), width


def test_a_bar_is_shown_while_jobs_run_and_gone_afterwards() -> None:
    out = io.StringIO()
    bar = Bar(rich.console.Console(file=out, force_terminal=True, width=80))
    bar.tell(0, 3, "")
    bar.tell(1, 3, "[thop]")
    assert "1/3" in out.getvalue()
    assert "[thop]" in out.getvalue()
    bar.tell(3, 3, "fvcore")
    assert out.getvalue().rstrip().endswith("\x1b[2K")


def test_a_line_about_what_is_finished_stays_above_the_bar() -> None:
    out = io.StringIO()
    bar = Bar(rich.console.Console(file=out, force_terminal=True, width=80))
    bar.line("1/3 [net]: 2 explained")
    bar.tell(1, 3, "thop")
    bar.line("2/3 net: 1 failed")
    bar.tell(3, 3, "fvcore")
    assert out.getvalue().startswith("1/3 [net]: 2 explained\n")
    assert "2/3 net: 1 failed\n" in out.getvalue()


def test_one_job_alone_shows_no_bar() -> None:
    out = io.StringIO()
    Bar(rich.console.Console(file=out, force_terminal=True)).tell(0, 1, "")
    assert out.getvalue() == ""


def test_every_job_is_told_and_a_pipe_sees_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[tuple[int, int]] = []
    with watched(lambda done, of, job: told.append((done, of))):
        assert run_cli(LENET) == 0
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("table", " thop "),
        ("markdown", "| thop | 0.1.1.post2209072238 | MAC |"),
        ("csv", "thop,features.0,Conv2d,42336,counted,42336,0,60\n"),
        ("json", '"counter": "thop"'),
        ("latex", "thop & features.0 & Conv2d & 42336 & counted & 42336 & 0 & 60 \\\\\n"),
    ],
)
def test_an_answer_is_printed_in_the_form_that_is_asked_for(
    capsys: pytest.CaptureFixture[str], form: str, expected: str
) -> None:
    assert run_cli([*LENET, "--format", form]) == 0
    printed = capsys.readouterr().out
    assert expected in printed
    if form == "json":
        assert json.loads(printed)["schema"] == "reconcile/run/1"


def test_every_command_that_prints_an_answer_takes_a_form() -> None:
    asking = {
        name for name, command in cli.commands.items() if any(option.name == "as_json" for option in command.params)
    }
    taking = {
        name for name, command in cli.commands.items() if any(option.name == "format" for option in command.params)
    }
    assert asking == taking


def test_two_forms_at_once_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["counters", "--json", "--format", "csv"]) == 2
    assert "--json and --format csv exclude each other" in capsys.readouterr().err


def test_rows_are_added_up_by_module_or_by_type(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli([*LENET, "--depth", "1", "--format", "csv"]) == 0
    total = 28 * 28 * 6 * 9 + 10 * 10 * 16 * 150
    assert f"thop,features,module,6,{total}\n" in capsys.readouterr().out
    assert run_cli([*LENET, "--group-by", "type", "--format", "csv"]) == 0
    assert f"thop,Linear,Linear,3,{400 * 120 + 120 * 84 + 84 * 10}\n" in capsys.readouterr().out
    assert run_cli([*LENET, "--depth", "1", "--group-by", "type"]) == 2
    assert "exclude each other" in capsys.readouterr().err


def test_one_sample_of_a_batch_takes_the_same_by_a_counter_that_averages_and_one_that_does_not(audits: Audits) -> None:
    one = audits("reconcile.models:LeNet", "1,1,28,28", ("thop", "ptflops"))
    four = audits("reconcile.models:LeNet", "4,1,28,28", ("thop", "ptflops"))
    for name in ("thop", "ptflops"):
        assert per_sample(four.side(name)) == one.side(name).total
    assert four.side("thop").total == 4 * one.side("thop").total
    assert one.side("ptflops").total < four.side("ptflops").total < 4 * one.side("ptflops").total


def _examples() -> list[str]:
    lines = [line for command in cli.commands.values() for line in (command.epilog or "").splitlines()]
    return [line.strip() for line in lines if line.strip().startswith("reconcile ")]


@pytest.mark.parametrize("example", _examples())
def test_every_example_of_the_help_is_a_command_line_that_is_understood(example: str) -> None:
    _, name, *arguments = shlex.split(example)
    command = cli.commands[name]
    with command.make_context(name, arguments) as context:
        assert context.args == []


def test_every_command_that_takes_something_has_an_example() -> None:
    taking = {
        name for name, command in cli.commands.items() if any(isinstance(p, click.Argument) for p in command.params)
    }
    assert {example.split()[1] for example in _examples()} >= taking | {"demo"}


def test_the_help_says_in_whole_sentences_what_the_commands_do(capsys: pytest.CaptureFixture[str]) -> None:
    for group in ([], ["overlays"], ["cache"]):
        assert run_cli([*group, "--help"]) == 0
        assert "..." not in capsys.readouterr().out.partition("Commands:")[2]


def test_an_audit_of_a_batch_tells_what_one_sample_takes(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["audit", "reconcile.models:LeNet", "-i", "4,1,28,28", "-c", "thop"]
    for form in ("table", "markdown"):
        assert run_cli([*asked, "--format", form]) == 0
        said = capsys.readouterr().out
        assert "per sample" in said
        assert "341,256" in said


@pytest.mark.parametrize(
    ("words", "expected"), [("reconcile au", "plain,audit"), ("reconcile run x -c torchi", "plain,torchinfo")]
)
def test_a_shell_completes_commands_and_counters(words: str, expected: str) -> None:
    asked = {"_RECONCILE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = subprocess.run(
        [sys.executable, "-m", "reconcile"], env=os.environ | asked, capture_output=True, text=True, check=False
    )
    assert expected in done.stdout.splitlines()
