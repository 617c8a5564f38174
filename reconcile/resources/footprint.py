"""How a counter takes the memory of a model: inputs, outputs of layers and parameters, each in its own bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Protocol

from reconcile.ledger import Call, Tensor, Value, tensors_in
from reconcile.pricing.amounts import Amount, amount, total
from reconcile.resources.holdings import Holding, holdings, item_size
from reconcile.rules import TOTAL, Rules
from reconcile.side import Item
from reconcile.work import ROOT, Work

INPUTS = "::inputs"
"""The row of the model's inputs."""


def size(tensor: Tensor) -> Amount:
    """The bytes of a tensor."""
    width = item_size(tensor.dtype)
    return Amount(width * prod(tensor.shape), f"{width} * ({amount(tensor.shape).formula if tensor.shape else '1'})")


def sizes(value: Value | Mapping[str, Value]) -> Amount:
    """The bytes of every tensor in a value."""
    return total(map(size, tensors_in(value)))


def calls_by_row(work: Work) -> Mapping[str, tuple[Call, ...]]:
    """The calls of every leaf module, in order."""
    rows: dict[str, list[Call]] = {}
    for call in work.ledger.calls:
        module = work.ledger.places[call.module]
        if module.leaf:
            rows.setdefault(module.path or ROOT, []).append(call)
    return {row: tuple(calls) for row, calls in rows.items()}


def outputs_by_row(work: Work) -> Mapping[str, Amount]:
    """The bytes that every row gives out: the outputs of a layer's calls, or those of the ops outside layers."""
    calls = calls_by_row(work)
    rows = {row: total(sizes(call.output) for call in made) for row, made in calls.items()}
    for row, ops in work.layers.items():
        if row not in calls:
            rows[row] = total(sizes(work.ledger.ops[index].output) for index in ops)
    return rows


def reads_by_row(work: Work) -> Mapping[str, Amount]:
    """The bytes that every row reads: what its calls are given and its parameters, or what its ops are given."""
    calls = calls_by_row(work)
    own = parameters_by_row(work, first_only=False)
    rows = {}
    for row, made in calls.items():
        given = [sizes((call.arguments, dict(call.keywords))) for call in made]
        rows[row] = total([*given, *([own[row]] * len(made) if row in own else [])])
    for row, ops in work.layers.items():
        if row not in calls:
            rows[row] = total(size(tensor) for index in ops for tensor in work.ledger.ops[index].tensors)
    return rows


def parameters_by_row(work: Work, *, first_only: bool) -> Mapping[str, Amount]:
    """The bytes of every module's own parameters."""
    rows: dict[str, list[Amount]] = {}
    for holding in holdings(work.ledger):
        if not holding.buffer and (holding.first or not first_only):
            rows.setdefault(holding.layer, []).append(holding.bytes)
    return {row: total(amounts) for row, amounts in rows.items()}


def held(work: Work) -> Mapping[str, Amount]:
    """Bytes of inputs, of parameters once, and of what every row gives out."""
    rows: dict[str, list[Amount]] = {INPUTS: [size(tensor) for tensor in work.ledger.inputs]}
    for part in (parameters_by_row(work, first_only=True), outputs_by_row(work)):
        for row, given in part.items():
            rows.setdefault(row, []).append(given)
    return {row: total(amounts) for row, amounts in rows.items()}


def byte_item(layer: str, cause: str, weight: int, definition: int, part: Amount, source: str) -> Iterator[Item]:
    """One departure in bytes; nothing where there is none."""
    if part.value and weight != definition:
        yield Item(
            layer=layer,
            cause=cause,
            term="bytes",
            weight=weight,
            definition=definition,
            amount=part,
            source=source,
        )


