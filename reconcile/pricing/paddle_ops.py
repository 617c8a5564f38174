"""The price list of Paddle's operators, by their own arguments and shapes.

Arguments stand where `paddle._C_ops` takes them; some operators are also called by keyword from Python.
"""

from __future__ import annotations

from collections.abc import Callable

from reconcile.ledger import Op, Tensor, Value
from reconcile.pricing import formulas
from reconcile.pricing.amounts import amount, total
from reconcile.pricing.einsum import parse_equation
from reconcile.pricing.formulas import Shape, Terms
from reconcile.pricing.products import Price, named

_CHANNELS_LAST = frozenset({"NHWC", "NDHWC", "NLC", "NWC"})


def _first(op: Op) -> Shape:
    return op.tensors[0].shape if op.tensors else ()


def _ints(value: Value) -> Shape:
    if isinstance(value, tuple):
        return tuple(int(item) for item in value if isinstance(item, (int, float)))
    return (int(value),) if isinstance(value, (int, float)) else ()


def _channels_first(op: Op, shape: Shape) -> Shape:
    if any(isinstance(value, str) and value in _CHANNELS_LAST for value in op.arguments):
        return (shape[0], shape[-1], *shape[1:-1])
    return shape


def _of_input(formula: Callable[[Shape], Terms]) -> Price:
    return lambda op: formula(_first(op))


