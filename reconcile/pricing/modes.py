"""The price of Python-level calls as a `TorchFunctionMode` sees them: a function, its arguments and its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconcile.ledger import Function, Tensor, first_shape
from reconcile.pricing.amounts import Amount, amount
from reconcile.pricing.einsum import operands
from reconcile.pricing.formulas import Shape, Terms
from reconcile.pricing.functions import argument, shape
from reconcile.pricing.sequences import attention_layer

FunctionPrice = Callable[[Function], Terms]


def _product(function: Function) -> Terms:
    """A product that contracts the last dimension of its first operand."""
    x = shape(argument(function, 0, "input"))
    return {"mac": amount(first_shape(function.output), x[-1:])}


def _attention(function: Function) -> Terms:
    """Scaled dot-product attention: every query against every key, and every score against its value."""
    query, key, value = (shape(argument(function, at, name)) for at, name in enumerate(("query", "key", "value")))
    return {"mac": amount(first_shape(function.output)[:-1], key[-2:-1], (query[-1] + value[-1],))}


def _einsum(function: Function) -> Terms:
    """An einsum of two operands; of one or of more, it is nothing."""
    equation, shapes = function.arguments[0], operands(function)
    return {"mac.by-labels": labelled(str(equation), shapes) if len(shapes) == 2 else Amount(0, "0")}


def labelled(equation: str, shapes: list[Shape]) -> Amount:
    """The sizes of all labels that both operands have or that the result keeps, multiplied; a size of 1 is no label.

    Dimensions under `...` are labelled by their place from the right.

    >>> labelled("ij,jk->ik", [(2, 3), (3, 4)]).value, labelled("ij,k->k", [(2, 3), (4,)]).value
    (24, 4)
    """
    left, arrow, out = equation.replace(" ", "").partition("->")
    if not arrow:
        out = "..." + "".join(label for label in left if left.count(label) == 1)
    first, second = (_labels(text, shape) for text, shape in zip(left.split(","), shapes, strict=True))
    kept = [
        label
        for label in sorted(first.keys() | second.keys())
        if (label in first and label in second) or (("..." if label.isdigit() else label) in out)
    ]
    return amount([first.get(label, second.get(label, 1)) for label in kept])


def _labels(text: str, shape: Shape) -> dict[str, int]:
    head, _, tail = text.partition("...")
    hidden = [str(place) for place in range(len(shape) - len(head) - len(tail), 0, -1)]
    sizes = dict(zip([*head, *hidden, *tail], shape, strict=True))
    return {label: size for label, size in sizes.items() if size != 1}


def _heads(function: Function) -> Terms:
    """`multi_head_attention_forward`, whose sequences come first: (L, N, E), or (L, E) without a batch."""
    query, key, value = (shape(item) for item in function.arguments[:3])
    if len(query) == 2:
        query, key, value = ((size, 1, width) for size, width in (query, key, value))
    given = [(batch, length, width) for length, batch, width in (query, key, value)]
    heads, extra = function.arguments[4], isinstance(function.arguments[7], Tensor) + (function.arguments[9] is True)
    bias = isinstance(function.arguments[6], Tensor)
    terms = attention_layer(*given, heads=heads if isinstance(heads, int) else 1, bias=bias, extra=extra)
    return {name: part for name, part in terms.items() if "." not in name or name == "softmax.row"}


_PRODUCTS = ("torch.matmul", "torch.Tensor.matmul", "torch.Tensor.__matmul__", "torch.bmm", "torch.Tensor.bmm")

FUNCTIONS: Mapping[str, FunctionPrice] = {
    **dict.fromkeys((*_PRODUCTS, "torch.nn.functional.linear"), _product),
    "torch.nn.functional.scaled_dot_product_attention": _attention,
    "torch.nn.functional.multi_head_attention_forward": _heads,
    "torch.einsum": _einsum,
}


def with_modes(table: Mapping[str, FunctionPrice]) -> Mapping[str, FunctionPrice]:
    """A price list with these prices added to those that it has."""

    def both(one: FunctionPrice, other: FunctionPrice) -> FunctionPrice:
        return lambda function: other(function) | one(function)

    added = {name: both(table[name], price) if name in table else price for name, price in FUNCTIONS.items()}
    return {**table, **added}
