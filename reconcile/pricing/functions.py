"""The price list of Python-level calls for profilers that patch functions and compute from the arguments alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconcile.ledger import Function, Tensor, Value, first_shape
from reconcile.pricing import by_arguments, formulas
from reconcile.pricing.amounts import Amount, amount
from reconcile.pricing.einsum import operands, printed_operations
from reconcile.pricing.formulas import Shape, Terms

FunctionPrice = Callable[[Function], Terms]


def argument(function: Function, index: int, name: str) -> Value:
    """The argument at a position, or by its name when it was given as a keyword."""
    return function.arguments[index] if index < len(function.arguments) else function.keywords.get(name)


def shape(value: Value) -> Shape:
    """The shape of a tensor; () for any other value."""
    return value.shape if isinstance(value, Tensor) else ()


def first(function: Function) -> Shape:
    """The shape of what a function was given first."""
    return shape(argument(function, 0, "input"))


def _sizes(value: Value, rank: int, default: int) -> Shape:
    """A size for every spatial dimension; one number stands for all of them."""
    if isinstance(value, tuple):
        return tuple(int(item) for item in value if isinstance(item, (int, float)))
    return (int(value) if isinstance(value, (int, float)) else default,) * rank


def _groups(function: Function) -> int:
    groups = argument(function, 6, "groups")
    return groups if isinstance(groups, int) else 1


def _convolution(function: Function) -> Terms:
    x, weight = first(function), shape(argument(function, 1, "weight"))
    rank, padding, groups = len(weight) - 2, argument(function, 4, "padding"), _groups(function)
    bias = isinstance(argument(function, 2, "bias"), Tensor)
    asked = by_arguments.convolution(
        x,
        weight,
        stride=_sizes(argument(function, 3, "stride"), rank, 1),
        padding=padding if isinstance(padding, str) else _sizes(padding, rank, 0),
        dilation=_sizes(argument(function, 5, "dilation"), rank, 1),
        groups=groups,
        bias=bias,
    )
    out = first_shape(function.output)
    return formulas.convolution(x, weight, out, transposed=False, groups=groups, bias=bias) | asked


def _transposed_convolution(function: Function) -> Terms:
    x, weight = first(function), shape(argument(function, 1, "weight"))
    rank, groups = len(weight) - 2, _groups(function)
    bias = isinstance(argument(function, 2, "bias"), Tensor)
    asked = by_arguments.transposed_convolution(
        x,
        weight,
        stride=_sizes(argument(function, 3, "stride"), rank, 1),
        padding=_sizes(argument(function, 4, "padding"), rank, 0),
        output_padding=_sizes(argument(function, 5, "output_padding"), rank, 0),
        dilation=_sizes(argument(function, 7, "dilation"), rank, 1),
        groups=groups,
        bias=bias,
    )
    out = first_shape(function.output)
    return formulas.convolution(x, weight, out, transposed=True, groups=groups, bias=bias) | asked


def _linear(function: Function) -> Terms:
    outs = shape(argument(function, 1, "weight"))[:1]
    terms = {"mac.by-first-operand": amount(first(function), outs)}
    if isinstance(argument(function, 2, "bias"), Tensor):
        terms |= {"bias": amount(first(function)[:-1], outs), "bias.one-vector": amount(outs)}
    return terms


def _norm(affine: int, training: int | None = None) -> FunctionPrice:
    """A normalisation whose weight stands at a position, and whose flag for statistics of its batch may do so too."""

    def price(function: Function) -> Terms:
        scaled = isinstance(argument(function, affine, "weight"), Tensor)
        own = training is None or argument(function, training, "training") is True
        return formulas.normalisation(first(function), affine=scaled, batch_statistics=own)

    return price


def interpolation(function: Function) -> Terms:
    """The terms of an interpolation by the size or scale that it asks for."""
    size, scale = argument(function, 1, "size"), argument(function, 2, "scale_factor")
    scales = tuple(item for item in scale if isinstance(item, (int, float))) if isinstance(scale, tuple) else scale
    factor = scales if isinstance(scales, (int, float, tuple)) else 1
    asked = None if size is None else _sizes(size, 1, 1)
    return by_arguments.resample(first(function), asked, factor)


def _einsum(function: Function) -> Terms:
    equation = str(next((item for item in function.arguments if isinstance(item, str)), ""))
    printed = printed_operations(equation.replace(" ", ""), operands(function))
    return {
        "mac.by-printed-operations": Amount(printed // 2, f"{printed} // 2"),
        "mac.odd-operation": Amount(printed % 2, f"{printed} % 2"),
    }


def _attention(function: Function) -> Terms:
    given = [shape(argument(function, index, name)) for index, name in enumerate(("query", "key", "value"))]
    return {"mac.by-query": formulas.attention(*given)["mac"]}


_FUNCTIONAL: Mapping[str, FunctionPrice] = {
    "linear": _linear,
    **{f"conv{rank}d": _convolution for rank in (1, 2, 3)},
    **{f"conv_transpose{rank}d": _transposed_convolution for rank in (1, 2, 3)},
    "batch_norm": _norm(3, 5),
    "layer_norm": _norm(2),
    "instance_norm": _norm(3),
    "group_norm": _norm(2),
    "scaled_dot_product_attention": _attention,
}

FUNCTIONS: Mapping[str, FunctionPrice] = {
    **{f"torch.nn.functional.{name}": price for name, price in _FUNCTIONAL.items()},
    "torch.einsum": _einsum,
    "einops.einsum": _einsum,
}
