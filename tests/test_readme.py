"""The README is true in both languages: its examples print what stands there, its program runs, its commands exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

from reconcile.cli import cli
from tests.shared import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")

CHINESE = (ROOT / "README.zh.md").read_text(encoding="utf-8")

READMES = pytest.mark.parametrize("readme", [README, CHINESE], ids=["English", "Chinese"])

IN_CHINESE = " --lang zh"


def _blocks(kind: str, readme: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", readme, re.DOTALL)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


def _commands(readme: str) -> list[str]:
    """What a reader would type: the examples, and the commands of the indented blocks without what is said of them."""
    indented = re.findall(r"^    ([^#\n]+)", _unfenced(readme), re.MULTILINE)
    return [*re.findall(r"^\$ (.+)", readme, re.MULTILINE), *(command.strip() for command in indented)]


def _unfenced(readme: str) -> str:
    return re.sub(r"```.*?```", "", readme, flags=re.DOTALL)


def _code(readme: str) -> set[str]:
    """What stands in code within sentences and tables."""
    return set(re.findall(r"`([^`\n]+)`", _unfenced(readme)))


def _links(readme: str) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", readme)


@pytest.mark.parametrize("block", [*_blocks("console", README), *_blocks("console", CHINESE)])
def test_the_examples_print_what_the_readme_shows(block: str) -> None:
    command, *shown = block.splitlines()
    arguments = shlex.split(command.removeprefix("$ reconcile "))
    done = subprocess.run(
        [sys.executable, "-m", "reconcile", *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert _lines(done.stdout) == _lines("\n".join(shown))


def test_the_program_runs() -> None:
    (program,) = _blocks("python", README)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert "6357098496" in done.stdout


@READMES
def test_every_command_that_the_readme_names_exists_and_no_other(readme: str) -> None:
    named = set(re.findall(r"^\| `reconcile (\w+)", readme, re.MULTILINE))
    assert named == set(cli.commands)


@READMES
def test_the_two_commands_of_the_readme_are_targets_of_the_makefile(readme: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^    make (\w+)", readme, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@READMES
def test_what_the_readme_links_to_is_there(readme: str) -> None:
    assert [link for link in _links(readme) if not (ROOT / link).exists()] == []


def test_the_readme_in_chinese_has_the_same_commands_options_programs_links_and_sections() -> None:
    assert [command.removesuffix(IN_CHINESE) for command in _commands(CHINESE)] == _commands(README)
    assert _code(CHINESE) == _code(README)
    assert _blocks("python", CHINESE) == _blocks("python", README)
    assert [re.sub(r" *#.*", "", block) for block in _blocks("yaml", CHINESE)] == [
        re.sub(r" *#.*", "", block) for block in _blocks("yaml", README)
    ]
    assert (_links(CHINESE)[0], _links(README)[0]) == ("README.md", "README.zh.md")
    assert _links(CHINESE)[1:] == _links(README)[1:]
    assert re.findall(r"^#+ ", CHINESE, re.MULTILINE) == re.findall(r"^#+ ", README, re.MULTILINE)


def test_the_readme_in_chinese_is_in_chinese() -> None:
    prose = re.sub(r"`[^`\n]*`|\([^)\n]*\)|^    .*", "", _unfenced(CHINESE), flags=re.MULTILINE)
    assert re.findall(r"[A-Za-z]+(?:,? [A-Za-z]+){3,}", prose) == []
