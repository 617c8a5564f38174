"""What an op of PyTorch gives, by the sizes, steps and types of what it is given, on the CPU, without computing it.

Each formula has the arguments of the op that it stands for.  It looks at no value, calls no function that a counter is
known to replace, and gives None where it does not know: then the op has to be executed.
Whatever an op refuses has no formula either, so that the op itself says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import torch
from torch._prims_common import compute_elementwise_output_strides, make_channels_last_strides_for

Sizes = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One tensor that an op gives: its sizes, its steps in memory, in elements, and its type."""

    shape: Sizes
    strides: Sizes
    dtype: torch.dtype


Outputs = tuple[Output, ...] | None
"""What an op gives, in order; None where no formula knows it."""


def contiguous(shape: Sequence[int]) -> Sizes:
    """The steps of a tensor that lies in memory row by row.

    >>> contiguous((2, 3, 4))
    (12, 4, 1)
    """
    steps, step = [], 1
    for size in reversed(shape):
        steps.append(step)
        step *= max(size, 1)
    return tuple(reversed(steps))


def _fresh(shape: Sequence[int], dtype: torch.dtype) -> Output:
    """A tensor that lies in memory row by row."""
    return Output(shape=tuple(shape), strides=contiguous(shape), dtype=dtype)


def _alike(*tensors: torch.Tensor | None) -> bool:
    """Whether all tensors are of one type."""
    return len({tensor.dtype for tensor in tensors if tensor is not None}) == 1


def _laid_out(shape: Sequence[int], like: torch.Tensor) -> Outputs:
    """One tensor of a shape with its channels where another one has them; None where that is neither first nor last."""
    if like.is_contiguous():
        return (_fresh(shape, like.dtype),)
    if len(shape) in (4, 5) and like.dim() == len(shape):
        last = torch.channels_last if len(shape) == 4 else torch.channels_last_3d
        if like.is_contiguous(memory_format=last):
            return (Output(shape=tuple(shape), strides=_channels_last(shape), dtype=like.dtype),)
    return None


def _channels_last(shape: Sequence[int]) -> Sizes:
    return tuple(make_channels_last_strides_for(shape))


def _each(value: int | Sequence[int], dimensions: int) -> Sizes:
    """A setting for each dimension in space: one number stands for all of them."""
    items = (value,) if isinstance(value, int) else tuple(value)
    return items * dimensions if len(items) == 1 else items


