"""Overlays: folders into which pip puts what cannot share the environment, or another release of a counter.

An overlay stands at the head of one worker's path and nowhere else.  It is made in a temporary folder and renamed when
it is whole, so that there are no half-made ones; its manifest holds the hash of every file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from reconcile.caching.cache import cache_folder
from reconcile.errors import UsageError
from reconcile.language import commas, later, phrase

MANIFEST = "manifest.json"

_NAMED = 4
"""Requirements that a folder is named after one by one."""

NEVER = frozenset({"torch", "paddlepaddle", "paddlepaddle-gpu", "torchvision", "numpy"})
"""Distributions that are too much a part of the process to stand in it twice."""

State = Literal["made", "not made", "damaged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """Pinned requirements that are installed together, without their dependencies, into a folder of their own."""

    requirements: tuple[str, ...]

    def __post_init__(self) -> None:
        for text in self.requirements:
            name = canonicalize_name(Requirement(text).name)
            if name in NEVER:
                raise UsageError(
                    later(
                        "{requirement} cannot stand beside the {name} of this environment: {name} is never installed "
                        "twice; make an environment with that release",
                        requirement=text,
                        name=name,
                    )
                )

    @property
    def name(self) -> str:
        """The name of its folder; an overlay holds for one release of Python.

        Many requirements would make a name longer than a file system allows, so a digest stands for all but the first.
        """
        texts = [f"{canonicalize_name(item.name)}{item.specifier}" for item in map(Requirement, self.requirements)]
        python = f"py{sys.version_info.major}{sys.version_info.minor}"
        if len(texts) > _NAMED:
            digest = hashlib.sha256("+".join(sorted(texts)).encode()).hexdigest()[:12]
            return f"{texts[0]}+{len(texts) - 1}-others-{digest}+{python}"
        return "+".join([*sorted(texts), python])

    @property
    def place(self) -> Path:
        """The folder that holds the manifest and the files."""
        return overlays_folder() / self.name

    @property
    def files(self) -> Path:
        """The folder that is put in front of a worker's path."""
        return self.place / "files"

    @property
    def state(self) -> State:
        """Whether it stands in the cache, every file as it was made."""
        if not self.place.is_dir():
            return "not made"
        return "made" if verified(self.place) else "damaged"

    def version(self, distribution: str) -> str | None:
        """The release of a distribution in it; None if it is not there."""
        try:
            found = next(iter(metadata.distributions(name=distribution, path=[str(self.files)])), None)
            return None if found is None else str(Version(found.version))
        except InvalidVersion:
            return None


def overlays_folder() -> Path:
    """The folder of all overlays."""
    return cache_folder() / "overlays"


def pinned(distribution: str, release: str) -> str:
    """The requirement of one release; a text that is no release is refused.

    >>> pinned("thop", "0.0.23-1907011323")
    'thop==0.0.23.post1907011323'
    """
    try:
        return f"{distribution}=={Version(release)}"
    except InvalidVersion:
        raise UsageError(
            later(
                "{distribution}=={release} names no release: {release!r} is no version",
                distribution=distribution,
                release=release,
            )
        ) from None


def make(overlay: Overlay) -> Path:
    """The files of an overlay, made by pip if they are missing or damaged; two makers at once wait for each other."""
    if overlay.state == "made":
        return overlay.files
    try:
        overlays_folder().mkdir(parents=True, exist_ok=True)
        with _locked(overlays_folder() / f".{overlay.name}.lock"):
            if not verified(overlay.place):
                _say(phrase("making the overlay {name}", name=overlay.name))
                _sweep(overlay.name)
                _make(overlay)
    except OSError as error:
        raise UsageError(
            later(
                "the overlay {name} cannot be made in {folder}: {error}",
                name=overlay.name,
                folder=overlays_folder(),
                error=error,
            )
        ) from error
    return overlay.files


def _locked(file: Path) -> AbstractContextManager[object]:
    """A lock that processes share; whoever holds it is waited for."""
    from filelock import FileLock

    return FileLock(file)


