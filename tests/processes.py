"""Processes that a test started, told from all others by a mark in their environment."""

from __future__ import annotations

import time
from pathlib import Path

VARIABLE = "RECONCILE_TEST_MARK"


def marked(mark: str) -> list[str]:
    """The processes that were started with a mark."""
    found = []
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"{VARIABLE}={mark}".encode() in place.read_bytes().split(b"\0"):
                found.append(place.parent.name)
        except OSError:
            continue
    return found


def gone(mark: str, *, seconds: float = 10.0) -> bool:
    """Whether the processes with a mark are gone, or go within some seconds."""
    deadline = time.monotonic() + seconds
    while marked(mark) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not marked(mark)
