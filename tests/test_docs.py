"""The documentation is true: generated pages come out again, it builds without a warning, and what it shows runs."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from reconcile.ask import ready
from reconcile.causes import CAUSES
from reconcile.cli import run_cli
from reconcile.language import LANGUAGES
from reconcile.releases.overlay import make
from tests.shared import ROOT

DOCS = ROOT / "docs"

PAGES = sorted(file for file in DOCS.rglob("*.md") if "example-kit" not in file.parts)

_REPAIRED = "from reconcile.worker import shims\nshims.apply()\n"
"""torchvision has no operators beside a CPU build of PyTorch; with it, ptflops and calflops could not be imported."""


def _blocks(kind: str) -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in re.findall(rf"^```{kind}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
            yield page.relative_to(DOCS).as_posix(), block


def _commands() -> dict[str, str]:
    """Every command with what it is shown to print, once, however often it stands there."""
    found: dict[str, str] = {}
    for _, block in _blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            found[command] = found.get(command) or printed
    return found


PROGRAMS = list(_blocks("python"))

CAUSES_IN = {"en": DOCS / "causes", "zh": DOCS / "zh" / "causes"}


def test_the_generated_pages_are_what_the_program_writes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(DOCS / "generate"), str(tmp_path)], check=True, cwd=ROOT)
    written = {file.relative_to(tmp_path): file.read_text(encoding="utf-8") for file in tmp_path.rglob("*.md")}
    assert len(written) > 50
    committed = {path: (DOCS / path).read_text(encoding="utf-8") for path in written}
    assert written == committed
    generated = {
        page.relative_to(DOCS) for page in PAGES if page.read_text(encoding="utf-8").startswith("<!-- Written")
    }
    assert generated == set(written)


def test_every_page_about_causes_stands_in_every_language_and_leads_to_the_others() -> None:
    assert set(CAUSES_IN) == set(LANGUAGES)
    for folder in CAUSES_IN.values():
        assert {page.stem for page in folder.glob("*.md")} == {"index", *CAUSES}
        for page in folder.glob("*.md"):
            links = re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
            led = {(folder / link).resolve() for link in links}
            assert led >= {other / page.name for other in CAUSES_IN.values() if other != folder}, page


def test_no_cause_lacks_a_text_in_a_language() -> None:
    written = yaml.safe_load((DOCS / "generate" / "causes.yaml").read_text(encoding="utf-8"))
    assert set(written) == set(CAUSES)
    for name, texts in written.items():
        assert {language for language, text in texts.items() if text.strip()} == set(LANGUAGES), name


@pytest.mark.parametrize("page", sorted(CAUSES_IN["zh"].glob("*.md")), ids=lambda page: page.stem)
def test_the_pages_in_chinese_hold_no_english_sentence(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"<!--.*?-->|```.*?```|`[^`\n]*`|\([^)\n]*\)", "", text, flags=re.DOTALL)
    assert re.findall(r"[A-Za-z]+(?:,? [A-Za-z]+){2,}", prose) == []


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    )
    assert done.returncode == 0, done.stderr
    for language, folder in CAUSES_IN.items():
        built = (tmp_path / folder.relative_to(DOCS) / "folded-batch.html").read_text(encoding="utf-8")
        assert f'<html lang="{language}"' in built
    assert '<html lang="en"' in (tmp_path / "404.html").read_text(encoding="utf-8")
    assert "中文" in (tmp_path / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", _commands())
def test_every_command_runs_and_prints_what_is_shown(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    program, *arguments = shlex.split(command)
    assert program == "reconcile"
    assert run_cli(arguments) == 0, capsys.readouterr().err
    printed, shown = capsys.readouterr().out, _commands()[command]
    if shown:
        assert [line.rstrip() for line in printed.strip().splitlines()] == [
            line.rstrip() for line in shown.strip().splitlines()
        ]


@pytest.mark.parametrize(("page", "program"), PROGRAMS, ids=[page for page, _ in PROGRAMS])
def test_every_program_runs(page: str, program: str) -> None:
    counter = Path(page).stem
    overlay = None
    if page.startswith("counters/") and counter in ("calflops", "deepspeed", "ultralytics-thop"):
        overlay = ready([counter])[counter].overlay
    first = "" if overlay is None else f"import sys\nsys.path.insert(0, {str(make(overlay))!r})\n"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"{_REPAIRED}{first}{program}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
