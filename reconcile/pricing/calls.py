"""The price list of module calls and Python-level calls, for counters that measure work there.

A hook sees a module's attributes and the shapes of its first input and output; these tables give the terms that can
be computed from just those, variants included.  The definition's own amounts always come from the ops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

from reconcile.ledger import Call, Function, Module, Tensor, first_shape
from reconcile.pricing import formulas, functions, sequence_ops
from reconcile.pricing.amounts import Amount, amount
from reconcile.pricing.formulas import Shape, Terms
from reconcile.pricing.functions import FunctionPrice, argument, first, shape
from reconcile.pricing.modes import with_modes
from reconcile.pricing.terms import RESAMPLING, TERMS

ModulePrice = Callable[[Module, Shape, Shape], Terms]


def _number(module: Module, *names: str) -> int:
    for name in names:
        value = module.attributes.get(name)
        if isinstance(value, int):
            return value
    return 1


def _sizes(module: Module, rank: int, *names: str) -> Shape:
    for name in names:
        value = module.attributes.get(name)
        if isinstance(value, tuple):
            return tuple(int(item) for item in value if isinstance(item, int))
        if isinstance(value, int):
            return (value,) * rank
    return ()


def _has(module: Module, name: str) -> bool:
    return any(parameter.name == name for parameter in module.parameters)


def _weight(module: Module) -> Shape:
    return next((item.shape for item in module.parameters if item.name == "weight"), ())


def _convolution(transposed: bool) -> ModulePrice:
    def price(module: Module, x: Shape, out: Shape) -> Terms:
        groups = _number(module, "groups", "_groups")
        kernel = _sizes(module, 1, "kernel_size", "_kernel_size")
        if len(x) < 2:
            return {}
        ins, outs = _number(module, "in_channels", "_in_channels"), _number(module, "out_channels", "_out_channels")
        # A lazy layer knew no input channels when the modules were written down; it has those of its input.
        ins = ins or x[-1 - len(kernel)]
        pair = (ins, outs) if transposed else (outs, ins)
        weight = _weight(module) or (pair[0], pair[1] // groups, *kernel)
        bias = _has(module, "bias")
        return formulas.convolution(x, weight, out, transposed=transposed, groups=groups, bias=bias)

    return price


def _paddle_convolution(transposed: bool) -> ModulePrice:
    """A convolution that may keep channels last; by output, it still takes the second dimension for the channels.

    There, the channels of a group need be no whole number: the product is then one of doubles, rounded down.
    """

    def price(module: Module, x: Shape, out: Shape) -> Terms:
        if module.attributes.get("_data_format") not in ("NLC", "NHWC", "NDHWC"):
            return _convolution(transposed)(module, x, out)
        first, last = (x[0], x[-1], *x[1:-1]), (out[0], out[-1], *out[1:-1])
        terms = _convolution(transposed)(module, first, last)
        groups, kernel, bias = _number(module, "_groups"), prod(_weight(module)[2:]), int(_has(module, "bias"))
        value = int(prod(out) * (x[1] / groups * kernel + bias)) - prod(out) * bias
        formula = f"int({prod(out)} * ({x[1]} / {groups} * {kernel} + {bias})) - {prod(out)} * {bias}"
        return terms | {"mac.by-output": Amount(value, formula)}

    return price


def _linear(module: Module, x: Shape, out: Shape) -> Terms:
    if not x or not out:
        return {}
    return formulas.linear(x, (out[-1], x[-1]), bias=_has(module, "bias"))


def _bilinear(module: Module, x: Shape, out: Shape) -> Terms:
    return formulas.bilinear(x, (*x[:-1], _number(module, "in2_features")), _weight(module), bias=_has(module, "bias"))


def _norm(module: Module, x: Shape, out: Shape) -> Terms:
    kept = any(item.name == "_mean" for item in module.buffers)
    statistics = bool(module.attributes.get("track_running_stats", kept))
    affine = module.attributes.get("affine", module.attributes.get("elementwise_affine"))
    scaled = bool(affine) if affine is not None else _has(module, "weight")
    return formulas.normalisation(x, affine=scaled, batch_statistics=module.training or not statistics)


def _activation(module: Module, x: Shape, out: Shape) -> Terms:
    return formulas.activation(x)


def _pool(spatial: int) -> ModulePrice:
    def price(module: Module, x: Shape, out: Shape) -> Terms:
        terms = formulas.pool(x, _sizes(module, spatial, "kernel_size", "ksize"), out)
        terms["pool.window-as-given"] = amount(out, _sizes(module, 1, "kernel_size", "ksize"))
        return terms | _inside(module, spatial, x, out)

    return price


def _inside(module: Module, spatial: int, x: Shape, out: Shape) -> Terms:
    """The window elements of an average that it really reads; {} for other pools, which have no such flag."""
    padded = module.attributes.get("count_include_pad")
    if padded is None or len(x) < spatial:
        return {}
    kernel, stride, padding = (_sizes(module, spatial, name) for name in ("kernel_size", "stride", "padding"))
    return formulas.average_inside(x, out, kernel, stride=stride, padding=padding, padded=bool(padded))


def _adaptive_pool(spatial: int) -> ModulePrice:
    def price(module: Module, x: Shape, out: Shape) -> Terms:
        return formulas.adaptive_pool(x, out, spatial=spatial)

    return price


def _softmax(module: Module, x: Shape, out: Shape) -> Terms:
    dim = module.attributes.get("dim", module.attributes.get("_axis", -1))
    if dim is None:
        # Without a dimension PyTorch takes the first or the second one, by the number of dimensions.
        dim = 0 if len(x) in (0, 1, 3) else 1
    return formulas.softmax(x, dim if isinstance(dim, int) else -1)


def _softmax_of_channels(module: Module, x: Shape, out: Shape) -> Terms:
    return formulas.softmax(x, -3)


def _resample(module: Module, x: Shape, out: Shape) -> Terms:
    mode = module.attributes.get("mode")
    return formulas.resample(x, out, mode if mode in RESAMPLING else None)


def _embedding(module: Module, x: Shape, out: Shape) -> Terms:
    return formulas.embedding(out)


def _each(price: ModulePrice, package: str, names: str) -> dict[str, ModulePrice]:
    return {f"{package}.{name}": price for name in names.split()}


_ACTIVATIONS = (
    "ReLU ReLU6 LeakyReLU PReLU ELU SELU CELU GELU SiLU Mish Sigmoid Tanh Hardtanh Hardswish Hardsigmoid Softplus "
    "Softshrink Hardshrink LogSigmoid RReLU Threshold GLU Tanhshrink Softsign Swish"
)

MODULES: dict[str, ModulePrice] = {
    **_each(_convolution(False), "torch.nn", "Conv1d Conv2d Conv3d"),
    **_each(_convolution(True), "torch.nn", "ConvTranspose1d ConvTranspose2d ConvTranspose3d"),
    "torch.nn.Linear": _linear,
    "torch.nn.Bilinear": _bilinear,
    **_each(
        _norm,
        "torch.nn",
        "BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm LayerNorm GroupNorm RMSNorm "
        "InstanceNorm1d InstanceNorm2d InstanceNorm3d _NormBase",
    ),
    **_each(_activation, "torch.nn", _ACTIVATIONS),
    **{f"torch.nn.{kind}Pool{n}d": _pool(n) for kind in ("Max", "Avg") for n in (1, 2, 3)},
    **{f"torch.nn.Adaptive{kind}Pool{n}d": _adaptive_pool(n) for kind in ("Max", "Avg") for n in (1, 2, 3)},
    **_each(_softmax, "torch.nn", "Softmax LogSoftmax Softmin"),
    "torch.nn.Softmax2d": _softmax_of_channels,
    **_each(_resample, "torch.nn", "Upsample UpsamplingNearest2d UpsamplingBilinear2d"),
    "torch.nn.Embedding": _embedding,
    **_each(_paddle_convolution(False), "paddle.nn", "Conv1D Conv2D Conv3D"),
    **_each(_paddle_convolution(True), "paddle.nn", "Conv1DTranspose Conv2DTranspose Conv3DTranspose"),
    "paddle.nn.Linear": _linear,
    **_each(
        _norm,
        "paddle.nn",
        "BatchNorm BatchNorm1D BatchNorm2D BatchNorm3D SyncBatchNorm LayerNorm GroupNorm "
        "InstanceNorm1D InstanceNorm2D InstanceNorm3D",
    ),
    **_each(_activation, "paddle.nn", f"{_ACTIVATIONS} Silu"),
    **{f"paddle.nn.{kind}Pool{n}D": _pool(n) for kind in ("Max", "Avg") for n in (1, 2, 3)},
    **{f"paddle.nn.Adaptive{kind}Pool{n}D": _adaptive_pool(n) for kind in ("Max", "Avg") for n in (1, 2, 3)},
    **_each(_softmax, "paddle.nn", "Softmax LogSoftmax"),
    **_each(_resample, "paddle.nn", "Upsample UpsamplingNearest2D UpsamplingBilinear2D"),
    "paddle.nn.Embedding": _embedding,
}


def priced(kind: str) -> bool:
    """Whether modules of a type have a formula of their own."""
    return kind in MODULES or kind in sequence_ops.CALLS


def module_terms(module: Module, call: Call, kind: str) -> Terms:
    """The terms of one module call, priced as a module of type `kind`, and by what its parameters alone say."""
    return _by_parameters(module, call) | _by_kind(module, call, kind)


def _by_parameters(module: Module, call: Call) -> Terms:
    """A parameter with two names counts by its first one; a pruned one by what its mask keeps and its former name."""
    named: dict[int, tuple[str, Shape]] = {}
    for item in module.parameters:
        pruned = item.name.removesuffix("_orig"), (item.kept or 0,)
        named.setdefault(item.key, (item.name, item.shape) if item.kept is None else pruned)
    return formulas.by_parameters([*named.values()], _measured(call))


def by_names(parameters: Sequence[tuple[str, Shape]], call: Call) -> Terms:
    """The terms of one module call by the names of all parameters at or below it, pruned or not."""
    return formulas.by_names(parameters, _measured(call))


def _measured(call: Call) -> Shape:
    """The shape by which a counter of parameters measures a call: of several named tensors, that of the last one."""
    output = [*call.output.values()][-1:] if isinstance(call.output, Mapping) else call.output
    return first_shape(tuple(output) if isinstance(output, list) else output)


def _by_kind(module: Module, call: Call, kind: str) -> Terms:
    """The terms by the formula of a type; {} where it has none."""
    if kind in sequence_ops.CALLS:
        return sequence_ops.CALLS[kind](module, call)
    price = MODULES.get(kind)
    if price is None:
        return {}
    x = first_shape((call.arguments, dict(call.keywords)))
    out = first_shape(call.output)
    terms = price(module, x, out)
    if x:
        for name, part in price(module, (1, *x[1:]), (1, *out[1:])).items():
            if TERMS[name].of is None:
                terms[f"{name}.one-row"] = part
    return terms


def _matrix_product(function: Function) -> Terms:
    return formulas.matmul(
        first(function), shape(argument(function, 1, "other" if "matmul" in function.name else "mat2"))
    )


def _added_product(function: Function) -> Terms:
    names = ("batch1", "batch2") if "baddbmm" in function.name else ("mat1", "mat2")
    a, b = (shape(argument(function, index, name)) for index, name in enumerate(names, start=1))
    return formulas.added_matmul(first(function), a, b, used=function.keywords.get("beta") != 0)


def _binary(function: Function) -> Terms:
    operands = (argument(function, 0, "input"), argument(function, 1, "other"))
    return formulas.elementwise(*(item.shape for item in operands if isinstance(item, Tensor)))


def _unary(term: str) -> FunctionPrice:
    def price(function: Function) -> Terms:
        return {term: amount(first(function))}

    return price


def _interpolation(function: Function) -> Terms:
    terms = formulas.resample(first(function), first_shape(function.output)) | functions.interpolation(function)
    asked = _asked(function)
    if asked is not None:
        terms["resample.by-arguments"] = Amount(int(asked[0]), asked[1])
    return terms | _by_batch_power(function)


def _by_batch_power(function: Function) -> Terms:
    """An interpolation by the size asked for, without channels, or by its scale to the power of the batch's length."""
    x, size, scale = first(function), argument(function, 1, "size"), argument(function, 2, "scale_factor")
    if isinstance(size, (tuple, int)):
        sizes = size if isinstance(size, tuple) else (size,)
        return {"resample.by-batch-power": amount([int(item) for item in sizes if isinstance(item, (int, float))])}
    factors = scale if isinstance(scale, tuple) else (scale,) * x[0]
    whole = [int(item) for item in factors if isinstance(item, (int, float)) and item == int(item)]
    return {"resample.by-batch-power": amount(x, whole)} if len(whole) == x[0] else {}


