"""Arithmetic on sizes: while `torch.jit` traces a model it is made of ops, otherwise it is Python's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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


def size_arithmetic(model: torch.nn.Module, args: Sequence[Any], calls: Sequence[Call]) -> Iterator[Op]:
    """The ops of a trace whose operands are sizes, or numbers made of sizes, each in the first call of its module."""
    with _scopes(model):
        graph, _ = torch.jit._get_trace_graph(_Tensors(model), tuple(args))  # type: ignore[attr-defined,no-untyped-call]
    first = {call.module: index for index, call in reversed([*enumerate(calls)])}
    sizes: set[str] = set()
    constants: set[str] = set()
    for node in graph.nodes():
        names = {value.debugName() for value in node.outputs()}
        given = {value.debugName() for value in node.inputs() if value.type().kind() == "TensorType"}
        if node.kind() == "prim::NumToTensor":
            sizes |= names
        elif all(_is_number(value) for value in node.outputs()) and given <= sizes | constants:
            (sizes if given & sizes else constants).update(names)
            if given & sizes:
                yield _op(node, len(given), first.get(node.scopeName().rpartition("/")[2]))


def _op(node: Any, operands: int, call: int | None) -> Op:
    number = Tensor(shape=(), dtype="int64")
    name = f"aten.{node.kind().removeprefix('aten::')}.Tensor"
    return Op(name=name, call=call, traced=True, arguments=(number,) * operands, output=number)
