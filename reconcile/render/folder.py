"""A folder of files, put in place whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

from reconcile.errors import UsageError
from reconcile.language import phrase, retold
from reconcile.render.text import names


def check_folder(path: str | Path, known: Set[str], *, force: bool) -> None:
    """Refuse a place where no folder may be put: a file, or a folder that holds something.

    With `force` a folder may be overwritten that holds nothing but files of the `known` names.
    """
    target = Path(path)
    if not target.is_dir():
        if target.exists() or target.is_symlink():
            raise UsageError(phrase("{folder!r} is no folder, so no report can be put there", folder=str(target)))
        return
    found = {item.name for item in target.iterdir()}
    if found and not force:
        raise UsageError(
            phrase("the folder {folder!r} is not empty; --force overwrites the report in it", folder=str(target))
        )
    if strange := tuple(sorted(found - known)):
        raise UsageError(
            phrase(
                "the folder {folder!r} holds {files}, which no report wrote, so it is not overwritten",
                folder=str(target),
                files=retold(names(strange)),
            )
        )


def write_folder(path: str | Path, files: Mapping[str, str | bytes], known: Set[str], *, force: bool = False) -> None:
    """Put a folder of files in place at once, beside which nothing is left if it cannot be done."""
    check_folder(path, known, force=force)
    target = Path(os.path.abspath(path))
    try:
        with _parents(target), _sibling(target) as half:
            for name, content in files.items():
                (half / name).write_bytes(content.encode() if isinstance(content, str) else content)
            half.chmod(0o755)
            _put(half, target)
    except OSError as error:
        why = error.strerror or error
        raise UsageError(phrase("the folder {folder!r} cannot be written: {why}", folder=str(path), why=why)) from error


@contextlib.contextmanager
def _parents(target: Path) -> Iterator[None]:
    """The folders above a target, made if they are missing; those that were made go away if the block fails."""
    missing = [folder for folder in target.parents if not folder.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for folder in missing:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


@contextlib.contextmanager
def _sibling(target: Path) -> Iterator[Path]:
    """A new folder beside a target, which is gone at the end unless it was moved."""
    made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _put(half: Path, target: Path) -> None:
    """Move a finished folder to its place; the one that stood there goes away last."""
    if not target.exists():
        half.rename(target)
        return
    with _sibling(target) as old:
        target.rename(old / "old")
        try:
            half.rename(target)
        except OSError:
            (old / "old").rename(target)
            raise