def _asked(function: Function) -> tuple[float, str] | None:
    """The elements that the arguments of an interpolation ask for, and how they are computed.

    A tuple of scales is rounded down before it is used; a single scale is not, so the product may be a fraction.
    """
    x, size, scale = first(function), argument(function, 1, "size"), argument(function, 2, "scale_factor")
    spatial = len(x) - 2
    if isinstance(size, (tuple, int)):
        sizes = size if isinstance(size, tuple) else (size,) * spatial
        asked = amount(x[:2], [int(item) for item in sizes if isinstance(item, (int, float))])
    elif isinstance(scale, tuple):
        asked = amount(x, [int(item) for item in scale if isinstance(item, (int, float))])
    elif isinstance(scale, (int, float)) and scale == int(scale):
        asked = amount(x, (int(scale),) * spatial)
    elif isinstance(scale, float):
        product = amount(x)
        return product.value * scale**spatial, f"int({product.formula} * {scale}**{spatial})"
    else:
        return None
    return asked.value, asked.formula


def asked_fraction(function: Function) -> float:
    """What rounding down takes from the elements that an interpolation asks for by its scale; 0 for any other call."""
    asked = _asked(function) if FUNCTIONS.get(function.name) is _interpolation else None
    return 0.0 if asked is None else asked[0] - int(asked[0])


