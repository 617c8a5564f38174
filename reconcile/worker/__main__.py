"""The fork server: imports what every worker needs once, then forks one worker for each job.

Started by `reconcile.launch` as `python -m reconcile.worker [--overlay=FOLDER] [MODULE ...]`; it imports the modules
first, from the overlay where it has them.
Jobs come on standard input, one JSON object a line:
`{"job": 1, "folder": "..."}` starts a worker on the request in that folder, `{"kill": 1}` ends it.  On standard output
goes one line for each worker that ended: `{"job": 1, "code": 0}`.  End of input ends the server and all its workers.

The server executes no op of any framework: a process forked after a multithreaded op hangs at its first op.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
import json
import os
import selectors
import signal
import sys
from pathlib import Path

from reconcile.worker import shims
from reconcile.worker.job import OVERLAY, put_first, work


class Server:
    """Forks workers and says how they ended."""

    def __init__(self, output: int) -> None:
        self._output = output
        self.jobs: dict[int, int] = {}
        self._rest = b""
        self._wake, self._woken = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._woken, False)

    def serve(self) -> None:
        """Do jobs until the input ends."""
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._woken)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with selectors.DefaultSelector() as selector:
            selector.register(0, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            open_input = True
            while open_input:
                for key, _ in selector.select():
                    if key.fd == self._wake:
                        os.read(self._wake, 4096)
                    else:
                        open_input = self._read()
                self._reap()
        for pid in self.jobs:
            _kill(pid)
        for pid in self.jobs:
            os.waitpid(pid, 0)

    def _read(self) -> bool:
        chunk = os.read(0, 65536)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._order(json.loads(line))
        return bool(chunk)

    def _order(self, order: dict[str, object]) -> None:
        if "kill" in order:
            for pid, job in self.jobs.items():
                if job == order["kill"]:
                    _kill(pid)
            return
        server, pid = os.getpid(), os.fork()
        if pid == 0:
            self._become_worker(Path(str(order["folder"])), server)
        self.jobs[pid] = int(str(order["job"]))

    def _become_worker(self, folder: Path, server: int) -> None:
        """In the child: leave the server behind, work, and never come back."""
        code = 1
        try:
            os.setsid()
            _die_with(server)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            nothing = os.open(os.devnull, os.O_RDONLY)
            said = os.open(folder / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(nothing, 0)
            os.dup2(said, 1)
            os.dup2(said, 2)
            os.close(self._output)
            work(folder)
            code = 0
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _reap(self) -> None:
        while self.jobs:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            job = self.jobs.pop(pid, None)
            if job is not None:
                _kill_group(pid)
                _say({"job": job, "code": os.waitstatus_to_exitcode(status)}, self._output)


_PR_SET_PDEATHSIG = 1


def _die_with(server: int) -> None:
    """Ask Linux to end this process when the server ends, however that comes about; nothing elsewhere."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:
        os._exit(1)


def _kill_group(pid: int) -> None:
    """End whatever a worker started and left behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _kill(pid: int) -> None:
    """End a worker that still runs, and whatever it started."""
    _kill_group(pid)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _say(answer: dict[str, int], to: int) -> None:
    os.write(to, json.dumps(answer).encode() + b"\n")


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

            import reconcile.worker.torch_side  # noqa: F401
    overlays = [Path(name.removeprefix(OVERLAY)) for name in modules if name.startswith(OVERLAY)]
    modules = modules[len(overlays) :]
    for overlay in overlays:
        put_first(overlay)
    if modules:
        with contextlib.suppress(Exception):
            shims.apply(overlay=bool(overlays))
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)


if __name__ == "__main__":
    output = _own_output()
    _preload(sys.argv[1:])
    with contextlib.suppress(BrokenPipeError):
        Server(output).serve()
