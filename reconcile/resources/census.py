"""How a counter takes the parameters of a model: which of them, how often, and where in its code it says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from reconcile.pricing.amounts import Amount, in_single_precision
from reconcile.pricing.amounts import total as added
from reconcile.resources.holdings import Holding, holdings
from reconcile.rules import TOTAL, Rules, hiding
from reconcile.side import Item
from reconcile.work import ROOT, Work


def by_definition(work: Work) -> Mapping[str, Amount]:
    """The elements of every parameter by the module that holds it, each tensor at the first of its holders."""
    rows: dict[str, list[Amount]] = {}
    for holding in holdings(work.ledger):
        if holding.first and not holding.buffer:
            rows.setdefault(holding.layer, []).append(holding.elements)
    return {layer: added(amounts) for layer, amounts in rows.items()} or {ROOT: Amount(0, "0")}


@dataclass(frozen=True, kw_only=True)
class Census:
    """A counter's way to count parameters; what is not said below is counted as the definition does.

    trainable: only parameters that need a gradient.
    statistics: running statistics of these names are taken for parameters.
    executed: only modules that were called.
    ruled: only modules that the counter's rules for operations know.
    childless: only modules without children.
    root: the model itself counts when it holds parameters.
    names: only parameters of these names.
    skipped: types, with their subclasses, whose parameters are passed over.
    each_call: a module counts once for every call and every hook.
    leaves: rows are told for modules without children; what others hold stands in the row of the total.
    alone: a module that the rules know counts the parameters that it holds itself, and none of those below it.
    once: whether a tensor that two modules hold counts once in the rows, once in the total, or never once.
    single: the number of a module, and then the total, is kept in single precision.
    """

    source: str
    trainable: bool = False
    statistics: frozenset[str] = frozenset()
    executed: bool = False
    ruled: bool = False
    childless: bool = False
    root: bool = True
    names: frozenset[str] | None = None
    skipped: frozenset[str] = frozenset()
    each_call: bool = False
    leaves: bool = False
    alone: bool = False
    once: Literal["rows", "total", "never"] = "never"
    single: bool = False

    def departures(self, work: Work, rules: Rules) -> Iterator[Item]:
        """Every parameter that is not counted as the definition does, with the cause."""
        found = tuple(self._departures(work, rules))
        yield from found
        if self.single:
            yield from self._rounding(work, found)

    def _rounding(self, work: Work, found: Sequence[Item]) -> Iterator[Item]:
        """What single precision makes of each module's number, and of their sum in the order of the modules."""
        sums = {row: amount.value for row, amount in by_definition(work).items()}
        for item in found:
            sums[item.layer] = sums.get(item.layer, 0) + item.value
        total = exact = 0
        for row in dict.fromkeys(module.path or ROOT for module in work.ledger.modules):
            kept = in_single_precision(sums.get(row, 0))
            total, exact = in_single_precision(total + kept), exact + kept
            yield from self._rounded(row, sums.get(row, 0), kept)
        yield from self._rounded(TOTAL, exact, total)

    def _rounded(self, row: str, exact: int, kept: int) -> Iterator[Item]:
        if kept != exact:
            amount = Amount(kept - exact, f"{kept} - {exact}")
            yield Item(
                layer=row, cause="rounding", term="rounding", weight=1, definition=0, amount=amount, source=self.source
            )

    def _departures(self, work: Work, rules: Rules) -> Iterator[Item]:
        taken = _Taken(self, work, rules)
        again = []
        for holding in holdings(work.ledger):
            for item in taken.departures(holding):
                yield item
                if item.cause == "shared" and not holding.first:
                    again.append(item)
        if self.names is not None:
            yield from taken.derived(self.names)
        if self.once == "total":
            yield from (_settled(item) for item in again)


def _settled(item: Item) -> Item:
    """The row of the total that takes back what two rows told of one tensor."""
    return Item(
        layer=TOTAL,
        cause=item.cause,
        term=item.term,
        weight=0,
        definition=1,
        amount=item.amount,
        source=item.source,
    )


