"""The price list of recurrent layers and attention layers: their ops, and their calls as modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from reconcile.ledger import Call, Module, Op, Tensor, Value, first_shape
from reconcile.pricing.amounts import amount
from reconcile.pricing.formulas import Shape, Terms, attention
from reconcile.pricing.sequences import GATES, attention_layer, by_states, length_first, recurrent
from reconcile.pricing.terms import TERMS

CallPrice = Callable[[Module, Call], Terms]


def _int(value: Value) -> int:
    return value if isinstance(value, int) else 0


def _shapes(value: Value) -> list[Shape]:
    return [item.shape for item in value if isinstance(item, Tensor)] if isinstance(value, tuple) else []


def _onednn_layer(op: Op) -> Terms:
    """`aten.mkldnn_rnn_layer` is one layer in one direction of an LSTM, and its steps come first."""
    steps, (rows, inputs), hidden = op.shape(0)[:2], op.shape(1), op.shape(2)[1]
    bias = op.argument(12) is True
    return recurrent(steps, steps, gates=rows // hidden, inputs=inputs, hidden=hidden, bias=bias)


def _stack(gates: int) -> Callable[[Op], Terms]:
    """The price of `aten.lstm.input` and its kin, and of `.data`, which takes packed sequences."""

    def price(op: Op) -> Terms:
        packed = op.name.endswith(".data")
        weights = _shapes(op.argument(3 if packed else 2))
        flags = [op.argument(index) for index in range(4 if packed else 3, 9 if packed else 8)]
        hidden, state = weights[0][0] // gates, weights[1][1]
        steps = op.shape(0)[:1] if packed else op.shape(0)[:2]
        return recurrent(
            steps,
            steps,
            gates=gates,
            inputs=weights[0][1],
            hidden=hidden,
            projected=0 if state == hidden else state,
            layers=_int(flags[1]),
            directions=1 + (flags[4] is True),
            bias=flags[0] is True,
        )

    return price


def _long_short_term(op: Op) -> Terms:
    """An LSTM, which counters also take for as many gates as the states that it gives have sizes."""
    shapes = _shapes(op.output)
    return _stack(GATES["LSTM"])(op) | by_states(op.shape(0), shapes[0], shapes[1])


def _step(gates: int) -> Callable[[Op], Terms]:
    """The price of `aten.lstm_cell` and its kin."""

    def price(op: Op) -> Terms:
        rows, (height, inputs) = op.shape(0)[:-1], op.shape(2)
        bias = isinstance(op.argument(4), Tensor)
        return recurrent(rows, rows, gates=gates, inputs=inputs, hidden=height // gates, bias=bias)

    return price


OPS: Mapping[str, Callable[[Op], Terms]] = {
    "mkldnn_rnn_layer": _onednn_layer,
    "lstm": _long_short_term,
    "gru": _stack(GATES["GRU"]),
    **{name: _step(GATES[kind]) for name, kind in (("lstm_cell", "LSTM"), ("gru_cell", "GRU"))},
    **{f"rnn_{name}": _stack(GATES["RNN"]) for name in ("tanh", "relu")},
    **{f"rnn_{name}_cell": _step(GATES["RNN"]) for name in ("tanh", "relu")},
}
"""Ops of recurrent layers; most of them are seen whole in inference mode only."""


def _layers(gates: int) -> CallPrice:
    def price(module: Module, call: Call) -> Terms:
        x = first_shape(call.arguments)
        packed = call.arguments and isinstance(call.arguments[0], tuple)
        if packed:
            # A packed sequence is its rows without padding, and the batch of each step; the states know the batch.
            steps, taken = x[:1], (*_shapes(call.arguments[0])[1], _batch(call.output))
        else:
            steps, taken = (x[:2] if len(x) > 2 else x[:1]), x[:2]
        return recurrent(
            steps,
            taken,
            gates=gates,
            inputs=_int(module.attributes.get("input_size")),
            hidden=_int(module.attributes.get("hidden_size")),
            projected=_int(module.attributes.get("proj_size")),
            layers=_int(module.attributes.get("num_layers")),
            directions=1 + (module.attributes.get("bidirectional") is True),
            bias=module.attributes.get("bias") is True,
            padded=taken if packed else None,
        )

    return price


def _batch(output: Value) -> int:
    """The batch of the states that a recurrent layer gives out after its sequence: (layers, batch, features)."""
    states = output[1] if isinstance(output, tuple) else None
    return first_shape(states)[1]


def _cell(gates: int) -> CallPrice:
    def price(module: Module, call: Call) -> Terms:
        x = first_shape(call.arguments)
        inputs, hidden = (_int(module.attributes.get(name)) for name in ("input_size", "hidden_size"))
        bias = module.attributes.get("bias") is True
        return recurrent((prod(x[:-1]),), x[:1], gates=gates, inputs=inputs, hidden=hidden, bias=bias)

    return price


def _attention(module: Module, call: Call) -> Terms:
    named = [call.keywords.get(name) for name in ("query", "key", "value")[len(call.arguments[:3]) :]]
    given = [item.shape for item in (*call.arguments[:3], *named) if isinstance(item, Tensor)]
    alone = len(given) == 3 and all(len(shape) == 2 for shape in given)
    if len(given) != 3 or any(len(shape) != 3 - alone for shape in given):
        return {}
    as_given = [] if alone else given
    if alone:
        given = [(1, *shape) for shape in given]
    elif module.attributes.get("batch_first") is not True:
        given = [(batch, length, width) for length, batch, width in given]
    names = {parameter.name for parameter in module.parameters}
    extra = ("bias_k" in names) + (module.attributes.get("add_zero_attn") is True)
    heads = _int(module.attributes.get("num_heads"))
    query, key, value = given
    terms = attention_layer(query, key, value, heads=heads, bias="in_proj_bias" in names, extra=extra)
    terms |= length_first(*as_given, heads=heads, bias="in_proj_bias" in names) if as_given else {}
    # Counters that measure by wrong sizes do so for three dimensions; what they do with two was not read.
    return {name: part for name, part in terms.items() if not alone or TERMS[name].of is None}


def _self_attention(module: Module, call: Call) -> Terms:
    """An attention of a query, keys and values of its own, on (batch, length, features); its projections are children.

    The sizes are those that its attributes name, whatever its children make of them.
    """
    x = first_shape(call.arguments)
    if len(x) != 3:
        return {}
    inside = (x[0], _int(module.attributes.get("num_heads")), x[1], _int(module.attributes.get("head_dim")))
    return attention(inside, inside, inside) | {"attention.scale": amount(inside)}


CALLS: Mapping[str, CallPrice] = {
    **{f"torch.nn.{kind}": _layers(gates) for kind, gates in GATES.items()},
    **{f"torch.nn.{kind}Cell": _cell(gates) for kind, gates in GATES.items()},
    "torch.nn.MultiheadAttention": _attention,
    "timm.layers.attention.Attention": _self_attention,
}
"""Module types whose price depends on more than the shapes of their first input and output."""
