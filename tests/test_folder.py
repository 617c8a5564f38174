"""A report folder appears whole or not at all, and nothing that is not a report is ever overwritten."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconcile.cli import run_cli
from reconcile.errors import UsageError
from reconcile.render.folder import write_folder

KNOWN = frozenset({"index.html", "report.md"})
FILES = {"index.html": "<p>", "report.md": b"# 1"}


def _held(folder: Path) -> set[str]:
    return {item.relative_to(folder).as_posix() for item in folder.rglob("*")}


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """No file may grow beyond a size, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_folder_is_made_with_those_above_it(tmp_path: Path) -> None:
    write_folder(tmp_path / "a" / "b", FILES, KNOWN)
    assert _held(tmp_path) == {"a", "a/b", "a/b/index.html", "a/b/report.md"}
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o755


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    write_folder(tmp_path / "here", FILES, KNOWN)
    assert _held(tmp_path) == {"here", "here/index.html", "here/report.md"}


def test_a_report_is_overwritten_with_force_only(tmp_path: Path) -> None:
    write_folder(tmp_path / "here", FILES, KNOWN)
    with pytest.raises(UsageError, match=r"the folder .* is not empty; --force overwrites the report in it"):
        write_folder(tmp_path / "here", {"index.html": "new"}, KNOWN)
    write_folder(tmp_path / "here", {"index.html": "new"}, KNOWN, force=True)
    assert _held(tmp_path) == {"here", "here/index.html"}
    assert (tmp_path / "here" / "index.html").read_text() == "new"


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years")
    with pytest.raises(UsageError, match=r"holds thesis\.tex, which no report wrote, so it is not overwritten"):
        write_folder(tmp_path, FILES, KNOWN, force=True)
    assert _held(tmp_path) == {"thesis.tex"}


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "here").write_text("a file")
    with pytest.raises(UsageError, match="is no folder, so no report can be put there"):
        write_folder(tmp_path / "here", FILES, KNOWN, force=True)


def test_a_place_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(UsageError, match=r"the folder .* cannot be written: Not a directory"):
        write_folder(tmp_path / "file" / "a" / "here", FILES, KNOWN)
    assert _held(tmp_path) == {"file"}


def test_a_full_disk_leaves_nothing_behind_and_keeps_what_stood_there(tmp_path: Path) -> None:
    write_folder(tmp_path / "here", FILES, KNOWN)
    large = {**FILES, "report.md": "x" * 10_000}
    with _files_of_at_most(5_000):
        with pytest.raises(UsageError, match=r"cannot be written: File too large"):
            write_folder(tmp_path / "here", large, KNOWN, force=True)
        with pytest.raises(UsageError, match=r"cannot be written: File too large"):
            write_folder(tmp_path / "new" / "deep", large, KNOWN)
    assert _held(tmp_path) == {"here", "here/index.html", "here/report.md"}
    assert (tmp_path / "here" / "report.md").read_text() == "# 1"


@pytest.mark.parametrize("command", [["demo"], ["audit", "reconcile.models:LeNet", "-i", "1,1,28,28"]])
def test_a_folder_that_is_taken_is_refused_before_anything_is_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "thesis.tex").write_text("years")
    assert run_cli([*command, "--out", str(tmp_path)]) == 2
    assert "is not empty" in capsys.readouterr().err


def test_an_audit_writes_a_report_about_the_two_numbers_that_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    asked = ["audit", "reconcile.models:LeNet", "-i", "1,1,28,28", "-c", "thop", "--from", "torch", "--to", "thop"]
    assert run_cli([*asked, "--out", str(folder)]) == 0
    pictures = {f"{name}.{ending}" for name in ("waterfall", "counters") for ending in ("svg", "png")}
    assert _held(folder) == {"index.html", "report.md", "report.json", "layers.csv", "totals.csv", *pictures}
    assert "<h1>Why does torch tell" in (folder / "index.html").read_text(encoding="utf-8")
    assert (folder / "waterfall.png").read_bytes().startswith(b"\x89PNG")


def test_one_end_of_a_question_alone_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["audit", "reconcile.models:LeNet", "-i", "1,1,28,28", "--from", "thop"]) == 2
    assert "--from and --to belong together" in capsys.readouterr().err


def test_one_number_twice_is_no_question(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["audit", "reconcile.models:LeNet", "-i", "1,1,28,28", "-c", "thop"]
    assert run_cli([*asked, "--from", "thop", "--to", "thop"]) == 2
    assert "--from and --to both name 'thop'" in capsys.readouterr().err
