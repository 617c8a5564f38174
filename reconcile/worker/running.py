"""One worker as the fork server sees it: what it prints, and the limits that end it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass, field
from typing import Literal

from reconcile.worker.memory import Session
from reconcile.worker.said import Said

Limit = Literal["time", "memory"]

_CHUNK = 65_536


@dataclass(slots=True, kw_only=True)
class Running:
    """A worker that was forked and has not been reaped.

    `deadline` is a time of the monotonic clock in seconds, `memory` the bytes that it may hold, None for no limit;
    `over` is the limit that it was ended for.
    """

    job: int
    pid: int
    printed: int
    deadline: float
    memory: int | None
    over: Limit | None = None
    said: Said = field(default_factory=Said)
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        self.session = Session(self.pid)

    def drain(self) -> bool:
        """Take some of what it printed; false if there is no more, for now or for good.

        One read at a time: a worker that never stops printing keeps the server from nothing else.
        """
        with contextlib.suppress(BlockingIOError):
            part = os.read(self.printed, _CHUNK)
            self.said.add(part)
            return bool(part)
        return False

    def check(self) -> None:
        """End it if it is over a limit; no worker can put that off, whatever signals it blocks."""
        if self.over is not None:
            return
        if time.monotonic() >= self.deadline:
            self.over = "time"
        elif self.memory is not None and self.session.held() > self.memory:
            self.over = "memory"
        if self.over is not None:
            self.kill()

    def kill(self) -> None:
        """End it, and whatever it started."""
        self.kill_group()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def kill_group(self) -> None:
        """End whatever it started and left behind."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
