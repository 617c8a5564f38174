"""Published tables: a CSV file with a model, an input and the numbers that are printed of it in each row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconcile.claims.stated import Stated, parse_stated
from reconcile.errors import UsageError
from reconcile.inputs import Input, parse_inputs
from reconcile.language import commas, phrase
from reconcile.objects import ObjectSpec, parse_object

COLUMNS = ("name", "model", "arguments", "input", "value", "unit", "params")
"""Columns of a table; `model`, `input` and one of `value` and `params` must be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One row: a model with its inputs, and the numbers that are stated of it, operations before parameters."""

    name: str
    model: ObjectSpec
    inputs: tuple[Input, ...]
    stated: tuple[Stated, ...]

    def to_json(self) -> dict[str, Any]:
        """The row's model as plain JSON values."""
        inputs = [str(item) for item in self.inputs]
        return {"name": self.name, **self.model.to_json(), "input": " ".join(inputs)}


def read_table(file: str) -> tuple[TableRow, ...]:
    """Read a table; every defect is one sentence with the line in which it stands."""
    path = Path(file)
    if not path.is_file():
        raise UsageError(phrase("the table {file!r} does not exist", file=file))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(phrase("the table {file!r} is no text: {error}", file=file, error=error)) from error
    reader = csv.DictReader(io.StringIO(text))
    _check_columns(file, tuple(reader.fieldnames or ()))
    rows = []
    for cells in reader:
        try:
            rows.append(_row(cells))
        except UsageError as error:
            raise UsageError(
                phrase("line {line} of the table {file!r}: {error}", line=reader.line_num, file=file, error=error)
            ) from error
    if not rows:
        raise UsageError(phrase("the table {file!r} has no rows", file=file))
    return tuple(rows)


def _check_columns(file: str, columns: tuple[str, ...]) -> None:
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise UsageError(
            phrase(
                "the table {file!r} has the unknown column {column!r}; known: {known}",
                file=file,
                column=unknown[0],
                known=commas(COLUMNS),
            )
        )
    missing = [name for name in ("model", "input") if name not in columns]
    if missing or not {"value", "params"} & set(columns):
        raise UsageError(
            phrase("the table {file!r} has no column {column!r}", file=file, column=(missing or ["value"])[0])
        )


def _row(cells: Mapping[str | None, Any]) -> TableRow:
    if None in cells or None in cells.values():
        raise UsageError(phrase("it has more or fewer fields than the table has columns"))
    given = {str(name): str(cell).strip() for name, cell in cells.items()}
    stated = []
    if given.get("value"):
        stated.append(parse_stated(f"{given['value']} {given.get('unit', '')}"))
    if given.get("params"):
        stated.append(parse_stated(f"{given['params']} params"))
    if not stated:
        raise UsageError(phrase("it states no number"))
    return TableRow(
        name=given.get("name") or given["model"].rpartition(":")[2],
        model=parse_object(given["model"], _arguments(given.get("arguments", ""))),
        inputs=parse_inputs(given["input"].split()),
        stated=tuple(stated),
    )


def _arguments(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except json.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise UsageError(phrase("its arguments {arguments!r} are no JSON object", arguments=text))
    return found
