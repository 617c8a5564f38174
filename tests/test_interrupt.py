"""An interrupted command ends with 130 and leaves no process and no file behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.shared import ROOT

FAKES = str(Path(__file__).parent / "fakes" / "broken.py")


def _marked(mark: str) -> list[str]:
    """Processes that were started with a mark in their environment."""
    found = []
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in place.read_bytes():
                found.append(place.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("seconds", [0.5, 6.0], ids=["while starting", "while counting"])
def test_an_interrupted_command_leaves_nothing_behind(tmp_path: Path, seconds: float) -> None:
    mark = f"RECONCILE_TEST_MARK={os.getpid()}-{seconds}"
    environment = os.environ | {"TMPDIR": str(tmp_path), mark.partition("=")[0]: mark.partition("=")[2]}
    command = [sys.executable, "-m", "reconcile", "run", "reconcile.models:LeNet", "-i", "1,1,28,28"]
    process = subprocess.Popen(
        [*command, "--adapter", FAKES, "-c", "fake:hangs", "-c", "thop"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT)
    assert process.returncode == 130 or seconds < 1
    assert b"Traceback" not in error or seconds < 1
    deadline = time.monotonic() + 10
    while _marked(mark) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _marked(mark) == []
    assert list(tmp_path.glob("reconcile-*")) == []
