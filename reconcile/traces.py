"""What `torch.jit` calls the ops of a ledger when it traces a model, for counters that read its graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from reconcile.ledger import Op
from reconcile.rules import Rules, op_layer, visible
from reconcile.work import Work

UNRECORDED = frozenset(
    """
    conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d lstm_cell gru_cell rnn_tanh_cell
    rnn_relu_cell lift_fresh detach_
    """.split()
)
"""Not nodes of a trace, but looked through (torchgen's DONT_RECORD_TRACE), or done in silence to constants."""

_ALIASES = """
    convolution=_convolution swapaxes=transpose swapdims=transpose clip=clamp clip_=clamp_ concat=cat concatenate=cat
    greater=gt greater_equal=ge linalg_matmul=matmul
"""
_IN_THE_TRACE = dict(pair.split("=") for pair in _ALIASES.split())

Rule = TypeVar("Rule")


def with_aliases(rules: Mapping[str, Rule]) -> dict[str, Rule]:
    """Rules by the names of a trace, and by the ledger's names for the same operators.

    >>> with_aliases({"_convolution": 1, "relu": 0})
    {'_convolution': 1, 'relu': 0, 'convolution': 1}
    """
    others = {name: rules[traced] for name, traced in _IN_THE_TRACE.items() if traced in rules}
    return dict(rules) | others


def node_kind(op: Op) -> str:
    """The name of an op in a trace.

    >>> node_kind(Op(name="aten.convolution.default", call=None))
    'aten::_convolution'
    """
    name = op.name.split(".")[1]
    return f"aten::{_IN_THE_TRACE.get(name, name)}"


def seen_by_layer(rules: Rules, work: Work) -> Mapping[str, list[int]]:
    """The ops that a counter of traces meets, by the row that each belongs to."""
    layers: dict[str, list[int]] = {}
    for index in visible(rules, work):
        layers.setdefault(op_layer(work, index), []).append(index)
    return layers
