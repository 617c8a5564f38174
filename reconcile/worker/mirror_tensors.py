"""Which Paddle function mirrors a PyTorch function that shapes, selects or combines tensors, and attention by products.

These are the spellings that transformers use; layers and their functions stand in `mirror_functions`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import paddle
from paddle.nn import functional as F

from reconcile.language import later
from reconcile.worker.refusal import RefusalError

Function = Callable[..., Any]


def listed(sizes: tuple[Any, ...]) -> list[int]:
    """Sizes given one by one or as one sequence."""
    given = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes
    return [int(size) for size in given]


def attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """Scaled dot-product attention as the two products and the softmax that it is by definition."""
    if dropout_p:
        raise RefusalError(later("scaled_dot_product_attention with dropout"))
    if enable_gqa:
        groups = query.shape[-3] // key.shape[-3]
        key, value = (paddle.repeat_interleave(item, groups, axis=-3) for item in (key, value))
    scores = paddle.matmul(query, key, transpose_y=True) * (query.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        kept = paddle.tril(paddle.ones(scores.shape[-2:], dtype="bool"))
        scores = paddle.where(kept, scores, paddle.full_like(scores, float("-inf")))
    if attn_mask is not None and attn_mask.dtype == paddle.bool:
        scores = paddle.where(attn_mask, scores, paddle.full_like(scores, float("-inf")))
    elif attn_mask is not None:
        scores = scores + attn_mask
    return paddle.matmul(F.softmax(scores, -1), value)


def _expanded(input: Any, *sizes: Any) -> Any:
    """`expand`, in which -1 keeps a size."""
    return paddle.expand(input, listed(sizes))


def _viewed(input: Any, *shape: Any) -> Any:
    """`view` to a shape; to a dtype it would read memory anew."""
    if len(shape) == 1 and not isinstance(shape[0], (int, tuple, list)):
        raise RefusalError(later("view as another dtype"))
    return paddle.reshape(input, listed(shape))


def _converted(input: Any, *given: Any, **options: Any) -> Any:
    """`to` a dtype: everything is float32 here, so floats stay as they are, and integers become floats if asked."""
    wanted = [item for item in (*given, options.get("dtype")) if _is_dtype(item)]
    like = [item.dtype for item in given if isinstance(item, paddle.Tensor)]
    return _cast(input, wanted[0]) if wanted else (input.astype(like[0]) if like else input)


def _is_dtype(item: Any) -> bool:
    return type(item).__module__ == "torch" and type(item).__name__ == "dtype"


def _cast(input: Any, dtype: Any) -> Any:
    name = str(dtype).removeprefix("torch.")
    return input.astype("float32" if name in ("float16", "bfloat16") else name)


def _normalised(input: Any, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: None = None) -> Any:
    return F.normalize(input, p, dim, eps)


def _length(input: Any, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Any:
    """The Euclidean length, over any dimensions; Paddle's own function takes two of them for a matrix."""
    if p not in (2, 2.0, "fro", None):
        raise RefusalError(later("norm of the order {p}", p=p))
    return paddle.sqrt(paddle.sum(input * input, list(dim) if isinstance(dim, tuple) else dim, keepdim=keepdim))


def _filled(input: Any, mask: Any, value: Any) -> Any:
    number = value if isinstance(value, paddle.Tensor) else paddle.full([], value, dtype=input.dtype)
    return paddle.where(mask, number.astype(input.dtype), input)


def _chosen(condition: Any, input: Any, other: Any) -> Any:
    """`torch.where(condition, input, other)`, or `input.where(condition, other)`."""
    if condition.dtype != paddle.bool:
        condition, input = input, condition
    numbers = [item for item in (input, other) if isinstance(item, paddle.Tensor)]
    both = [
        item if isinstance(item, paddle.Tensor) else paddle.full([], item, dtype=numbers[0].dtype)
        for item in (input, other)
    ]
    return paddle.where(condition, *both)


