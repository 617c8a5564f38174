"""What may change a count besides the files that a worker reads: Python, the machine, what is installed, variables."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from reconcile.caching.fingerprint import is_installed

_OF_THE_SESSION = frozenset(
    "_ COLORTERM COLUMNS DISPLAY DBUS_SESSION_BUS_ADDRESS GPG_TTY HOSTNAME INVOCATION_ID JOURNAL_STREAM LINES LOGNAME "
    "LS_COLORS MAIL MAKEFLAGS MAKELEVEL MFLAGS NO_COLOR FORCE_COLOR OLDPWD PROMPT_COMMAND PS1 PS2 PWD "
    "PYTEST_CURRENT_TEST PYTEST_VERSION RECONCILE_CACHE_DIR RECONCILE_LANG RECONCILE_NO_CACHE SHLVL STY TEMP TERM "
    "TERMCAP TERM_PROGRAM TERM_PROGRAM_VERSION TERM_SESSION_ID TMP TMPDIR TMUX TMUX_PANE VTE_VERSION WAYLAND_DISPLAY "
    "WINDOWID WINDOW XAUTHORITY".split()
)
"""Variables that differ between terminals; any other may be read by a model or a framework."""

_OF_SESSIONS = ("SSH_", "XDG_SESSION", "VSCODE_", "ITERM_", "KITTY_", "WEZTERM_", "KONSOLE_", "LC_TERMINAL")

_ENDINGS = (".py", ".so", ".pth", ".dist-info", ".egg-info", ".egg-link")


def surroundings(path: Sequence[str]) -> dict[str, Any]:
    """Everything of this machine and environment that tells one answer from another; `path` is that of the worker."""
    return {
        "python": sys.version,
        "platform": platform.platform(),
        "processor": _processor(),
        "variables": dict(sorted(_variables())),
        "importable": {folder: _importable(folder) for folder in dict.fromkeys([*path, *sys.path]) if folder},
    }


def _variables() -> Iterator[tuple[str, str]]:
    for name, value in os.environ.items():
        if name not in _OF_THE_SESSION and not name.startswith(_OF_SESSIONS):
            yield name, value


@cache
def _processor() -> list[str]:
    """Model and abilities of the processor, which choose kernels."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return [platform.processor()]
    return sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))})


def _importable(folder: str) -> list[str]:
    """Names in a folder that an import may find first: modules and packages, or distributions that are installed."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if _counts(entry))
    except OSError:
        return []
    return names


def _counts(entry: os.DirEntry[str]) -> bool:
    if entry.name.endswith(_ENDINGS):
        return True
    return not is_installed(entry.path) and (Path(entry.path) / "__init__.py").is_file()
