"""The folder of what is made once and kept: the user's own cache, unless another one is named."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

VARIABLE = "RECONCILE_CACHE_DIR"
"""The environment variable that names the folder."""

_named: ContextVar[Path | None] = ContextVar("_named", default=None)


def cache_folder() -> Path:
    """The folder: the one that the command names, else the variable's, else `~/.cache/reconcile`."""
    named = _named.get()
    if named is not None:
        return named
    text = os.environ.get(VARIABLE)
    if text:
        return Path(text).expanduser().resolve()
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser().resolve() / "reconcile"


@contextlib.contextmanager
def cache_at(folder: str | None) -> Iterator[None]:
    """Use another folder meanwhile; nothing changes without one."""
    if folder is None:
        yield
        return
    before = _named.set(Path(folder).expanduser().resolve())
    try:
        yield
    finally:
        _named.reset(before)
