"""The hypotheses for the numbers of one claim, level by level: what it declares, the plain, and one departure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from reconcile.claims.claim import BYTES, UNKNOWN, Claim, Recipe
from reconcile.claims.executed import Bench, Topic, executable
from reconcile.claims.hypotheses import Counted, Hypothesis, Level, departing, elsewhere, plain
from reconcile.claims.printed import Printed
from reconcile.claims.variants import Departure, likely_sizes, map_size
from reconcile.errors import UsageError
from reconcile.inputs import Input
from reconcile.language import later, phrase
from reconcile.ledger import first_shape
from reconcile.resources.metrics import OPERATIONS

_BINARY = {"kB": 2**10, "MB": 2**20, "GB": 2**30}
"""Units of memory that people call by the name of the decimal ones, in bytes."""


@dataclass(frozen=True, kw_only=True)
class Levels:
    """What can give the numbers of one claim about one model."""

    claim: Claim
    bench: Bench
    topic: Topic

    @cached_property
    def counted(self) -> tuple[Counted, ...]:
        """What every way gives for the work as stated."""
        return self.bench.counted(self.topic)

    @property
    def unit(self) -> str | None:
        """The unit in which ways count what is claimed; None if every unit will do."""
        return None if self.claim.unit == UNKNOWN or self.claim.metric != OPERATIONS else self.claim.unit

    def plain(self, layer: str | None) -> Iterator[Hypothesis]:
        """What every way gives for the work as stated, in the claim's unit."""
        return self._in_unit(plain(self.counted, layer, self.unit))

    def of(self, layer: str | None, printed: Printed) -> Iterator[Level]:
        """Every level for one row, or for the total where no layer is named; made one by one as they are needed."""
        if self.claim.recipe is not None:
            yield self._in_unit(self._told(layer))
            yield self._in_binary_units(self._told(layer))
            yield self._in_unit(self._by_others(layer))
            return
        yield self.plain(layer)
        yield self._in_unit(departing(self.counted, layer, self.unit))
        yield self._in_binary_units(plain(self.counted, layer, self.unit))
        yield self._in_unit(plain(self.bench.run_too(self.topic), layer, self.unit))
        yield from [self._maps(layer, printed)] if layer is not None else self._sizes(printed)

    def declared(self, layer: str | None) -> Iterator[Hypothesis]:
        """What the counter of the recipe tells, used as the recipe says, in the claim's unit."""
        return self._in_unit(self._told(layer))

    def _told(self, layer: str | None) -> Iterator[Hypothesis]:
        told = self.bench.told(self._there, self._recipe.counter)
        value = told.value(layer)
        if value is not None:
            declared = tuple(self._departures())
            yield Hypothesis(way=told.way, value=value * self._factor, layer=layer, declared=declared)

    @property
    def formula_ways(self) -> tuple[Counted, ...]:
        """What formulas are compared with: the counter that they are said to be of, or every way."""
        if self.claim.recipe is None:
            return self.counted
        return (self.bench.told(self._there, self.claim.recipe.counter),)

    @property
    def _recipe(self) -> Recipe:
        if self.claim.recipe is None:
            raise UsageError(phrase("the claim file {file!r} names no counter", file=self.claim.file))
        return self.claim.recipe

    @property
    def _there(self) -> Topic:
        """The model at the input of the recipe."""
        return replace(self.topic, inputs=self._recipe.inputs or self.claim.inputs)

    @property
    def _factor(self) -> Fraction:
        area = Fraction(_area(self.claim.inputs), _area(self._there.inputs)) if self._recipe.scaled else Fraction(1)
        return self._recipe.times * area

    def _departures(self) -> Iterator[Departure]:
        """What a recipe says that it does besides counting."""
        recipe, at = self._recipe, self._there.inputs
        if recipe.scaled:
            yield Departure(cause="extrapolated", says=later("at {input} and scaled by area", input=at[0]))
        elif at != self.claim.inputs:
            yield Departure(cause="input-size", says=later("at the input {input}", input=at[0]))
        if recipe.times != 1:
            yield Departure(cause="unit", says=later("times {factor}", factor=recipe.times))

    def _by_others(self, layer: str | None) -> Iterator[Hypothesis]:
        """What the same recipe would give by another counter, or by another release of the same one."""
        for one in self.bench.counted(self._there):
            value = one.value(layer)
            if value is not None:
                says = later("where the stated {counter} gives another number", counter=self._recipe.counter)
                other = Departure(cause="counter", says=says)
                yield Hypothesis(way=one.way, value=value * self._factor, layer=layer, free=(other,))

    def _sizes(self, printed: Printed) -> Iterator[Level]:
        """The same model executed at inputs of other sizes at which it would come near the number."""
        base = self.counted[0].value(None) or 0
        for inputs in likely_sizes(printed, base, self.claim.inputs) if self.claim.metric == OPERATIONS else ():
            other = executable(self.bench, self.topic, inputs)
            if other is not None:
                yield elsewhere(self.bench.counted(other), str(inputs[0]), None, self.unit)

    def _maps(self, layer: str, printed: Printed) -> Level:
        """The layer's multiply-adds at an output map of another size."""
        one = self.counted[0]
        if self.claim.metric != OPERATIONS or printed.exact is None:
            return
        positions = _positions(one, layer)
        side = map_size(printed.exact, positions, one.value(layer) or 0)
        if side is not None:
            says = later(
                "for an output map of {side}x{side}, where the layer gives out {height}x{width}",
                side=side,
                height=positions[0],
                width=positions[1],
            )
            departure = Departure(cause="map-size", says=says)
            yield Hypothesis(way=one.way, value=printed.value, layer=layer, free=(departure,))

    def _in_unit(self, hypotheses: Iterable[Hypothesis]) -> Iterator[Hypothesis]:
        """Hypotheses in the claim's unit of memory; those of everything else are what they are."""
        size = BYTES.get(self.claim.unit, 1)
        return (replace(one, value=one.value / size) for one in hypotheses)

    def _in_binary_units(self, hypotheses: Iterable[Hypothesis]) -> Iterator[Hypothesis]:
        """Hypotheses in the binary unit of memory that people call by the name of the decimal one."""
        size = _BINARY.get(self.claim.unit)
        if size is not None:
            says = later("in units of {bytes:,} bytes, called {unit}", bytes=size, unit=self.claim.unit)
            departure = Departure(cause="unit", says=says)
            for one in hypotheses:
                yield replace(one, value=one.value / size, free=(departure,))


def _area(inputs: tuple[Input, ...]) -> int:
    *_, height, width = inputs[0].shape
    return height * width


def _positions(one: Counted, layer: str) -> tuple[int, ...]:
    """The sides of the map that a layer gives out in its one call; () where it is called again or gives no map."""
    calls = [call for call in one.work.ledger.calls if call.module == layer]
    shape = first_shape(calls[0].output) if len(calls) == 1 else ()
    return shape[2:] if len(shape) == 4 else ()