class Conventional(Protocol):
    """A way to count parameters."""

    def departures(self, work: Work, rules: Rules) -> Iterator[Item]:
        """Everything that is not counted as the definition does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """A counter's way to count the bytes that a model holds; what is not said is counted as the definition does.

    inputs: the model's inputs count.  header: bytes added for each input tensor.
    width: bytes taken for an element, whatever its dtype.
    per_sample: the first size of every tensor is left out.
    doubled: outputs count twice, once more for their gradients.
    containers: outputs of modules with children count as well.
    childless: a layer that holds modules which it never calls is not looked at.
    root: the model itself is looked at.
    skipped: types, with their subclasses, whose outputs do not count.
    bearing: only layers that hold parameters have outputs.
    joined: several outputs of one call count as the product of their sizes, with a sign for each.
    first: only the first of several outputs counts.
    last_call: only the last call of a layer counts.
    hooks_per_place: a module that stands at k places counts k times.
    rank: only outputs with this many sizes count.
    census: how parameters are taken; None leaves them out.
    states: how often parameters count, once more for each value that an optimizer keeps of them.
    """

    source: str
    inputs: bool = True
    header: int = 0
    width: int | None = None
    per_sample: bool = False
    doubled: bool = False
    containers: bool = False
    childless: bool = False
    root: bool = True
    skipped: frozenset[str] = frozenset()
    bearing: bool = False
    joined: bool = False
    first: bool = False
    last_call: bool = False
    hooks_per_place: bool = False
    rank: int | None = None
    census: Conventional | None = None
    states: int = 1

    def departures(self, work: Work, rules: Rules) -> Iterator[Item]:
        """Every byte that is not counted as the definition does, with the cause."""
        yield from self._inputs(work)
        yield from self._parameters(work, rules)
        yield from self._layers(work)

    def _item(self, layer: str, cause: str, weight: int, definition: int, part: Amount) -> Iterator[Item]:
        yield from byte_item(layer, cause, weight, definition, part, self.source)

    def _inputs(self, work: Work) -> Iterator[Item]:
        tensors = work.ledger.inputs
        if not self.inputs:
            yield from self._item(INPUTS, "inputs", 0, 1, total(map(size, tensors)))
            return
        if self.joined and len(tensors) > 1:
            shapes = [tensor.shape[1:] for tensor in tensors]
            yield from self._item(INPUTS, "formula", 1, 0, amount((self.width or 4,), *shapes))
            yield from self._item(INPUTS, "formula", 0, 1, total(map(size, tensors)))
            return
        for tensor in tensors:
            yield from self._tensor(INPUTS, tensor)
        yield from self._item(INPUTS, "inputs", self.header, 0, Amount(len(tensors), str(len(tensors))))

    def _tensor(self, layer: str, tensor: Tensor, *, twice: bool = False) -> Iterator[Item]:
        """One tensor in the counter's bytes: without its batch, in another width, once more for its gradient."""
        own = item_size(tensor.dtype)
        width, batch = self.width or own, tensor.shape[0] if self.per_sample and tensor.shape else 1
        sample = amount(tensor.shape[1:] if batch != 1 else tensor.shape) if tensor.shape else Amount(1, "1")
        yield from self._item(layer, "batch", 1, batch, _times(own, sample))
        yield from self._item(layer, "item-size", width, own, sample)
        if twice:
            yield from self._item(layer, "gradients", 2, 1, _times(width, sample))

    def _parameters(self, work: Work, rules: Rules) -> Iterator[Item]:
        """Parameters in bytes: the census decides which count, the width how much each element is."""
        if self.census is None:
            for layer, part in parameters_by_row(work, first_only=True).items():
                yield from self._item(layer, "parameters", 0, 1, part)
            return
        held = [holding for holding in holdings(work.ledger) if not holding.buffer]
        widths = {holding.layer: item_size(holding.tensor.dtype) for holding in reversed(held)}
        for item in self.census.departures(work, rules):
            width = self.width or widths.get(item.layer, 4)
            yield from self._item(item.layer, item.cause, item.weight, item.definition, _times(width, item.amount))
        for holding in held:
            if holding.first:
                yield from self._width(holding)

    def _width(self, holding: Holding) -> Iterator[Item]:
        """One parameter in the counter's bytes, and once more for each value that an optimizer keeps of it."""
        own, elements = item_size(holding.tensor.dtype), holding.elements
        width = self.width or own
        yield from self._item(holding.layer, "item-size", width, own, elements)
        yield from self._item(holding.layer, "optimizer", self.states, 1, _times(width, elements))

    def _layers(self, work: Work) -> Iterator[Item]:
        calls = calls_by_row(work)
        for layer, part in outputs_by_row(work).items():
            if layer not in calls:
                yield from self._item(layer, "unseen", 0, 1, part)
            elif not self._looks_at(work, layer):
                yield from self._item(layer, "outputs", 0, 1, part)
            else:
                yield from self._calls(layer, calls[layer], work)
        if self.containers:
            yield from self._containers(work)
        if self.joined:
            yield from self._sign(work)

    def _sign(self, work: Work) -> Iterator[Item]:
        """Products of several outputs have another sign; the sum is told without its sign."""
        looked = [call for call in work.ledger.calls if self._looks_at(work, call.module or ROOT)]
        told = sum(self._hooks(work, call.module) * self._told(call).value for call in looked)
        yield from self._item(TOTAL, "formula", 2, 0, Amount(max(-told, 0), str(max(-told, 0))))

    def _looks_at(self, work: Work, layer: str) -> bool:
        module = work.ledger.places["" if layer == ROOT else layer]
        bare = self.bearing and not any(prod(item.shape) for item in module.parameters)
        if self.childless and module.children:
            return False
        skipped = not self.skipped.isdisjoint((module.type, *module.bases))
        return not bare and not skipped and (self.root or module.path != "")

    def _calls(self, layer: str, calls: tuple[Call, ...], work: Work) -> Iterator[Item]:
        if self.last_call:
            yield from self._item(layer, "overwritten", 0, 1, total(sizes(call.output) for call in calls[:-1]))
            calls = calls[-1:]
        hooks = self._hooks(work, calls[0].module)
        for call in calls:
            yield from self._call(layer, call)
            yield from self._item(layer, "double-count", hooks - 1, 0, self._told(call))

    def _call(self, layer: str, call: Call) -> Iterator[Item]:
        tensors = tensors_in(call.output)
        if self.joined and len(tensors) > 1:
            yield from self._item(layer, "formula", 1, 0, self._told(call))
            yield from self._item(layer, "formula", 0, 1, sizes(call.output))
            return
        if self.first and len(tensors) > 1:
            yield from self._item(layer, "outputs", 0, 1, total(map(size, tensors[1:])))
            tensors = tensors[:1]
        for tensor in tensors:
            if self.rank in (None, len(tensor.shape)):
                yield from self._tensor(layer, tensor, twice=self.doubled)
            else:
                yield from self._item(layer, "outputs", 0, 1, size(tensor))

    def _told(self, call: Call) -> Amount:
        """The bytes that the counter takes for the outputs of one call."""
        tensors = tensors_in(call.output)
        width, times = self.width or 4, 2 if self.doubled else 1
        shapes = [tensor.shape[1:] if self.per_sample else tensor.shape for tensor in tensors]
        if self.joined:
            sign = (-1) ** (len(tensors) + 1)
            return amount((sign * times, width), *shapes)
        return total(amount((times, width), shape) for shape in shapes)

    def _hooks(self, work: Work, module: str) -> int:
        places = sum(module in (place.path, place.alias) for place in work.ledger.modules)
        return places if self.hooks_per_place else 1

    def _containers(self, work: Work) -> Iterator[Item]:
        """Modules with children give out what their last layer gave out; a counter of all modules counts it again."""
        for call in work.ledger.calls:
            module = work.ledger.places[call.module]
            if not module.leaf and self._looks_at(work, module.path or ROOT):
                hooks = self._hooks(work, module.path)
                yield from self._item(module.path or ROOT, "double-count", hooks, 0, self._told(call))


def _times(factor: int, part: Amount) -> Amount:
    return Amount(factor * part.value, f"{factor} * ({part.formula})")
