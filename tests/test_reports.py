"""A committed report is what the command that it names writes again."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from reconcile.cli import run_cli
from reconcile.launching.server import preload
from tests.shared import ROOT

SURVEYS = {
    *(
        ROOT / "reports" / name
        for name in (
            "zoo.md",
            "conformance.md",
            "torchvision-table.md",
            "kits.md",
            "bench.md",
            "articles.md",
            "paddle-torchvision.md",
        )
    ),
    *(ROOT / "reports").glob("timeline-*.md"),
}
"""Reports that take too long to write again, are written from others, or hold times; they have tests of their own."""

REPORTS = sorted(set((ROOT / "reports").glob("*.md")) - SURVEYS)


def _command(text: str) -> list[str]:
    """The command that a report says it was written by."""
    found = re.search(r"^(?:Written by|由) `reconcile ([^`]+)`", text, re.MULTILINE)
    assert found is not None, "the report names no command"
    return shlex.split(found[1])


def test_there_are_reports() -> None:
    assert ROOT / "reports" / "missing-1.638G.md" in REPORTS


@pytest.mark.parametrize("report", REPORTS, ids=[report.name for report in REPORTS])
def test_a_report_is_what_its_command_writes(
    report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # A server that has imported torchvision for other tests would say so in the notes.
    preload(())
    committed = report.read_text(encoding="utf-8")
    arguments = _command(committed)
    assert arguments[arguments.index("--output") + 1] == report.relative_to(ROOT).as_posix()
    (tmp_path / "reports").mkdir()
    monkeypatch.chdir(tmp_path)
    assert run_cli(arguments) == 0, capsys.readouterr().err
    assert (tmp_path / report.relative_to(ROOT)).read_text(encoding="utf-8") == committed
    if "--out" in arguments:
        _compare_folder(ROOT / arguments[arguments.index("--out") + 1], tmp_path)


KEPT = (".html", ".svg")
"""Endings of the files of a report's folder that are committed."""

OF_THE_MACHINE = (r'(?<=<dd class="machine">).*?(?=</dd>)', r"(?<=the largest difference is )\S+(?= of the largest)")
"""What stands in a page and depends on where it was written: the machine, and the last digits of its arithmetic."""


def _compare_folder(folder: Path, written: Path) -> None:
    committed = {file for file in folder.iterdir() if file.suffix in KEPT}
    assert folder / "index.html" in committed
    for file in committed:
        assert _anywhere(written / file.relative_to(ROOT)) == _anywhere(file), file.name


def _anywhere(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    for pattern in OF_THE_MACHINE:
        text = re.sub(pattern, "", text)
    return text
