"""How far the jobs of a command are, told to whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Watch = Callable[[int, int, str], None]
"""Told how many jobs are done, of how many, and what the last one was; from any thread, one call after the other."""


def nobody(done: int, of: int, job: str) -> None:
    """Watch nothing."""


_WATCH: ContextVar[Watch] = ContextVar("watch", default=nobody)


def watcher() -> Watch:
    """Whoever watches the jobs that are about to start."""
    return _WATCH.get()


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Let somebody watch every job of a block."""
    token = _WATCH.set(watch)
    try:
        yield
    finally:
        _WATCH.reset(token)
