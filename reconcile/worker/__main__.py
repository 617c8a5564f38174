"""The fork server: imports what every worker needs once, then forks one worker for each job.

Started by `reconcile.launching.server` as `python -m reconcile.worker [--overlay=FOLDER] [MODULE ...]`; it imports the
modules first, from the overlay where it has them.
Jobs come on standard input, one JSON object a line: `{"job": 1, "folder": "...", "seconds": 300.0, "memory": null,
"modules": []}` starts a worker on the request in that folder, within limits of time and of memory in bytes, after
modules that it shares with others were imported.
On standard output goes one line for each worker that ended, with the limit that it was ended for and the beginning and
end of what it printed: `{"job": 1, "code": 0, "over": null, "said": ""}`.
End of input, or SIGTERM, ends the server and all its workers.

The server executes no op of any framework: a process forked after a multithreaded op hangs at its first op.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import importlib.util
import json
import os
import selectors
import signal
import sys
import time
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reconcile.worker import shims
from reconcile.worker.files_read import FilesRead
from reconcile.worker.job import OVERLAY, put_first, work
from reconcile.worker.memory import children, first_to_go, take_orphans
from reconcile.worker.running import Running

_LOOK = 0.05
"""Seconds between two looks at what the workers hold."""

_LAST_READS = 64
"""Reads that empty the pipe of a worker that ended; something that it left may still be printing."""


class Server:
    """Forks workers, keeps them within their limits, and says how they ended."""

    def __init__(self, output: int, reading: FilesRead) -> None:
        self._output = output
        self._reading = reading
        self._workers: dict[int, Running] = {}
        self._rest = b""
        self._ordered_to_end = False
        self._wake, self._woken = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._woken, False)
        self._selector = selectors.DefaultSelector()

    def serve(self) -> None:
        """Do jobs until the input ends."""
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._woken)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda number, frame: self._end())
        take_orphans()
        self._selector.register(0, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)
        try:
            while not self._ordered_to_end:
                self._turn()
        finally:
            self._end_all()

    def _end(self) -> None:
        self._ordered_to_end = True

    def _turn(self) -> None:
        for key, _ in self._selector.select(self._pause()):
            if key.fd == self._wake:
                os.read(self._wake, 4096)
            elif key.fd == 0:
                self._read()
            elif not key.data.drain():
                self._selector.unregister(key.fd)
        for worker in self._workers.values():
            worker.check()
        self._reap()

    def _pause(self) -> float | None:
        """Seconds until a limit has to be looked at again; None if there is no worker."""
        if any(worker.memory is not None for worker in self._workers.values()):
            return _LOOK
        deadlines = [worker.deadline for worker in self._workers.values() if worker.over is None]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _read(self) -> None:
        chunk = os.read(0, 65536)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._order(json.loads(line))
        if not chunk:
            self._end()

    def _order(self, order: dict[str, Any]) -> None:
        _import(order["modules"])
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        server, pid = os.getpid(), os.fork()
        if pid == 0:
            self._become_worker(Path(order["folder"]), server, writer)
        os.close(writer)
        worker = Running(
            job=order["job"],
            pid=pid,
            printed=reader,
            deadline=time.monotonic() + order["seconds"],
            memory=order["memory"],
        )
        self._workers[pid] = worker
        self._selector.register(reader, selectors.EVENT_READ, worker)

    def _become_worker(self, folder: Path, server: int, writer: int) -> None:
        """In the child: leave the server behind, work, and never come back."""
        code = 1
        try:
            os.setsid()
            _die_with(server)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            first_to_go()
            nothing = os.open(os.devnull, os.O_RDONLY)
            os.dup2(nothing, 0)
            os.dup2(writer, 1)
            os.dup2(writer, 2)
            for inherited in (nothing, writer, self._output, *(item.printed for item in self._workers.values())):
                os.close(inherited)
            work(folder, self._reading)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _reap(self) -> None:
        """Say how workers ended; orphans that ended are buried without a word."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid in self._workers:
                    self._ended(self._workers.pop(pid), os.waitstatus_to_exitcode(status))

    def _ended(self, worker: Running, code: int) -> None:
        worker.kill_group()
        self._kill_strays()
        for _ in range(_LAST_READS):
            if not worker.drain():
                break
        if worker.printed in self._selector.get_map():
            self._selector.unregister(worker.printed)
        os.close(worker.printed)
        _say({"job": worker.job, "code": code, "over": worker.over, "said": worker.said.text()}, self._output)

    def _kill_strays(self) -> None:
        """End what workers started in sessions of their own and left behind."""
        for pid in children(os.getpid()):
            if pid not in self._workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _end_all(self) -> None:
        for worker in self._workers.values():
            worker.kill()
        for pid in self._workers:
            os.waitpid(pid, 0)
        self._workers.clear()
        self._kill_strays()


_PR_SET_PDEATHSIG = 1


def _die_with(server: int) -> None:
    """Ask Linux to end this process when the server ends, however that comes about; nothing elsewhere."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:
        os._exit(1)


def _say(answer: dict[str, Any], to: int) -> None:
    text = json.dumps(answer).encode() + b"\n"
    while text:
        text = text[os.write(to, text) :]


def _own_output() -> int:
    """Keep standard output for answers, away from what libraries print while they are imported."""
    own = os.dup(1)
    os.set_inheritable(own, False)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.close(nothing)
    return own


def _preload(modules: list[str]) -> None:
    """Import what workers need, where it is installed; nothing here executes an op.

    PyTorch imports `torch._dynamo` when the first op reaches a dispatch mode, which would cost every worker seconds.
    """
    if importlib.util.find_spec("torch") is not None:
        with contextlib.suppress(Exception):
            import torch._dynamo  # noqa: F401

            import reconcile.worker.torch_side
    with contextlib.suppress(Exception):
        import reconcile.worker.answer

        reconcile.registry.shipped()
    overlays = [Path(name.removeprefix(OVERLAY)) for name in modules if name.startswith(OVERLAY)]
    modules = modules[len(overlays) :]
    for overlay in overlays:
        put_first(overlay)
    _import(modules, overlay=bool(overlays))


def _import(modules: Iterable[str], *, overlay: bool = False) -> None:
    """Import modules once, where they are installed."""
    new = [name for name in modules if name not in sys.modules]
    if new:
        with contextlib.suppress(Exception):
            shims.apply(overlay=overlay)
    for name in new:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    if new:
        # Workers need not look through what is imported here for garbage, nor copy the memory that it lies in.
        gc.freeze()


if __name__ == "__main__":
    reading = FilesRead()
    reading.listen()
    output = _own_output()
    _preload(sys.argv[1:])
    gc.freeze()
    with contextlib.suppress(BrokenPipeError):
        Server(output, reading).serve()
