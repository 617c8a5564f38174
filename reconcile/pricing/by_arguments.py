"""Work by what the arguments of a call ask for, as profilers compute it before the call: pure functions.

Shapes are channels-first and batched; where a call is not batched, its first two sizes are taken for batch and channels
all the same, because that is what those profilers do.
"""

from __future__ import annotations

from math import prod

from reconcile.pricing.amounts import Amount, amount
from reconcile.pricing.formulas import Shape, Terms


def convolution(
    x: Shape, weight: Shape, *, stride: Shape, padding: Shape | str, dilation: Shape, groups: int, bias: bool
) -> Terms:
    """Price a convolution by its arguments; the padding `same` is taken for half of the kernel on both sides.

    >>> given = {"stride": (1,), "dilation": (1,), "groups": 1, "bias": False}
    >>> convolution((1, 3, 8), (6, 3, 2), padding="same", **given)["mac.by-arguments"].value == 1 * 7 * 3 * 6 * 2
    True
    """
    kernel = weight[2:]
    if padding == "same":
        padding = tuple(step * (size - 1) // 2 for step, size in zip(dilation, kernel, strict=True))
    elif isinstance(padding, str):
        padding = (0,) * len(kernel)
    outs = _forward(x[2:], kernel, stride, padding, dilation)
    terms = {"mac.by-arguments": amount((x[0], *outs), (x[1], weight[0] // groups), kernel)}
    return terms | {"bias.by-arguments": amount((x[0], *outs), (weight[0],))} if bias else terms


def transposed_convolution(
    x: Shape,
    weight: Shape,
    *,
    stride: Shape,
    padding: Shape,
    output_padding: Shape,
    dilation: Shape,
    groups: int,
    bias: bool,
) -> Terms:
    """Price a transposed convolution by its arguments; weight is (in channels, out channels / groups, *kernel).

    The biases are also priced at the positions that the formula of a convolution that is *not* transposed gives, for
    the channels of one group; those positions may be negative.

    >>> given = {"stride": (2,), "padding": (0,), "output_padding": (0,), "dilation": (1,), "groups": 2, "bias": True}
    >>> terms = transposed_convolution((1, 4, 8), (4, 3, 2), **given)
    >>> terms["mac.by-groups-twice"].value == 1 * 8 * 4 * (3 // 2) * 2
    True
    >>> terms["bias.by-arguments"].value, terms["bias.by-forward-arguments"].value
    (96, 12)
    """
    kernel, filters = weight[2:], weight[1]
    terms = {"mac.by-groups-twice": amount((x[0], *x[2:]), (x[1], filters // groups), kernel)}
    if bias:
        sizes = zip(x[2:], kernel, stride, padding, output_padding, dilation, strict=False)
        outs = [(n - 1) * s - 2 * p + d * (k - 1) + extra + 1 for n, k, s, p, extra, d in sizes]
        forward = _forward(x[2:], kernel, stride, padding, dilation)
        terms["bias.by-arguments"] = amount((x[0], *outs), (filters * groups,))
        terms["bias.by-forward-arguments"] = amount((x[0], *forward), (filters,))
    return terms


def _forward(x: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Shape:
    """Positions of a convolution's output; those of an unbatched input are one fewer than the kernel's."""
    sizes = zip(x, kernel, stride, padding, dilation, strict=False)
    return tuple((n + 2 * p - (d * (k - 1) + 1)) // s + 1 for n, k, s, p, d in sizes)


def resample(x: Shape, size: Shape | None, scale: float | tuple[float, ...]) -> Terms:
    """Price an interpolation by the size or the scale that it asks for; x is (N, C, *spatial), a size is spatial.

    A size is taken without batch and channels.  Without a size, the elements given are counted as they are, or
    multiplied by the scale of every spatial dimension and rounded down.

    >>> terms = resample((2, 3, 4, 4), None, (1.5, 2.0))
    >>> terms["resample.by-size-or-input"].value, terms["resample.by-size-or-scale"]
    (96, Amount(value=288, formula='int(2*3*4*4 * (1.5*2.0))'))
    """
    if size is not None:
        return {"resample.by-size-or-input": amount(size), "resample.by-size-or-scale": amount(size)}
    given, spatial = amount(x), len(x) - 2
    factor = prod(scale) if isinstance(scale, tuple) else scale**spatial
    text = "*".join(map(str, scale)) if isinstance(scale, tuple) else f"{scale}**{spatial}"
    scaled = Amount(int(given.value * factor), f"int({given.formula} * ({text}))")
    return {"resample.by-size-or-input": given, "resample.by-size-or-scale": scaled}
