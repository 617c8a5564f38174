"""An interrupted command ends with the exit code of its signal and leaves no process and no file behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes import VARIABLE, gone, marked
from tests.shared import ROOT

FAKES = str(Path(__file__).parent / "fakes" / "broken.py")

COMMAND = ["run", "reconcile.models:LeNet", "-i", "1,1,28,28", "--adapter", FAKES, "-c", "fake:hangs", "-c", "thop"]


def _listening() -> None:
    """Put signals back that whoever started the tests may have switched off."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _start(folder: Path, mark: str, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "reconcile", *COMMAND],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(folder), VARIABLE: mark} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_listening,
    )


def _workers(mark: str, count: int) -> None:
    """Wait until a command has so many processes: itself, the fork server, and workers."""
    deadline = time.monotonic() + 60
    while len(marked(mark)) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(marked(mark)) >= count


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda item: item.name)
@pytest.mark.parametrize("processes", [2, 3], ids=["while the server imports", "while a worker counts"])
def test_an_interrupted_command_leaves_nothing_behind(tmp_path: Path, processes: int, number: signal.Signals) -> None:
    mark = f"{number.name}-{processes}-{os.getpid()}"
    process = _start(tmp_path, mark)
    _workers(mark, processes)
    process.send_signal(number)
    process.send_signal(number)
    output, error = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert output == b""
    assert b"Traceback" not in error
    assert gone(mark)
    assert list(tmp_path.glob("reconcile-*")) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda item: item.name)
def test_a_command_that_is_interrupted_while_it_imports_says_nothing(tmp_path: Path, number: signal.Signals) -> None:
    interrupting = f"import os, time; os.kill(os.getpid(), {int(number)}); time.sleep(60)"
    (tmp_path / "click.py").write_text(interrupting, encoding="utf-8")
    process = _start(tmp_path, "importing", PYTHONPATH=str(tmp_path))
    output, error = process.communicate(timeout=60)
    assert (process.returncode, output, error) == (128 + number, b"", b"")


def test_a_server_whose_command_is_killed_ends_with_its_workers(tmp_path: Path) -> None:
    mark = f"killed-{os.getpid()}"
    process = _start(tmp_path, mark)
    _workers(mark, 3)
    process.kill()
    process.communicate(timeout=60)
    assert gone(mark, seconds=20)
