"""What a number counts: the weights that a side gives to each kind of work that was executed, and what it misses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconcile.causes import CAUSES
from reconcile.language import either, later
from reconcile.pricing.terms import DEFINITION, TERMS
from reconcile.render.text import names
from reconcile.side import Item, Side

WORK = {
    "bias": later("bias additions"),
    "norm": later("normalisations"),
    "activation": later("activations"),
    "pool": later("pooling"),
    "softmax": later("softmax"),
    "resample": later("resampling"),
    "elementwise": later("elementwise operations"),
    "embedding": later("look-ups"),
    "reduce": later("reductions"),
    "compare": later("comparisons"),
    "transform": later("Fourier transforms"),
    "recurrent": later("additions in recurrent gates"),
    "attention": later("scaling before attention"),
}
"""Kinds of work besides multiply-adds, by the cause under which a weight on them departs from the definition."""

CORRECTIONS = frozenset({"mac-weight", "first-add", "formula", "rounding"})
"""Causes of terms that correct another kind of work; leaving one out is nothing to speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """One kind of unit that a number counts: `amount` is what it adds to the total."""

    unit: str
    weights: tuple[int, ...]
    amount: int

    @property
    def says(self) -> str:
        """What is counted."""
        return later("{weights} for each {unit}", weights=either(map(str, self.weights)), unit=self.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Multiply-adds that a number misses, or work that it repeats or measures wrongly, with what that adds to it.

    `kinds` are the types of the layers where it does so.
    """

    cause: str
    amount: int
    missing: bool
    kinds: tuple[str, ...]

    @property
    def says(self) -> str:
        """What the number does, after a subject; it begins with a blank."""
        clause, kinds = later(CAUSES[self.cause].says, side=""), names(self.kinds)
        if self.missing:
            return later(
                "{clause} ({amount:,} multiply-adds in {kinds})", clause=clause, amount=self.amount, kinds=kinds
            )
        return later("{clause} ({amount:+,} in {kinds})", clause=clause, amount=self.amount, kinds=kinds)

    def to_json(self) -> dict[str, Any]:
        """The departure as plain JSON values."""
        return {"cause": self.cause, "amount": self.amount, "missing": self.missing, "kinds": list(self.kinds)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a number counts, what it leaves out of the executed work by its conventions, and where it departs.

    The amounts of what is counted and of the departures that are no missing work, with the residual, sum to the total.
    """

    counted: tuple[Weighed, ...]
    uncounted: tuple[str, ...]
    departures: tuple[Departure, ...]
    residual: int

    def to_json(self) -> dict[str, Any]:
        """The scope as plain JSON values."""
        return {
            "counted": [{"unit": x.unit, "weights": list(x.weights), "amount": x.amount} for x in self.counted],
            "uncounted": list(self.uncounted),
            "departures": [x.to_json() for x in self.departures],
            "residual": self.residual,
        }


def scope_of(side: Side) -> Scope:
    """What the number of a side counts, told from its departures from the definition alone."""
    weights: dict[str, dict[int, int]] = {}
    plain = sum(part.value for part in side.reference.values())
    for item in side.items:
        if _is_weight(item):
            base = TERMS[item.term].base
            found = weights.setdefault(base, {})
            found[item.weight] = found.get(item.weight, 0) + item.weight * item.amount.value
        if item.definition and (_is_weight(item) or not item.weight):
            plain -= item.amount.value
    if plain:
        weights["mac"] = {1: plain} | weights.get("mac", {})
    return Scope(
        counted=tuple(_weighed(weights)),
        uncounted=tuple(WORK[kind] for kind in _executed(side) if not _covers(weights, kind)),
        departures=_departures(side),
        residual=sum(side.residuals.values()),
    )


def _is_weight(item: Item) -> bool:
    """Whether a summand is a weight of its own on work that was seen once."""
    return item.term in TERMS and item.cause == TERMS[item.term].cause and item.cause != "formula" and item.weight != 0


def _weighed(weights: Mapping[str, Mapping[int, int]]) -> Iterator[Weighed]:
    for term in sorted(weights, key=lambda name: (name not in DEFINITION, list(TERMS).index(name))):
        yield Weighed(unit=TERMS[term].unit, weights=tuple(weights[term]), amount=sum(weights[term].values()))


def _covers(weights: Mapping[str, object], kind: str) -> bool:
    return any(TERMS[term].cause == kind for term in weights)


def _executed(side: Side) -> tuple[str, ...]:
    """The kinds of work besides multiply-adds that the model executed."""
    found = (
        TERMS[term].cause
        for index in side.work.ledger.executed
        for term, part in (side.work.prices[index] or {}).items()
        if part.value
    )
    kinds = set(found)
    return tuple(kind for kind in WORK if kind in kinds)


def _departures(side: Side) -> tuple[Departure, ...]:
    found: dict[tuple[str, bool], int] = {}
    kinds: dict[tuple[str, bool], dict[str, None]] = {}
    for item in side.items:
        if not _is_weight(item) and item.value:
            missing = bool(item.definition and not item.weight)
            key = item.cause, missing
            found[key] = found.get(key, 0) + (item.amount.value if missing else item.value)
            kinds.setdefault(key, {})[side.types.get(item.layer, item.layer)] = None
    largest = sorted(found, key=lambda key: -abs(found[key]))
    return tuple(Departure(cause=key[0], amount=found[key], missing=key[1], kinds=tuple(kinds[key])) for key in largest)
