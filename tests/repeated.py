"""A large network made from a small one, whose layers are repeated in blocks, and what counters tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconcile.ask import Question, parse_counter, type_of
from reconcile.audit import Audit
from reconcile.ledger import Call, Ledger, Module, Op, Tensor, Value
from reconcile.registry import entry
from reconcile.rules import TOTAL, predict
from reconcile.schema import Context, Count, Layer, Reference, Run
from reconcile.work import Work


def repeated(ledger: Ledger, times: int) -> Ledger:
    """A ledger that holds the leaf layers of another one many times over, as `blocks.0.conv1`, `blocks.1.conv1`, ..."""
    root = ledger.places[""]
    leaves = [module for module in ledger.modules if module.leaf]
    kept = {index: number for number, index in enumerate(_leaf_calls(ledger))}
    modules, calls, ops = [root, _block("blocks")], [ledger.calls[0]], list[Op]()
    for block in range(times):
        path = f"blocks.{block}"
        modules += [_block(path), *(replace(leaf, path=f"{path}.{leaf.path}") for leaf in leaves)]
        first, start = len(calls) + 1, len(ops)
        calls.append(Call(module=path, parent=0, number=1))
        for index in kept:
            call = ledger.calls[index]
            calls.append(replace(call, module=f"{path}.{call.module}", parent=first - 1, number=1))
        for op in ledger.ops:
            call = first - 1 if op.call not in kept else first + kept[op.call]
            ops.append(replace(op, call=call, functions=(), arguments=_shifted(op.arguments, start), parent=None))
    return replace(ledger, modules=tuple(modules), calls=tuple(calls), functions=(), ops=tuple(ops))


def _leaf_calls(ledger: Ledger) -> list[int]:
    return [index for index, call in enumerate(ledger.calls) if ledger.places[call.module].leaf]


def _block(path: str) -> Module:
    return Module(path=path, type="torch.nn.Sequential", children=True, leaf=False, training=False)


def _shifted(value: Value, by: int) -> Value:
    if isinstance(value, Tensor):
        return value if value.writer is None else replace(value, writer=value.writer + by)
    return tuple(_shifted(item, by) for item in value) if isinstance(value, tuple) else value


def audit_as_ruled(ledger: Ledger, counters: Sequence[str], model: str = "large.py:Large") -> Audit:
    """An audit in which every counter tells exactly what its rules say of a ledger; nothing is run."""
    work = Work(ledger)
    counts = tuple(_count(name, work) for name in counters)
    shown = {"object": model, "arguments": {}, "inputs": ["1,3,224,224"], "framework": "torch"}
    run = Run(model=shown, context=Context(), reference=Reference.of(ledger), counts=counts)
    return Audit(Question(model=None, shown=model), run)


def _count(name: str, work: Work) -> Count:
    counter = entry(parse_counter(name).name).counter
    predictions = predict(counter.rules, work)
    layers = tuple(
        Layer(
            layer=layer,
            type="total" if layer == TOTAL else type_of(work.ledger, layer),
            told=prediction.value,
            predicted=prediction.value,
        )
        for layer, prediction in predictions.items()
    )
    return Count(
        counter=name,
        version=None,
        unit=counter.unit,
        status="ok",
        total=sum(layer.told or 0 for layer in layers),
        layers=layers,
        ledger=work.ledger,
    )
