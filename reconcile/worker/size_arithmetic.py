"""Arithmetic on sizes: while `torch.jit` traces a model it is made of ops, otherwise it is Python's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from reconcile.ledger import Call, Op, Tensor
from reconcile.worker.torch_tree import paths


class _Tensors(torch.nn.Module):
    """A model that gives the tensors of another one's output as a list, which a trace can take."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, *args: Any) -> list[torch.Tensor]:
        """Every tensor of the output."""
        return [item for item in tree_leaves(self.model(*args)) if isinstance(item, torch.Tensor)]


@contextmanager
def _scopes(model: torch.nn.Module) -> Iterator[None]:
    """Write the path of the module that is being executed into every node of a trace."""
    known = paths(model)
    torch.jit._trace._trace_module_map = {
        module: known[id(module)] for module in model.modules() if id(module) in known
    }
    try:
        yield
    finally:
        torch.jit._trace._trace_module_map = None


def _is_number(value: Any) -> bool:
    return bool(value.type().kind() == "TensorType" and value.type().sizes() == [])


def size_arithmetic(model: torch.nn.Module, args: Sequence[Any], calls: Sequence[Call], ops: Sequence[Op]) -> list[Op]:
    """The ops of a clean pass with what a trace of the same model makes of numbers.

    Added are the ops whose operands are sizes, or numbers made of sizes, and those on constants that only a model that
    is being traced executes, each in the first call of its module.  An op on numbers that ran and is no node of the
    trace, because a scripted function hides it there, is marked as not traced.
    """
    with _scopes(model):
        graph, _ = torch.jit._get_trace_graph(_Tensors(model), tuple(args))  # type: ignore[attr-defined,no-untyped-call]
    first = {call.module: index for index, call in reversed([*enumerate(calls)])}
    places = [_place(op, calls) for op in ops]
    waiting = Counter(place for place in places if place is not None)
    added: list[Op] = []
    for node, operands, of_sizes in _numbers(graph):
        place = (node.scopeName().rpartition("/")[2], node.kind().removeprefix("aten::"))
        if not of_sizes and waiting[place]:
            waiting[place] -= 1
        elif of_sizes or operands:
            added.append(_op(node, operands, first.get(place[0])))
    return [*_hidden(ops, places, waiting), *added]


def _numbers(graph: Any) -> Iterator[tuple[Any, int, bool]]:
    """The nodes that give numbers, how many operands are constants or sizes, and whether one of them is a size.

    Nodes that take anything else have no such operands.
    """
    sizes: set[str] = set()
    constants: set[str] = set()
    for node in graph.nodes():
        names = {value.debugName() for value in node.outputs()}
        given = {value.debugName() for value in node.inputs() if value.type().kind() == "TensorType"}
        numbers = all(_is_number(value) for value in node.outputs())
        known, of_sizes = given <= sizes | constants, bool(given & sizes)
        if node.kind() == "prim::NumToTensor":
            sizes |= names
        elif known and not of_sizes:
            constants |= names
        elif known and numbers:
            sizes |= names
        if numbers and node.kind().startswith("aten::"):
            yield node, len(given) if known else 0, known and of_sizes


def _place(op: Op, calls: Sequence[Call]) -> tuple[str, str] | None:
    """The module and the operator of an op on numbers that gives a number; None for any other op."""
    if op.composite or op.out or not isinstance(op.output, Tensor) or any(tensor.shape for tensor in op.tensors):
        return None
    return ("" if op.call is None else calls[op.call].module), op.name.split(".")[1]


def _hidden(
    ops: Sequence[Op], places: Sequence[tuple[str, str] | None], left: Counter[tuple[str, str]]
) -> Iterator[Op]:
    """The ops, those on numbers that no node of the trace stands for marked."""
    for op, place in zip(ops, places, strict=True):
        if place is not None and left[place] > 0 and op.tensors:
            left[place] -= 1
            op = replace(op, traced=False)
        yield op


def _op(node: Any, operands: int, call: int | None) -> Op:
    number = Tensor(shape=(), dtype="int64")
    name = f"aten.{node.kind().removeprefix('aten::')}.Tensor"
    return Op(name=name, call=call, traced=True, arguments=(number,) * operands, output=number)
