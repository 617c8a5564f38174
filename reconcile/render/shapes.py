"""What ran in a layer, in words: the shapes that it was given and gave, its sizes, its parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconcile.language import phrase
from reconcile.ledger import Call, Module, Op, Value, tensors_in
from reconcile.pricing.operators import operator
from reconcile.work import ROOT, Work

MOST = 6
"""Calls or ops that are listed; the others are counted."""

_INNER = ("training", "inplace")


def shapes_of(work: Work, layer: str, calls: Mapping[str, tuple[Call, ...]]) -> tuple[str, ...]:
    """The lines about one row of a ledger; `calls` are the ledger's own, by module."""
    module = work.ledger.places.get("" if layer == ROOT else layer)
    if module is None:
        return tuple(_shortened([_op(work.ledger.ops[index]) for index in work.layers.get(layer, ())]))
    made = calls.get(module.alias if module.alias is not None else module.path, ())
    return (*_shortened([_call(call) for call in made]), *_about(module))


def calls_by_module(work: Work) -> dict[str, tuple[Call, ...]]:
    """The calls of a ledger by the first path of their module."""
    found: dict[str, list[Call]] = {}
    for call in work.ledger.calls:
        found.setdefault(call.module, []).append(call)
    return {path: tuple(calls) for path, calls in found.items()}


def _shortened(lines: list[str]) -> Iterator[str]:
    """Equal lines once, with how often; not more than `MOST`."""
    counted: dict[str, int] = {}
    for line in lines:
        counted[line] = counted.get(line, 0) + 1
    texts = [
        line if times == 1 else phrase("{line}, {times} times", line=line, times=times)
        for line, times in counted.items()
    ]
    yield from texts[:MOST]
    if len(texts) > MOST:
        yield phrase("and {n} more", n=len(texts) - MOST)


def _call(call: Call) -> str:
    given = (call.arguments, dict(call.keywords))
    return f"{_shapes(given)} → {_shapes(call.output)}"


def _op(op: Op) -> str:
    given = ", ".join(str(tensor.shape) for tensor in op.tensors) or "()"
    return f"{operator(op.name)}: {given} → {_shapes(op.output)}"


def _shapes(value: Value) -> str:
    return ", ".join(str(tensor.shape) for tensor in tensors_in(value)) or "()"


def _about(module: Module) -> Iterator[str]:
    sizes = [
        f"{name} {_shown(value)}"
        for name, value in module.attributes.items()
        if not name.startswith("_") and name not in _INNER and value is not None
    ]
    if sizes:
        yield ", ".join(sizes)
    held = [f"{item.name} {'×'.join(map(str, item.shape)) or '1'}" for item in module.parameters]
    if held:
        yield ", ".join(held)


def _shown(value: Value) -> str:
    return "×".join(map(str, value)) if isinstance(value, tuple) else str(value)
