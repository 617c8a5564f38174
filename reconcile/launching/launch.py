"""Starting workers: one process for each counter, several at a time, each within its limits.

The processes are forked by one server, which has the frameworks imported already and lives as long as this process.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from reconcile.byte_sizes import show_bytes
from reconcile.caching.answers import Answers
from reconcile.language import later
from reconcile.launching.server import Ended, Limits, close_servers, server
from reconcile.progress import watcher
from reconcile.worker.job import ANSWER, PAYLOAD, REQUEST, VALUES

TIMEOUT = 300.0
"""Seconds that one counter may take by default."""

_SHOWN = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What one worker is asked: a JSON document and, for a live model, its pickled bytes.

    An overlay that answers `once` gets no server of its own: a sweep over releases would start dozens of them.
    One that is `kept` is answered from the cache where that holds, and its answer is kept.
    It `brings` libraries that other workers may need as well, which are harmless to import.
    """

    document: Mapping[str, Any]
    payload: bytes = b""
    once: bool = False
    kept: bool = False
    brings: tuple[str, ...] = ()


def launch(
    requests: Sequence[Request], *, timeout: float = TIMEOUT, memory: int | None = None, jobs: int | None = None
) -> tuple[dict[str, Any], ...]:
    """Answer every request in a process of its own; a worker that breaks gives a failed answer with its reason.

    `timeout` is in seconds and `memory` in bytes, for each worker.
    After an answer that is the caller's own fault no further worker is started: the others would say the same.
    """
    return tuple(arriving(requests, timeout=timeout, memory=memory, jobs=jobs))


def arriving(
    requests: Sequence[Request], *, timeout: float = TIMEOUT, memory: int | None = None, jobs: int | None = None
) -> Generator[dict[str, Any]]:
    """What `launch` gives, one answer after the other in the order of the requests, while others are being made."""
    refused, answers = threading.Event(), Answers()
    limits, shared = Limits(seconds=timeout, memory=memory), _shared(requests)

    def one(request: Request, folder: Path) -> dict[str, Any]:
        run = partial(_one, request, folder, limits, shared)
        if refused.is_set():
            return {"status": "failed", "fault": "skipped", "reason": later("another worker refused the question")}
        answer = _kept(request, run, answers) if request.kept else run()
        if answer.get("fault") == "usage":
            refused.set()
        return answer

    with _place() as place, ThreadPoolExecutor(_at_a_time(jobs)) as pool, _stopping() as waiting:
        for index, request in enumerate(requests):
            waiting.append(pool.submit(one, request, place / str(index)))
        _tell(requests, waiting)
        for future in waiting:
            yield future.result()
    answers.close()


def _shared(requests: Sequence[Request]) -> frozenset[str]:
    """The libraries that are imported once for all workers, which are harmless: more than one worker needs them.

    Nothing is imported early for a model of another origin: it is to find what it would find without the other workers.
    """
    harmless = {name for request in requests for name in request.brings}
    own = [harmless & {_library(request.document.get("model"))} for request in requests]
    if not all(own):
        return frozenset()
    needed = Counter(
        name for request, library in zip(requests, own, strict=True) for name in library.union(request.brings)
    )
    return frozenset(name for name, times in needed.items() if times > 1)


def _library(model: Mapping[str, Any] | None) -> str:
    """The package that a model comes from."""
    return "" if model is None else str(model["object"]).partition(":")[0].partition(".")[0]


def _tell(requests: Sequence[Request], waiting: Sequence[Future[dict[str, Any]]]) -> None:
    """Tell whoever watches of every job that is done."""
    watch, lock, done = watcher(), threading.Lock(), count(1)
    watch(0, len(requests), "")
    for request, future in zip(requests, waiting, strict=True):
        job = str(request.document["counter"])

        def tell(_: Future[dict[str, Any]], job: str = job) -> None:
            with lock:
                watch(next(done), len(requests), job)

        future.add_done_callback(tell)


def stream(
    requests: Sequence[Request], *, timeout: float = TIMEOUT, memory: int | None = None, jobs: int | None = None
) -> Iterator[dict[str, Any]]:
    """Answer many requests that have nothing to do with each other, one after the other in their order.

    At any time only a few answers are waiting to be taken, so that thousands need no more memory than some.
    """
    workers, limits = _at_a_time(jobs), Limits(seconds=timeout, memory=memory)
    with _place() as place, ThreadPoolExecutor(workers) as pool, _stopping() as waiting:
        for index, request in enumerate(requests):
            waiting.append(pool.submit(_one_gone, request, place / str(index), limits))
            if len(waiting) > 4 * workers:
                yield waiting[0].result()
                waiting.popleft()
        while waiting:
            yield waiting[0].result()
            waiting.popleft()