def _convolution(transposed: bool) -> Price:
    def price(op: Op) -> Terms:
        weight, x, out = op.shape(1), _channels_first(op, op.shape(0)), _channels_first(op, op.out)
        groups = max(1, (out if transposed else x)[1] // weight[1])
        bias = isinstance(op.argument(2), Tensor)
        return formulas.convolution(x, weight, out, transposed=transposed, groups=groups, bias=bias)

    return price


def _linear(op: Op) -> Terms:
    ins, outs = op.shape(1)[::-1] if op.argument(3) is True else op.shape(1)
    return formulas.linear(op.shape(0), (outs, ins), bias=isinstance(op.argument(2), Tensor))


def _matmul(op: Op) -> Terms:
    a, b = (tensor.shape for tensor in op.tensors[:2])
    if op.argument(2, "transpose_x") is True and len(a) > 1:
        a = (*a[:-2], a[-1], a[-2])
    if op.argument(3, "transpose_y") is True and len(b) > 1:
        b = (*b[:-2], b[-1], b[-2])
    return formulas.matmul(a, b)


def _dot(op: Op) -> Terms:
    """`paddle.dot` contracts the last dimension, row by row."""
    x = _first(op)
    return {"mac": amount(x), "first-add": amount(x[:-1])}


def _added_matmul(op: Op) -> Terms:
    added, a, b = (tensor.shape for tensor in op.tensors[:3])
    return formulas.added_matmul(added, a, b)


def _bilinear(op: Op) -> Terms:
    return formulas.bilinear(op.shape(0), op.shape(1), op.shape(2), bias=isinstance(op.argument(3), Tensor))


def _attention(op: Op) -> Terms:
    """Paddle's fused attention takes (batch, rows, heads, size)."""
    shapes = (tensor.shape for tensor in op.tensors[:3])
    return formulas.attention(*((batch, heads, rows, size) for batch, rows, heads, size in shapes))


def _einsum(op: Op) -> Terms:
    """Price a contraction of two operands; a label that only one of them has, and the result has not, is summed first.

    Without a label to contract it is an elementwise product, and with one operand a reduction.
    """
    shapes = [tensor.shape for tensor in op.tensors]
    equation = parse_equation(str(op.argument(1)), shapes)
    if len(equation.operands) != 2:
        return formulas.reduction(shapes[0])
    left, right = equation.operands
    kept = (left & right) | equation.out
    contracted = (left & right) - equation.out
    return {"mac" if contracted else "elementwise": amount(equation.sizes[label] for label in sorted(kept))}


def _recurrent(op: Op) -> Terms:
    """Price `rnn`: every weight matrix of every layer and direction works once for each step and sequence."""
    steps = op.shape(0)[:2]
    weights = op.argument(2)
    matrices = [item.shape for item in weights if isinstance(item, Tensor)] if isinstance(weights, tuple) else []
    return {"mac": total(amount(steps, shape) for shape in matrices if len(shape) == 2)}


def _batch_norm(op: Op) -> Terms:
    frozen = (op.argument(5) is True and op.argument(10) is not True) or op.argument(9) is True
    affine = isinstance(op.argument(3), Tensor)
    return formulas.normalisation(op.shape(0), affine=affine, batch_statistics=not frozen)


def _norm(op: Op) -> Terms:
    return formulas.normalisation(op.shape(0), affine=isinstance(op.argument(1), Tensor), batch_statistics=True)


def _pool(spatial: int, whole: int, adaptive: int) -> Price:
    """A pool; `whole` and `adaptive` are the positions of the flags for one global window and for adaptive ones."""

    def price(op: Op) -> Terms:
        x, out = _channels_first(op, op.shape(0)), _channels_first(op, op.out)
        if op.argument(adaptive) is True:
            return formulas.adaptive_pool(x, out, spatial=spatial)
        kernel = x[-spatial:] if op.argument(whole) is True else _ints(op.argument(1))
        return formulas.pool(x, kernel * spatial if len(kernel) == 1 else kernel, out)

    return price


def _softmax(op: Op) -> Terms:
    dim = op.argument(1, "axis", -1)
    return formulas.softmax(_first(op), dim if isinstance(dim, int) else -1)


def _resample(mode: str | None) -> Price:
    def price(op: Op) -> Terms:
        return formulas.resample(_channels_first(op, op.shape(0)), _channels_first(op, op.out), mode)

    return price


def _elementwise(op: Op) -> Terms:
    return formulas.elementwise(*([tensor.shape for tensor in op.tensors] or [op.out]))


def _of_output(op: Op) -> Terms:
    return formulas.elementwise(op.out)


def _scattered(op: Op) -> Terms:
    """`index_add(x, index, source, axis)` reads every element of the source."""
    return formulas.reduction(op.shape(2))


def _affine_grid(op: Op) -> Terms:
    """Every position of the grid, with a one appended, is multiplied by its sample's matrix."""
    return {"mac": amount(op.out, op.shape(0)[-1:]), "first-add": amount(op.out)}


def _embedding(op: Op) -> Terms:
    return formulas.embedding(op.out)


def _nothing(op: Op) -> Terms:
    return {}


PADDLE: dict[str, Price] = {
    **named(_convolution(False), "conv2d conv3d depthwise_conv2d depthwise_conv2d_bias depthwise_conv3d_bias"),
    **named(_convolution(True), "conv2d_transpose conv2d_transpose_bias conv3d_transpose depthwise_conv2d_transpose"),
    **named(_linear, "linear linear_v2"),
    **named(_matmul, "matmul bmm mv"),
    "dot": _dot,
    **named(_added_matmul, "addmm baddbmm"),
    "bilinear": _bilinear,
    **named(_attention, "flash_attn memory_efficient_attention fused_dot_product_attention"),
    "einsum": _einsum,
    "rnn": _recurrent,
    **named(_batch_norm, "batch_norm sync_batch_norm"),
    **named(_norm, "layer_norm group_norm instance_norm rms_norm"),
    **named(_pool(2, 8, 9), "pool2d lp_pool2d"),
    **named(_pool(3, 8, 9), "pool3d"),
    "max_pool2d_with_index": _pool(2, 4, 5),
    "max_pool3d_with_index": _pool(3, 4, 5),
    **named(
        _of_input(formulas.activation),
        "relu relu6 leaky_relu prelu elu selu celu gelu silu swish swiglu mish sigmoid tanh hardtanh hardswish "
        "hardsigmoid softplus softshrink hardshrink softsign logsigmoid thresholded_relu tanh_shrink rrelu stanh logit",
    ),
    **named(_softmax, "softmax log_softmax gumbel_softmax"),
    **{f"{mode}_interp": _resample(mode) for mode in ("nearest", "linear", "bilinear", "bicubic", "trilinear")},
    "grid_sample": _resample(None),
    **named(
        _elementwise,
        "add add_n subtract multiply divide floor_divide remainder elementwise_pow pow scale increment sqrt rsqrt "
        "square reciprocal exp expm1 log log2 log10 log1p abs sign floor ceil round trunc sin cos tan asin acos atan "
        "atan2 sinh cosh erf erfinv maximum minimum fmax fmin clip where masked_fill lerp logical_not logical_and "
        "logical_or logical_xor bitwise_and bitwise_or bitwise_xor bitwise_not bernoulli asinh acosh atanh "
        "cross frac logit",
    ),
    "kron": _of_output,
    "index_add": _scattered,
    "affine_grid": _affine_grid,
    **named(_embedding, "embedding embedding_with_scaled_gradient"),
    **named(
        _of_input(formulas.reduction),
        "sum mean mean_all max min amax amin prod any all logsumexp cumsum cumprod logcumsumexp p_norm norm "
        "frobenius_norm l1_norm squared_l2_norm nansum variance reduce_as trace",
    ),
    **named(
        _of_input(formulas.comparison),
        "equal not_equal less_than less_equal greater_than greater_equal equal_all isnan isinf isfinite isclose argmax "
        "argmin argsort topk maxout kthvalue median nanmedian mode nonzero unique searchsorted",
    ),
    **named(
        _nothing,
        "numel one_hot pad3d set_value put_along_axis take_along_axis gather_nd split_with_num unstack assign_value "
        "assign_out full_int_array full_batch_size_like view_shape view_slice view_dtype as_complex as_real "
        "index_sample index_elementwise_get reverse shape64 trans_layout gaussian randint crop memcpy copy_to print "
        "data truncated_gaussian_random standard_gamma eye sequence_mask shuffle_channel temporal_shift fold "
        "npu_identity diag diag_embed expand_modality_expert_id index_select_strided",
    ),
}
"""The price of each operator, by its name without the mark of in-place work."""
