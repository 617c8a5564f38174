"""The memory that a worker holds, as Linux accounts for it.

What counts is what a process has written: anonymous and shared pages, in memory or swapped out.  A tensor that is
mapped and never touched costs nothing, and files that are only read can be dropped by the system at any time.
A limit on the address space (RLIMIT_AS, RLIMIT_DATA) would stop workers that need no memory at all.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

_COUNTED = ("RssAnon:", "RssShmem:", "VmSwap:")

_LOOK = 0.5
"""Seconds after which the processes of a worker are looked for again."""

_PR_SET_CHILD_SUBREAPER = 36


def held(pid: int) -> int:
    """The bytes that a process holds; 0 if it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in text.splitlines() if line.startswith(_COUNTED))


def _processes() -> Iterator[tuple[int, int, int]]:
    """Every process of the machine as its number, its parent's, and that of its session."""
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with contextlib.suppress(OSError):
                # The second field is the program's name in brackets, which may hold anything.
                fields = Path(f"/proc/{name}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
                _, parent, _, session, *_ = fields.split()
                yield int(name), int(parent), int(session)


def children(parent: int) -> list[int]:
    """The processes that a process has started, or that were left to it."""
    return [pid for pid, above, _ in _processes() if above == parent]


class Session:
    """A worker and what it started."""

    def __init__(self, leader: int) -> None:
        self._leader = leader
        self._members = [leader]
        self._looked = time.monotonic()

    def held(self) -> int:
        """The bytes that the session holds; pages that a fork shares count for each process."""
        now = time.monotonic()
        if now - self._looked > _LOOK:
            self._members = [pid for pid, _, session in _processes() if session == self._leader]
            self._looked = now
        return sum(held(pid) for pid in self._members)


def take_orphans() -> None:
    """Let processes whose parent ended become children of this one, so that none escapes; nothing elsewhere."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def first_to_go() -> None:
    """Let the system end this process before any other when memory runs out, and write no core file of it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
