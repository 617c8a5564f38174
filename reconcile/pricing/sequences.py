"""The price of recurrent layers and of multi-head attention as a layer: pure functions from sizes to terms."""

from __future__ import annotations

from reconcile.pricing.amounts import amount, total
from reconcile.pricing.formulas import Shape, Terms, activation, attention, elementwise, linear, normalisation, together

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
"""Gates of a step of each kind of recurrence."""


def recurrent(
    steps: Shape,
    taken: Shape,
    *,
    gates: int,
    inputs: int,
    hidden: int,
    projected: int = 0,
    layers: int = 1,
    directions: int = 1,
    bias: bool,
    padded: Shape | None = None,
) -> Terms:
    """Price a stack of recurrent layers of `inputs` input features and `hidden` features (`projected`, if not 0).

    Every step multiplies the input and the state by the weights of every gate and adds the two; both have a bias.
    `steps` are the sizes whose product is the number of steps, over all rows of the batch.
    `taken` are the sizes that counters take for them: the first two dimensions of the input, whatever they are.
    `padded` are the steps of the longest sequence times the batch, where sequences of several lengths are packed.

    >>> terms = recurrent((5, 1), (5, 1), gates=4, inputs=6, hidden=4, bias=True)
    >>> terms["mac"], terms["bias"].value, terms["recurrent.state"].value
    (Amount(value=800, formula='5*1 * 16*10'), 160, 20)
    """
    state, cells = projected or hidden, layers * directions
    above = cells - directions
    weights = [(gates * hidden, size + state) for size in [inputs] * directions + [state * directions] * above]
    unprojected = [(gates * hidden, size + hidden) for size in [inputs] * directions + [hidden * directions] * above]
    projections = [(projected, hidden)] * cells if projected else []
    terms = {
        "mac": total(amount(steps, part) for part in weights + projections),
        "mac.by-gates": total(amount(taken, part) for part in weights),
        "mac.by-hidden": total(amount(taken, part) for part in unprojected),
        "mac.by-padded-hidden": total(amount(padded or steps, part) for part in unprojected),
    }
    for term, size in (("recurrent", gates * hidden), ("recurrent.state", hidden), ("bias", 2 * gates * hidden)):
        if term != "bias" or bias:
            terms |= {term: amount(steps, (cells, size)), f"{term}.by-leading": amount(taken, (cells, size))}
            terms[f"{term}.by-padded"] = amount(padded or steps, (cells, size))
    return terms


def by_states(x: Shape, out: Shape, state: Shape) -> Terms:
    """Price an LSTM by the shapes of its input, its output and its last states, (layers * directions, N, H).

    The size of the states is taken for that of the gates, and the two leading sizes of the output for the steps.

    >>> by_states((5, 1, 6), (5, 1, 4), (1, 1, 4))["mac.by-states"]
    Amount(value=800, formula='5*1 * 1*4*4*10')
    """
    hidden = state[-1]
    directions = out[-1] // hidden
    inputs = [x[-1]] + [hidden * directions] * (state[0] // directions - 1)
    return {"mac.by-states": total(amount(out[:2], (directions, 4, hidden, size + hidden)) for size in inputs)}


def attention_layer(query: Shape, key: Shape, value: Shape, *, heads: int, bias: bool, extra: int = 0) -> Terms:
    """Price `nn.MultiheadAttention` on (batch, L, D), (batch, S, K) and (batch, S, V).

    The scores have `extra` more columns than there are keys.  The projections of keys and values are K * D and V * D;
    counters take them for K * K and V * V, the one after the attention for V * V, and its bias for one that is
    always there.

    >>> terms = attention_layer((1, 5, 8), (1, 5, 8), (1, 5, 8), heads=2, bias=True)
    >>> terms["mac"].value == 4 * 5*8*8 + 2 * 5*5*8 == terms["mac.by-widths"].value
    True
    """
    (batch, length, width), (_, columns, keys), (_, rows, values) = query, key, value
    projections = [linear(shape, (width, shape[-1]), bias=bias) for shape in (query, key, value, query)]
    inside = [(batch, heads, size, width // heads) for size in (length, columns + extra, rows + extra)]
    scores = (batch, heads, length, columns)
    products = [
        (batch, length, width, width),
        (batch, columns, keys, keys),
        (batch, rows, values, values),
        (*scores, width // heads),
        (*scores, values // heads),
        (batch, length, values, values),
    ]
    after = amount((batch, length, values))
    before = [amount((batch, length + columns + rows, width))] if bias else []
    return together(*projections, attention(*inside)) | {
        "mac.by-widths": total(amount(product) for product in products),
        "bias.by-widths": total([*before, after]),
        "softmax.by-inputs": amount(scores),
        "attention.scale": amount(query),
    }


def length_first(query: Shape, key: Shape, value: Shape, *, heads: int, bias: bool) -> Terms:
    """Price `nn.MultiheadAttention` as if its inputs were (L, batch, D) whatever they are, all projections square.

    >>> terms = length_first((5, 1, 8), (5, 1, 8), (5, 1, 8), heads=2, bias=True)
    >>> terms["mac.length-first"].value == 4 * 5*8*8 + 2 * 5*5*8
    True
    """
    (length, batch, width), columns, rows = query, key[0], value[0]
    square = [(size, part, part) for size, part in ((length, width), (columns, key[2]), (rows, value[2]))]
    scores = (heads, length, columns)
    products = [*square, *[(*scores, width // heads)] * 2, (length, width, width)]
    added = [(length + columns + rows, width)] if bias else []
    return {
        "mac.length-first": total(amount((batch,), product) for product in products),
        "bias.length-first": total(amount((batch,), part) for part in [*added, (length, width)]),
        "softmax.length-first": amount((batch,), scores),
        "attention.scale.length-first": amount((batch,), (heads, length, width // heads)),
    }


def encoder_layer(x: Shape, inner: int, *, heads: int) -> Terms:
    """Price `nn.TransformerEncoderLayer` on (batch, L, D): attention, two linears, two norms and two residual sums.

    >>> encoder_layer((2, 5, 8), 16, heads=2)["mac"].value == 4 * 2*5*8*8 + 2 * 2*5*5*8 + 2 * 2*5*8*16
    True
    """
    hidden, width = (*x[:-1], inner), x[-1]
    forward = (linear(x, (inner, width), bias=True), activation(hidden), linear(hidden, (width, inner), bias=True))
    norm, residual = normalisation(x, affine=True, batch_statistics=True), elementwise(x, x)
    return together(attention_layer(x, x, x, heads=heads, bias=True), *forward, norm, norm, residual, residual)