def convolution(
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
    *backend: object,
) -> Outputs:
    """A convolution, transposed or not; unbatched ones reach it with a batch of 1."""
    space = weight.dim() - 2
    if space < 1 or input.dim() != weight.dim() or not _alike(input, weight, bias):
        return None
    if input.shape[1] != (weight.shape[0] if transposed else weight.shape[1] * groups):
        return None
    channels = weight.shape[1] * groups if transposed else weight.shape[0]
    steps = zip(
        input.shape[2:],
        weight.shape[2:],
        *(_each(item, space) for item in (stride, padding, dilation, output_padding)),
        strict=True,
    )
    if transposed:
        sizes = [(size - 1) * s - 2 * p + d * (k - 1) + more + 1 for size, k, s, p, d, more in steps]
    else:
        sizes = [(size + 2 * p - d * (k - 1) - 1) // s + 1 for size, k, s, p, d, _ in steps]
    if channels % groups or min(sizes) < 1 or (bias is not None and bias.shape != (channels,)):
        return None
    shape = (input.shape[0], channels, *sizes)
    if input.is_contiguous() and weight.is_contiguous():
        return (_fresh(shape, input.dtype),)
    return _by_backend(shape, input, weight, bias, [stride, padding, dilation, transposed, output_padding, groups])


def _by_backend(
    shape: Sizes, input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, settings: list[Any]
) -> Outputs:
    """The output of a convolution where PyTorch's choice of a kernel decides how it lies in memory."""
    if weight.dim() == 3:
        return None
    backend = torch._C._select_conv_backend(input, weight, bias, *settings)
    layout = torch._C._conv_determine_backend_memory_format(input, weight, backend)
    if layout is torch.contiguous_format:
        return (_fresh(shape, input.dtype),)
    return (Output(shape=shape, strides=_channels_last(shape), dtype=input.dtype),)


def mm(self: torch.Tensor, mat2: torch.Tensor) -> Outputs:
    """The product of two matrices."""
    if self.dim() != 2 or mat2.dim() != 2 or self.shape[1] != mat2.shape[0] or not _alike(self, mat2):
        return None
    return (_fresh((self.shape[0], mat2.shape[1]), self.dtype),)


def bmm(self: torch.Tensor, mat2: torch.Tensor) -> Outputs:
    """The products of two batches of matrices."""
    if self.dim() != 3 or mat2.dim() != 3 or not _alike(self, mat2):
        return None
    if (self.shape[0], self.shape[2]) != mat2.shape[:2]:
        return None
    return (_fresh((*self.shape[:2], mat2.shape[2]), self.dtype),)


def _added(self: torch.Tensor, product: Outputs) -> Outputs:
    """A product to which a tensor is added that may have to be spread over it."""
    if product is None or product[0].dtype != self.dtype or not _spreads(self.shape, product[0].shape):
        return None
    return product


def _spreads(shape: Sequence[int], over: Sequence[int]) -> bool:
    """Whether a shape can be spread over another one.

    >>> _spreads((4,), (2, 4)), _spreads((2,), (2, 4))
    (True, False)
    """
    pairs = zip(reversed(shape), reversed(over), strict=False)
    return len(shape) <= len(over) and all(size in (1, whole) for size, whole in pairs)


def addmm(self: torch.Tensor, mat1: torch.Tensor, mat2: torch.Tensor, *, beta: Any = 1, alpha: Any = 1) -> Outputs:
    """The product of two matrices and a tensor that is added."""
    return _added(self, mm(mat1, mat2))


def baddbmm(
    self: torch.Tensor, batch1: torch.Tensor, batch2: torch.Tensor, *, beta: Any = 1, alpha: Any = 1
) -> Outputs:
    """The products of two batches of matrices and a tensor that is added."""
    return _added(self, bmm(batch1, batch2))


def flash_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    attn_mask: torch.Tensor | None = None,
    scale: float | None = None,
) -> Outputs:
    """Attention by the kernel of the CPU, with one number for each row of each head."""
    if {query.dim(), key.dim(), value.dim()} != {4} or not _alike(query, key, value):
        return None
    batch, heads, positions, _ = query.shape
    statistics = torch.float32 if query.dtype in (torch.bfloat16, torch.float16) else query.dtype
    sums = Output(shape=(batch, heads, positions), strides=(positions * heads, 1, heads), dtype=statistics)
    return (_kept(query), sums)


def _kept(tensor: torch.Tensor, dtype: torch.dtype | None = None) -> Output:
    """A tensor that lies in memory as another one does, which may have gaps that are closed."""
    strides = compute_elementwise_output_strides(tensor)
    return Output(shape=tuple(tensor.shape), strides=tuple(strides), dtype=dtype or tensor.dtype)


def like(self: torch.Tensor, *settings: Any) -> Outputs:
    """One result for each element, in memory as the tensor itself."""
    return (_kept(self),) if self.dtype.is_floating_point else None


def masked_fill(self: torch.Tensor, mask: torch.Tensor, value: Any) -> Outputs:
    """A tensor of which some elements are replaced by a number."""
    shape = _spread([tuple(self.shape), tuple(mask.shape)])
    return None if shape is None or mask.dtype is not torch.bool else (_fresh(shape, self.dtype),)


def batch_norm(
    input: torch.Tensor,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    running_mean: torch.Tensor | None,
    running_var: torch.Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
) -> Outputs:
    """Batch normalisation with the statistics that it keeps for the backward pass; none in eval mode."""
    given = (weight, bias, running_mean, running_var)
    if input.dim() < 2 or not _alike(input, *given) or not input.is_contiguous():
        return None
    if any(item is not None and item.shape != (input.shape[1],) for item in given):
        return None
    kept = _fresh((input.shape[1] if training else 0,), input.dtype)
    return (_fresh(input.shape, input.dtype), kept, kept)


def batch_norm_in_eval(input: torch.Tensor, *given: torch.Tensor | float | None) -> Outputs:
    """Batch normalisation by statistics that are given, as it is named where a counter takes it apart."""
    weight, bias, running_mean, running_var, momentum, eps = given
    return batch_norm(input, weight, bias, running_mean, running_var, False, momentum, eps)  # type: ignore[arg-type]


