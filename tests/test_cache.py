"""A repeated command is answered from the cache, and never where something behind the answer was changed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from reconcile.ask import Question, ask, parse_counter
from reconcile.caching import answers
from reconcile.caching.answers import SWITCH, Answers, answers_folder, clear, kept, prune
from reconcile.caching.fingerprint import fingerprint, holds
from reconcile.caching.surroundings import surroundings
from reconcile.cli import run_cli
from reconcile.inputs import parse_inputs
from reconcile.launching.server import close_servers
from reconcile.objects import parse_object
from reconcile.schema import Run
from reconcile.schemas import schema
from reconcile.worker.files_read import FilesRead

MODEL = """
import json
from pathlib import Path
from torch import nn
from widths import WIDTH

def net():
    more = json.loads((Path(__file__).parent / "depth.json").read_text())
    return nn.Sequential(nn.Linear(4, WIDTH), *(nn.Linear(WIDTH, WIDTH) for _ in range(more)))
"""

COUNTER = """
from reconcile.adapter import Counter, Told
from reconcile.rules import Rules

def run(subject):
    print("counted")
    with subject.recording():
        subject.model(*subject.args)
    return Told(rows=(), total=0, params=PARAMS)

PARAMS = 1
COUNTERS = (
    Counter(id="mine", unit="MAC", framework="torch", distribution=None, imports=None, sees="nothing",
            rules=Rules(), run=run),
)
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model of two files, its data and a counter; and an empty cache that is switched on.

    The servers are new: what one of other tests has read may have been changed since, and then no answer is kept.
    """
    close_servers()
    monkeypatch.delenv(SWITCH, raising=False)
    monkeypatch.setenv("RECONCILE_CACHE_DIR", str(tmp_path / "cache"))
    work = tmp_path / "work"
    work.mkdir()
    files = {"net.py": MODEL, "widths.py": "WIDTH = 3\n", "depth.json": "0", "counter.py": COUNTER}
    for name, text in files.items():
        (work / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(work)
    return work


def _ask(place: Path, *, inputs: str = "1,4", counter: str = "mine", cached: bool = True) -> Run:
    question = Question(
        model=parse_object(f"{place}/net.py:net"),
        inputs=parse_inputs([inputs]),
        adapters=(str(place / "counter.py"),),
        cached=cached,
    )
    return ask(question, [counter])


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The counters for which a worker was started, as they come."""
    from reconcile.launching import launch

    seen, real = [], launch._one

    def one(request: launch.Request, *rest: object) -> dict[str, object]:
        seen.append(request.document["counter"])
        return real(request, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(launch, "_one", one)
    return seen


def test_the_same_question_is_answered_from_the_cache_with_the_same_run(place: Path, launched: list[str]) -> None:
    first = _ask(place)
    assert sorted(launched) == ["mine", "reference"]
    launched.clear()
    assert _ask(place) == first
    assert launched == []
    assert first.counts[0].said == "counted\n"
    _ask(place, cached=False)
    assert sorted(launched) == ["mine", "reference"]


def _write(name: str, text: str) -> Callable[[Path], None]:
    def write(place: Path) -> None:
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text(text, encoding="utf-8")

    return write


CHANGES = {
    "the object": (_write("net.py", MODEL.replace("Linear(4, WIDTH)", "Linear(4, WIDTH, bias=False)")), 12),
    "a module that it imports": (_write("widths.py", "WIDTH = 5\n"), 20),
    "data that it reads": (_write("depth.json", "1"), 12 + 9),
    "the counter": (_write("counter.py", COUNTER.replace("PARAMS = 1", "PARAMS = 2")), 12),
    "a package that hides a module": (_write("widths/__init__.py", "WIDTH = 7\n"), 28),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_never_answered_from_the_cache(place: Path, launched: list[str], change: str) -> None:
    _ask(place)
    launched.clear()
    do, total = CHANGES[change]
    do(place)
    run = _ask(place)
    assert run.reference is not None
    assert run.reference.total == total
    assert sorted(launched) == ["mine", "reference"]


def test_another_input_variable_or_counter_is_another_question(
    place: Path, launched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _ask(place)
    launched.clear()
    _ask(place, inputs="2,4")
    assert sorted(launched) == ["mine", "reference"]
    launched.clear()
    _ask(place, counter="mine@grad")
    assert launched == ["mine"]
    monkeypatch.setenv("TORCH_LOGS_NOT", "1")
    launched.clear()
    _ask(place)
    assert sorted(launched) == ["mine", "reference"]


def test_a_file_that_is_saved_again_without_a_change_is_the_same(place: Path, launched: list[str]) -> None:
    _ask(place)
    launched.clear()
    for file in ("net.py", "widths.py", "depth.json", "counter.py"):
        text = (place / file).read_text(encoding="utf-8")
        (place / file).write_text(text, encoding="utf-8")
    _ask(place)
    assert launched == []


def test_an_answer_is_not_kept_where_a_file_was_changed_meanwhile(tmp_path: Path) -> None:
    reading = FilesRead()
    reading._opened[str(tmp_path / "data.json")] = None
    assert reading.fingerprints(private=str(tmp_path / "private")) is not None
    time.sleep(0.05)
    (tmp_path / "data.json").write_text("1", encoding="utf-8")
    assert reading.fingerprints(private=str(tmp_path / "private")) is None
    reading.begin_job()
    assert reading.fingerprints(private=str(tmp_path / "private")) is None


def test_a_damaged_answer_is_as_good_as_none(place: Path, launched: list[str]) -> None:
    first = _ask(place)
    for file in answers_folder().rglob("*.gz"):
        file.write_bytes(file.read_bytes()[:40])
    launched.clear()
    assert _ask(place) == first
    assert sorted(launched) == ["mine", "reference"]


def _keep(name: str, size: int) -> None:
    asked = {"model": {"object": name, "arguments": {}}, "inputs": [], "counter": "mine", "path": [], "folder": "/"}
    asked["context"] = {"mode": "eval", "grad": "grad"}
    Answers().keep(asked, {"status": "ok", "text": os.urandom(size).hex()}, {})


def test_the_cache_is_bounded_and_what_was_not_used_for_longest_goes_first(place: Path) -> None:
    for age, name in enumerate(("a:a", "b:b", "c:c")):
        _keep(name, 10_000)
        for item in kept():
            if item.asked["model"]["object"] == name:
                os.utime(item.file, (age + 1, age + 1))
    prune(25_000)
    assert [item.asked["model"]["object"] for item in kept()] == ["c:c", "b:b"]


def test_where_nothing_can_be_written_nothing_is_kept_and_nothing_fails(place: Path) -> None:
    (place.parent / "cache").write_text("no folder", encoding="utf-8")
    _keep("a:a", 10)
    assert list(kept()) == []


def test_the_answers_of_one_object_can_be_cleared(place: Path) -> None:
    _keep("a:a", 10)
    _keep("b:b", 10)
    assert clear(["a:a"]) == 1
    assert [item.asked["model"]["object"] for item in kept()] == ["b:b"]
    clear()
    assert [file for file in answers_folder().rglob("*") if file.is_file()] == []


def test_the_command_lists_and_clears(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _keep("a:a", 10)
    assert run_cli(["cache", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("cache"))
    assert [row["object"] for row in document["answers"]] == ["a:a"]
    assert document["limit"] == answers.LIMIT
    assert run_cli(["cache", "clear", "b:b"]) == 2
    assert "there is no answer about b:b" in capsys.readouterr().err
    assert run_cli(["cache", "clear"]) == 0
    assert "0 answers" in capsys.readouterr().out


def test_the_command_does_not_use_the_cache_if_it_is_told_so(place: Path, launched: list[str]) -> None:
    command = ["run", f"{place}/net.py:net", "-i", "1,4", "--adapter", str(place / "counter.py"), "-c", "mine"]
    for extra, started in (["--no-cache"], 2), ([], 2), ([], 0), (["--no-cache"], 2):
        launched.clear()
        run_cli([*command, *extra])
        assert len(launched) == started


def test_a_failed_answer_is_not_kept(place: Path, launched: list[str]) -> None:
    text = COUNTER.replace('print("counted")', "raise ValueError('no')")
    (place / "counter.py").write_text(text, encoding="utf-8")
    _ask(place)
    launched.clear()
    assert _ask(place).counts[0].status == "failed"
    assert launched == ["mine"]


def test_an_installed_file_that_is_changed_behind_its_date_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "counter.py"
    file.write_text("WEIGHT = 1\n", encoding="utf-8")
    before = file.stat()
    text = fingerprint(str(file), before, (str(tmp_path),))
    assert holds(str(file), text)
    time.sleep(0.05)
    file.write_text("WEIGHT = 2\n", encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not holds(str(file), text)


def test_another_release_in_the_environment_is_another_question(tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    (site / "thop-0.1.0.dist-info").mkdir(parents=True)
    before = surroundings([str(site)])
    assert surroundings([str(site)]) == before
    (site / "thop-0.1.0.dist-info").rename(site / "thop-0.1.1.dist-info")
    assert surroundings([str(site)]) != before


def test_a_live_model_is_never_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SWITCH, raising=False)
    named = Question(model=parse_object("reconcile.models:LeNet"), cached=True)
    live = Question(model=None, payload=b"a model", cached=True)
    reference = parse_counter("reference")
    assert named.request(reference).kept
    assert not live.request(reference).kept