def _functions() -> Mapping[str, FunctionPrice]:
    table: dict[str, FunctionPrice] = dict(functions.FUNCTIONS)
    for owner in ("torch", "torch.Tensor"):
        table |= {f"{owner}.{name}": _matrix_product for name in ("matmul", "__matmul__", "mm", "bmm")}
        table |= {f"{owner}.{name}": _added_product for name in ("addmm", "baddbmm")}
        table |= {f"{owner}.{name}": _binary for name in ("add", "mul", "sub", "div")}
    functional = "torch.nn.functional"
    activations = "relu relu6 prelu elu gelu silu leaky_relu hardtanh hardswish mish softplus selu celu"
    table |= {f"{functional}.{name}": _unary("activation") for name in activations.split()}
    pools = [f"{kind}_pool{n}d" for kind in ("max", "avg", "adaptive_max", "adaptive_avg") for n in (1, 2, 3)]
    table |= {f"{functional}.{name}": _unary("pool.input") for name in pools}
    table |= {f"{functional}.softmax": _unary("softmax")}
    table |= {f"{functional}.{name}": _interpolation for name in ("interpolate", "upsample")}
    return with_modes(table)


FUNCTIONS: Mapping[str, FunctionPrice] = _functions()


def function_terms(function: Function) -> Terms:
    """The terms of one Python-level call; {} where the function has no formula."""
    price = FUNCTIONS.get(function.name)
    return price(function) if price else {}
