"""Writing files: whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from reconcile.errors import UsageError
from reconcile.explain import Explanation
from reconcile.language import phrase


def write_text(path: str | Path, text: str) -> None:
    """Put a whole file in place at once; a place that cannot be written is refused in one sentence.

    What is no file, as a device or a pipe, is written to and not replaced, and a link leads to what is written.
    """
    try:
        target = Path(path)
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8")
        else:
            _replace(target.resolve(), text)
    except OSError as error:
        why = error.strerror or error
        raise UsageError(phrase("{file!r} cannot be written: {why}", file=str(path), why=why)) from error


def _replace(target: Path, text: str) -> None:
    half = None
    try:
        handle, half = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(half, 0o644)
        os.replace(half, target)
    except BaseException:
        if half is not None and os.path.exists(half):
            os.unlink(half)
        raise


def json_text(document: Any) -> str:
    """A document as JSON text, stable under a round trip."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def write_json(path: str | Path, document: Any) -> None:
    """Write a document as JSON."""
    write_text(path, json_text(document))


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV; nothing is an empty field."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([["" if value is None else value for value in row] for row in rows])
    return buffer.getvalue()


def make_folder(path: str | Path) -> Path:
    """A folder that reports can be written into, made if it is missing."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror or error
        raise UsageError(phrase("the folder {folder!r} cannot be made: {why}", folder=str(folder), why=why)) from error
    return folder


def explanation_csv(explanation: Explanation) -> str:
    """One row for each layer of a difference and each of its causes."""
    columns = ("layer", "type", "from", "to", "difference", "residual", "cause", "amount", "formula")
    rows: list[tuple[Any, ...]] = []
    for layer in explanation.layers:
        head = (layer.layer, layer.type, layer.left, layer.right, layer.difference, layer.residual)
        rows += [(*head, cause.cause, cause.amount, cause.formula) for cause in layer.causes]
        rows += [] if layer.causes else [(*head, None, None, None)]
    return csv_text(columns, rows)
