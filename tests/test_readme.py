"""The README is true: its example prints what stands there, its program runs, its commands exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

from reconcile.cli import cli
from tests.shared import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", README, re.DOTALL)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


@pytest.mark.parametrize("block", _blocks("console"))
def test_the_examples_print_what_the_readme_shows(block: str) -> None:
    command, *shown = block.splitlines()
    arguments = shlex.split(command.removeprefix("$ reconcile "))
    done = subprocess.run(
        [sys.executable, "-m", "reconcile", *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert _lines(done.stdout) == _lines("\n".join(shown))


def test_the_program_runs() -> None:
    (program,) = _blocks("python")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert "6357098496" in done.stdout


def test_every_command_that_the_readme_names_exists_and_no_other() -> None:
    named = set(re.findall(r"^\| `reconcile (\w+)", README, re.MULTILINE))
    assert named == set(cli.commands)


def test_the_two_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^    make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
