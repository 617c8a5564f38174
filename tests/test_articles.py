"""The report on every number of the articles: a slice of it is written again, and nothing stays without a word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconcile.claims.claim_file import read_claims
from reconcile.cli import run_cli
from reconcile.commands.check import SHIPPED
from tests.shared import ROOT

REPORT = ROOT / "reports" / "articles.md"


def _sections(text: str) -> dict[str, str]:
    """The part of a report on each file."""
    parts = re.split(r"^## (\S+\.yaml)$", text, flags=re.MULTILINE)
    return {name: part.strip() for name, part in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.mark.parametrize("pattern", ["yolov5*", "paddle*"])
def test_a_slice_of_the_report_is_what_the_command_writes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, pattern: str
) -> None:
    output = tmp_path / "slice.md"
    assert run_cli(["check", "--shipped", "--only", pattern, "--output", str(output)]) in (0, 1)
    capsys.readouterr()
    committed = _sections(REPORT.read_text(encoding="utf-8"))
    again = _sections(output.read_text(encoding="utf-8"))
    assert again
    for name, part in again.items():
        assert committed[name] == part


def test_the_report_holds_every_claim_that_ships() -> None:
    text = REPORT.read_text(encoding="utf-8")
    assert re.search(r"^Written by `reconcile check --shipped --output reports/articles\.md`", text, re.MULTILINE)
    sections = _sections(text)
    assert sections.keys() == {path.name for path in SHIPPED.glob("*.yaml")}
    for path in SHIPPED.glob("*.yaml"):
        for claim in read_claims(str(path)):
            assert not claim.name or f"### {claim.name}" in sections[path.name]
            for row in claim.rows.values():
                assert f" {row.printed.text} |" in sections[path.name]


def test_no_verdict_is_unexplained_without_what_was_tried() -> None:
    rows = [line for line in REPORT.read_text(encoding="utf-8").splitlines() if "| unexplained |" in line]
    assert all(re.search(r"\d+ different values", line) for line in rows)
