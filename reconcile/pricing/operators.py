"""The names of operators: without their spelling, by the kind of work, and those that do no work at all."""

from __future__ import annotations

import functools

MOVES = frozenset(
    """
    _record_function_enter _record_function_enter_new _record_function_exit
    view _unsafe_view reshape _reshape_alias flatten unflatten t transpose permute expand expand_as clone copy copy_
    contiguous detach alias squeeze unsqueeze select slice narrow split split_with_sizes unsafe_split chunk unbind
    cat concat stack _to_copy to type_as lift_fresh lift_fresh_copy constant_pad_nd pad reflection_pad1d
    reflection_pad2d reflection_pad3d replication_pad1d replication_pad2d replication_pad3d _pad_circular roll flip
    repeat repeat_interleave tile unfold im2col col2im pixel_shuffle pixel_unshuffle native_channel_shuffle
    channel_shuffle gather scatter index index_select index_put _index_put_impl index_fill index_copy masked_select
    masked_scatter take empty empty_like empty_strided new_empty new_empty_strided zeros zeros_like new_zeros ones
    ones_like new_ones full full_like new_full arange linspace eye tril triu tril_indices triu_indices diagonal
    as_strided resize set_ fill zero zero_ fill_ scalar_tensor _local_scalar_dense item randn rand randint
    randn_like rand_like normal uniform random randperm dropout dropout_ alpha_dropout feature_dropout movedim
    swapaxes unsafe_chunk view_as real imag view_as_real view_as_complex _conj resolve_conj resolve_neg
    _shape_as_tensor sym_size meshgrid hstack vstack broadcast_to broadcast_tensors is_same_size _is_all_true
    select_scatter slice_scatter squeeze_ unsqueeze_ identity assign share_data shape strided_slice full_
    full_with_tensor flatten_ cast transpose_ reshape_ tensor_unfold diagonal_scatter as_strided_scatter as_strided_
    diag_embed block_diag rot90 put take_along_dim narrow_copy logspace exponential cauchy log_normal geometric
    multinomial poisson max_unpool2d max_unpool3d _unsafe_index _conj_physical _neg_view _pack_padded_sequence
    _pad_packed_sequence _assert_async _functional_assert_async _assert_scalar _assert_tensor_metadata
    _nested_tensor_from_mask _nested_tensor_from_mask_left_aligned to_padded_tensor resize_ resize_as_ detach_
    view_copy as_strided_copy expand_copy permute_copy slice_copy select_copy squeeze_copy unsqueeze_copy
    transpose_copy t_copy unfold_copy split_copy unbind_copy alias_copy t_ set swapdims moveaxis tensor_split
    is_pinned _pin_memory numpy_T mT mH adjoint diag result_type can_cast is_floating_point is_complex
    feature_alpha_dropout _has_compatible_shallow_copy_type is_contiguous numel dim stride storage_offset size
    sym_numel sym_stride cudnn_is_acceptable
    """.split()
)
"""Ops that move, make or rename data: priced at 0 by name."""

FAST_PATHS = frozenset({"_native_multi_head_attention", "_transformer_encoder_layer_fwd"})
"""Kernels that PyTorch takes in place of a module's own forward, where nobody needs gradients."""

COMPOSITES = frozenset(
    """
    conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d linear matmul einsum bilinear inner
    tensordot chain_matmul linalg_multi_dot
    """.split()
)
"""Ops that PyTorch takes apart before a dispatch mode meets them, but in inference mode."""

FUSED = frozenset(
    """
    scaled_dot_product_attention _scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_flash_attention
    _scaled_dot_product_efficient_attention _scaled_dot_product_cudnn_attention _scaled_dot_product_attention_math
    _scaled_dot_product_fused_attention_overrideable _flash_attention_forward _efficient_attention_forward
    mkldnn_rnn_layer lstm gru rnn_tanh rnn_relu
    """.split()
)
"""Kernels that do the work of several layers in one op."""

_INTERPOLATIONS = {"nearest": 2, "linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}

_KINDS: dict[str, str] = {
    "conv": "convolution _convolution conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d "
    "conv2d_transpose conv3d_transpose depthwise_conv2d depthwise_conv2d_transpose _convolution_mode",
    "matmul": "mm bmm addmm baddbmm mv dot matmul linear einsum inner addmv addbmm",
    "add": "add tensor_add iadd",
    "mul": "mul multiply tensor_mul",
    "sub": "sub subtract tensor_sub",
    "div": "div divide tensor_div true_divide",
    "cat": "concat cat concat_ hstack vstack",
}

_LABELS: dict[str, str] = {
    **{name: kind for kind, names in _KINDS.items() for name in names.split()},
    **{f"{mode}_interp": f"upsample_{mode}{rank}d" for mode, rank in _INTERPOLATIONS.items()},
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


@functools.cache
def writes(name: str) -> bool:
    """Whether an op writes into a tensor that it was given.

    >>> writes("aten.relu_.default"), writes("aten.add.out"), writes("aten.view.default"), writes("aten.__and__.Tensor")
    (True, True, False, False)
    """
    parts = name.replace("::", ".").split(".")
    bare = parts[1] if len(parts) > 1 else parts[0]
    return (bare.endswith("_") and not bare.endswith("__")) or (len(parts) > 2 and parts[2].endswith("out"))


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