def _make(overlay: Overlay) -> None:
    with _making(overlay.name) as place:
        files = place / "files"
        _pip(overlay, files)
        manifest = {"schema": "reconcile/overlay/1", "requirements": overlay.requirements, "files": hashes(files)}
        (place / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        if overlay.place.exists():
            _remove(overlay.place)
        os.rename(place, overlay.place)


@contextlib.contextmanager
def _making(name: str) -> Iterator[Path]:
    """A temporary folder beside the overlays, which is gone unless it was renamed."""
    place = Path(tempfile.mkdtemp(prefix=f".making-{name}-", dir=overlays_folder()))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _remove(place: Path) -> None:
    """Take an overlay away at once: it is renamed first, so that none is ever seen half gone."""
    with _making(place.name) as away:
        os.rename(place, away / "old")


def _sweep(name: str) -> None:
    """Remove what killed makers of an overlay left; the caller holds its lock, so that none of them lives."""
    for folder in overlays_folder().glob(f".making-{glob_safe(name)}-*"):
        shutil.rmtree(folder, ignore_errors=True)


def glob_safe(name: str) -> str:
    """A name in which no character is a pattern."""
    return re.sub(r"([*?\[])", r"[\1]", name)


def _pip(overlay: Overlay, files: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-compile", "--no-input", "--quiet"]
    command += ["--disable-pip-version-check", "--target", str(files), *overlay.requirements]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0 or not files.is_dir():
        raise UsageError(
            later("the overlay {name} cannot be made: {reason}", name=overlay.name, reason=_complaint(done.stderr))
        )


def _complaint(said: str) -> str:
    """What pip complains about, in one sentence."""
    offered = re.search(r"\(from versions: ([^)]*)\)", said)
    if offered is not None and offered[1] == "none":
        return later("the package index offers no release of it, or cannot be reached")
    if offered is not None:
        return later(
            "the package index has no such release; the last that it has are {releases}",
            releases=commas(offered[1].split(", ")[-3:]),
        )
    raised = re.findall(r"^\s*(\w+Error: .+)$", said, re.MULTILINE)
    if raised and "subprocess-exited-with-error" in said:
        # Folders that pip makes for a moment have another name each time.
        named = re.sub("'/[^']*/([^/']+)'", r"'\1'", raised[-1])
        return later("its source cannot be built: {error}", error=named[:300])
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith(("ERROR: ", "error: "))]
    lines = errors or [line for line in said.splitlines() if line.strip()] or [later("it ended without a word")]
    return later("pip says: {line}", line=lines[-1].strip()[:300])


def _say(text: str) -> None:
    print(f"reconcile: {text}", file=sys.stderr, flush=True)


def hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file of a folder, by its path in it; what Python compiles meanwhile is left out."""
    found = sorted(item for item in folder.rglob("*") if item.is_file() and "__pycache__" not in item.parts)
    return {item.relative_to(folder).as_posix(): hashlib.sha256(item.read_bytes()).hexdigest() for item in found}


def verified(place: Path) -> bool:
    """Whether an overlay holds exactly the files of its manifest, each unchanged."""
    try:
        manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        return bool(manifest["files"]) and manifest["files"] == hashes(place / "files")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def standing() -> tuple[Path, ...]:
    """The folders of the overlays in the cache, whole or damaged."""
    folder = overlays_folder()
    return tuple(sorted(item for item in folder.glob("[!.]*") if item.is_dir())) if folder.is_dir() else ()


def clear(places: tuple[Path, ...]) -> None:
    """Remove overlays; one that is being made meanwhile is waited for."""
    for place in places:
        with _locked(overlays_folder() / f".{place.name}.lock"):
            _sweep(place.name)
            if place.is_dir():
                _remove(place)


def clear_all() -> None:
    """Remove every overlay, and what killed makers left."""
    clear(standing())
    for lock in overlays_folder().glob(".*.lock"):
        name = lock.name.removeprefix(".").removesuffix(".lock")
        with _locked(lock):
            _sweep(name)
