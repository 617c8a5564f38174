"""Fingerprints of files: whether one is still what it was when an answer rested on it.

A file that belongs to an installation is told by its size, inode and time of change, which no writer can set back and
which cost nothing to look at; thousands stand behind one answer.  Every other file is told by its contents, so that one
that is saved again without a change is still the same.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sysconfig
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_LARGE = 16 * 2**20
"""Bytes from which on contents take too long to read; such a file is told like an installed one."""


@cache
def installations() -> tuple[str, ...]:
    """The folders of this Python in which files change by installing only."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    return tuple(dict.fromkeys(f"{os.path.realpath(sysconfig.get_path(name))}{os.sep}" for name in names))


def is_installed(path: str, also: Sequence[str] = ()) -> bool:
    """Whether a file belongs to an installation; `also` are further folders that hold some."""
    marks = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
    return path.startswith((*installations(), *also)) or any(mark in path for mark in marks)


def fingerprint(path: str, found: os.stat_result, also: Sequence[str] = ()) -> str:
    """The fingerprint of a regular file; raises `OSError` if it cannot be read."""
    if found.st_size >= _LARGE or is_installed(path, also):
        return _by_state(found)
    return _by_contents(path)


def _by_state(found: os.stat_result) -> str:
    return f"state:{found.st_size}:{found.st_ino}:{found.st_ctime_ns}"


def _by_contents(path: str) -> str:
    return f"sha256:{hashlib.sha256(Path(path).read_bytes()).hexdigest()}"


def holds(path: str, text: str) -> bool:
    """Whether a file still has a fingerprint."""
    try:
        if text.startswith("sha256:"):
            return _by_contents(path) == text
        found = os.stat(path)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and _by_state(found) == text
