"""Counters that take more than their share, or leave something behind."""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from reconcile.adapter import Counter, Subject, Told
from reconcile.rules import Rules

_MAP_NORESERVE = 0x4000


def _answer(subject: Subject) -> Told:
    with subject.recording():
        subject.model(*subject.args)
    return Told(rows=(), total=0)


def hoards(subject: Subject) -> Told:
    """Fill memory until somebody stops it."""
    kept = [bytearray(os.urandom(2**20) * 16) for _ in range(256)]
    raise AssertionError(f"held {len(kept) * 16} MiB")


def maps(subject: Subject) -> Told:
    """Map 64 GiB without touching them, as a tensor of which only the shape is asked."""
    kind = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE
    with mmap.mmap(-1, 64 * 2**30, flags=kind):
        return _answer(subject)


def prints(subject: Subject) -> Told:
    """Print 100 MB, with words at both ends, and answer."""
    print("the first words", flush=True)
    for _ in range(100):
        os.write(1, b"x" * 999_999 + b"\n")
    print("the last words", flush=True)
    return _answer(subject)


def deaf(subject: Subject) -> Told:
    """Block every signal and never come back, printing on and on."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        os.write(2, b"still here\n" * 1000)


def deserts(subject: Subject) -> Told:
    """Leave a process in a session of its own behind, whose parent has ended, and answer."""
    command = "import os, time; os.fork() and os._exit(0); time.sleep(3600)"
    subprocess.run([sys.executable, "-c", command], start_new_session=True, check=True)
    return _answer(subject)


def waits(subject: Subject) -> Told:
    """Start a process and wait for what never comes."""
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    time.sleep(3600)
    raise AssertionError


def _counter(run: Callable[[Subject], Told]) -> Counter:
    return Counter(
        id=f"greedy:{run.__name__}",
        unit="MAC",
        framework="torch",
        distribution=None,
        imports=None,
        sees="nothing",
        rules=Rules(),
        run=run,
    )


COUNTERS = tuple(_counter(run) for run in (hoards, maps, prints, deaf, deserts, waits))
