"""Answers of workers, kept so that a repeated command answers at once.

An answer is found by what was asked and by the surroundings it was asked in, and holds as long as every file that its
worker read is what it was: the object and what it imports, the counter, the frameworks, this package.
Each is one compressed file, written at once: a line about the answer, then the answer itself.  The installed files
behind it, thousands and mostly the same, stand in a list that answers share.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import tempfile
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconcile.caching.cache import cache_folder
from reconcile.caching.fingerprint import holds
from reconcile.caching.surroundings import surroundings

LIMIT = 512 * 2**20
"""Bytes that all answers may take; the ones that were not used for longest go first."""

SWITCH = "RECONCILE_NO_CACHE"
"""The environment variable that switches the cache of answers off when it is set to anything."""

_SCHEMA = "reconcile/answer/1"

_BROKEN = (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, zlib.error)
"""What reading a file may raise that is damaged or was taken away meanwhile; it is as good as none."""

_ABANDONED = 3600.0
"""Seconds after which a half-written file is one that nobody is writing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One kept answer: what was asked, the release that answered, its bytes, and when it was used last."""

    file: Path
    asked: Mapping[str, Any]
    version: str | None
    size: int
    used: float


def answers_folder() -> Path:
    """The folder of all answers."""
    return cache_folder() / "answers"


def switched_off() -> bool:
    """Whether the environment asks for no cache."""
    return bool(os.environ.get(SWITCH))


class Answers:
    """The answers of one command: every list of installed files is checked once."""

    def __init__(self) -> None:
        self._folder = answers_folder()
        self._checked: dict[str, bool] = {}
        self._surroundings: dict[tuple[str, ...], dict[str, Any]] = {}
        self._grew = False

    def _file(self, asked: Mapping[str, Any]) -> Path:
        path = (*asked["path"], asked["folder"])
        if path not in self._surroundings:
            self._surroundings[path] = surroundings(path)
        key = json.dumps([_SCHEMA, asked, self._surroundings[path]], sort_keys=True)
        return self._folder / f"{_digest(key)}.gz"

    def find(self, asked: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer to what is asked; None if there is none, or something that it rests on is not what it was."""
        file = self._file(asked)
        try:
            with gzip.open(file, "rt", encoding="utf-8") as lines:
                head = json.loads(lines.readline())
                if not (head["schema"] == _SCHEMA and self._stands(head)):
                    return None
                answer = json.loads(lines.readline())
            os.utime(file)
            os.utime(self._list(head["installed"]))
        except _BROKEN:
            return None
        return answer if isinstance(answer, dict) and answer.get("status") == "ok" else None

    def _stands(self, head: Mapping[str, Any]) -> bool:
        return self._unchanged(head["installed"]) and all(holds(*item) for item in head["files"].items())

    def _list(self, digest: str) -> Path:
        return self._folder / "installed" / f"{digest}.gz"

    def _unchanged(self, digest: str) -> bool:
        """Whether the installed files of a list are what they were."""
        if digest not in self._checked:
            files = json.loads(gzip.decompress(self._list(digest).read_bytes()))
            self._checked[digest] = all(holds(*item) for item in files.items())
        return self._checked[digest]

    def keep(self, asked: Mapping[str, Any], answer: Mapping[str, Any], files: Mapping[str, str]) -> None:
        """Keep an answer and the fingerprints of the files behind it; where nothing can be written, nothing is kept."""
        own = {path: text for path, text in files.items() if text.startswith("sha256:")}
        installed = json.dumps({path: text for path, text in files.items() if path not in own}, sort_keys=True)
        digest = _digest(installed)
        head = {
            "schema": _SCHEMA,
            "asked": dict(asked),
            "version": answer.get("version"),
            "files": own,
            "installed": digest,
        }
        with contextlib.suppress(OSError):
            if not self._list(digest).is_file():
                _write(self._list(digest), installed)
            _write(self._file(asked), f"{json.dumps(head)}\n{json.dumps(answer)}\n")
            self._grew = True

    def close(self) -> None:
        """Keep the cache within its bounds, if anything was added."""
        if self._grew:
            prune()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _write(file: Path, text: str) -> None:
    """Write a compressed file that is never seen half-written."""
    file.parent.mkdir(parents=True, exist_ok=True)
    number, half = tempfile.mkstemp(prefix=".half-", dir=file.parent)
    try:
        with os.fdopen(number, "wb") as stream:
            stream.write(gzip.compress(text.encode(), compresslevel=4, mtime=0))
        os.replace(half, file)
    except BaseException:
        os.unlink(half)
        raise


def _files() -> list[tuple[Path, os.stat_result]]:
    """Every file of the cache of answers, those that were used last first."""
    found = []
    for file in answers_folder().rglob("*"):
        with contextlib.suppress(OSError):
            if file.is_file():
                found.append((file, file.stat()))
    return sorted(found, key=lambda item: item[1].st_mtime, reverse=True)


def prune(limit: int = LIMIT) -> None:
    """Remove what was not used for longest until the rest fits into `limit` bytes, and what killed writers left."""
    room = limit
    for file, state in _files():
        half = file.name.startswith(".half-")
        room -= state.st_size
        if room < 0 or (half and time.time() - state.st_mtime > _ABANDONED):
            file.unlink(missing_ok=True)


def kept() -> Iterator[Kept]:
    """Every answer that is kept, the one that was used last first."""
    for file, state in _files():
        if file.parent == answers_folder() and file.suffix == ".gz":
            with contextlib.suppress(*_BROKEN):
                with gzip.open(file, "rt", encoding="utf-8") as lines:
                    head = json.loads(lines.readline())
                asked, version = head["asked"], head["version"]
                yield Kept(file=file, asked=asked, version=version, size=state.st_size, used=state.st_mtime)


def clear(objects: Sequence[str] = ()) -> int:
    """Remove the answers about some objects, or everything if none is named; how many answers went."""
    gone = 0
    for item in kept():
        if not objects or item.asked["model"]["object"] in objects:
            item.file.unlink(missing_ok=True)
            gone += 1
    if not objects:
        for file, _ in _files():
            file.unlink(missing_ok=True)
    return gone