def layer_norm(
    input: torch.Tensor,
    normalized_shape: Sequence[int],
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    eps: float,
) -> Outputs:
    """Layer normalisation with the mean and the deviation of each row."""
    over = len(normalized_shape)
    if not _alike(input, weight, bias) or not over or input.shape[-over:] != tuple(normalized_shape):
        return None
    if any(item is not None and item.shape != tuple(normalized_shape) for item in (weight, bias)):
        return None
    kept = _fresh((*input.shape[:-over], *(1,) * over), input.dtype)
    return (_fresh(input.shape, input.dtype), kept, kept)


def group_norm(
    input: torch.Tensor,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    batch: int,
    channels: int,
    positions: int,
    group: int,
    eps: float,
) -> Outputs:
    """Group normalisation with the mean and the deviation of each group."""
    if not _alike(input, weight, bias) or not input.is_contiguous():
        return None
    kept = _fresh((batch, group), input.dtype)
    return (_fresh(input.shape, input.dtype), kept, kept)


def _pooled(
    self: torch.Tensor, kernel: Sequence[int], stride: Sequence[int], padding: Any, dilation: Any, ceil_mode: bool
) -> Sizes | None:
    """The sizes that a pool gives, as many in space as its kernel has."""
    space = len(kernel)
    if self.dim() not in (space + 1, space + 2):
        return None
    sizes = []
    settings = zip(
        self.shape[-space:],
        kernel,
        _each(stride, space) or kernel,
        _each(padding, space),
        _each(dilation, space),
        strict=True,
    )
    for size, k, s, p, d in settings:
        rest = size + 2 * p - d * (k - 1) - 1
        given = (-(-rest // s) if ceil_mode else rest // s) + 1
        # No window may begin behind the input and what pads it on the left.
        sizes.append(given - 1 if ceil_mode and (given - 1) * s >= size + p else given)
        if 2 * p > k:
            return None
    return (*self.shape[:-space], *sizes) if min(sizes) > 0 else None


def _max_pool(space: int) -> Callable[..., Outputs]:
    def max_pool(
        self: torch.Tensor,
        kernel_size: Sequence[int],
        stride: Sequence[int] = (),
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
    ) -> Outputs:
        shape = _pooled(self, _each(kernel_size, space), stride, padding, dilation, ceil_mode)
        output = None if shape is None else _laid_out(shape, self)
        return None if output is None else (*output, replace(output[0], dtype=torch.int64))

    return max_pool


def _avg_pool(space: int) -> Callable[..., Outputs]:
    def avg_pool(
        self: torch.Tensor,
        kernel_size: Sequence[int],
        stride: Sequence[int] = (),
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Outputs:
        shape = _pooled(self, _each(kernel_size, space), stride, padding, 1, ceil_mode)
        return None if shape is None else _laid_out(shape, self)

    return avg_pool


def _to_sizes(space: int) -> Callable[..., Outputs]:
    """Ops that are told the sizes in space that they are to give."""

    def to_sizes(self: torch.Tensor, output_size: Sequence[int], *settings: object) -> Outputs:
        if self.dim() not in (space + 1, space + 2) or len(output_size) != space or min(output_size) < 1:
            return None
        return _laid_out((*self.shape[:-space], *output_size), self)

    return to_sizes


def softmax(self: torch.Tensor, dim: int, half_to_float: bool) -> Outputs:
    """A softmax, or its logarithm."""
    return None if half_to_float or not self.is_contiguous() else (_fresh(self.shape, self.dtype),)


def reduction(self: torch.Tensor, dim: Any = None, *settings: Any, **named: Any) -> Outputs:
    """A mean, a sum or an extreme over some dimensions, which are kept with size 1 if that is asked."""
    keep = bool(named.pop("keepdim", settings[0] if settings else False))
    dims = range(self.dim()) if not dim and dim != 0 else _each(dim, 1)
    if named.pop("dtype", None) not in (None, self.dtype) or named.keys() - {"correction"} or not self.is_contiguous():
        return None
    if any(not -self.dim() <= item < self.dim() for item in dims):
        return None
    over = {item % self.dim() for item in dims}
    sizes = [1 if index in over else size for index, size in enumerate(self.shape) if keep or index not in over]
    return (_fresh(sizes, self.dtype),)


def cat(tensors: Sequence[torch.Tensor], dim: int = 0) -> Outputs:
    """Tensors put together along a dimension."""
    first = tensors[0]
    if not _alike(*tensors) or any(item.dim() != first.dim() or not item.numel() for item in tensors):
        return None
    if not -first.dim() <= dim < first.dim() or any(_has_channels_last(item) for item in tensors):
        return None
    dim %= first.dim()
    rest = {(*item.shape[:dim], *item.shape[dim + 1 :]) for item in tensors}
    if len(rest) > 1:
        return None
    return (
        _fresh((*first.shape[:dim], sum(item.shape[dim] for item in tensors), *first.shape[dim + 1 :]), first.dtype),
    )


def _has_channels_last(tensor: torch.Tensor) -> bool:
    """Whether a tensor could pass for one whose channels come last."""
    return tensor.dim() in (4, 5) and not tensor.is_contiguous() and tensor.stride(1) <= min(tensor.stride()[2:])


def pad(self: torch.Tensor, pad: Sequence[int], value: Any = 0) -> Outputs:
    """A tensor with a border; the last dimension comes first in `pad`, before and after."""
    if len(pad) % 2 or len(pad) > 2 * self.dim():
        return None
    sizes = list(self.shape)
    for index in range(len(pad) // 2):
        sizes[-1 - index] += pad[2 * index] + pad[2 * index + 1]
    return _laid_out(sizes, self) if min(sizes) > 0 else None


def elementwise(*values: Any, **named: Any) -> Outputs:
    """One result for each element of tensors that are spread over each other.

    Numbers, and tensors of no dimension, take part in the type only where nothing else is of a type that has fractions.
    """
    tensors = [item for item in (*values, *named.values()) if isinstance(item, torch.Tensor)]
    wide = {item.dtype for item in tensors if item.dim() and item.dtype.is_floating_point}
    if len(wide) != 1 or any(isinstance(item, complex) for item in (*values, *named.values())):
        return None
    shape = _spread([tuple(item.shape) for item in tensors])
    strides = None if shape is None else _steps(shape, tensors, len(tensors) == len(values))
    return None if shape is None or strides is None else (Output(shape=shape, strides=strides, dtype=wide.pop()),)


def _spread(shapes: Sequence[Sizes]) -> Sizes | None:
    """The shape that all shapes can be spread over; None if there is none.

    >>> _spread([(2, 1), (3,)]), _spread([(2,), (3,)])
    ((2, 3), None)
    """
    longest = max(map(len, shapes))
    sizes = []
    for column in zip(*((1,) * (longest - len(shape)) + shape for shape in shapes), strict=True):
        wide = set(column) - {1}
        if len(wide) > 1:
            return None
        sizes.append(wide.pop() if wide else 1)
    return tuple(sizes)


def _steps(shape: Sizes, tensors: Sequence[torch.Tensor], alone: bool) -> Sizes | None:
    """How the result of an elementwise op lies in memory: as its operands do, as far as they agree.

    Operands that all lie row by row may still have a step of their own in a dimension of size 1, where it says nothing.
    `alone` they pass for what they are; with numbers, or of several shapes, they do not, and what comes is not known.
    """
    if all(item.is_contiguous() for item in tensors):
        same = alone and all(item.shape == shape for item in tensors)
        usual = all(item.stride() == contiguous(item.shape) for item in tensors)
        return contiguous(shape) if same or usual else None
    spread = [torch.ops.aten.expand.default(item, shape) for item in tensors if item.dim()]
    return tuple(compute_elementwise_output_strides(*spread))


def copy(self: torch.Tensor, *, memory_format: torch.memory_format | None = None, **asked: Any) -> Outputs:
    """A copy, which may be of another type and lie otherwise in memory."""
    dtype = asked.pop("dtype", None) or self.dtype
    if any(item not in (None, False, torch.strided, torch.device("cpu")) for item in asked.values()):
        return None
    if not dtype.is_floating_point or not self.dtype.is_floating_point:
        return None
    if memory_format is torch.contiguous_format:
        return (_fresh(self.shape, dtype),)
    if memory_format in (None, torch.preserve_format):
        return (_kept(self, dtype),)
    return None


_ELEMENTWISE = """
    abs add.Scalar add.Tensor addcdiv addcmul celu clamp clamp_max clamp_min cos div.Scalar div.Tensor elu erf exp expm1
    gelu hardshrink hardsigmoid hardswish leaky_relu lerp.Scalar lerp.Tensor log log1p maximum minimum mish
    mul.Scalar mul.Tensor neg pow.Tensor_Scalar reciprocal relu round rsqrt sigmoid sign silu sin softplus sqrt
    square sub.Scalar sub.Tensor tanh threshold _prelu_kernel erfinv floor ceil
"""
"""Ops with one result for each element; nearly all have a twin that writes into its first operand."""

_NO_TWIN = ("_prelu_kernel", "hardshrink", "maximum", "minimum", "pow", "softplus")

_RANDOM = "bernoulli_.float exponential_ log_normal_ normal_ uniform_"
"""Ops that fill a tensor with random numbers."""


def _named(names: str) -> list[str]:
    return [f"aten.{name if '.' in name else f'{name}.default'}" for name in names.split()]


def _twin(name: str) -> str:
    library, operator, overload = name.split(".")
    return f"{library}.{operator}_.{overload}"


IN_PLACE = frozenset(
    [
        *(_twin(name) for name in _named(_ELEMENTWISE) if name.split(".")[1] not in _NO_TWIN),
        *_named(f"{_RANDOM} hardtanh_ masked_fill_.Scalar pow_.Scalar copy_ fill_.Scalar fill_.Tensor zero_"),
    ]
)
"""Ops that write into their first operand, give it back, and leave its sizes as they are."""

RANDOM = frozenset(_named(_RANDOM))
"""Those of them that need no value to begin with."""

CONTRACTIONS: Mapping[str, Callable[..., Outputs]] = {
    "aten.convolution.default": convolution,
    "aten._convolution.default": convolution,
    "aten.mm.default": mm,
    "aten.addmm.default": addmm,
    "aten.bmm.default": bmm,
    "aten.baddbmm.default": baddbmm,
    "aten._scaled_dot_product_flash_attention_for_cpu.default": flash_attention,
}
"""Ops whose work grows faster than what they are given."""

FORMULAS: Mapping[str, Callable[..., Outputs]] = {
    **CONTRACTIONS,
    "aten.native_batch_norm.default": batch_norm,
    "aten._native_batch_norm_legit_no_training.default": batch_norm_in_eval,
    "aten.native_layer_norm.default": layer_norm,
    "aten.native_group_norm.default": group_norm,
    "aten.max_pool2d_with_indices.default": _max_pool(2),
    "aten.max_pool3d_with_indices.default": _max_pool(3),
    "aten.avg_pool2d.default": _avg_pool(2),
    "aten._adaptive_avg_pool2d.default": _to_sizes(2),
    "aten.upsample_nearest2d.default": _to_sizes(2),
    "aten.upsample_bilinear2d.default": _to_sizes(2),
    "aten.upsample_bicubic2d.default": _to_sizes(2),
    "aten._softmax.default": softmax,
    "aten._log_softmax.default": softmax,
    **dict.fromkeys(_named("mean.dim sum.dim_IntList amax amin var.correction"), reduction),
    "aten.cat.default": cat,
    "aten.constant_pad_nd.default": pad,
    "aten.clone.default": copy,
    "aten._to_copy.default": copy,
    "aten.hardtanh.default": like,
    "aten.masked_fill.Scalar": masked_fill,
    **dict.fromkeys(_named(_ELEMENTWISE), elementwise),
}
"""A formula for each op that is known, by the full name of the op."""


def in_place(self: torch.Tensor, *values: Any, **named: Any) -> bool:
    """Whether an op of `IN_PLACE` would take its operands: each of them can be spread over the first one."""
    others = [item for item in (*values, *named.values()) if isinstance(item, torch.Tensor)]
    return self.dtype.is_floating_point and all(_spreads(item.shape, self.shape) for item in others)


def elements(tensors: Sequence[torch.Tensor]) -> int:
    """The elements of the largest tensor."""
    return max((prod(tensor.shape) for tensor in tensors), default=0)
