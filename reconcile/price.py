"""The price list: which formula prices which op, by the op's own arguments and shapes.

Names are those of the dispatcher (`aten.convolution.default`) or of Paddle's operators (`paddle.conv2d`).
An op that stands in no table has no price: it is listed as unpriced and makes every total that rests on it partial.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconcile import formulas
from reconcile.amounts import amount
from reconcile.formulas import Terms
from reconcile.ledger import Op, Tensor, Value

Price = Callable[[Op], Terms]


def _ints(value: Value) -> tuple[int, ...]:
    if isinstance(value, tuple):
        return tuple(int(item) for item in value if isinstance(item, (int, float)))
    return (int(value),) if isinstance(value, (int, float)) else ()


def _convolution(op: Op) -> Terms:
    transposed, groups = bool(op.argument(6)), op.argument(8)
    bias = isinstance(op.argument(2), Tensor)
    assert isinstance(groups, int)
    return formulas.convolution(
        op.shape(0), op.shape(1), op.out, transposed=transposed, groups=groups, bias=bias
    )


def _named_convolution(transposed: bool) -> Price:
    def price(op: Op) -> Terms:
        groups = op.argument(7 if transposed else 6, "groups", 1)
        if transposed:
            groups = op.argument(6, "groups", 1)
        assert isinstance(groups, int)
        bias = isinstance(op.argument(2, "bias"), Tensor)
        return formulas.convolution(
            op.shape(0), op.shape(1), op.out, transposed=transposed, groups=groups, bias=bias
        )

    return price


def _paddle_convolution(transposed: bool) -> Price:
    def price(op: Op) -> Terms:
        weight, channels_last = op.shape(1), any(value in ("NHWC", "NDHWC", "NLC") for value in op.arguments)
        x, out = op.shape(0), op.out
        if channels_last:
            x, out = (x[0], x[-1], *x[1:-1]), (out[0], out[-1], *out[1:-1])
        groups = max(1, x[1] // weight[1]) if not transposed else max(1, out[1] // weight[1])
        return formulas.convolution(x, weight, out, transposed=transposed, groups=groups, bias=False)

    return price


def _linear(op: Op) -> Terms:
    return formulas.linear(op.shape(0), op.shape(1), bias=isinstance(op.argument(2, "bias"), Tensor))


def _paddle_linear(op: Op) -> Terms:
    rows, outs = op.shape(1)
    return formulas.linear(op.shape(0), (outs, rows), bias=isinstance(op.argument(2), Tensor))


def _paddle_matmul(op: Op) -> Terms:
    a, b = op.shape(0), op.shape(1)
    if op.argument(2) is True and len(a) > 1:
        a = (*a[:-2], a[-1], a[-2])
    if op.argument(3) is True and len(b) > 1:
        b = (*b[:-2], b[-1], b[-2])
    return formulas.matmul(a, b)


def _matmul(op: Op) -> Terms:
    return formulas.matmul(op.shape(0), op.shape(1))


def _added_matmul(op: Op) -> Terms:
    return formulas.added_matmul(op.shape(0), op.shape(1), op.shape(2))


def _outer(op: Op) -> Terms:
    return {"mac": amount(op.shape(-2 + len(op.arguments)), op.shape(-1 + len(op.arguments)))}


def _addbmm(op: Op) -> Terms:
    terms = formulas.matmul(op.shape(1), op.shape(2))
    return {"mac": terms["mac"], "bias": amount(op.out)}


def _attention(op: Op) -> Terms:
    return formulas.attention(op.shape(0), op.shape(1), op.shape(2))


def _bilinear(op: Op) -> Terms:
    return formulas.bilinear(op.shape(0), op.shape(1), op.shape(2), bias=isinstance(op.argument(3), Tensor))


def _trilinear(op: Op) -> Terms:
    """`aten._trilinear` sums i1 * i2 * i3 over `sumdim` after unsqueezing; Bilinear calls it with weights as i2."""
    x, weight, y = op.shape(0), op.shape(1), op.shape(2)
    return formulas.bilinear(x, y, weight, bias=False)


def _batch_norm(op: Op) -> Terms:
    statistics = op.name.split(".")[1] == "_native_batch_norm_legit" and not isinstance(op.argument(3), Tensor)
    flag = op.argument(3 if op.name.endswith("no_stats") else 5, "training")
    training = flag is True if "no_training" not in op.name else False
    return formulas.normalisation(
        op.shape(0), affine=isinstance(op.argument(1), Tensor), batch_statistics=training or statistics
    )


def _norm(affine: int) -> Price:
    def price(op: Op) -> Terms:
        given = isinstance(op.argument(affine), Tensor)
        return formulas.normalisation(op.shape(0), affine=given, batch_statistics=True)

    return price


def _paddle_batch_norm(op: Op) -> Terms:
    training = op.argument(5) is False and op.argument(10) is not True
    return formulas.normalisation(op.shape(0), affine=isinstance(op.argument(3), Tensor), batch_statistics=training)


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


def _paddle_pool(spatial: int) -> Price:
    def price(op: Op) -> Terms:
        x, out, flags = op.shape(0), op.out, [value for value in op.arguments if isinstance(value, bool)]
        if flags and flags[-1]:
            return formulas.adaptive_pool(x, out, spatial=spatial)
        kernel = _ints(op.argument(1)) or x[-spatial:]
        return formulas.pool(x, kernel * spatial if len(kernel) == 1 else kernel, out)

    return price


def _softmax(op: Op) -> Terms:
    dim = op.argument(1, "dim", -1)
    return formulas.softmax(op.shape(0), dim if isinstance(dim, int) else -1)


def _resample(op: Op) -> Terms:
    return formulas.resample(op.shape(0), op.out)


def _elementwise(op: Op) -> Terms:
    shapes = [value.shape for value in op.arguments if isinstance(value, Tensor)]
    return formulas.elementwise(*(shapes or [op.out]))


def _embedding(op: Op) -> Terms:
    return formulas.embedding(op.out)


def _reduction(op: Op) -> Terms:
    return formulas.reduction(op.shape(0))


def _comparison(op: Op) -> Terms:
    return formulas.comparison(op.shape(0))


def _nothing(op: Op) -> Terms:
    return {}


def _named(price: Price, names: str) -> dict[str, Price]:
    return dict.fromkeys(names.split(), price)


_CONTRACTIONS: dict[str, Price] = {
    "convolution": _convolution,
    "_convolution": _convolution,
    "convolution_overrideable": _convolution,
    **_named(_named_convolution(False), "conv1d conv2d conv3d"),
    **_named(_named_convolution(True), "conv_transpose1d conv_transpose2d conv_transpose3d"),
    "linear": _linear,
    **_named(_matmul, "mm bmm mv dot vdot matmul inner"),
    **_named(_added_matmul, "addmm baddbmm addmv"),
    **_named(_outer, "outer ger addr"),
    "addbmm": _addbmm,
    "bilinear": _bilinear,
    "_trilinear": _trilinear,
    **_named(
        _attention,
        "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_flash_attention "
        "_scaled_dot_product_efficient_attention _scaled_dot_product_cudnn_attention scaled_dot_product_attention",
    ),
}

_NORMS: dict[str, Price] = {
    **_named(
        _batch_norm,
        "native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training "
        "_batch_norm_with_update _batch_norm_no_update cudnn_batch_norm batch_norm",
    ),
    **_named(_norm(2), "native_layer_norm layer_norm _fused_rms_norm rms_norm"),
    **_named(_norm(1), "native_group_norm instance_norm"),
    "group_norm": _norm(2),
}

_ACTIVATIONS = _named(
    _activation,
    "relu relu6 leaky_relu prelu _prelu_kernel elu selu celu gelu silu mish sigmoid tanh hardtanh hardswish "
    "hardsigmoid softplus softshrink hardshrink log_sigmoid_forward log_sigmoid rrelu rrelu_with_noise threshold "
    "glu tanhshrink logit",
)

_POOLS: dict[str, Price] = {
    **_named(
        _pool,
        "max_pool1d max_pool2d max_pool3d max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices "
        "avg_pool1d avg_pool2d avg_pool3d mkldnn_max_pool2d",
    ),
    **_named(_adaptive_pool(1), "adaptive_avg_pool1d adaptive_max_pool1d"),
    **_named(_adaptive_pool(2), "adaptive_avg_pool2d _adaptive_avg_pool2d adaptive_max_pool2d"),
    **_named(_adaptive_pool(3), "adaptive_avg_pool3d _adaptive_avg_pool3d adaptive_max_pool3d"),
}

_OTHERS: dict[str, Price] = {
    **_named(_softmax, "_softmax _log_softmax softmax log_softmax _safe_softmax"),
    **_named(
        _resample,
        "upsample_nearest1d upsample_nearest2d upsample_nearest3d _upsample_nearest_exact1d _upsample_nearest_exact2d "
        "_upsample_nearest_exact3d upsample_linear1d upsample_bilinear2d upsample_trilinear3d upsample_bicubic2d "
        "_upsample_bilinear2d_aa _upsample_bicubic2d_aa grid_sampler grid_sampler_2d grid_sampler_3d",
    ),
    **_named(
        _elementwise,
        "add sub mul div rsub neg abs sqrt rsqrt exp log log2 log10 log1p expm1 pow square reciprocal sin cos tan "
        "asin acos atan atan2 sinh cosh erf erfc floor ceil round trunc frac sign clamp clamp_min clamp_max lerp "
        "addcmul addcdiv remainder fmod floor_divide true_divide maximum minimum where masked_fill bitwise_and "
        "bitwise_or bitwise_xor bitwise_not logical_and logical_or logical_not logical_xor native_dropout bernoulli "
        "exp2 special_erf fmax fmin nan_to_num hypot xlogy",
    ),
    "embedding": _embedding,
    "_embedding_bag_forward_only": _embedding,
    "_embedding_bag": _embedding,
    **_named(
        _reduction,
        "sum mean prod var std var_mean std_mean norm linalg_vector_norm logsumexp cumsum cumprod amax amin max min "
        "any all nansum count_nonzero aminmax",
    ),
    **_named(
        _comparison,
        "eq ne lt le gt ge isnan isinf isfinite sort topk argmax argmin argsort unique _unique2 nonzero searchsorted "
        "bucketize kthvalue median isin",
    ),
}

MOVES = frozenset(
    """
    view _unsafe_view reshape _reshape_alias flatten unflatten t transpose permute expand expand_as clone copy copy_
    contiguous detach alias squeeze unsqueeze select slice narrow split split_with_sizes unsafe_split chunk unbind cat
    concat stack _to_copy to type_as lift_fresh lift_fresh_copy constant_pad_nd pad reflection_pad1d reflection_pad2d
    reflection_pad3d replication_pad1d replication_pad2d replication_pad3d _pad_circular roll flip repeat
    repeat_interleave tile unfold im2col col2im pixel_shuffle pixel_unshuffle native_channel_shuffle channel_shuffle
    gather scatter scatter_add index index_select index_put _index_put_impl index_add masked_select masked_scatter take
    empty empty_like empty_strided new_empty new_empty_strided zeros zeros_like new_zeros ones ones_like new_ones full
    full_like new_full arange linspace eye tril triu tril_indices triu_indices diagonal as_strided resize set_ fill
    zero zero_ fill_ scalar_tensor _local_scalar_dense item randn rand randint randn_like rand_like normal uniform
    random randperm dropout dropout_ alpha_dropout feature_dropout movedim swapaxes unsafe_chunk view_as real imag
    view_as_real view_as_complex _conj resolve_conj resolve_neg _shape_as_tensor sym_size meshgrid hstack vstack
    broadcast_to broadcast_tensors is_same_size _is_all_true select_scatter slice_scatter squeeze_ unsqueeze_ identity
    assign share_data shape strided_slice full_ full_with_tensor flatten_ cast transpose_ reshape_ tensor_unfold
    """.split()
)
"""Ops that move, make or rename data: priced at 0 by name."""

_PADDLE: dict[str, Price] = {
    **_named(_paddle_convolution(False), "conv2d conv3d depthwise_conv2d conv1d"),
    **_named(_paddle_convolution(True), "conv2d_transpose conv3d_transpose depthwise_conv2d_transpose"),
    "linear": _paddle_linear,
    **_named(_paddle_matmul, "matmul bmm mv dot"),
    "addmm": _added_matmul,
    "batch_norm": _paddle_batch_norm,
    "sync_batch_norm_": _paddle_batch_norm,
    **_named(_norm(1), "layer_norm group_norm instance_norm rms_norm"),
    **_named(_paddle_pool(2), "pool2d max_pool2d_with_index"),
    **_named(_paddle_pool(3), "pool3d max_pool3d_with_index"),
    **_named(
        _activation,
        "relu relu6 leaky_relu prelu elu selu celu gelu silu swish mish sigmoid tanh hardtanh hardswish hardsigmoid "
        "softplus softshrink hardshrink logsigmoid thresholded_relu tanh_shrink",
    ),
    "softmax": _softmax,
    "log_softmax": _softmax,
    **_named(_resample, "nearest_interp bilinear_interp bicubic_interp trilinear_interp linear_interp grid_sample"),
    **_named(
        _elementwise,
        "add subtract multiply divide scale pow sqrt rsqrt exp log abs floor ceil round sign maximum minimum clip "
        "square reciprocal sin cos erf where remainder elementwise_pow floor_divide logical_not logical_and "
        "logical_or tensor_add tensor_sub tensor_mul tensor_div add_ subtract_ multiply_",
    ),
    "embedding": _embedding,
    **_named(_reduction, "sum mean max min prod logsumexp cumsum p_norm mean_all amax amin any all"),
    **_named(_comparison, "equal not_equal less_than less_equal greater_than greater_equal argmax argmin topk argsort"),
}

_TORCH: dict[str, Price] = _CONTRACTIONS | _NORMS | _ACTIVATIONS | _POOLS | _OTHERS

_LABELS: dict[str, str] = {
    **dict.fromkeys(
        "convolution _convolution conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d "
        "conv2d_transpose conv3d_transpose depthwise_conv2d depthwise_conv2d_transpose _convolution_mode".split(),
        "conv",
    ),
    **dict.fromkeys("mm bmm addmm baddbmm mv dot matmul linear einsum inner addmv addbmm".split(), "matmul"),
    **dict.fromkeys("add tensor_add iadd".split(), "add"),
    **dict.fromkeys("mul multiply tensor_mul".split(), "mul"),
    **dict.fromkeys("sub subtract tensor_sub".split(), "sub"),
    **dict.fromkeys("div divide tensor_div true_divide".split(), "div"),
    **dict.fromkeys("concat cat concat_ hstack vstack".split(), "cat"),
}

_SUFFIXES = ("_with_indices", "_with_index", "_no_training")


def operator(name: str) -> str:
    """The operator of a dispatched name, without namespace, overload and in-place mark.

    >>> operator("aten.relu_.default"), operator("paddle.conv2d"), operator("aten::_convolution")
    ('relu', 'conv2d', '_convolution')
    """
    parts = name.replace("::", ".").split(".")
    bare = parts[1] if len(parts) > 1 else parts[0]
    return bare if bare in MOVES or not bare.endswith("_") else bare.rstrip("_")


def label(name: str) -> str:
    """The name that rows of ops outside any leaf carry: the same for every spelling of one kind of work.

    >>> label("aten.addmm.default"), label("aten.max_pool2d_with_indices.default"), label("aten.add_.Tensor")
    ('matmul', 'max_pool2d', 'add')
    """
    bare = operator(name)
    if bare in _LABELS:
        return _LABELS[bare]
    for suffix in _SUFFIXES:
        bare = bare.removesuffix(suffix)
    return bare.lstrip("_").removeprefix("native_").removesuffix("_legit")


def price_of(name: str) -> Price | None:
    """The formula of an op, or None if it has no price."""
    bare = operator(name)
    table: Mapping[str, Price] = _PADDLE if name.startswith("paddle.") else _TORCH
    if bare in table:
        return table[bare]
    return _nothing if bare in MOVES else None


def price(op: Op) -> Terms | None:
    """The terms of one op; None if it has no price."""
    found = price_of(op.name)
    if found is None:
        return None
    if not any(tensor.shape for tensor in op.tensors) and not op.out:
        return {}
    return found(op)
