"""Timelines and bisections: what each release tells, why the number moved, and what cannot run."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from packaging.version import Version

from reconcile.cli import run_cli
from reconcile.errors import UsageError
from reconcile.releases import by_release, offered
from reconcile.releases.timeline import timeline
from reconcile.schemas import schema
from tests.shared import ROOT
from tests.test_overlays import QUESTION as TINY
from tests.wheels import wheel

DATED = str(Path(__file__).parent / "fakes" / "dated.py")

LENET = ["reconcile.models:LeNet", "-i", "1,1,28,28", "--adapter", DATED]

LINEAR = 400 * 120 + 120 * 84 + 84 * 10
"""The multiply-adds of LeNet's linear layers, by their widths."""

RELEASES = {
    "1.0": "TOLD = 1\n",
    "1.1": "TOLD = 1\n",
    "2.0": "raise RuntimeError('made in a hurry')\n",
    "2.1": "TOLD = 1\n",
    "2.2": "raise RuntimeError('made in a hurry')\n",
    "3.0": "TOLD = 2\n",
    "3.1": "TOLD = 2\n",
    "4.0": "TOLD = 3\n",
}
"""A short history: 4.0 departs from the rules that are written for it."""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index of the whole history, and an empty cache."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for version, text in RELEASES.items():
        wheel(wheels, "tinycounter", version, {"tinycounter/__init__.py": text})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("RECONCILE_CACHE_DIR", str(tmp_path / "cache"))
    return wheels


