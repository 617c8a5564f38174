"""The releases of a distribution that pip offers here, asked for through pip itself and kept for a day."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from reconcile.caching.cache import cache_folder
from reconcile.errors import UsageError
from reconcile.language import phrase

FRESH = 24 * 60 * 60
"""Seconds for which an answer of pip is taken from the cache."""


def offered(distribution: str) -> tuple[str, ...]:
    """Every release that `pip index versions` names, in the order of their versions; without an index it is refused.

    pip leaves out what does not fit this Python, and releases before their time.
    """
    kept = cache_folder() / "offered" / f"{canonicalize_name(distribution)}.json"
    found = _kept(kept)
    if found is None:
        found = _asked(distribution)
        _keep(kept, found)
    return found


def in_order(versions: Iterable[str]) -> tuple[str, ...]:
    """Versions in their normal form and order, each once; a text that is no version is refused.

    >>> in_order(["0.1.0", "0.0.23-1907011323", "0.0.5", "0.1.0"])
    ('0.0.5', '0.0.23.post1907011323', '0.1.0')
    """
    found = set()
    for text in versions:
        try:
            found.add(Version(text.strip()))
        except InvalidVersion:
            raise UsageError(phrase("{text!r} names no release: it is no version", text=text.strip())) from None
    return tuple(map(str, sorted(found)))


def _asked(distribution: str) -> tuple[str, ...]:
    command = [sys.executable, "-m", "pip", "index", "versions", distribution, "--no-input"]
    command.append("--disable-pip-version-check")
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    listed = re.search(r"^Available versions: (.+)$", done.stdout, re.MULTILINE)
    if listed is None:
        raise UsageError(
            phrase(
                "pip names no release of {distribution}: the package index has none, or cannot be reached; "
                "name the releases with --releases",
                distribution=distribution,
            )
        )
    return in_order(listed[1].split(","))


def _kept(file: Path) -> tuple[str, ...] | None:
    try:
        if time.time() - file.stat().st_mtime > FRESH:
            return None
        return in_order(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, AttributeError, UsageError):
        return None


def _keep(file: Path, versions: tuple[str, ...]) -> None:
    """Write an answer whole or not at all; a cache that cannot be written to does no harm."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, encoding="utf-8", delete=False) as half:
            json.dump(versions, half)
        Path(half.name).replace(file)
    except OSError:
        return
