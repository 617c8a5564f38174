"""The price list: which formula prices which op, by the op's own arguments and shapes.

Names are those of the dispatcher (`aten.convolution.default`) or of Paddle's operators (`paddle.conv2d`), which have
a list of their own.
An op that stands in no table has no price: it is listed as unpriced and makes every total that rests on it partial.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconcile.ledger import Op, Tensor, Value
from reconcile.pricing import formulas, sequence_ops
from reconcile.pricing.formulas import Terms
from reconcile.pricing.operators import MOVES, operator
from reconcile.pricing.paddle_ops import PADDLE
from reconcile.pricing.products import PRODUCTS, Price, named
from reconcile.pricing.terms import RESAMPLING


def _ints(value: Value) -> tuple[int, ...]:
    if isinstance(value, tuple):
        return tuple(int(item) for item in value if isinstance(item, (int, float)))
    return (int(value),) if isinstance(value, (int, float)) else ()


def _batch_norm(training: int | bool) -> Price:
    """The price of a batch norm whose flag stands at a position, or whose name settles it."""

    def price(op: Op) -> Terms:
        statistics = training if isinstance(training, bool) else op.argument(training) is True
        affine = isinstance(op.argument(1), Tensor)
        return formulas.normalisation(op.shape(0), affine=affine, batch_statistics=statistics)

    return price


def _legit_batch_norm(op: Op) -> Terms:
    return _batch_norm(3 if op.name.endswith(".no_stats") else 5)(op)


def _instance_norm(op: Op) -> Terms:
    affine, statistics = isinstance(op.argument(1), Tensor), op.argument(5) is True
    return formulas.normalisation(op.shape(0), affine=affine, batch_statistics=statistics)


def _norm(affine: int) -> Price:
    def price(op: Op) -> Terms:
        given = isinstance(op.argument(affine), Tensor)
        return formulas.normalisation(op.shape(0), affine=given, batch_statistics=True)

    return price


def _activation(op: Op) -> Terms:
    return formulas.activation(op.shape(0))


def _pool(op: Op) -> Terms:
    spatial = len(_ints(op.argument(1)))
    kernel = _ints(op.argument(1))
    if spatial == 1 and "1d" not in op.name:
        kernel = kernel * (3 if "3d" in op.name else 2)
    return formulas.pool(op.shape(0), kernel, op.out)


def _adaptive_pool(spatial: int) -> Price:
    def price(op: Op) -> Terms:
        return formulas.adaptive_pool(op.shape(0), op.out, spatial=spatial)

    return price


def _softmax(op: Op) -> Terms:
    dim = op.argument(1, "dim", -1)
    return formulas.softmax(op.shape(0), dim if isinstance(dim, int) else -1)


def _masked_softmax(op: Op) -> Terms:
    dim = op.argument(2, "dim", -1)
    return formulas.softmax(op.shape(0), dim if isinstance(dim, int) else -1)


_MODES = {f"upsample_{mode}": mode for mode in RESAMPLING} | {"_upsample_nearest_exact": "nearest-exact"}


def _resample(op: Op) -> Terms:
    return formulas.resample(op.shape(0), op.out, _MODES.get(operator(op.name).rstrip("123d")))


def _grid_sample(op: Op) -> Terms:
    modes = ("bilinear" if len(op.out) == 4 else "trilinear", "nearest", "bicubic")
    mode = op.argument(2)
    return formulas.resample(op.shape(0), op.out, modes[mode] if isinstance(mode, int) and 0 <= mode < 3 else None)


def _elementwise(op: Op) -> Terms:
    shapes = [value.shape for value in op.arguments if isinstance(value, Tensor)]
    return formulas.elementwise(*(shapes or [op.out]))


def _weight_norm(op: Op) -> Terms:
    """The length of every slice of the weight, and the weight scaled by it."""
    return formulas.together(formulas.reduction(op.shape(0)), formulas.elementwise(op.shape(0)))


def _embedding(op: Op) -> Terms:
    return formulas.embedding(op.out)


def _embedding_bag(op: Op) -> Terms:
    return formulas.embedding((*op.shape(1), op.shape(0)[-1]))


def _transform(op: Op) -> Terms:
    return formulas.transform(op.out)


def _reduction(op: Op) -> Terms:
    return formulas.reduction(op.shape(0), op.out)


def _scattered(op: Op) -> Terms:
    """`index_add(x, dim, index, source)` and its kin read every element of the source, which stands at 3."""
    return formulas.reduction(op.shape(3))


def _comparison(op: Op) -> Terms:
    return formulas.comparison(op.shape(0))


def _nothing(op: Op) -> Terms:
    return {}


_NORMS: dict[str, Price] = {
    **named(_batch_norm(5), "native_batch_norm cudnn_batch_norm batch_norm _batch_norm_impl_index"),
    "_native_batch_norm_legit": _legit_batch_norm,
    "_batch_norm_with_update": _batch_norm(True),
    **named(_batch_norm(False), "_native_batch_norm_legit_no_training _batch_norm_no_update"),
    **named(_norm(2), "native_layer_norm layer_norm _fused_rms_norm rms_norm group_norm"),
    "native_group_norm": _norm(1),
    "instance_norm": _instance_norm,
}

_ACTIVATIONS = named(
    _activation,
    "relu relu6 leaky_relu prelu _prelu_kernel elu selu celu gelu silu mish sigmoid tanh hardtanh hardswish "
    "hardsigmoid softplus softshrink hardshrink log_sigmoid_forward log_sigmoid rrelu rrelu_with_noise threshold "
    "glu logit",
)

_POOLS: dict[str, Price] = {
    **named(
        _pool,
        "max_pool1d max_pool2d max_pool3d max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices "
        "avg_pool1d avg_pool2d avg_pool3d mkldnn_max_pool2d fractional_max_pool2d fractional_max_pool3d",
    ),
    **named(_adaptive_pool(1), "adaptive_avg_pool1d adaptive_max_pool1d"),
    **named(_adaptive_pool(2), "adaptive_avg_pool2d _adaptive_avg_pool2d adaptive_max_pool2d"),
    **named(_adaptive_pool(3), "adaptive_avg_pool3d _adaptive_avg_pool3d adaptive_max_pool3d"),
}

_OTHERS: dict[str, Price] = {
    **named(_softmax, "_softmax _log_softmax softmax log_softmax _safe_softmax"),
    "_masked_softmax": _masked_softmax,
    **named(
        _resample,
        "upsample_nearest1d upsample_nearest2d upsample_nearest3d _upsample_nearest_exact1d _upsample_nearest_exact2d "
        "_upsample_nearest_exact3d upsample_linear1d upsample_bilinear2d upsample_trilinear3d upsample_bicubic2d "
        "_upsample_bilinear2d_aa _upsample_bicubic2d_aa",
    ),
    **named(_grid_sample, "grid_sampler grid_sampler_2d grid_sampler_3d"),
    **named(
        _elementwise,
        "add sub mul div rsub neg abs sqrt rsqrt exp log log2 log10 log1p expm1 pow square reciprocal sin cos tan "
        "asin acos atan atan2 sinh cosh erf erfc floor ceil round trunc frac sign clamp clamp_min clamp_max lerp "
        "addcmul addcdiv remainder fmod floor_divide true_divide maximum minimum where masked_fill bitwise_and "
        "bitwise_or bitwise_xor bitwise_not logical_and logical_or logical_not logical_xor native_dropout bernoulli "
        "exp2 special_erf fmax fmin nan_to_num hypot xlogy outer ger asinh acosh atanh sgn erfinv sinc logaddexp "
        "logaddexp2 heaviside copysign deg2rad rad2deg bitwise_left_shift bitwise_right_shift special_xlog1py i0 angle "
        "conj_physical float_power signbit lgamma digamma linalg_cross _fused_dropout mse_loss l1_loss smooth_l1_loss "
        "huber_loss soft_margin_loss binary_cross_entropy binary_cross_entropy_with_logits nll_loss_forward "
        "nll_loss2d_forward fake_quantize_per_tensor_affine_cachemask fake_quantize_per_channel_affine_cachemask",
    ),
    "_weight_norm_interface": _weight_norm,
    "embedding": _embedding,
    **named(_transform, "_fft_r2c _fft_c2r _fft_c2c"),
    **named(_embedding_bag, "_embedding_bag_forward_only _embedding_bag"),
    **named(
        _reduction,
        "sum mean prod var std var_mean std_mean norm linalg_vector_norm logsumexp cumsum cumprod amax amin max min "
        "any all nansum count_nonzero aminmax logcumsumexp cummax cummin trace dist renorm",
    ),
    **named(_scattered, "scatter_add scatter_reduce index_add index_reduce"),
    **named(
        _comparison,
        "eq ne lt le gt ge isnan isinf isfinite sort topk argmax argmin argsort _unique2 nonzero searchsorted "
        "bucketize kthvalue median nanmedian isin isneginf isposinf mode unique_consecutive unique_dim "
        "_unique bincount histc equal is_nonzero nonzero_static",
    ),
}

TORCH: dict[str, Price] = dict(PRODUCTS) | _NORMS | _ACTIVATIONS | _POOLS | _OTHERS | dict(sequence_ops.OPS)


def price_of(name: str) -> Price | None:
    """The formula of an op, or None if it has no price."""
    bare = operator(name)
    table: Mapping[str, Price] = PADDLE if name.startswith("paddle.") else TORCH
    if bare in table:
        return table[bare]
    return _nothing if bare in MOVES else None


def price(op: Op) -> Terms | None:
    """The terms of one op; None if it has no price, as work on nested tensors, whose sizes a ledger does not hold."""
    found = price_of(op.name)
    tensors = op.tensors
    if found is None or (found is not _nothing and any(item.dtype.startswith("nested ") for item in tensors)):
        return None
    if not any(tensor.shape for tensor in tensors) and not op.out:
        return formulas.number() if found is _elementwise else {}
    return found(op)
