"""The parameters of a model as a listing of its calls gives them: leaves in the order of their calls, then the rest.

torchinfo lists a module for every call, and gives a module with children what its listed children leave over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

from reconcile.ledger import Ledger
from reconcile.pricing.amounts import Amount
from reconcile.resources.holdings import Holding, holdings
from reconcile.rules import Rules
from reconcile.side import Item
from reconcile.work import ROOT, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a listing: a module at the last place that it has, its depth, and if it stands for a repeated call.

    A line of a container that is `opened` for what is called below it, and not called itself, is one object however
    often it is listed (torchinfo/torchinfo.py:add_missing_container_layers): once it is repeated, all its lines are.
    """

    module: str
    depth: int
    again: bool
    opened: bool = False


@dataclass(frozen=True)
class Listing:
    """The listing of one ledger."""

    ledger: Ledger

    @cached_property
    def places(self) -> Mapping[str, str]:
        """The last place of every module, which is where a listing puts it, by its first place."""
        return {item.alias if item.alias is not None else item.path: item.path for item in self.ledger.modules}

    def lines(self) -> tuple[Line, ...]:
        """A line for every call, and one for every container above it that is not open yet."""
        called = [call.module for call in self.ledger.calls]
        known, before = set(called), set[str]()
        open_: dict[int, str] = {}
        lines: list[Line] = []
        for module in called:
            path = self._chain(module)
            depth = len(path)
            for level in range(1, depth):
                above = path[level - 1]
                last = lines[-1].module if lines else None
                if open_.get(level) != above and above != last:
                    lines.append(Line(module=above, depth=level, again=above in known, opened=True))
                    known.add(above)
                    open_[level] = above
            lines.append(Line(module=module, depth=depth, again=module in before))
            before.add(module)
            open_[depth] = module
            for deeper in [level for level in open_ if level > depth]:
                del open_[deeper]
        repeated = {line.module for line in lines if line.opened and line.again}
        return tuple(replace(line, again=line.again or (line.opened and line.module in repeated)) for line in lines)

    def _chain(self, module: str) -> tuple[str, ...]:
        """The modules from below the root down to a module, each by its first place."""
        parts = self.places[module].split(".") if self.places[module] else []
        paths = [".".join(parts[: end + 1]) for end in range(len(parts))]
        found = (self.ledger.places[path] for path in paths)
        return tuple(item.alias if item.alias is not None else item.path for item in found)

    def elements(self, module: str) -> int:
        """The elements of a module's parameters, nested ones included and each tensor once; a mask's sum if pruned."""
        return sum(self._sizes.get(self.ledger.places[module].path, {}).values())

    @cached_property
    def _sizes(self) -> Mapping[str, Mapping[int, int]]:
        """The elements of every tensor at or below a path, by the tensor's key."""
        found: dict[str, dict[int, int]] = {}
        for item in self.ledger.modules:
            sizes = {
                tensor.key: prod(tensor.shape) if tensor.kept is None else tensor.kept for tensor in item.parameters
            }
            for path in _above(item.path) if sizes else ():
                known = found.setdefault(path, {})
                known.update({key: size for key, size in sizes.items() if key not in known})
        return found

    def numbers(self) -> Mapping[str, int]:
        """What the listing tells for every module that has a line."""
        lines = self.lines()
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
                told[line.module] = told.get(line.module, 0) + max(own, 0)
        return told


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

    def departures(self, work: Work, rules: Rules) -> Iterator[Item]:
        """Every parameter that the listing does not tell where it stands."""
        listing = Listing(work.ledger)
        told = {name: part for name, part in listing.numbers().items() if self._counts(work, name)}
        moved: dict[str, int] = {}
        own: dict[str, int] = {}
        for holding in (item for item in holdings(work.ledger) if not item.buffer):
            kept = holding.tensor.kept
            home = self._home(listing, told, holding)
            size = holding.elements.value
            if holding.first and home != holding.module.path:
                yield self._item(holding.layer, "unexecuted", 0, 1, holding.elements)
                if home is not None:
                    moved[home] = moved.get(home, 0) + size
            elif holding.first:
                own[holding.module.path] = own.get(holding.module.path, 0) + size
                if kept is not None and kept != size:
                    own[holding.module.path] += kept - size
                    yield self._item(holding.layer, "pruned", 1, 0, Amount(kept - size, f"{kept} - {size}"))
        for name, part in told.items():
            given = min(moved.get(name, 0), max(part - own.get(name, 0), 0))
            rest = part - own.get(name, 0) - given
            yield from self._extra(name or ROOT, given, rest)

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
            yield self._item(layer, "unexecuted", 1, 0, Amount(given, str(given)))
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
