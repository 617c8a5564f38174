"""The same ledger and the same rows under other paths: those of the model that a twin stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconcile.adapter import Measured, Outside, Place, Row, Told
from reconcile.ledger import Ledger

Names = Mapping[str, str]


def renamed_ledger(ledger: Ledger, names: Names) -> Ledger:
    """A ledger whose modules stand at other paths; a path that has no other name keeps its own."""
    if not names:
        return ledger
    modules = tuple(
        replace(
            place,
            path=names.get(place.path, place.path),
            alias=None if place.alias is None else names.get(place.alias, place.alias),
        )
        for place in ledger.modules
    )
    calls = tuple(replace(call, module=names.get(call.module, call.module)) for call in ledger.calls)
    return replace(ledger, modules=modules, calls=calls)


def renamed_told(told: Told, names: Names) -> Told:
    """What a counter told, by the other paths."""
    measures = {name: Measured(rows=_rows(part.rows, names), total=part.total) for name, part in told.measures.items()}
    return replace(told, rows=_rows(told.rows, names), measures=measures)


def _rows(rows: Sequence[Row], names: Names) -> Sequence[Row]:
    return [
        replace(row, target=replace(row.target, path=names.get(row.target.path, row.target.path)))
        if isinstance(row.target, (Place, Outside))
        else row
        for row in rows
    ]
