"""Overlays: counters and releases in folders of their own, made once, whole or not at all, seen by one worker only."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

from reconcile.ask import Question, ask, entry_of, installed, parse_counter
from reconcile.cli import run_cli
from reconcile.ends import side_from_count
from reconcile.errors import UsageError
from reconcile.explain import explain
from reconcile.inputs import parse_inputs
from reconcile.objects import parse_object
from reconcile.releases.overlay import Overlay, _complaint, make, overlays_folder, standing
from reconcile.schema import Count, Run
from reconcile.worker.job import put_first
from tests.shared import ROOT, audit_of
from tests.wheels import wheel

FAKE = str(Path(__file__).parent / "fakes" / "overlaid.py")
LAYERS = str(Path(__file__).parent / "cases" / "layers.py")
OLD = "thop==0.0.23.post1907011323"

QUESTION = Question(model=parse_object("reconcile.models:LeNet"), inputs=parse_inputs(["1,1,28,28"]), adapters=(FAKE,))


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index of two releases of a tiny counter, and an empty cache."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    wheel(wheels, "tinycounter", "1.0", {"tinycounter/__init__.py": "TOLD = 7\n"})
    old = "from collections import Iterable\nTOLD = 8 if Iterable else 0\n"
    wheel(wheels, "tinycounter", "2.0", {"tinycounter/__init__.py": old})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("RECONCILE_CACHE_DIR", str(tmp_path / "cache"))
    return wheels


def _listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, str]:
    capsys.readouterr()
    assert run_cli(["overlays", *arguments, "--adapter", FAKE, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["overlays"]
    return {row["overlay"].rpartition("+")[0]: row["state"] for row in rows if row["overlay"].startswith("tiny")}


def _command(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """A command of its own that needs the overlay of `tiny`."""
    return subprocess.Popen(
        [sys.executable, "-m", "reconcile", *arguments, "--adapter", FAKE],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _maker(**environment: str) -> subprocess.Popen[str]:
    return _command("overlays", "make", "tiny", **environment)


def _count(run: Run, counter: str) -> Count:
    count = run.count(counter)
    assert count is not None
    assert count.status == "ok", count.reason
    return count


@pytest.mark.usefixtures("index")
def test_two_releases_of_a_counter_answer_in_one_command_and_nothing_of_them_reaches_the_parent() -> None:
    path = list(sys.path)
    run = ask(QUESTION, ["tiny", "tiny==2.0"])
    assert [(count.version, count.total) for count in run.counts] == [("1.0", 7), ("2.0", 8)]
    assert "tinycounter" not in sys.modules
    assert importlib.util.find_spec("tinycounter") is None
    assert sys.path == path


@pytest.mark.usefixtures("index")
def test_a_release_without_rules_is_never_explained() -> None:
    run = ask(QUESTION, ["tiny==2.0"])
    count = _count(run, "tiny==2.0")
    assert not count.ruled
    assert not count.explained
    assert "no rules are written for release 2.0; those of ==1.0 were used, and prove nothing" in count.warnings
    assert not explain(side_from_count(count, QUESTION), side_from_count(count, QUESTION)).complete
    assert Count.from_json(count.to_json()) == count


@pytest.mark.usefixtures("index")
def test_a_name_that_python_dropped_is_given_back_to_the_counter_that_asks_for_it() -> None:
    run = ask(QUESTION, ["tiny", "tiny==2.0"])
    said = "names that Python no longer has were given back for it: collections.Iterable"
    assert said in _count(run, "tiny==2.0").warnings
    assert said not in _count(run, "tiny").warnings
    assert not hasattr(sys.modules["collections"], "Iterable")


@pytest.mark.usefixtures("index")
def test_an_overlay_is_made_for_a_counter_that_is_named_and_for_no_other() -> None:
    assert "tiny" not in installed((FAKE,))
    assert entry_of(parse_counter("tiny"), (FAKE,)).missing == "tiny is not made: reconcile overlays make tiny"
    ask(QUESTION, ["tiny"])
    assert "tiny" in installed((FAKE,))


@pytest.mark.usefixtures("index")
def test_overlays_are_listed_made_and_cleared(capsys: pytest.CaptureFixture[str]) -> None:
    assert _listed(capsys) == {"tinycounter==1.0": "not made"}
    both = {"tinycounter==1.0": "made", "tinycounter==2.0": "made"}
    assert _listed(capsys, "make", "tiny", "tiny==2.0") == both
    assert _listed(capsys, "list") == both
    assert _listed(capsys, "clear", "tiny==2.0") == {"tinycounter==1.0": "made"}
    assert _listed(capsys, "clear") == {"tinycounter==1.0": "not made"}


@pytest.mark.usefixtures("index")
def test_a_cache_folder_that_is_named_holds_for_that_command_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _listed(capsys, "make", "tiny", "--cache-dir", str(tmp_path / "other")) == {"tinycounter==1.0": "made"}
    assert _listed(capsys) == {"tinycounter==1.0": "not made"}


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("damage", ["changed", "added", "removed", "manifest"])
def test_a_damaged_overlay_is_found_out_and_made_again(damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    files = make(Overlay(requirements=("tinycounter==1.0",)))
    file = files / "tinycounter" / "__init__.py"
    match damage:
        case "changed":
            file.write_text("TOLD = 9\n")
        case "added":
            (files / "collections.py").write_text("")
        case "removed":
            file.unlink()
        case _:
            (files.parent / "manifest.json").write_text("{")
    assert _listed(capsys) == {"tinycounter==1.0": "damaged"}
    assert "tiny" not in installed((FAKE,))
    assert _count(ask(QUESTION, ["tiny"]), "tiny").total == 7
    assert _listed(capsys) == {"tinycounter==1.0": "made"}


@pytest.mark.usefixtures("index")
def test_two_makers_at_once_both_succeed_and_one_of_them_makes() -> None:
    makers = [_maker(), _maker()]
    said = "".join(maker.communicate()[1] for maker in makers)
    assert [maker.returncode for maker in makers] == [0, 0], said
    assert said.count("making the overlay tinycounter==1.0") == 1


@pytest.mark.usefixtures("index")
def test_two_commands_at_once_that_need_the_same_overlay_both_get_their_answer() -> None:
    runs = [_command("run", "reconcile.models:LeNet", "-i", "1,1,28,28", "-c", "tiny", "--json") for _ in range(2)]
    answers = [run.communicate() for run in runs]
    assert [json.loads(answer)["counts"][0]["total"] for answer, _ in answers] == [7, 7]
    assert "".join(said for _, said in answers).count("making the overlay tinycounter==1.0") == 1
    assert not list(overlays_folder().glob(".making-*"))


_SLOW_PIP = """
import pathlib, sys, time
target = pathlib.Path(sys.argv[sys.argv.index("--target") + 1])
(target / "tinycounter").mkdir(parents=True)
(target / "tinycounter" / "__init__.py").write_text("TOLD = 1")
time.sleep(120)
"""


def _half_way(folder: Path) -> subprocess.Popen[str]:
    """A maker whose pip has written some files and takes its time for the rest."""
    slow = folder / "slow" / "pip"
    slow.mkdir(parents=True)
    (slow / "__init__.py").touch()
    (slow / "__main__.py").write_text(_SLOW_PIP)
    maker = _maker(PYTHONPATH=os.pathsep.join([str(slow.parent), str(ROOT)]))
    while not list(overlays_folder().glob(".making-*/files/tinycounter/__init__.py")):
        assert maker.poll() is None
        time.sleep(0.05)
    return maker


@pytest.mark.usefixtures("index")
def test_a_maker_that_is_killed_leaves_nothing_half_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    maker = _half_way(tmp_path)
    maker.kill()
    maker.wait()
    assert _listed(capsys) == {"tinycounter==1.0": "not made"}
    os.killpg(maker.pid, signal.SIGKILL)
    maker.communicate()
    assert _count(ask(QUESTION, ["tiny"]), "tiny").total == 7
    assert not list(overlays_folder().glob(".making-*"))


@pytest.mark.usefixtures("index")
def test_a_command_that_waits_for_a_maker_that_is_killed_makes_the_overlay_itself(tmp_path: Path) -> None:
    first, second = _half_way(tmp_path), _maker()
    time.sleep(2)
    assert second.poll() is None
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    assert second.communicate()[1].count("making the overlay tinycounter==1.0") == 1
    assert second.returncode == 0
    assert Overlay(requirements=("tinycounter==1.0",)).state == "made"
    assert not list(overlays_folder().glob(".making-*"))


@pytest.mark.usefixtures("index")
def test_a_maker_that_is_interrupted_takes_its_half_made_folder_away(tmp_path: Path) -> None:
    maker = _half_way(tmp_path)
    os.killpg(maker.pid, signal.SIGINT)
    maker.communicate()
    assert maker.returncode == 130
    assert standing() == ()
    assert not list(overlays_folder().glob(".making-*"))


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("counter", "sentence"),
    [
        ("tiny==9", "the package index has no such release; the last that it has are 1.0, 2.0"),
        ("tiny==x", "tinycounter==x names no release: 'x' is no version"),
        ("tiny==", "the counter 'tiny==' names no release after its =="),
        ("torchinfo==0.0.1", "the package index offers no release of it, or cannot be reached"),
        ("torch==2.4", "torch is never installed twice"),
        ("reference==1", "reference has no releases of its own"),
    ],
)
def test_a_release_that_cannot_be_had_is_refused_in_one_sentence(
    counter: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    code = run_cli(["run", "reconcile.models:LeNet", "-i", "1,1,28,28", "--adapter", FAKE, "-c", counter])
    said = capsys.readouterr()
    assert code == 2
    assert said.out == ""
    assert sentence in said.err.splitlines()[-1]
    assert not list(overlays_folder().glob("[!.]*"))


@pytest.mark.usefixtures("index")
def test_an_overlay_takes_the_place_of_a_module_that_is_loaded_already(monkeypatch: pytest.MonkeyPatch) -> None:
    files = make(Overlay(requirements=("tinycounter==1.0",)))
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("tinycounter", "tinycounter.part"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    put_first(files)
    assert "tinycounter.part" not in sys.modules
    assert importlib.import_module("tinycounter").TOLD == 7
    assert metadata.version("tinycounter") == "1.0"


def test_the_installed_release_needs_no_overlay() -> None:
    version = entry_of(parse_counter("torchinfo")).version
    assert entry_of(parse_counter(f"torchinfo=={version}")).overlay is None


def test_a_distribution_whose_files_another_one_overwrote_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    for name, text in (("tinycounter", "TOLD = 7\n"), ("othercounter", "TOLD = 5\n")):
        zipfile.ZipFile(wheel(tmp_path, name, "1.0", {"tinycounter/__init__.py": text})).extractall(site)
    monkeypatch.syspath_prepend(site)
    entry = entry_of(parse_counter("tiny"), (FAKE,))
    assert entry._here == (
        "tiny is overwritten: othercounter 1.0 put its own files into tinycounter/; install tinycounter anew"
    )
    (site / "tinycounter" / "__init__.py").write_text("TOLD = 7\n")
    assert entry._here is None
    assert entry.overlay is None


def test_thop_and_ultralytics_thop_answer_in_one_command_each_as_itself() -> None:
    run = audit_of(f"{LAYERS}:resampling", "2,4,8,8", ("thop", "ultralytics-thop")).run
    one, other = _count(run, "thop"), _count(run, "ultralytics-thop")
    assert (one.version, other.version) == ("0.1.1.post2209072238", "2.2.3")
    assert one.total != other.total
    assert one.explained
    assert other.explained


def test_a_network_that_changed_its_number_between_two_releases_is_explained_to_the_last_operation() -> None:
    audit = audit_of("torchvision.models:densenet121", "1,3,224,224", (OLD, "thop"))
    old, new = _count(audit.run, OLD), _count(audit.run, "thop")
    assert (old.total, old.params, new.total) == (2914598912, 7978856, 2897007104)
    story = audit.explanation(OLD, "thop")
    assert story.complete
    assert {cause.cause: cause.amount for cause in story.causes}["rounding"] == -1816


def test_an_overlay_of_a_framework_is_refused() -> None:
    with pytest.raises(UsageError, match="paddlepaddle is never installed twice"):
        Overlay(requirements=("paddlepaddle==2.6",))


def test_a_source_that_cannot_be_built_is_a_complaint_without_the_folders_of_the_moment() -> None:
    said = """
  error: subprocess-exited-with-error
      FileNotFoundError: [Errno 2] No such file or directory: '/tmp/pip-install-x1/tiny_y2/requirements.txt'
      [end of output]
"""
    complaint = "its source cannot be built: FileNotFoundError: [Errno 2] No such file or directory: 'requirements.txt'"
    assert _complaint(said) == complaint
