"""The way from one number to the other: one step after the other, each from where the last one ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconcile.errors import LedgerError
from reconcile.explain import End, Explanation
from reconcile.language import phrase, phrases

MOST = 8
"""Steps that a picture shows by name; what is smaller is put together in one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: `amount` leads from `start` to `end`.

    `cause` is None for the residual and for smaller steps put together; `layers` are those that it happens in, none for
    the residual.
    """

    name: str
    cause: str | None
    amount: int
    start: int
    end: int
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """All steps from the right end of an explanation up, or down, to its left end."""

    first: End
    last: End
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        reached = self.steps[-1].end if self.steps else self.first.total
        if reached != self.last.total:
            raise LedgerError(f"the steps lead to {reached}, not to {self.last.total}")

    @property
    def stations(self) -> tuple[int, ...]:
        """Every number that is passed, both ends included."""
        return (self.first.total, *(step.end for step in self.steps))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    name: str
    cause: str | None
    amount: int
    layers: tuple[str, ...] = ()


def waterfall(explanation: Explanation) -> Waterfall:
    """One step for each cause; where there is only one cause, one for each layer that it happens in."""
    by_cause = [
        _Move(name=cause.cause, cause=cause.cause, amount=cause.amount, layers=cause.layers)
        for cause in explanation.causes
    ]
    moves = by_cause if len(by_cause) > 1 else list(_by_layer(explanation))
    if explanation.residual:
        moves.append(_Move(name=phrase("residual"), cause=None, amount=explanation.residual))
    return Waterfall(first=explanation.right, last=explanation.left, steps=tuple(_walked(explanation, moves)))


def _by_layer(explanation: Explanation) -> Iterable[_Move]:
    found = [
        _Move(name=layer.layer, cause=summand.cause, amount=summand.amount, layers=(layer.layer,))
        for layer in explanation.layers
        for summand in layer.causes
    ]
    if len(found) <= MOST:
        return found
    largest = sorted(found, key=lambda move: -abs(move.amount))
    shown, rest = largest[: MOST - 1], largest[MOST - 1 :]
    layers = tuple(layer for move in rest for layer in move.layers)
    name = phrases("{n} more layer", "{n} more layers", len(rest))
    more = _Move(name=name, cause=None, amount=sum(move.amount for move in rest), layers=layers)
    return [*shown, more]


def _walked(explanation: Explanation, moves: Iterable[_Move]) -> Iterable[Step]:
    reached = explanation.right.total
    for move in moves:
        start, reached = reached, reached + move.amount
        yield Step(name=move.name, cause=move.cause, amount=move.amount, start=start, end=reached, layers=move.layers)
