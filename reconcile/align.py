"""Aligning the rows of two sides: the same layer on both, or a row that only one of them has."""

from __future__ import annotations

from dataclasses import dataclass

from reconcile.rules import TOTAL
from reconcile.side import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One layer on both sides; None where that side told nothing."""

    layer: str
    type: str
    left: int | None
    right: int | None

    @property
    def difference(self) -> int:
        """Left minus right, nothing counting as 0."""
        return (self.left or 0) - (self.right or 0)


def align(left: Side, right: Side) -> tuple[Pair, ...]:
    """Every row of either side, in the order of the left ledger with the right's own rows where they belong."""
    return tuple(
        Pair(
            layer=name,
            type=left.types.get(name) or right.types.get(name) or "?",
            left=left.told.get(name),
            right=right.told.get(name),
        )
        for name in _merged(list(left.order), list(right.order))
    )


def _merged(left: list[str], right: list[str]) -> list[str]:
    """Both orders in one: a row of the right alone stands behind the row that it follows there."""
    merged = [name for name in left if name != TOTAL]
    known = set(merged)
    after: str | None = None
    for name in right:
        if name == TOTAL:
            continue
        if name not in known:
            position = merged.index(after) + 1 if after is not None else 0
            merged.insert(position, name)
            known.add(name)
        after = name
    return merged + [TOTAL] * (TOTAL in left or TOTAL in right)
