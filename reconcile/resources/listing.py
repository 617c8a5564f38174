"""The parameters of a model as a listing of its calls gives them: leaves in the order of their calls, then the rest.

torchinfo lists a module for every call, and gives a module with children what its listed children leave over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

from reconcile.ledger import Ledger, Parameter
from reconcile.pricing.amounts import Amount
from reconcile.resources.holdings import Holding, holdings
from reconcile.resources.lines import PRESENT, Line, Lines, Manner
from reconcile.rules import Rules
from reconcile.side import Item
from reconcile.work import ROOT, Work


@dataclass(frozen=True)
class Listing:
    """The listing of one ledger."""

    ledger: Ledger
    manner: Manner = PRESENT

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines of the listing, in order."""
        return Lines(self.ledger, self.manner).all()

    def elements(self, module: str) -> int:
        """The elements of a module's parameters, nested ones included, each tensor once; or a mask's sum."""
        return sum(self._sizes.get(self.ledger.places[module].path, {}).values())

    @cached_property
    def _sizes(self) -> Mapping[str, Mapping[int, int]]:
        """The elements of every tensor at or below a path, by the tensor's key."""
        found: dict[str, dict[int, int]] = {}
        for item in self.ledger.modules:
            sizes = {tensor.key: self.size(tensor) for tensor in item.parameters}
            for path in _above(item.path) if sizes else ():
                known = found.setdefault(path, {})
                known.update({key: size for key, size in sizes.items() if key not in known})
        return found

    def size(self, tensor: Parameter) -> int:
        """What a parameter counts."""
        return prod(tensor.shape) if tensor.kept is None or not self.manner.masks else tensor.kept

    def numbers(self) -> Mapping[str, int]:
        """What the listing tells for every module that has a line that counts."""
        if self.manner.left == "nothing":
            return {line.module: self.elements(line.module) for line in self.lines if self._counts(line)}
        lines = self.lines
        told: dict[str, int] = {}
        left: dict[int, int] = {}
        for index in reversed(range(len(lines))):
            line = lines[index]
            place = self.ledger.places[line.module]
            own = self.elements(line.module)
            if place.children:
                own -= sum(left[below] for below in _below(lines, index) if not lines[below].again)
            left[index] = own
            if not line.again:
                told[line.module] = told.get(line.module, 0) + (own if self.manner.left == "any" else max(own, 0))
        return told

    def _counts(self, line: Line) -> bool:
        """Whether a line counts where modules with children count as a rule nothing."""
        deepest, leaf = self.manner.deepest, not self.ledger.places[line.module].children
        counts = leaf if deepest is None else line.depth == deepest or (leaf and line.depth < deepest)
        return counts and not line.again


def _above(path: str) -> Iterator[str]:
    """A path and every path above it, the root's last."""
    yield path
    while path:
        path = path.rpartition(".")[0]
        yield path


def _below(lines: tuple[Line, ...], index: int) -> Iterator[int]:
    for below in range(index + 1, len(lines)):
        if lines[below].depth <= lines[index].depth:
            return
        yield below


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCensus:
    """Parameters as a listing tells them; `leaves` alone leaves containers out, as the listing's bytes do."""

    source: str
    leaves: bool = False
    manner: Manner = PRESENT

    def departures(self, work: Work, rules: Rules) -> Iterator[Item]:
        """Every parameter that the listing does not tell where it stands."""
        listing = Listing(work.ledger, self.manner)
        told = {name: part for name, part in listing.numbers().items() if self._counts(work, name)}
        moved: dict[str, int] = {}
        own: dict[str, int] = {}
        for holding in (item for item in holdings(work.ledger) if not item.buffer):
            kept = listing.size(holding.tensor)
            home = self._home(listing, told, holding)
            size = holding.elements.value
            if holding.first and home != holding.module.path:
                yield self._item(holding.layer, self._reason(work, holding), 0, 1, holding.elements)
                if home is not None:
                    moved[home] = moved.get(home, 0) + size
            elif holding.first:
                own[holding.module.path] = own.get(holding.module.path, 0) + size
                if kept != size:
                    own[holding.module.path] += kept - size
                    yield self._item(holding.layer, "pruned", 1, 0, Amount(kept - size, f"{kept} - {size}"))
        for name, part in told.items():
            given = min(moved.get(name, 0), max(part - own.get(name, 0), 0))
            rest = part - own.get(name, 0) - given
            yield from self._extra(name or ROOT, given, rest)

    def _reason(self, work: Work, holding: Holding) -> str:
        """Why a parameter is not told where it stands."""
        if self.manner.left != "nothing" or holding.module.path not in work.ledger.called:
            return "unexecuted"
        return "unregistered" if holding.module.children else "too-deep"

    def _counts(self, work: Work, name: str) -> bool:
        return not self.leaves or not work.ledger.places[name].children

    def _home(self, listing: Listing, told: Mapping[str, int], holding: Holding) -> str | None:
        """The module in whose line a parameter is told: its own, or the nearest listed one above."""
        path: str = holding.module.path
        while path not in told:
            if not path:
                return None
            path = path.rpartition(".")[0]
        return path

    def _extra(self, layer: str, given: int, rest: int) -> Iterator[Item]:
        if given:
            cause = "unexecuted" if self.manner.left != "nothing" else "too-deep"
            yield self._item(layer, cause, 1, 0, Amount(given, str(given)))
        if rest:
            yield self._item(layer, "shared", 1, 0, Amount(rest, str(rest)))

    def _item(self, layer: str, cause: str, weight: int, definition: int, part: Amount) -> Item:
        return Item(
            layer=layer,
            cause=cause,
            term="parameter",
            weight=weight,
            definition=definition,
            amount=part,
            source=self.source,
        )
