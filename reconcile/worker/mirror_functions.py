"""Which Paddle function mirrors which PyTorch function, tensor method or operator.

Every function here has PyTorch's signature and works on Paddle tensors.  A functional call stays functional: it
never makes a layer.  One table serves all spellings, because `torch.flatten(x, 1)` and `x.flatten(1)` are one thing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import paddle
from paddle.nn import functional as F

from reconcile.language import later
from reconcile.worker.mirror_layers import same_padding
from reconcile.worker.mirror_numbers import NUMBERS
from reconcile.worker.mirror_tensors import TENSORS, listed
from reconcile.worker.refusal import RefusalError

Function = Callable[..., Any]
Dims = int | Sequence[int] | None


def _unary(function: Function) -> Function:
    """A function of one tensor; whether it works in place changes no amount of work."""
    return lambda input, inplace=False: function(input)


def _padding(padding: Any, kernel: Sequence[int], dilation: Any) -> Any:
    if padding == "same":
        steps = tuple(dilation) if isinstance(dilation, (tuple, list)) else (dilation,) * len(kernel)
        return same_padding(tuple(kernel), steps)
    if padding == "valid":
        return 0
    return list(padding) if isinstance(padding, tuple) else padding


def _convolution(function: Function) -> Function:
    def mirror(
        input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
    ) -> Any:
        sides = _padding(padding, weight.shape[2:], dilation)
        return function(input, weight, bias, _sizes(stride), sides, _sizes(dilation), groups)

    return mirror


def _transposed(function: Function) -> Function:
    def mirror(
        input: Any,
        weight: Any,
        bias: Any = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        dilation: Any = 1,
    ) -> Any:
        sizes = [_sizes(value) for value in (stride, padding, output_padding)]
        return function(input, weight, bias, *sizes, groups=groups, dilation=_sizes(dilation))

    return mirror


def _sizes(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _max_pool(function: Function) -> Function:
    def mirror(
        input: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:
        if return_indices or dilation not in (1, (1,), (1, 1), (1, 1, 1)):
            raise RefusalError(later("a maximum pool with indices or dilation"))
        return function(input, _sizes(kernel_size), _sizes(stride) or None, _sizes(padding), ceil_mode=ceil_mode)

    return mirror


def _average_pool(function: Function) -> Function:
    def mirror(
        input: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Any:
        given: dict[str, Any] = {"ceil_mode": ceil_mode, "exclusive": not count_include_pad}
        if divisor_override is not None:
            given["divisor_override"] = divisor_override
        return function(input, _sizes(kernel_size), _sizes(stride) or None, _sizes(padding), **given)

    return mirror


def _adaptive_pool(function: Function) -> Function:
    def mirror(input: Any, output_size: Any, return_indices: bool = False) -> Any:
        if return_indices:
            raise RefusalError(later("an adaptive pool with indices"))
        return function(input, _sizes(output_size))

    return mirror


def _linear(input: Any, weight: Any, bias: Any = None) -> Any:
    return F.linear(input, weight.t(), bias)


def _batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    if training and running_mean is not None:
        raise RefusalError(later("a functional batch_norm that updates running statistics"))
    if training:
        axes = [0, *range(2, input.ndim)]
        shape = [1, -1, *[1] * (input.ndim - 2)]
        mean, variance = paddle.mean(input, axes, keepdim=True), paddle.var(input, axes, unbiased=False, keepdim=True)
        out = (input - mean) * paddle.rsqrt(variance + eps)
        out = out if weight is None else out * paddle.reshape(weight, shape)
        return out if bias is None else out + paddle.reshape(bias, shape)
    return F.batch_norm(input, running_mean, running_var, weight, bias, epsilon=eps)


def _layer_norm(
    input: Any, normalized_shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    return F.layer_norm(input, list(normalized_shape), weight, bias, eps)


def _group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    return F.group_norm(input, num_groups, eps, weight, bias)


def _dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    return F.dropout(input, p, training=training)


def _stochastic_depth(input: Any, p: float, mode: str, training: bool = True) -> Any:
    if training and p > 0:
        raise RefusalError(later("stochastic_depth in training"))
    return input


def _interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Any:
    if antialias or recompute_scale_factor or mode not in ("nearest", "linear", "bilinear", "bicubic", "trilinear"):
        raise RefusalError(later("interpolate in the mode {mode} with these options", mode=mode))
    layout = {3: "NCW", 4: "NCHW", 5: "NCDHW"}[input.ndim]
    spatial = [size] * (input.ndim - 2) if isinstance(size, int) else size
    align = bool(align_corners)
    return F.interpolate(input, spatial, _sizes(scale_factor), mode, align_corners=align, data_format=layout)


def _pad(input: Any, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Any:
    if mode in ("reflect", "replicate", "circular") and input.ndim in (3, 4, 5):
        layout = {3: "NCL", 4: "NCHW", 5: "NCDHW"}[input.ndim]
        return F.pad(input, list(pad), mode=mode, data_format=layout)
    if mode != "constant":
        raise RefusalError(later("pad in the mode {mode}", mode=mode))
    return F.pad(input, list(pad), value=value or 0.0, pad_from_left_axis=False)


def _reduction(function: Function) -> Function:
    def mirror(input: Any, dim: Dims = None, keepdim: bool = False, dtype: Any = None) -> Any:
        if dtype is not None:
            raise RefusalError(later("a reduction with a dtype"))
        return function(input, _sizes(dim), keepdim=keepdim)

    return mirror


def _transposed_dims(input: Any, dim0: int, dim1: int) -> Any:
    order = list(range(input.ndim))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return paddle.transpose(input, order)


def _split(input: Any, split_size_or_sections: Any, dim: int = 0) -> Any:
    sections = split_size_or_sections
    if isinstance(sections, int):
        total = input.shape[dim]
        sections = [min(sections, total - start) for start in range(0, total, sections)]
    return tuple(paddle.split(input, list(sections), dim))


def _chunk(input: Any, chunks: int, dim: int = 0) -> Any:
    return _split(input, -(-input.shape[dim] // chunks), dim)


def _squeezed(input: Any, dim: Dims = None) -> Any:
    return paddle.squeeze(input, _sizes(dim))


def _size(input: Any, dim: int | None = None) -> Any:
    return tuple(input.shape) if dim is None else input.shape[dim]


FUNCTIONS: Mapping[str, Function] = {
    **{name: _unary(getattr(F, name)) for name in "relu relu6 silu mish sigmoid hardswish selu tanhshrink".split()},
    **{name: _unary(getattr(paddle, name)) for name in "exp log sqrt rsqrt abs square floor ceil".split()},
    "logsigmoid": _unary(F.log_sigmoid),
    "gelu": lambda input, approximate="none": F.gelu(input, approximate == "tanh"),
    "leaky_relu": lambda input, negative_slope=0.01, inplace=False: F.leaky_relu(input, negative_slope),
    "elu": lambda input, alpha=1.0, inplace=False: F.elu(input, alpha),
    "celu": lambda input, alpha=1.0, inplace=False: F.celu(input, alpha),
    "prelu": lambda input, weight: F.prelu(input, weight),
    "softplus": lambda input, beta=1, threshold=20: F.softplus(input, beta, threshold),
    "hardtanh": lambda input, min_val=-1.0, max_val=1.0, inplace=False: F.hardtanh(input, min_val, max_val),
    "clamp": lambda input, min=None, max=None: paddle.clip(input, min, max),
    **dict.fromkeys("dropout dropout2d dropout3d".split(), _dropout),
    "stochastic_depth": _stochastic_depth,
    **{f"conv{rank}d": _convolution(getattr(F, f"conv{rank}d")) for rank in (1, 2, 3)},
    **{f"conv_transpose{rank}d": _transposed(getattr(F, f"conv{rank}d_transpose")) for rank in (1, 2, 3)},
    **{f"max_pool{rank}d": _max_pool(getattr(F, f"max_pool{rank}d")) for rank in (1, 2, 3)},
    **{f"avg_pool{rank}d": _average_pool(getattr(F, f"avg_pool{rank}d")) for rank in (1, 2, 3)},
    **{f"adaptive_avg_pool{n}d": _adaptive_pool(getattr(F, f"adaptive_avg_pool{n}d")) for n in (1, 2, 3)},
    **{f"adaptive_max_pool{n}d": _adaptive_pool(getattr(F, f"adaptive_max_pool{n}d")) for n in (1, 2, 3)},
    "linear": _linear,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "group_norm": _group_norm,
    **dict.fromkeys(("interpolate", "upsample"), _interpolate),
    "upsample_nearest": lambda input, size=None, scale_factor=None: _interpolate(input, size, scale_factor),
    "upsample_bilinear": lambda input, size=None, scale_factor=None: _interpolate(
        input, size, scale_factor, "bilinear", True
    ),
    "pad": _pad,
    **dict.fromkeys(
        ("channel_shuffle", "native_channel_shuffle"), lambda input, groups: F.channel_shuffle(input, groups)
    ),
    "pixel_shuffle": lambda input, upscale_factor: F.pixel_shuffle(input, upscale_factor),
    "matmul": operator.matmul,
    "mm": operator.matmul,
    "bmm": paddle.bmm,
    "einsum": lambda equation, *operands: paddle.einsum(equation, *_operands(operands)),
    "getitem": operator.getitem,
    "amax": _reduction(paddle.amax),
    "amin": _reduction(paddle.amin),
    "flatten": lambda input, start_dim=0, end_dim=-1: paddle.flatten(input, start_dim, end_dim),
    "reshape": lambda input, *shape: paddle.reshape(input, listed(shape)),
    "permute": lambda input, *dims: paddle.transpose(input, listed(dims)),
    "repeat": lambda input, *sizes: paddle.tile(input, listed(sizes)),
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), _transposed_dims),
    "t": lambda input: paddle.t(input),
    "unsqueeze": lambda input, dim: paddle.unsqueeze(input, dim),
    "squeeze": _squeezed,
    "cat": lambda tensors, dim=0: paddle.concat(list(tensors), dim),
    "concat": lambda tensors, dim=0: paddle.concat(list(tensors), dim),
    "stack": lambda tensors, dim=0: paddle.stack(list(tensors), dim),
    "split": _split,
    "chunk": _chunk,
    "roll": lambda input, shifts, dims=None: paddle.roll(input, _sizes(shifts), _sizes(dims)),
    "size": _size,
    "dim": lambda input: input.ndim,
    **NUMBERS,
    **TENSORS,
}
"""The mirror of each function, tensor method and operator, by its bare name."""


def _operands(operands: tuple[Any, ...]) -> Sequence[Any]:
    return operands[0] if len(operands) == 1 and isinstance(operands[0], (tuple, list)) else operands