@dataclass(frozen=True, eq=False)
class _Taken:
    """One census of one model."""

    census: Census
    work: Work
    rules: Rules

    def departures(self, holding: Holding) -> Iterator[Item]:
        """The departures of one parameter or buffer, at every row that it is told in."""
        census, own = self.census, int(holding.first and not holding.buffer)
        if holding.buffer:
            if holding.tensor.name in census.statistics and self._reason(holding) is None:
                yield self._item(holding, holding.layer, "buffers", 1, 0)
            return
        reason = self._reason(holding)
        if reason is not None or (census.once == "rows" and not holding.first):
            if own:
                yield self._item(holding, holding.layer, reason or "shared", 0, 1)
            return
        if not own:
            yield self._item(holding, self._row(holding), "shared", 1, 0)
        elif self._row(holding) != holding.layer:
            # It is told, but in another row than its own.
            yield self._item(holding, holding.layer, "unregistered", 0, 1)
            yield self._item(holding, self._row(holding), "unregistered", 1, 0)
        for place in self._again(holding):
            yield self._item(holding, place or ROOT, "shared", 1, 0)

    def derived(self, names: frozenset[str]) -> Iterator[Item]:
        """Tensors that are made from parameters and taken for parameters, because a counter goes by their names."""
        for module in self.work.ledger.modules:
            for tensor in module.derived if module.alias is None else ():
                made = Holding(module=module, tensor=tensor, buffer=False, first=False)
                if tensor.name in names and self._reason(made) is None:
                    yield self._item(made, made.layer, "derived", 1, 0)
                    for place in self._again(made):
                        yield self._item(made, place or ROOT, "shared", 1, 0)

    def _row(self, holding: Holding) -> str:
        """The row that a module's parameters are told in: its own, or that of a module which hides it."""
        if self.census.leaves and holding.module.children:
            return TOTAL
        return self._above(holding) or holding.layer

    def _above(self, holding: Holding) -> str | None:
        """The module with a rule that a module's parameters are told with, if it is not that module itself."""
        return hiding(self.rules, self.work, holding.module.path) if self.census.ruled else None

    def _again(self, holding: Holding) -> Iterator[str]:
        """The rows in which a module's parameters are told once more."""
        path = holding.module.path
        places = self.work.ledger.places_of(path)
        if self.census.each_call:
            times = len(places) * self.calls.get(path, 0)
            yield from [path] * (times - 1)
        elif self.rules.rows_per_place and self.census.once == "never":
            yield from places[1:]

    def _reason(self, holding: Holding) -> str | None:
        """Why a parameter is left out, as the name of a cause; None if it is counted."""
        census, module, tensor = self.census, holding.module, holding.tensor
        above = self._above(holding)
        owner = self.work.ledger.places[above] if above else module
        if census.alone and above is not None:
            return "unregistered"
        if census.trainable and not tensor.trainable:
            return "frozen"
        if census.names is not None and tensor.name not in census.names:
            return "unregistered"
        if (census.childless and owner.children) or (not census.root and owner.path == ""):
            return "unregistered"
        if not census.skipped.isdisjoint((module.type, *module.bases)):
            return "unregistered"
        if census.ruled and self.rules.of_module(owner) is None:
            return "unregistered"
        if census.executed and owner.path not in self.work.ledger.called:
            return "unexecuted"
        return None

    @cached_property
    def calls(self) -> Mapping[str, int]:
        """How often each module was called."""
        made: dict[str, int] = {}
        for call in self.work.ledger.calls:
            made[call.module] = made.get(call.module, 0) + 1
        return made

    def _item(self, holding: Holding, layer: str, cause: str, weight: int, definition: int) -> Item:
        return Item(
            layer=layer,
            cause=cause,
            term="buffer" if holding.buffer else "parameter",
            weight=weight,
            definition=definition,
            amount=holding.elements,
            source=self.census.source,
        )
