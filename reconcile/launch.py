"""Starting workers: one process for each counter, several at a time, each with a time limit.

The processes are forked by one server, which has the frameworks imported already and lives as long as this process.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoAnswerError
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from reconcile.worker.job import ANSWER, OVERLAY, PAYLOAD, REQUEST

TIMEOUT = 300.0
"""Seconds that one counter may take by default."""

_SHOWN = 400

_GRACE = 10.0
"""Seconds that a killed worker has to be gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What one worker is asked: a JSON document and, for a live model, its pickled bytes.

    An overlay that answers `once` gets no server of its own: a sweep over releases would start dozens of them.
    """

    document: Mapping[str, Any]
    payload: bytes = b""
    once: bool = False


class _Server:
    """The fork server as its parent sees it."""

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
        self._ends: dict[int, Future[int]] = {}
        self._jobs = 0
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
            self._ends.pop(answer["job"]).set_result(answer["code"])
        for end in list(self._ends.values()):
            end.set_exception(ChildProcessError("the fork server ended"))

    def _send(self, order: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with self._lock:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()

    def run(self, folder: Path, timeout: float) -> int | None:
        """Run one job to its end and give its exit code; None if it took too long and was killed."""
        with self._lock:
            self._jobs += 1
            job, end = self._jobs, Future[int]()
            self._ends[job] = end
        self._send({"job": job, "folder": str(folder)})
        try:
            return end.result(timeout)
        except NoAnswerError:
            self._send({"kill": job})
            with contextlib.suppress(NoAnswerError):
                end.result(_GRACE)
            return None
        except BaseException:
            with contextlib.suppress(OSError):
                self._send({"kill": job})
            raise

    def close(self) -> None:
        """End the server and, with it, every worker."""
        with contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        self._listener.join(5)
        if self._process.stdout is not None and not self._listener.is_alive():
            self._process.stdout.close()


@cache
def _started() -> dict[str | None, _Server]:
    """The servers by the overlay that stands first in their path: one without, and one for each that was asked."""
    return {}


@cache
def _preloaded() -> list[str]:
    return []


def preload(modules: Sequence[str]) -> None:
    """Let the server import these modules once, for every worker that it forks from now on; absent ones do no harm.

    For sweeps over many models of a few large libraries, whose import takes longer than their counting.
    """
    if list(modules) == _preloaded():
        return
    _preloaded()[:] = modules
    _close()


def _close() -> None:
    for server in _started().values():
        server.close()
    _started().clear()


_starting = threading.Lock()


def _server(request: Request) -> _Server:
    """The server for a request; one for an overlay has the counter's library imported, which may take seconds."""
    overlay = None if request.once else request.document.get("overlay")
    with _starting:
        servers = _started()
        if overlay not in servers or not servers[overlay].alive:
            library = [request.document["imports"]] if overlay is not None and request.document.get("imports") else []
            servers[overlay] = _Server([*library, *_preloaded()], overlay)
        return servers[overlay]


def launch(
    requests: Sequence[Request], *, timeout: float = TIMEOUT, jobs: int | None = None
) -> tuple[dict[str, Any], ...]:
    """Answer every request in a process of its own; a worker that breaks gives a failed answer with its reason.

    After an answer that is the caller's own fault no further worker is started: the others would say the same.
    """
    refused = threading.Event()

    def one(request: Request, folder: Path) -> dict[str, Any]:
        if refused.is_set():
            return {"status": "failed", "fault": "skipped", "reason": "another worker refused the question"}
        answer = _one(request, folder, timeout)
        if answer.get("fault") == "usage":
            refused.set()
        return answer

    workers = max(1, min(len(requests), jobs or os.cpu_count() or 1))
    with tempfile.TemporaryDirectory(prefix="reconcile-") as place, ThreadPoolExecutor(workers) as pool:
        folders = [Path(place) / str(index) for index in range(len(requests))]
        futures = [pool.submit(one, request, folder) for request, folder in zip(requests, folders, strict=True)]
        try:
            return tuple(future.result() for future in futures)
        except KeyboardInterrupt:
            refused.set()
            _close()
            raise


def stream(
    requests: Sequence[Request], *, timeout: float = TIMEOUT, jobs: int | None = None
) -> Iterator[dict[str, Any]]:
    """Answer many requests that have nothing to do with each other, one after the other in their order.

    At any time only a few answers are waiting to be taken, so that thousands need no more memory than some.
    """
    workers = max(1, jobs or os.cpu_count() or 1)
    with tempfile.TemporaryDirectory(prefix="reconcile-") as place, ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[dict[str, Any]]] = deque()
        try:
            for index, request in enumerate(requests):
                waiting.append(pool.submit(_one_gone, request, Path(place) / str(index), timeout))
                if len(waiting) > 4 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except (KeyboardInterrupt, GeneratorExit):
            for future in waiting:
                future.cancel()
            _close()
            raise


def _one_gone(request: Request, folder: Path, timeout: float) -> dict[str, Any]:
    """Answer one request and leave no file behind."""
    try:
        return _one(request, folder, timeout)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _one(request: Request, folder: Path, timeout: float) -> dict[str, Any]:
    folder.mkdir(mode=0o700)
    here = {"folder": os.getcwd(), "path": [item for item in sys.path if item]}
    (folder / REQUEST).write_text(json.dumps({**request.document, **here}), encoding="utf-8")
    if request.payload:
        (folder / PAYLOAD).write_bytes(request.payload)
    try:
        code = _server(request).run(folder, timeout)
    except (ChildProcessError, OSError) as error:
        return _broken(f"its process could not be started or was lost: {error}", folder)
    if code is None:
        return _broken(f"it did not answer within {timeout:g} seconds and was stopped", folder)
    return _read(folder, code)


def _environment() -> dict[str, str]:
    """The workers' environment: this package is importable, and hash order is the same every time."""
    package = str(Path(__file__).resolve().parent.parent)
    paths = [package, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _read(folder: Path, code: int) -> dict[str, Any]:
    if code < 0:
        name = signal.strsignal(-code) if -code not in set(signal.Signals) else signal.Signals(-code).name
        return _broken(f"it was ended by signal {-code} ({name})", folder)
    answer = folder / ANSWER
    if not answer.is_file():
        return _broken(f"it ended with exit code {code} and without an answer", folder)
    try:
        document = json.loads(answer.read_text(encoding="utf-8"))
    except json.JSONDecodeError:
        return _broken("its answer is no whole document", folder)
    if not isinstance(document, dict) or document.get("status") not in ("ok", "failed"):
        return _broken("its answer has no status", folder)
    return document


def _broken(reason: str, folder: Path) -> dict[str, Any]:
    said = folder / "said"
    text = said.read_bytes()[-100_000:].decode("utf-8", "replace").strip() if said.is_file() else ""
    last = text.splitlines()[-1][:_SHOWN] if text else ""
    end = f"; it last said: {last}" if last else ""
    return {"status": "failed", "fault": "lost", "reason": reason + end, "traceback": text[-4000:]}