def _embedded(
    input: Any, weight: Any, padding_idx: Any = None, max_norm: Any = None, *more: Any, **options: Any
) -> Any:
    """A lookup; which row is padding matters for gradients only, though not to Paddle."""
    if max_norm is not None:
        raise RefusalError(later("embedding with max_norm"))
    return F.embedding(input, weight)


def _softmax(function: Function) -> Function:
    def mirror(input: Any, dim: int | None = None, dtype: Any = None, _stacklevel: int = 3) -> Any:
        if dim is None:
            raise RefusalError(later("a softmax without a dimension"))
        return function(input if dtype is None else _cast(input, dtype), dim)

    return mirror


def _reduced(function: Function) -> Function:
    def mirror(input: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
        given = input if dtype is None else _cast(input, dtype)
        return function(given, list(dim) if isinstance(dim, tuple) else dim, keepdim=keepdim)

    return mirror


def _spread(function: Function) -> Function:
    def mirror(
        input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
    ) -> Any:
        own = unbiased if correction is None else bool(correction)
        return function(input, list(dim) if isinstance(dim, tuple) else dim, unbiased=own, keepdim=keepdim)

    return mirror


def _largest(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest value, or along a dimension the largest values and where they stand."""
    if dim is None:
        return paddle.max(input)
    if isinstance(dim, paddle.Tensor):
        return paddle.maximum(input, dim)
    return paddle.max(input, dim, keepdim), paddle.argmax(input, dim, keepdim)


def _unbound(input: Any, dim: int = 0) -> Any:
    return tuple(paddle.unbind(input, dim))


def _moved(input: Any, source: Any, destination: Any) -> Any:
    return paddle.moveaxis(input, source, destination)


def _unfolded(input: Any, dimension: int, size: int, step: int) -> Any:
    return paddle.unfold(input, dimension, size, step)


def _blocks(input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    sizes = [list(item) if isinstance(item, tuple) else item for item in (kernel_size, stride, padding, dilation)]
    return F.unfold(input, *sizes)


def _folded(
    input: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Any:
    given = (output_size, kernel_size, stride, padding, dilation)
    return F.fold(input, *(list(item) if isinstance(item, tuple) else item for item in given))


def _unflattened(input: Any, dim: int, sizes: Sequence[int]) -> Any:
    return paddle.unflatten(input, dim, list(sizes))


def _added_product(
    input: Any, mat1: Any = None, mat2: Any = None, *, beta: float = 1, alpha: float = 1, **batches: Any
) -> Any:
    a, b = batches.get("batch1", mat1), batches.get("batch2", mat2)
    return beta * input + alpha * paddle.matmul(a, b)


def _repeated(input: Any, repeats: Any, dim: int | None = None, output_size: Any = None) -> Any:
    return paddle.repeat_interleave(input, repeats, axis=dim)


def _gated(input: Any, dim: int = -1) -> Any:
    return F.glu(input, dim)


def _rms_norm(input: Any, normalized_shape: Sequence[int], weight: Any = None, eps: float | None = None) -> Any:
    axes = list(range(-len(normalized_shape), 0))
    number = 1.1920928955078125e-07 if eps is None else eps
    out = input * paddle.rsqrt(paddle.mean(input * input, axes, keepdim=True) + number)
    return out if weight is None else out * weight


def _same(input: Any, *given: Any, **options: Any) -> Any:
    return input


def _attribute(input: Any, name: str) -> Any:
    """A property of a tensor that is a tensor itself."""
    if name in ("T", "mT"):
        order = [*range(input.ndim - 2), input.ndim - 1, input.ndim - 2] if name == "mT" else range(input.ndim)[::-1]
        return paddle.transpose(input, list(order))
    if name == "data":
        return input
    raise RefusalError(later("the attribute {name} of a tensor", name=name))


_COMPARED = {
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less_than",
    "le": "less_equal",
    "gt": "greater_than",
    "ge": "greater_equal",
}

TENSORS: Mapping[str, Function] = {
    "scaled_dot_product_attention": attention,
    "getattr": _attribute,
    "softmax": _softmax(F.softmax),
    "log_softmax": _softmax(F.log_softmax),
    "mean": _reduced(paddle.mean),
    "sum": _reduced(paddle.sum),
    "var": _spread(paddle.var),
    "std": _spread(paddle.std),
    "expand": _expanded,
    "expand_as": lambda input, other: paddle.expand(input, other.shape),
    "view_as": lambda input, other: paddle.reshape(input, other.shape),
    "reshape_as": lambda input, other: paddle.reshape(input, other.shape),
    "view": _viewed,
    "unbind": _unbound,
    "unflatten": _unflattened,
    "unfold": _unfolded,
    "im2col": _blocks,
    "fold": _folded,
    "movedim": _moved,
    "moveaxis": _moved,
    **dict.fromkeys(("clone", "detach", "contiguous", "requires_grad", "cpu"), _same),
    "type_as": lambda input, other: input.astype(other.dtype),
    "to": _converted,
    "type": _converted,
    "float": lambda input: input.astype("float32"),
    "long": lambda input: input.astype("int64"),
    "int": lambda input: input.astype("int32"),
    "bool": lambda input: input.astype("bool"),
    "masked_fill": _filled,
    "where": _chosen,
    "embedding": _embedded,
    "normalize": _normalised,
    "norm": _length,
    "addmm": _added_product,
    "baddbmm": _added_product,
    "repeat_interleave": _repeated,
    "glu": _gated,
    "rms_norm": _rms_norm,
    "tile": lambda input, *sizes: paddle.tile(input, listed(sizes)),
    "flip": lambda input, *dims: paddle.flip(input, listed(dims)),
    "index_select": lambda input, dim, index: paddle.index_select(input, index, dim),
    "gather": lambda input, dim, index: paddle.take_along_axis(input, index, dim, broadcast=False),
    "select": lambda input, dim, index: paddle.unbind(input, dim)[index],
    "narrow": lambda input, dim, start, length: paddle.slice(input, [dim], [start], [start + length]),
    "cumsum": lambda input, dim, dtype=None: paddle.cumsum(input, dim),
    "argmax": lambda input, dim=None, keepdim=False: paddle.argmax(input, dim, keepdim),
    "setitem": operator.setitem,
    "tril": lambda input, diagonal=0: paddle.tril(input, diagonal),
    "triu": lambda input, diagonal=0: paddle.triu(input, diagonal),
    "outer": lambda input, vec2: paddle.outer(input, vec2),
    "rsub": lambda input, other: other - input,
    "reciprocal": lambda input: paddle.reciprocal(input),
    **{name: (lambda found: lambda input: found(input))(getattr(paddle, name)) for name in "sin cos tanh erf".split()},
    "hardsigmoid": lambda input, inplace=False: F.relu6(input + 3) / 6,
    "softsign": lambda input: F.softsign(input),
    "max": _largest,
    "topk": lambda input, k, dim=-1, largest=True, sorted=True: paddle.topk(input, k, dim, largest, sorted),
    "maximum": lambda input, other: paddle.maximum(input, other),
    "minimum": lambda input, other: paddle.minimum(input, other),
    "clamp_min": lambda input, min: paddle.clip(input, min=min),
    "clip": lambda input, min=None, max=None: paddle.clip(input, min, max),
    "addcmul": lambda input, a, b, *, value=1: input + value * a * b,
    "lerp": lambda input, end, weight: input + weight * (end - input),
    "neg": operator.neg,
    "invert": lambda input: paddle.logical_not(input),
    "and": operator.and_,
    "or": operator.or_,
    **{name: (lambda found: lambda a, b: found(a, b))(getattr(operator, name)) for name in _COMPARED},
    "pixel_unshuffle": lambda input, downscale_factor: F.pixel_unshuffle(input, downscale_factor),
    "dropout1d": lambda input, p=0.5, training=True, inplace=False: F.dropout(input, p, training=training),
}
"""The mirror of each function, tensor method and operator, by its bare name."""
