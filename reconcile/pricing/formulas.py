"""The price of each kind of work: pure functions from shapes to terms.

Every function takes tuples of integers and gives a mapping from term names to amounts.
Shapes are channels-first and batched unless a docstring says otherwise.
Zero-padding taps count, as they do in every counter; a grouped convolution multiplies only inside its group.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from reconcile.pricing.amounts import Amount, amount, total

Shape = tuple[int, ...]
Terms = dict[str, Amount]


def convolution(x: Shape, weight: Shape, out: Shape, *, transposed: bool, groups: int, bias: bool) -> Terms:
    """Price one convolution of any dimension; x and out are (N, C, *spatial), or (C, *spatial) when unbatched.

    `weight` is (out channels, in channels / groups, *kernel), or (in channels, out channels / groups, *kernel)
    when transposed.  A transposed convolution multiplies at every *input* position.

    >>> terms = convolution((1, 3, 224, 224), (64, 3, 3, 3), (1, 64, 224, 224), transposed=False, groups=1, bias=True)
    >>> terms["mac"], terms["bias"].value
    (Amount(value=86704128, formula='1*64*224*224 * 3*3*3'), 3211264)
    """
    kernel, rank = weight[2:], len(weight)
    batch = x[:1] if len(x) == rank else (1,)
    positions = (x if transposed else out)[-(rank - 2) :]
    channels, per_group = weight[0], weight[1]
    ins = (channels if transposed else per_group * groups) // groups
    terms = {
        "mac": amount((*batch, channels, *positions), (per_group, *kernel)),
        "mac.by-output": amount(out, (x[1] // groups, *kernel)),
        "mac.at-output": amount(out, (ins, *kernel)),
        "mac.by-batch-at-output": amount((x[0],), out[2:], weight),
        "mac.by-weight-at-output": amount(out, (per_group, *kernel)),
        "mac.by-batch": amount((x[0], channels), (x if transposed else out)[2:], (per_group, *kernel)),
        "mac.by-matched-channels": amount(out, (per_group if out[1:2] == (channels,) else channels, *kernel)),
        "first-add": amount(out),
    }
    if bias:
        terms["bias"] = amount(out)
        terms["bias.by-batch"] = amount((x[0],), out[1:])
        terms["bias.by-channels"] = amount(out, (ins,))
        terms["bias.by-batch-at-output"] = amount((x[0], per_group * groups if transposed else channels), out[2:])
    if transposed:
        terms["mac.by-input"] = amount(x, (out[1] // groups, *kernel))
        terms["first-add.by-input"] = amount((per_group * groups,), positions)
        if bias:
            terms["bias.by-input"] = amount((per_group * groups,), positions)
            terms["bias.by-height-squared"] = amount((x[0], per_group * groups), out[2:3], out[2:3])
    return terms


def linear(x: Shape, weight: Shape, *, bias: bool) -> Terms:
    """Price a linear layer: x is (*rows, in features), weight is (out features, in features).

    >>> linear((196, 8192), (1024, 8192), bias=True)["mac"]
    Amount(value=1644167168, formula='196 * 8192 * 1024')
    """
    rows, (outs, ins) = x[:-1], weight
    terms = {"mac": amount(rows, (ins,), (outs,)), "first-add": amount(rows, (outs,))}
    terms["mac.by-two-sizes"] = amount(x[:2], (*rows, outs)[1:2])
    if bias:
        terms |= {"bias": amount(rows, (outs,)), "bias.one-vector": amount((outs,))}
    return terms


def broadcast(a: Shape, b: Shape) -> Shape:
    """The shape of two operands broadcast by the usual rule, from the right.

    >>> broadcast((2, 3, 4), (4,))
    (2, 3, 4)
    """
    rank = max(len(a), len(b))
    left, right = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
    return tuple(max(i, j) if 0 not in (i, j) else 0 for i, j in zip(left, right, strict=True))


def left_broadcast(a: Shape, b: Shape) -> Shape:
    """The shape of two operands broadcast from the left, the larger size winning.

    >>> left_broadcast((2, 3, 4), (4,))
    (4, 3, 4)
    """
    rank = max(len(a), len(b))
    left, right = a + (1,) * (rank - len(a)), b + (1,) * (rank - len(b))
    return tuple(max(i, j) for i, j in zip(left, right, strict=True))


def matmul(a: Shape, b: Shape) -> Terms:
    """Price a matrix product with vectors and broadcasting as in `numpy.matmul`.

    >>> matmul((2, 3, 4), (4, 5))["mac"]
    Amount(value=120, formula='2 * 3*4*5')
    """
    rows = a[-2:-1]
    columns = b[-1:] if len(b) > 1 else ()
    batch = broadcast(a[:-2], b[:-2])
    return {
        "mac": amount(batch, (*rows, a[-1], *columns)),
        "first-add": amount(batch, (*rows, *columns)),
        "mac.by-first-operand": amount(a, b[-1:]),
        "mac.by-first-size": amount(a[:1], b),
    }


def added_matmul(added: Shape, a: Shape, b: Shape, *, used: bool = True) -> Terms:
    """Price a matrix product to which a third operand is added (`addmm`, `baddbmm`, `addmv`).

    The operand is not `used` when it is scaled by beta = 0; nothing is added then.

    >>> added_matmul((5,), (2, 4), (4, 5))["bias"].value
    10
    """
    out = amount(a[:-1], b[-1:] if len(b) > 1 else ())
    terms = matmul(a, b) | {"bias.by-output": out, "bias.by-operand-given": amount(added)}
    if used:
        terms |= {"bias": out, "bias.by-operand": amount(added)}
    return terms


def bilinear(a: Shape, b: Shape, weight: Shape, *, bias: bool) -> Terms:
    """Price `y = a W b` as a two-step contraction: a is (*rows, I), b is (*rows, J), weight is (O, I, J).

    The products of the first step, I * J * O a row, are contracted with b: I * J * O + J * O multiply-adds a row.

    >>> bilinear((2, 3), (2, 4), (5, 3, 4), bias=False)["mac"].value
    160
    """
    rows, (outs, left, right) = a[:-1], weight
    terms = {"mac": amount(rows, (outs, right, left + 1)), "first-add": amount(rows, (outs,))}
    if bias:
        terms["bias"] = amount(rows, (outs,))
    return terms


def attention(query: Shape, key: Shape, value: Shape) -> Terms:
    """Price scaled dot-product attention: query (*batch, heads, L, E), key (*, S, E), value (*, S, V).

    Both products count in full; a causal mask halves nothing, and grouped key heads are used by every query head.

    >>> attention((1, 2, 5, 4), (1, 2, 5, 4), (1, 2, 5, 4))["mac"]
    Amount(value=400, formula='1*2*5*5*8')
    """
    scores = (*query[:-1], key[-2])
    return {
        "mac": amount((*scores, query[-1] + value[-1])),
        "mac.by-leading-batch": amount(query[:1], query[1:-2], (*scores[-2:], query[-1] + value[-1])),
        "softmax": amount(scores),
        "softmax.row": amount(query[:-1]),
    }


def together(*parts: Terms) -> Terms:
    """Price several pieces of work that one op does.

    >>> together(embedding((2, 3)), embedding((2, 3)), comparison((5,)))["embedding"]
    Amount(value=12, formula='2 * (2*3)')
    """
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: total(part[name] for part in parts if name in part) for name in names}


def normalisation(x: Shape, *, affine: bool, batch_statistics: bool) -> Terms:
    """Price a normalisation of every element of x."""
    terms = {"norm": amount(x)}
    if affine:
        terms["norm.affine"] = amount(x)
    if batch_statistics:
        terms["norm.batch"] = amount(x)
    return terms


def activation(x: Shape) -> Terms:
    """Price an activation of every element of x."""
    return {"activation": amount(x)}


def pool(x: Shape, kernel: Shape, out: Shape) -> Terms:
    """Price a pool with a fixed window; the window is counted in full at borders and with padding."""
    return {"pool.input": amount(x), "pool.output": amount(out), "pool.window": amount(out, kernel)}


def average_inside(x: Shape, out: Shape, kernel: Shape, *, stride: Shape, padding: Shape, padded: bool) -> Terms:
    """Price what an average pool reads: windows end at the input's borders, or at those of its padding if `padded`.

    >>> average_inside((1, 2, 5), (1, 2, 3), (3,), stride=(2,), padding=(1,), padded=False)["pool.window-inside"].value
    14
    """
    spatial, reads = len(kernel), []
    for size, count, window, step, pad in zip(x[-spatial:], out[-spatial:], kernel, stride, padding, strict=True):
        first, last = (-pad, size + pad) if padded else (0, size)
        starts = [index * step - pad for index in range(count)]
        reads.append(sum(max(min(start + window, last) - max(start, first), 0) for start in starts))
    return {"pool.window-inside": amount(x[:-spatial], reads)}


def adaptive_pool(x: Shape, out: Shape, *, spatial: int) -> Terms:
    """Price an adaptive pool; `spatial` is the number of pooled dimensions, the last ones of x.

    Output i of a dimension reads the inputs from floor(i * n / m) to ceil((i + 1) * n / m).

    >>> adaptive_pool((1, 2, 5), (1, 2, 3), spatial=1)["pool.window"].value
    14
    """
    windows = _windows(x[-spatial:], out[-spatial:])
    terms = {"pool.input": amount(x), "pool.output": amount(out)}
    terms["pool.window"] = amount(out[:-spatial], windows)
    terms["pool.window-after-two"] = amount(out[:2], _windows(x[2:], out[2:]))
    if len(x) > 2:
        terms |= _ratio_pool(x[2:], out)
    return terms


def _windows(x: Shape, out: Shape) -> Shape:
    """The inputs that all windows of each dimension of an adaptive pool read together."""
    sizes = zip(x, out, strict=True)
    return tuple(sum(-(-(i + 1) * n // m) - i * n // m for i in range(m)) for n, m in sizes)


def _ratio_pool(x: Shape, out: Shape) -> Terms:
    """Price the adaptive average by size ratios, as thop (doubles) and paddle (rounded down) do.

    Both take the dimensions after the second for the pooled ones.
    """
    sizes = tuple(zip(x, out[2:], strict=True))
    if any(m == 0 for _, m in sizes):
        return {}
    ratio, floor = 1.0, 1
    for n, m in sizes:
        ratio, floor = ratio * (n / m), floor * (n // m)
    ratios = "*".join(f"({n}/{m})" for n, m in sizes)
    mean = Amount(int((ratio + 1) * prod(out)), f"int(({ratios} + 1) * {prod(out)})")
    return {
        "pool.mean-ratio": mean,
        "pool.floor-ratio": Amount((floor + 1) * prod(out), f"({floor} + 1) * {prod(out)}"),
    }


def softmax(x: Shape, dim: int) -> Terms:
    """Price one softmax over dimension `dim` of x."""
    rows = (prod(x) // x[dim] if x[dim] else 0) if x else 1
    return {"softmax": amount(x), "softmax.row": amount((rows,)), "softmax.call": amount((1,))}


def resample(x: Shape, out: Shape, mode: str | None = None) -> Terms:
    """Price an interpolation from x to out, both (N, C, *spatial); the amount stands under its mode too, if known."""
    terms = {"resample": amount(out), "resample.no-channels": amount(x[:1], out[2:])}
    return terms if mode is None else terms | {f"resample.{mode}": amount(out)}


def elementwise(*shapes: Shape) -> Terms:
    """Price one elementwise operation on operands that are broadcast."""
    out: Shape = ()
    aligned: Shape = shapes[0] if shapes else ()
    for shape in shapes:
        out, aligned = broadcast(out, shape), left_broadcast(aligned, shape)
    return {"elementwise": amount(out), "elementwise.left-aligned": amount(aligned)}


def embedding(out: Shape) -> Terms:
    """Price an embedding by the elements that it looks up."""
    return {"embedding": amount(out)}


def transform(out: Shape) -> Terms:
    """Price a Fourier transform by the elements that it gives; how fast algorithms multiply is no contraction.

    >>> transform((4, 5))["transform"].value
    20
    """
    return {"transform": amount(out)}


def number() -> Terms:
    """Price an elementwise operation on single numbers, which is no work on tensors."""
    return {"elementwise.number": amount((1,))}


def reduction(x: Shape, out: Shape | None = None) -> Terms:
    """Price a reduction by the elements that it reads, and by those that it gives where they are known."""
    terms = {"reduce": amount(x)}
    return terms if out is None else terms | {"reduce.output": amount(out)}


def comparison(x: Shape) -> Terms:
    """Price a comparison, a sort or a selection by the elements that it reads."""
    return {"compare": amount(x)}


def by_parameters(parameters: Sequence[tuple[str, Shape]], out: Shape) -> Terms:
    """Price a layer by the names and shapes of its own parameters and the shape of what it gave, and by nothing else.

    A `weight` or `bias` counts once for each leading size of the output, or once for each of its positions: every
    dimension but the second.  Any other name with one of these words in it counts for the two leading dimensions.

    >>> terms = by_parameters([("weight", (6, 3, 3, 3)), ("bias", (6,))], (2, 6, 8, 8))
    >>> terms["mac.by-parameters-at-positions"], terms["bias.by-parameters"].value
    (Amount(value=20736, formula='2*8*8 * 6*3*3*3'), 12)
    """
    counted: dict[str, list[Amount]] = {}
    for name, shape in parameters:
        term = "bias" if name == "bias" or ("bias" in name and "weight" not in name) else "mac"
        if name in ("weight", "bias"):
            rows, positions = out[:1], out[:1] + out[2:]
        elif "weight" in name or "bias" in name:
            rows = positions = out[:2]
        else:
            continue
        counted.setdefault(f"{term}.by-parameters", []).append(amount(rows, shape))
        counted.setdefault(f"{term}.by-parameters-at-positions", []).append(amount(positions, shape))
    return {term: total(parts) for term, parts in counted.items()}


def by_names(parameters: Sequence[tuple[str, Shape]], out: Shape) -> Terms:
    """Price a module by the names and shapes of all parameters at or below it and the shape of what it gave.

    A parameter that is called `weight` or `bias` itself counts once for each leading size of the output, or for each
    of its positions; one with such a word in its dotted name for the two leading sizes.  `by-elements` leaves the
    first size out of both, and the second one too.

    >>> terms = by_names([("weight", (6, 3, 3, 3)), ("0.bias", (6,))], (2, 6, 8, 8))
    >>> terms["mac.by-names-at-positions"], terms["mac.by-elements-at-positions"].value, terms["bias.by-names"].value
    (Amount(value=20736, formula='2*8*8 * 6*3*3*3'), 10368, 72)
    """
    counted: dict[str, list[Amount]] = {}
    for name, shape in parameters:
        if "weight" not in name and "bias" not in name:
            continue
        own = name in ("weight", "bias")
        term = "mac" if "weight" in name else "bias"
        rows, positions = (out[:1], out[:1] + out[2:]) if own else (out[:2], out[:2])
        counted.setdefault(f"{term}.by-names", []).append(amount(rows, shape))
        counted.setdefault(f"{term}.by-names-at-positions", []).append(amount(positions, shape))
        if term == "mac":
            counted.setdefault("mac.by-elements", []).append(amount(shape))
            counted.setdefault("mac.by-elements-at-positions", []).append(amount(out[2:] if own else (), shape))
    return {term: total(parts) for term, parts in counted.items()}
