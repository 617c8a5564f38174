"""Other work that a number may be about: the work as stated, and what departs from it by one thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import isqrt

from reconcile.claims.printed import Printed
from reconcile.fold import flow
from reconcile.inputs import Input
from reconcile.language import later
from reconcile.work import Work

BATCHES = (2, 4, 8, 16, 32, 64, 128, 256)
"""Batch sizes that people count at."""

SIDES = (32, 64, 96, 112, 128, 160, 192, 224, 227, 240, 256, 260, 288, 299, 300, 320, 331, 352, 380, 384, 416, 448, 456)
LARGE_SIDES = (480, 512, 528, 576, 600, 608, 640, 672, 720, 768, 800, 896, 1024, 1280)
"""Sides of images that people count at."""

LENGTHS = (16, 32, 49, 64, 77, 100, 128, 196, 197, 256, 384, 512, 577, 768, 1000, 1024, 2048, 4096, 8192)
"""Numbers of tokens that people count at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """One thing in which a number departs from the plain count; `says` completes the sentence "It is ...".

    `unit` is the unit that the number is in by it, where that is another than the way's.
    """

    cause: str
    says: str
    unit: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Variant:
    """Work, or a part of it: every row is taken by its `shares`, or by the share of `all` where it has none."""

    departure: Departure
    shares: Mapping[str, Fraction] = field(default_factory=dict)
    all: Fraction = Fraction(1)

    def of(self, rows: Mapping[str, int | None]) -> dict[str, Fraction | None]:
        """The rows of this work, from those of the whole work."""
        return {
            name: None if value is None else value * self.shares.get(name, self.all) for name, value in rows.items()
        }


def variants(work: Work) -> tuple[Variant, ...]:
    """Everything that one executed work can be read as besides itself, the likeliest first."""
    return tuple(_variants(work))


def _variants(work: Work) -> Iterator[Variant]:
    rows = {name: Fraction(1) / factor for name, factor in flow(work).layers.items() if factor > 1}
    if rows:
        yield Variant(
            departure=Departure(cause="folded-batch", says=later("for one row where a view made several")),
            shares=rows,
        )
    calls = _calls(work)
    if calls:
        once = {name: Fraction(1, number) for name, number in calls.items()}
        yield Variant(
            departure=Departure(cause="calls", says=later("for one call of layers that are called again")),
            shares=once,
        )
    batch = work.ledger.batch or 1
    if batch > 1:
        says = later("for one sample of a batch of {batch}", batch=batch)
        yield Variant(departure=Departure(cause="batch", says=says), all=Fraction(1, batch))
    for size in BATCHES:
        if size != batch:
            says = later("for a batch of {size} instead of {batch}", size=size, batch=batch)
            yield Variant(departure=Departure(cause="batch", says=says), all=Fraction(size, batch))


def _calls(work: Work) -> dict[str, int]:
    """How often each row's module was called, where that is more than once."""
    found: dict[str, int] = {}
    for call in work.ledger.calls:
        found[call.module] = found.get(call.module, 0) + 1
    return {name: number for name, number in found.items() if number > 1 and name in work.layers}


def map_size(value: int, positions: Sequence[int], work: int) -> int | None:
    """The side of the square map at which a layer would do `value`, where it does `work` at its own positions.

    >>> map_size(9 * 512 * 16, (10, 10), 9 * 512 * 100)
    4
    """
    area = 1
    for size in positions:
        area *= size
    if len(positions) != 2 or not area or not work or work % area or value <= 0 or value % (work // area):
        return None
    square = value // (work // area)
    side = isqrt(square)
    return side if side * side == square and square != area else None


def likely_sizes(printed: Printed, total: int, inputs: Sequence[Input]) -> Iterator[tuple[Input, ...]]:
    """Inputs of another size at which a count would come near a printed number; the model has to be run there.

    The work on images grows with the area, and that on tokens with their number or its square, but only nearly: a
    fifth more or less is let through.
    """
    if len(inputs) != 1 or not total:
        return
    shape = inputs[0].shape
    if len(shape) == 4:
        for side in (*SIDES, *LARGE_SIDES):
            ratio = Fraction(side * side, shape[2] * shape[3])
            if (side, side) != shape[2:] and _near(printed, total * ratio, total * ratio):
                yield (replace(inputs[0], shape=(*shape[:2], side, side)),)
    elif len(shape) == 2 and inputs[0].dtype.startswith("int"):
        for length in LENGTHS:
            ratio = Fraction(length, shape[1])
            if length != shape[1] and _near(printed, total * min(ratio, ratio**2), total * max(ratio, ratio**2)):
                yield (replace(inputs[0], shape=(shape[0], length)),)


def _near(printed: Printed, least: Fraction, most: Fraction) -> bool:
    """Whether a printed number lies between two amounts, or at most a fifth outside."""
    return 4 * least <= 5 * printed.value <= 6 * most
