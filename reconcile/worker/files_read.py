"""What an answer rests on: every file that the worker, or the server that it was forked from, has read."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Iterator, Sequence

from reconcile.caching.fingerprint import fingerprint

_NO_FILES = ("/proc/", "/sys/", "/dev/")

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class FilesRead:
    """Modules that were imported and files that were opened, from the start of a process on.

    Files are heard of by Python's audit events; a library that opens a file in compiled code is not heard.
    """

    def __init__(self) -> None:
        self._opened: dict[str, None] = {}
        self._written: set[str] = set()
        self._began = self._job_began = time.time_ns()
        self._before: frozenset[str] = frozenset()

    def listen(self) -> None:
        """Hear of every file from now on; there is no way to stop."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event != "open":
            return
        path, _, flags = arguments
        if isinstance(path, str) and isinstance(flags, int):
            if flags & _WRITING:
                self._written.add(os.path.abspath(path))
            else:
                self._opened[os.path.abspath(path)] = None

    def begin_job(self) -> None:
        """Tell what was read before from what a job reads."""
        self._before, self._job_began = frozenset(self._paths()), time.time_ns()

    def _paths(self) -> Iterator[str]:
        for module in list(sys.modules.values()):
            # A module may answer every question about its attributes, so only what it really holds is taken.
            file = getattr(module, "__dict__", {}).get("__file__")
            if isinstance(file, str) and os.path.isabs(file):
                yield file
        yield from (path for path in list(self._opened) if f"{os.sep}__pycache__{os.sep}" not in path)

    def fingerprints(self, *, installed: Sequence[str] = (), private: str) -> dict[str, str] | None:
        """The fingerprint of every file that was read, but for the job's `private` folder.

        None if one of them was changed after it may have been read: nobody knows what the answer rests on then.
        """
        found: dict[str, str] = {}
        for path in dict.fromkeys(self._paths()):
            if path in self._written or path.startswith((*_NO_FILES, f"{private}{os.sep}")):
                continue
            try:
                state = os.stat(path)
                if not stat.S_ISREG(state.st_mode):
                    continue
                if state.st_ctime_ns >= (self._began if path in self._before else self._job_began):
                    return None
                found[path] = fingerprint(path, state, installed)
            except OSError:
                continue
        return found
