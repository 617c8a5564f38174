"""Fork servers as their parent sees them: processes that have the frameworks imported and fork a worker for each job.

They live as long as this process, one without an overlay and one for each overlay that was asked for.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswerError
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from reconcile.language import later
from reconcile.worker.job import OVERLAY

_IMPORTS = 300.0
"""Seconds that a server may take for its imports before it forks the first worker."""

_GRACE = 10.0
"""Seconds that a killed process has to be gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one worker may take: seconds, and bytes of memory if they are limited."""

    seconds: float
    memory: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a worker ended: its exit code (a signal is negative), the limit that it was ended for, what it printed."""

    code: int
    over: str | None = None
    said: str = ""


class Server:
    """One fork server."""

    def __init__(self, modules: Sequence[str] = (), overlay: str | None = None) -> None:
        first = [] if overlay is None else [f"{OVERLAY}{overlay}"]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "reconcile.worker", *first, *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
        )
        self._lock = threading.Lock()
        self._ends: dict[int, Future[Ended]] = {}
        self._jobs = 0
        self.shared: frozenset[str] = frozenset()
        self._over = False
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        atexit.register(self.close)

    @property
    def alive(self) -> bool:
        """Whether the server can still fork."""
        return self._process.poll() is None

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = json.loads(line)
            end = Ended(code=answer["code"], over=answer["over"], said=answer["said"])
            self._ends.pop(answer["job"]).set_result(end)
        with self._lock:
            self._over = True
            for end_of_job in self._ends.values():
                end_of_job.set_exception(ChildProcessError(later("the fork server ended")))
            self._ends.clear()

    def run(self, folder: Path, limits: Limits) -> Ended:
        """Run one job to its end, on a server that has imported what is `shared` by then.

        A server that is lost or stuck raises `ChildProcessError`.
        """
        end = Future[Ended]()
        with self._lock:
            self._jobs += 1
            order = {"job": self._jobs, "folder": str(folder), "modules": sorted(self.shared), **asdict(limits)}
            assert self._process.stdin is not None
            if self._over or self._process.stdin.closed:
                raise ChildProcessError(later("the fork server ended"))
            self._ends[self._jobs] = end
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        try:
            return end.result(_IMPORTS + limits.seconds + _GRACE)
        except NoAnswerError:
            self.close()
            raise ChildProcessError(later("the fork server was stuck and was stopped")) from None

    def close(self) -> None:
        """End the server and, with it, every worker."""
        atexit.unregister(self.close)
        assert self._process.stdin is not None
        with contextlib.suppress(OSError), self._lock:
            self._process.stdin.close()
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        self._listener.join(_GRACE)
        if self._process.stdout is not None and not self._listener.is_alive():
            self._process.stdout.close()


def _environment() -> dict[str, str]:
    """The workers' environment: this package is importable, and hash order is the same every time."""
    package = str(Path(__file__).resolve().parents[2])
    paths = [package, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@cache
def _started() -> dict[str | None, list[Server]]:
    return {}


@cache
def _preloaded() -> list[str]:
    return []


_starting = threading.Lock()


def server(overlay: str | None, library: str | None, shared: frozenset[str] = frozenset()) -> Server:
    """The server for an overlay, started if there is none; it has the counter's library imported, which takes long.

    It imports what is `shared`, and has not imported for others what is not: a model would find it loaded.
    """
    with _starting:
        servers = _started().setdefault(overlay, [])
        servers[:] = [one for one in servers if one.alive]
        fitting = [one for one in servers if one.shared <= shared]
        if not fitting:
            first = [library] if overlay is not None and library is not None else []
            fitting.append(Server([*first, *_preloaded()], overlay))
            servers.append(fitting[0])
        found = max(fitting, key=lambda one: len(one.shared))
        found.shared = shared
        return found


def preload(modules: Sequence[str]) -> None:
    """Let servers import these modules once, for every worker that they fork from now on; absent ones do no harm.

    For sweeps over many models of a few large libraries, whose import takes longer than their counting.
    """
    if list(modules) == _preloaded():
        return
    _preloaded()[:] = modules
    close_servers()


def close_servers() -> None:
    """End every server and every worker."""
    with _starting:
        found = [one for servers in _started().values() for one in servers]
        _started().clear()
    for one in found:
        one.close()
