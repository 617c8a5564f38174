"""Which places of a model a counter hooks that walks down from its top, and how often it hooks a shared module."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconcile.ledger import Ledger, Module


def level(path: str) -> int:
    """How many levels a place is below the model itself.

    >>> level(""), level("layer1.0.conv1")
    (0, 3)
    """
    return path.count(".") + 1 if path else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A walk from the model down; the model itself is hooked only where it is one layer.

    depth: the deepest level of modules that is hooked.
    by_name: a module that one parent holds under two names is hooked for each of them, not once for that parent.
    once: a module is hooked at the first of its places only.
    whole: types that are hooked as the model itself though they hold modules.
    """

    depth: int | None = None
    by_name: bool = False
    once: bool = False
    whole: frozenset[str] = frozenset()

    def places(self, ledger: Ledger, path: str) -> tuple[str, ...]:
        """The hooked ones among the places of a module, by any of them, in the order of the walk."""
        module = ledger.places[path]
        found = [
            place
            for place in ledger.places_of(path if module.alias is None else module.alias)
            for _ in range(self._names(ledger, place) if self._reached(ledger.places[place]) else 0)
        ]
        return tuple(found[:1] if self.once else found)

    def hooks(self, ledger: Ledger) -> Sequence[Sequence[bool]]:
        """For every call one entry for each hook that it meets: whether that counts what another hook counts as well.

        A module with children counts what they count, unless it never calls them.
        """
        found = {}
        for name in dict.fromkeys(call.module for call in ledger.calls):
            again = ledger.places[name].children and not ledger.places[name].leaf
            found[name] = [again or number > 0 for number, _ in enumerate(self.places(ledger, name))]
        return [found[call.module] for call in ledger.calls]

    def reaches(self, ledger: Ledger, path: str) -> bool:
        """Whether a module is hooked at all."""
        return bool(self.places(ledger, path))

    def _reached(self, module: Module) -> bool:
        if not module.path:
            return not module.children or not self.whole.isdisjoint((module.type, *module.bases))
        return self.depth is None or level(module.path) <= self.depth

    def _names(self, ledger: Ledger, place: str) -> int:
        """In how many ways a place is named, where its parent or one above has several names for one module."""
        ways = 1
        while place and self.by_name:
            ways *= 1 + len(ledger.places[place].also)
            place = place.rpartition(".")[0]
        return ways
