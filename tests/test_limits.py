"""A worker that takes too much is one failed row; the others, and the answer, are as they would be without it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconcile.ask import Question, ask, parse_counter
from reconcile.byte_sizes import parse_bytes
from reconcile.cli import run_cli
from reconcile.errors import UsageError
from reconcile.inputs import parse_inputs
from reconcile.launching.launch import Request, launch
from reconcile.launching.server import close_servers
from reconcile.objects import parse_object
from reconcile.schema import Count, Run
from reconcile.worker.said import HEAD, TAIL
from tests.processes import VARIABLE, gone, marked

FAKES = str(Path(__file__).parent / "fakes" / "greedy.py")

MARK = f"limits-{os.getpid()}"

LENET = 6 * 28 * 28 * 9 + 16 * 10 * 10 * 150 + 400 * 120 + 120 * 84 + 84 * 10


def _question(memory: int | None = None) -> Question:
    model = parse_object("reconcile.models:LeNet")
    return Question(model=model, inputs=parse_inputs(["1,1,28,28"]), adapters=(FAKES,), memory=memory)


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Every greedy counter beside an honest one, started by a server of their own that carries the mark."""
    close_servers()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, MARK)
        greedy = ("hoards", "maps", "prints", "deserts")
        yield ask(_question(memory=2**30), [*(f"greedy:{name}" for name in greedy), "thop"])
    close_servers()


def _count(run: Run, counter: str) -> Count:
    count = run.count(counter)
    assert count is not None
    return count


def test_a_worker_that_fills_memory_is_stopped(run: Run) -> None:
    count = _count(run, "greedy:hoards")
    assert count.status == "failed"
    assert count.reason == "it held more than 1.0 GiB of memory and was stopped"


def test_memory_that_is_mapped_and_never_touched_costs_nothing(run: Run) -> None:
    assert _count(run, "greedy:maps").reason is None


def test_a_worker_that_blocks_signals_and_prints_for_ever_is_stopped_in_time() -> None:
    (answer,) = launch([_question().request(parse_counter("greedy:deaf"))], timeout=5)
    assert answer["reason"].startswith("it did not answer within 5 seconds and was stopped")


def test_a_worker_that_prints_100_megabytes_answers_and_both_ends_of_it_are_carried_back() -> None:
    (answer,) = launch([_question().request(parse_counter("greedy:prints"))])
    assert answer["status"] == "ok"
    assert answer["said"].startswith("the first words\nxxx")
    assert answer["said"].endswith("xxx\nthe last words\n")
    assert len(answer["said"]) < HEAD + TAIL + 100


def test_what_a_worker_printed_stands_in_the_document(run: Run) -> None:
    assert _count(run, "greedy:prints").said.endswith("the last words\n")


def test_a_process_that_a_worker_deserts_is_ended(run: Run) -> None:
    assert _count(run, "greedy:deserts").status == "ok"
    close_servers()
    assert gone(MARK)


def test_an_honest_counter_beside_them_answers(run: Run) -> None:
    assert _count(run, "thop").total == LENET


def test_a_worker_that_is_killed_from_outside_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    close_servers()
    mark = f"killed-{os.getpid()}"
    monkeypatch.setenv(VARIABLE, mark)
    question = _question()
    found: list[Run] = []
    thread = threading.Thread(target=lambda: found.append(ask(question, ["greedy:waits", "thop"])))
    thread.start()
    sleeper = _waiting(mark)
    os.kill(_parent(sleeper), 9)
    thread.join(60)
    (run,) = found
    assert _count(run, "greedy:waits").reason == "it was ended by signal 9 (SIGKILL)"
    assert _count(run, "thop").total == LENET
    assert not Path(f"/proc/{sleeper}").exists() or gone(mark)
    close_servers()


def _waiting(mark: str) -> int:
    """The process that the waiting counter starts, once it is there."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for pid in marked(mark):
            try:
                if b"time.sleep(3600)" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return int(pid)
            except OSError:
                continue
        time.sleep(0.05)
    raise AssertionError("the counter never started its process")


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


def test_there_are_never_more_workers_than_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    seen, most, lock = 0, 0, threading.Lock()

    def one(request: Request, *rest: object) -> dict[str, object]:
        nonlocal seen, most
        with lock:
            seen += 1
            most = max(most, seen)
        time.sleep(0.05)
        with lock:
            seen -= 1
        return {"status": "ok"}

    monkeypatch.setattr("reconcile.launching.launch._one", one)
    assert len(launch([Request(document={"counter": "thop"})] * 12, jobs=8)) == 12
    assert most == 2


@pytest.mark.parametrize("size", ["0", "-1G", "much", "8X", ""])
def test_a_memory_that_is_no_size_is_refused(size: str) -> None:
    with pytest.raises(UsageError, match=f"the memory {size!r} is no size above 0; write 8G or 512M"):
        parse_bytes(size)


def test_a_suite_and_a_list_of_models_are_held_to_the_memory_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "it held more than 1.0 GiB of memory and was stopped"
    conform = ["conform", "greedy:hoards", "--adapter", FAKES, "--case", "linear", "--memory", "1G", "--json"]
    assert run_cli(conform) == 0
    assert said in capsys.readouterr().out
    for command in ("survey", "twins", "check", "conform"):
        assert run_cli([command, str(tmp_path / "file.yaml"), "--memory", "much"]) == 2
        assert "the memory 'much' is no size" in capsys.readouterr().err


FINDS_NOTHING = """
import sys

import torch


def model() -> torch.nn.Module:
    assert not {"timm", "torchvision"} & sys.modules.keys(), "somebody else's library is loaded"
    return torch.nn.Linear(3, 5)
"""


def test_a_library_that_the_workers_of_one_model_share_is_not_there_for_another(tmp_path: Path) -> None:
    close_servers()
    file = tmp_path / "finds.py"
    file.write_text(FINDS_NOTHING, encoding="utf-8")
    shared = Question(model=parse_object("torchvision.models:squeezenet1_1"), inputs=parse_inputs(["1,3,64,64"]))
    assert all(count.status == "ok" for count in ask(shared, ["ptflops", "ptflops:aten"]).counts)
    own = Question(model=parse_object(f"{file}:model"), inputs=parse_inputs(["2,3"]))
    assert _count(ask(own, ["torch"]), "torch").total == 2 * 2 * 3 * 5
    close_servers()
