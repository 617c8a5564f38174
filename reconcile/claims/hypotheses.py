"""Hypotheses for a stated number: a way to count, applied to some work, which departs from the plain by one thing.

No hypothesis fits two free factors: whoever may choose the way, the unit, the input size and the batch together finds
a choice for every number.  What a claim itself declares (`thop at 1x3x32x32, scaled by area`) is not free.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from reconcile.claims.printed import Printed
from reconcile.claims.slips import is_slip
from reconcile.claims.variants import Departure, Variant, variants
from reconcile.claims.ways import EITHER, OPERATIONAL, Rows, Way
from reconcile.claims.works import Works
from reconcile.errors import LedgerError
from reconcile.language import later
from reconcile.work import Work

BY_CHANCE = 0.05
"""How likely a fit by chance may be before a departure that fits is not believed."""

_TIMES = {"MAC": Fraction(2), "FLOP": Fraction(1, 2)}
"""By what a unit of operations is turned into the other one."""

_NONE = Fraction(0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Counted:
    """What a way gives for one executed work, row by row."""

    way: Way
    work: Work
    rows: Rows
    parts: Rows = field(default_factory=dict)

    def value(self, layer: str | None) -> int | None:
        """The number of a row or a part, of all rows in a module, or with none named of all; None if there is none."""
        if layer is not None and layer in self.parts:
            return self.parts[layer]
        told = [value for name, value in self.rows.items() if value is not None and within(name, layer)]
        # A module that holds nothing has no row; a layer that a counter of operations never saw has none either.
        empty = self.way.unit not in OPERATIONAL and layer in self.work.ledger.places
        return sum(told) if told or layer is None or empty else None

    def in_unit(self, unit: str | None) -> bool:
        """Whether it is in a unit; every way is in an unknown one."""
        return unit is None or self.way.unit in (unit, EITHER)


def count(ways: Sequence[Way], works: Works) -> tuple[Counted, ...]:
    """Apply ways to executed work; those that go by Python-level calls need a ledger of their own."""
    each = [(way, works.of(way)) for way in ways]
    return tuple(
        Counted(way=way, work=work, rows=way.rows(work), parts=way.parts(work))
        for way, work in each
        if work is not None
    )


def within(row: str, layer: str | None) -> bool:
    """Whether a row is a layer's own, or that of a module or op inside it; every row is inside the whole model.

    >>> within("fc.0", "fc"), within("fc1", "fc"), within("fc::add", "fc"), within("fc", None)
    (True, False, True, True)
    """
    return layer is None or row == layer or row.startswith((f"{layer}.", f"{layer}::"))


@dataclass(frozen=True, kw_only=True, eq=False)
class Hypothesis:
    """A number that a way gives for one row, or for all of them (`layer` is None).

    `free` are the departures that nobody stated: one at most.  `declared` are those that the claim itself states.
    `at` is the input, where it is not the stated one.
    """

    way: Way
    value: Fraction
    layer: str | None = None
    free: tuple[Departure, ...] = ()
    declared: tuple[Departure, ...] = ()
    at: str | None = None

    def __post_init__(self) -> None:
        if len(self.free) > 1:
            raise LedgerError(f"a hypothesis fits {len(self.free)} free factors at once: {self.free}")

    @property
    def departures(self) -> tuple[Departure, ...]:
        """Everything in which it departs from the plain count."""
        return (*self.declared, *self.free)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """The simplest hypothesis that gives a printed number, and the others that are as simple.

    `tried` is how many different values were compared until it was found, and `chance` how many of so many values
    would be expected to print the same digits by chance.
    """

    hypothesis: Hypothesis
    others: tuple[Hypothesis, ...]
    tried: int
    chance: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Tried:
    """What was compared with a number that nothing gives; `by_chance` fit it, but so many would by chance too."""

    tried: int
    chance: float
    by_chance: tuple[Hypothesis, ...] = ()


Level = Iterable[Hypothesis]
"""Hypotheses that are equally simple; made only when the levels before gave nothing."""


def fit(printed: Printed, levels: Iterable[Level], limit: float = BY_CHANCE) -> Fit | Tried:
    """Compare a number with hypotheses, level by level; the first level that gives it wins.

    A hypothesis without a free factor needs no more proof; one with a free factor is believed where so many values
    as were compared would not be expected to print these digits by chance.
    """
    values: set[Fraction] = set()
    doubtful: list[Hypothesis] = []
    for level in levels:
        found = []
        for hypothesis in level:
            values.add(hypothesis.value)
            if printed.prints(hypothesis.value):
                found.append(hypothesis)
        chance = len(values) * printed.by_chance()
        plain = [hypothesis for hypothesis in found if not hypothesis.free]
        if plain or (found and chance <= limit):
            first, *others = plain or found
            return Fit(hypothesis=first, others=tuple(others), tried=len(values), chance=chance)
        doubtful += found
    return Tried(tried=len(values), chance=len(values) * printed.by_chance(), by_chance=tuple(doubtful))


def plain(counted: Sequence[Counted], layer: str | None = None, unit: str | None = None) -> Iterator[Hypothesis]:
    """What each way gives for the work as stated; a way in another unit than the stated one is not plain."""
    for one in counted:
        value = one.value(layer)
        if value is not None and one.in_unit(unit):
            yield Hypothesis(way=one.way, value=Fraction(value), layer=layer)


def departing(counted: Sequence[Counted], layer: str | None = None, unit: str | None = None) -> Iterator[Hypothesis]:
    """What each way gives with one departure: the unit, or the part of the work.

    A release that nobody named is a free choice itself, so nothing else may depart with it.
    """
    present = [one for one in counted if one.way.kind != "release"]
    for one in present:
        yield from _in_units(one, layer, unit)
    for one in present:
        if one.in_unit(unit):
            yield from _in_parts(one, layer)


def elsewhere(
    counted: Sequence[Counted], at: str, layer: str | None = None, unit: str | None = None
) -> Iterator[Hypothesis]:
    """What each way gives for the same model, where `counted` was executed at another input; no unnamed release."""
    departure = Departure(cause="input-size", says=later("at the input {input}", input=at))
    for one in counted:
        value = one.value(layer) if one.way.kind != "release" else None
        if value is not None and one.in_unit(unit):
            yield Hypothesis(way=one.way, value=Fraction(value), layer=layer, free=(departure,), at=at)


def slipped(printed: Printed, hypotheses: Iterable[Hypothesis]) -> Hypothesis | None:
    """The first plain hypothesis from which a printed number differs by a slip of its printed digits."""
    step = max(printed.step, Fraction(1)) if printed.exact is not None else printed.step
    number = int(printed.value / step)
    for hypothesis in hypotheses:
        whole = hypothesis.value.denominator == 1
        if whole and not hypothesis.free and is_slip(number, round(hypothesis.value / step)):
            return hypothesis
    return None


def _in_units(one: Counted, layer: str | None, unit: str | None) -> Iterator[Hypothesis]:
    """One unit called the other, and one turned into the other by a factor over everything."""
    value = one.value(layer)
    if value is None or one.way.unit not in _TIMES:
        return
    if not one.in_unit(unit):
        says = later("in {unit}, called {other}", unit=one.way.unit, other=unit)
        called = Departure(cause="unit", says=says)
        yield Hypothesis(way=one.way, value=Fraction(value), layer=layer, free=(called,))
    times = _TIMES[one.way.unit]
    says = later("the whole number of {unit} doubled", unit=one.way.unit)
    if times < 1:
        says = later("the whole number of {unit} halved", unit=one.way.unit)
    other = next(unit for unit in _TIMES if unit != one.way.unit)
    turned = Departure(cause="unit", says=says, unit=other)
    yield Hypothesis(way=one.way, value=value * times, layer=layer, free=(turned,))


def _in_parts(one: Counted, layer: str | None) -> Iterator[Hypothesis]:
    """Parts and multiples of the work that are whole numbers and not the work itself."""
    for variant in _variants(one.work):
        parts = [part for name, part in variant.of(one.rows).items() if part is not None and within(name, layer)]
        value = sum(parts, _NONE)
        if parts and value.denominator == 1 and value != one.value(layer):
            yield Hypothesis(way=one.way, value=value, layer=layer, free=(variant.departure,))


@lru_cache(maxsize=8)
def _variants(work: Work) -> tuple[Variant, ...]:
    return variants(work)
