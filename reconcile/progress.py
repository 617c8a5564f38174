"""How far the jobs of a command are, told to whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Watch = Callable[[int, int, str], None]
"""Told how many jobs are done, of how many, and what the last one was; from any thread, one call after the other."""

Hear = Callable[[str], None]
"""Told a line about each larger part of a command that is finished, such as one model of many with all its jobs."""


def nobody(done: int, of: int, job: str) -> None:
    """Watch nothing."""


def deaf(line: str) -> None:
    """Hear nothing."""


_WATCH: ContextVar[Watch] = ContextVar("watch", default=nobody)
_HEAR: ContextVar[Hear] = ContextVar("hear", default=deaf)


def watcher() -> Watch:
    """Whoever watches the jobs that are about to start."""
    return _WATCH.get()


def finished(done: int, of: int, part: str) -> None:
    """Tell whoever hears that one more part of a command is finished."""
    _HEAR.get()(f"{done}/{of} {part}")


@contextmanager
def watched(watch: Watch, hear: Hear = deaf) -> Iterator[None]:
    """Let somebody watch every job of a block, and hear of its parts."""
    tokens = _WATCH.set(watch), _HEAR.set(hear)
    try:
        yield
    finally:
        _WATCH.reset(tokens[0])
        _HEAR.reset(tokens[1])