def _at_a_time(jobs: int | None) -> int:
    """How many workers run at a time: as many as are asked for, and never more than there are cores for them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, jobs or cores)


@contextlib.contextmanager
def _place() -> Iterator[Path]:
    """A folder for the files of jobs, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="reconcile-") as place:
        yield Path(place)


@contextlib.contextmanager
def _stopping() -> Iterator[deque[Future[dict[str, Any]]]]:
    """Jobs that are waited for; if that is interrupted, every worker is ended and nothing is left running."""
    waiting: deque[Future[dict[str, Any]]] = deque()
    try:
        yield waiting
    except (KeyboardInterrupt, GeneratorExit):
        for future in waiting:
            future.cancel()
        # A thread may be about to start a server while others are being closed.
        while wait(waiting, timeout=0.1).not_done:
            close_servers()
        raise


def _one_gone(request: Request, folder: Path, limits: Limits) -> dict[str, Any]:
    """Answer one request and leave no file behind."""
    try:
        return _one(request, folder, limits)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _asked(request: Request) -> dict[str, Any]:
    """Everything that a worker is told."""
    return {**request.document, "folder": os.getcwd(), "path": [item for item in sys.path if item]}


def _kept(request: Request, run: Callable[[], dict[str, Any]], answers: Answers) -> dict[str, Any]:
    """The answer that is kept, or else that of a worker, which is kept from now on if it is one."""
    asked = _asked(request)
    found = answers.find(asked)
    if found is not None:
        return found
    answer = run()
    files = answer.pop("files", None)
    if answer["status"] == "ok" and files:
        answers.keep(asked, answer, files)
    return answer


def _one(request: Request, folder: Path, limits: Limits, shared: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Answer one request, and if that cannot be done by shape, again for real in another process."""
    answer = _once(request, folder, limits, shared)
    if answer.get("fault") != VALUES:
        return answer
    document = {**request.document, "real": True, "values": answer["reason"]}
    return _once(replace(request, document=document), folder / "real", limits, shared)


def _once(request: Request, folder: Path, limits: Limits, shared: frozenset[str]) -> dict[str, Any]:
    folder.mkdir(mode=0o700)
    (folder / REQUEST).write_text(json.dumps({**_asked(request), "kept": request.kept}), encoding="utf-8")
    if request.payload:
        (folder / PAYLOAD).write_bytes(request.payload)
    document = request.document
    try:
        overlay = None if request.once else document.get("overlay")
        known = shared if overlay is None else frozenset[str]()
        ended = server(overlay, document.get("imports"), known).run(folder, limits)
    except (ChildProcessError, OSError) as error:
        return _broken(later("its process could not be started or was lost: {why}", why=str(error)))
    return _stopped(ended, limits) or _read(folder, ended)


def _stopped(ended: Ended, limits: Limits) -> dict[str, Any] | None:
    """The answer of a worker that was over a limit or was ended by a signal; None if it ended by itself."""
    if ended.over == "time":
        return _broken(
            later("it did not answer within {seconds:g} seconds and was stopped", seconds=limits.seconds), ended.said
        )
    if ended.over == "memory" and limits.memory is not None:
        return _broken(
            later("it held more than {size} of memory and was stopped", size=show_bytes(limits.memory)), ended.said
        )
    if ended.code < 0:
        number = -ended.code
        name = signal.Signals(number).name if number in set(signal.Signals) else signal.strsignal(number)
        return _broken(later("it was ended by signal {number} ({name})", number=number, name=name), ended.said)
    return None


def _read(folder: Path, ended: Ended) -> dict[str, Any]:
    answer = folder / ANSWER
    if not answer.is_file():
        return _broken(later("it ended with exit code {code} and without an answer", code=ended.code), ended.said)
    try:
        document = json.loads(answer.read_text(encoding="utf-8"))
    except json.JSONDecodeError:
        return _broken(later("its answer is no whole document"), ended.said)
    if not isinstance(document, dict) or document.get("status") not in ("ok", "failed"):
        return _broken(later("its answer has no status"), ended.said)
    return document | {"said": ended.said}


def _broken(reason: str, said: str = "") -> dict[str, Any]:
    text = said.strip()
    last = text.splitlines()[-1][:_SHOWN] if text else ""
    told = later("{reason}; it last said: {last}", reason=reason, last=last) if last else reason
    return {"status": "failed", "fault": "lost", "reason": told, "said": said}
