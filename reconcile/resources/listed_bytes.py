"""The bytes of a model as torchinfo told them in the past: by the lines of its listing that are no repetition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod

from reconcile.pricing.amounts import Amount, total
from reconcile.resources.footprint import (
    Footprint,
    byte_item,
    calls_by_row,
    outputs_by_row,
    sizes,
)
from reconcile.resources.lines import PRESENT, Line, Lines, Manner
from reconcile.side import Item
from reconcile.work import ROOT, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedBytes(Footprint):
    """A footprint in which a layer's outputs count for its line that is no repetition.

    true_inputs: inputs count in their own bytes, whatever the width of all else.
    hollow: elements that stand for the output of a layer that is listed and was not called.
    """

    manner: Manner = PRESENT
    true_inputs: bool = False
    hollow: int = 0

    def _inputs(self, work: Work) -> Iterator[Item]:
        given = replace(self, width=None, true_inputs=False) if self.true_inputs else self
        yield from Footprint._inputs(given, work)

    def _layers(self, work: Work) -> Iterator[Item]:
        lines = [line for line in Lines(work.ledger, self.manner).all() if not line.again]
        heard = {line.module or ROOT for line in lines if line.executed}
        calls = calls_by_row(work)
        for layer, part in outputs_by_row(work).items():
            if layer not in calls:
                yield from self._item(layer, "unseen", 0, 1, part)
            elif layer not in heard or not self._looks_at(work, layer):
                yield from self._item(layer, "outputs", 0, 1, part)
            else:
                yield from self._item(layer, "outputs", 0, 1, total(sizes(call.output) for call in calls[layer][1:]))
                yield from self._call(layer, calls[layer][0])
        yield from self._hollow(work, [line for line in lines if not line.executed])

    def _hollow(self, work: Work, lines: list[Line]) -> Iterator[Item]:
        """What layers count that hold parameters and gave nothing."""
        for line in lines if self.hollow else ():
            module = work.ledger.places[line.module]
            if not module.children and any(prod(item.shape) for item in module.parameters):
                part = Amount(self.hollow * (self.width or 4), f"{self.hollow} * {self.width or 4}")
                yield from byte_item(line.module or ROOT, "formula", 1, 0, part, self.source)
