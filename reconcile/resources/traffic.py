"""How a counter takes the bytes that layers read and write: by the type of a layer, from what it is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Literal

from reconcile.ledger import Call, Module, Value, tensors_in
from reconcile.pricing.amounts import Amount, amount, total
from reconcile.resources.footprint import (
    byte_item,
    calls_by_row,
    outputs_by_row,
    parameters_by_row,
    reads_by_row,
    sizes,
)
from reconcile.resources.holdings import item_size
from reconcile.rules import Rules
from reconcile.side import Item
from reconcile.work import ROOT, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a layer of one type reads besides its input: nothing, its trainable parameters, or two for each channel."""

    source: str
    parameters: Literal["none", "trainable", "two"] = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """A counter's way to count bytes read or written: by type or subclass, parameters once for each sample.

    last_call: only the last call of a layer counts.  wraps: a number is kept in 32 bits, and wraps around in them.
    """

    of: Literal["memread", "memwrite"]
    source: str
    modules: Mapping[str, Reading]
    last_call: bool = False
    wraps: bool = False

    def departures(self, work: Work, rules: Rules) -> Iterator[Item]:
        """Every byte that is not counted as the definition does, with the cause."""
        calls = calls_by_row(work)
        reference = reads_by_row(work) if self.of == "memread" else outputs_by_row(work)
        for layer, part in reference.items():
            module = work.ledger.places.get("" if layer == ROOT else layer)
            found = None if module is None or layer not in calls else self._of(module)
            if layer not in calls:
                yield from self._item(layer, "unseen", 0, 1, part, "")
            elif found is None or module is None or module.children:
                yield from self._item(layer, "no-rule", 0, 1, part, "")
            else:
                items = tuple(self._calls(layer, calls[layer], module, found, work))
                yield from items
                value = part.value + sum(item.value for item in items)
                lost = _wrapped(value) - value if self.wraps else 0
                yield from self._item(layer, "overflow", 1, 0, Amount(lost, f"{_wrapped(value)} - {value}"), "")

    def _of(self, module: Module) -> Reading | None:
        kinds = (module.type, *module.bases)
        return next((self.modules[kind] for kind in kinds if kind in self.modules), None)

    def _calls(
        self, layer: str, calls: tuple[Call, ...], module: Module, reading: Reading, work: Work
    ) -> Iterator[Item]:
        own = parameters_by_row(work, first_only=False).get(layer, Amount(0, "0"))
        if self.last_call and len(calls) > 1:
            earlier = [sizes(call.output if self.of == "memwrite" else _given(call)) for call in calls[:-1]]
            held = [own] * (len(calls) - 1) if self.of == "memread" else []
            yield from self._item(layer, "overwritten", 0, 1, total([*earlier, *held]), reading.source)
        if self.of == "memread":
            yield from self._parameters(layer, calls[-1], module, reading, own)

    def _parameters(self, layer: str, call: Call, module: Module, reading: Reading, own: Amount) -> Iterator[Item]:
        (first, *_) = tensors_in(call.arguments)
        width, batch = item_size(first.dtype), first.shape[0]
        if reading.parameters == "none":
            yield from self._item(layer, "parameters", 0, 1, own, reading.source)
            return
        if reading.parameters == "two":
            taken = amount((width, 2), first.shape[1:2])
            yield from self._item(layer, "formula", 1, 0, taken, reading.source)
            yield from self._item(layer, "formula", 0, 1, own, reading.source)
        else:
            trainable = [item for item in module.parameters if item.trainable]
            taken = total(amount((width,), item.shape) for item in trainable)
            frozen = [item for item in module.parameters if not item.trainable]
            rest = total(amount((item_size(item.dtype),), item.shape) for item in frozen)
            yield from self._item(layer, "frozen", 0, 1, rest, reading.source)
            wide = sum((width - item_size(item.dtype)) * prod(item.shape) for item in trainable)
            yield from self._item(layer, "item-size", 1, 0, Amount(wide, str(wide)), reading.source)
        yield from self._item(layer, "batch", batch, 1, taken, reading.source)

    def _item(self, layer: str, cause: str, weight: int, definition: int, part: Amount, source: str) -> Iterator[Item]:
        yield from byte_item(layer, cause, weight, definition, part, source or self.source)


def _wrapped(value: int) -> int:
    """A number as 32 bits with a sign hold it.

    >>> _wrapped(6583894016)
    -2006040576
    """
    return (value + 2**31) % 2**32 - 2**31


def _given(call: Call) -> Value:
    return (call.arguments, call.keywords)
