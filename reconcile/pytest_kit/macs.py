"""The check that a model costs what a test says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

from reconcile import reference
from reconcile.claims.arithmetic import evaluate
from reconcile.errors import UsageError
from reconcile.pytest_kit.counting import Counted, Options, count, told_at_the_call
from reconcile.pytest_kit.drawing import drawn
from reconcile.render.tables import Table, headline
from reconcile.render.text import number, signed

Expected = int | str | Mapping[str, int | str]
"""A number, or sums of products of sizes as text, of the whole model or of some of its rows."""


@told_at_the_call
def assert_macs(
    model: object,
    inputs: Any,
    expected: Expected,
    *,
    counter: str = reference.NAME,
    project: Path | None = None,
    **options: Unpack[Options],
) -> None:
    """Fail unless a counter tells what is expected, in the counter's own unit; the definition counts multiply-adds.

    `model` and `inputs` are as `reconcile.audit` takes them.  `expected` is a whole number, its formula as text
    (`"64*112*112 * 3*7*7"`), or one of them for each of some rows.
    """
    wanted = _wanted(expected)
    counted = count(model, inputs, counter, options, project)
    wrong = {name: told for name, told in _told(counted, wanted).items() if told != wanted[name]}
    if wrong:
        raise AssertionError(_failure(counted, wanted, wrong))


def _wanted(expected: Expected) -> dict[str | None, int]:
    """The expected numbers by row; that of the whole model stands under None."""
    parts = {**expected} if isinstance(expected, Mapping) else {None: expected}
    if not parts:
        raise UsageError("nothing is expected: name a number, or at least one row with its number")
    return {name: _number(part) for name, part in parts.items()}


def _number(part: object) -> int:
    if isinstance(part, str):
        return evaluate(part)
    if type(part) is not int:
        raise UsageError(f"the expected number is {part!r}; write a whole number, or its formula as text")
    return part


def _told(counted: Counted, wanted: Mapping[str | None, int]) -> dict[str | None, int | None]:
    rows: dict[str | None, int | None] = dict(counted.operations.items())
    rows[None] = counted.total
    for name in wanted:
        if name not in rows:
            raise AssertionError(f"{counted.subject} has no row {name!r}; it has {', '.join(counted.operations)}")
    return {name: rows[name] for name in wanted}


def _failure(counted: Counted, wanted: Mapping[str | None, int], wrong: Mapping[str | None, int | None]) -> str:
    told = counted.count
    lines = [
        f"{told.counter} tells {number(found)} {told.unit} for {_place(name)}, expected {number(wanted[name])}"
        f" ({signed((found or 0) - wanted[name])})"
        for name, found in wrong.items()
    ]
    lines.append(f"The rows of {counted.subject}, the largest first:")
    rows = sorted(told.layers, key=lambda row: -(row.told or 0))
    cells = tuple((row.layer, row.type, number(row.told)) for row in rows)
    lines.append(drawn(Table(columns=("layer", "type", told.unit), rows=cells, numeric=frozenset({told.unit}))))
    if told.counter != reference.NAME:
        lines.append(headline(counted.explained(reference.NAME)))
    return "\n".join(lines)


def _place(name: str | None) -> str:
    return "the model" if name is None else name