def _answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = run_cli([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("index")
def test_a_timeline_tells_every_release_that_pip_offers_and_why_the_number_moved(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, document = _answer(capsys, "timeline", "dated", *LENET)
    jsonschema.validate(document, schema("timeline"))
    releases = {item["version"]: item for item in document["releases"]}
    assert list(releases) == list(RELEASES)
    assert releases["2.0"]["reason"] == "RuntimeError: made in a hurry (tinycounter/__init__.py:1)"
    assert {version: item["total"] for version, item in releases.items()} == {
        **dict.fromkeys(("1.0", "1.1", "2.1"), LINEAR),
        **dict.fromkeys(("2.0", "2.2"), None),
        **dict.fromkeys(("3.0", "3.1"), 2 * LINEAR),
        "4.0": 3 * LINEAR,
    }
    assert (releases["1.0"]["since"], releases["2.1"]["since"], releases["3.0"]["since"]) == (None, "1.1", "2.1")
    assert [(cause["cause"], cause["amount"]) for cause in releases["3.0"]["causes"]] == [("mac-weight", LINEAR)]
    assert releases["2.1"]["causes"] == releases["3.1"]["causes"] == []
    assert (releases["4.0"]["residual"], releases["4.0"]["complete"]) == (LINEAR, False)
    assert code == 1


@pytest.mark.usefixtures("index")
def test_a_timeline_of_named_releases_groups_those_that_tell_the_same(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    report = tmp_path / "report.md"
    command = ["timeline", "dated", *LENET, "--releases", "3.1, 1.1,3.0,1.0"]
    assert run_cli([*command, "--output", str(report)]) == 0
    shown, text = capsys.readouterr().out, report.read_text()
    assert "1.0 to 1.1" in shown
    answer = (
        "dated tells 2 numbers for reconcile.models:LeNet on 1,1,28,28 over 4 releases, from 58,920 MAC at 1.0 "
        "to 117,840 at 3.1. Every change is explained to the last operation."
    )
    assert text.splitlines()[0] == answer
    assert "| 3.0 to 3.1 | 2 | 117,840 | 117.840 k | +58,920 | +58,920 mac-weight |" in text
    assert f"Written by `reconcile timeline dated {LENET[0]}" in text
    assert run_cli([*command, "--output", str(tmp_path / "rows.csv")]) == 0
    assert "3.0,ok,117840,58920,mac-weight,58920," in (tmp_path / "rows.csv").read_text()


def test_a_release_that_pip_cannot_install_harms_no_other(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (index / "tinycounter-1.1-py3-none-any.whl").write_text("no wheel at all")
    code, document = _answer(capsys, "timeline", "dated", *LENET, "--releases", "1.0,1.1,3.0,9.0")
    first, broken, third, absent = document["releases"]
    assert (first["total"], third["total"]) == (LINEAR, 2 * LINEAR)
    assert broken["status"] == absent["status"] == "failed"
    assert broken["reason"].startswith("the overlay tinycounter==1.1")
    assert "the package index has no such release" in absent["reason"]
    assert code == 1


@pytest.mark.usefixtures("index")
def test_a_bisection_runs_few_releases_and_passes_over_those_that_cannot_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, document = _answer(capsys, "bisect", "dated", *LENET, "--from", "1.0", "--to", "3.1")
    jsonschema.validate(document, schema("bisect"))
    assert document["before"] == {"version": "2.1", "total": LINEAR}
    assert document["after"] == {"version": "3.0", "total": 2 * LINEAR}
    assert document["skipped"] == [
        {"version": "2.2", "reason": "RuntimeError: made in a hurry (tinycounter/__init__.py:1)"}
    ]
    assert document["releases"] == 7
    assert len(document["tried"]) == len(set(document["tried"])) <= 6
    assert code == 1


@pytest.mark.usefixtures("index")
def test_a_bisection_between_neighbours_that_run_is_certain(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    command = ["bisect", "dated", *LENET, "--from", "3.1", "--to", "1.0", "--releases", "1.0,1.1,3.0,3.1"]
    assert run_cli([*command, "--output", str(report)]) == 0
    answer = "dated moved at 1.1: from 117,840 to 58,920 MAC (-58,920), 3.0 being before it; 4 of 4 releases were run."
    assert report.read_text().splitlines()[0] == answer
    assert "mac-weight" in capsys.readouterr().out


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["timeline", "dated==1.0"], "'dated==1.0' is one release already"),
        (["timeline", "reference"], "reference has no releases of its own"),
        (["timeline", "nobody"], "the counter 'nobody' is unknown"),
        (["timeline", "dated", "--releases", "one"], "'one' names no release: it is no version"),
        (["timeline", "torch", "--releases", "2.4"], "torch is never installed twice"),
        (["bisect", "dated", "--from", "1.0", "--to", "7"], "7 is none of the releases"),
        (["bisect", "dated", "--from", "1.0", "--to", "1.0"], "both ends are 1.0"),
        (["bisect", "dated", "--from", "1.0", "--to", "2.0"], "dated==2.0 cannot run, so it is no end to search from"),
        (["bisect", "dated", "--from", "1.0", "--to", "1.1"], "dated tells 58,920 at both 1.0 and 1.1"),
    ],
)
def test_a_question_about_releases_that_has_no_answer_is_refused_in_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run_cli([*arguments[:2], *LENET, *arguments[2:]]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert sentence in said.err.splitlines()[-1]


def test_the_releases_that_pip_names_are_kept_for_a_day(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert offered.offered("tinycounter") == tuple(RELEASES)
    shutil.rmtree(index)
    index.mkdir()
    assert offered.offered("tinycounter") == tuple(RELEASES)
    monkeypatch.setattr(offered, "FRESH", -1)
    with pytest.raises(UsageError, match=r"pip names no release of tinycounter: .* name the releases with --releases"):
        offered.offered("tinycounter")


@pytest.mark.usefixtures("index")
def test_a_kept_answer_that_is_no_list_of_versions_is_asked_for_again(tmp_path: Path) -> None:
    kept = tmp_path / "cache" / "offered" / "tinycounter.json"
    kept.parent.mkdir(parents=True)
    for text in ("{", "[1]", '["one"]', "7"):
        kept.write_text(text)
        assert offered.offered("tinycounter") == tuple(RELEASES)


@pytest.mark.usefixtures("index")
def test_a_timeline_leaves_no_server_for_each_release_and_nothing_in_the_parent() -> None:
    from dataclasses import replace

    from reconcile.launching.server import _started

    before = set(_started())
    found = timeline(replace(TINY, adapters=(DATED,)), "dated", ("1.0", "3.0"))
    assert {moment.total for moment in found.ran} == {LINEAR, 2 * LINEAR}
    assert set(_started()) - before <= {None}
    assert "tinycounter" not in sys.modules
    assert by_release.releases_of(replace(TINY, adapters=(DATED,)), "dated", ["2"]) == ("2",)


def _row(report: str, release: str) -> list[str]:
    """The cells of the row of a committed timeline in which a release stands, alone or between two others."""
    for line in report.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        ends = cells[0].split(" to ")
        if ends[0][:1].isdigit() and Version(ends[0]) <= Version(release) <= Version(ends[-1]):
            return cells
    raise AssertionError(f"{release} is in no row")


def test_a_slice_of_a_committed_timeline_comes_out_again(capsys: pytest.CaptureFixture[str]) -> None:
    report = (ROOT / "reports" / "timeline-thop.md").read_text(encoding="utf-8")
    versions = ("0.0.31.post2005241907", "0.1.0.post2207010342")
    command = ["timeline", "thop", "reconcile.models:Layers", "-i", "1,3,32,32"]
    assert f"Written by `reconcile {' '.join(command)}" in report
    code, document = _answer(capsys, *command, "--releases", ",".join(versions))
    assert code == 0
    assert [item["version"] for item in document["releases"]] == list(versions)
    for item in document["releases"]:
        assert _row(report, item["version"])[2] == f"{item['total']:,}"


@pytest.mark.parametrize("report", sorted((ROOT / "reports").glob("timeline-*.md")), ids=lambda file: file.stem)
def test_a_committed_timeline_is_explained_and_says_why_a_release_cannot_run(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    answer = text.splitlines()[0]
    assert "Every change is explained to the last operation." in answer
    failed = sum(int(line.split("|")[2]) for line in text.splitlines() if "cannot run: " in line)
    assert failed == int((re.search(r"; (\d+) cannot run", answer) or ["", "0"])[1])
    ran = re.search(r"over (\d+) releases", answer)
    assert ran is not None
    assert int(ran[1]) >= 10
