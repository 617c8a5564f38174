"""Which Paddle function mirrors a PyTorch function on numbers: one by one, in products, reduced or ordered."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import paddle
from paddle.nn import functional as F

from reconcile.language import later
from reconcile.worker.refusal import RefusalError

Function = Callable[..., Any]


def _one(function: Function) -> Function:
    """A function of one tensor."""
    return lambda input: function(input)


def _two(function: Function) -> Function:
    """A function of two tensors, or of a tensor and a number, which Paddle's functions do not take."""
    return lambda input, other: function(input, _like(other, input))


def _like(value: Any, tensor: Any) -> Any:
    return value if isinstance(value, paddle.Tensor) else paddle.full([], value, dtype=tensor.dtype)


def _added(function: Function) -> Function:
    def mirror(input: Any, other: Any, alpha: float = 1) -> Any:
        return function(*_alike(input, other if alpha == 1 else other * alpha))

    return mirror


def _alike(input: Any, other: Any) -> tuple[Any, Any]:
    """Two operands of one kind: Paddle has no arithmetic between integers and floats."""
    if isinstance(input, paddle.Tensor) and isinstance(other, paddle.Tensor):
        if input.is_floating_point() and not other.is_floating_point():
            return input, other.astype(input.dtype)
        if other.is_floating_point() and not input.is_floating_point():
            return input.astype(other.dtype), other
    return input, other


def _arithmetic(function: Function) -> Function:
    return lambda input, other: function(*_alike(input, other))


def _divided(input: Any, other: Any, rounding_mode: str | None = None) -> Any:
    if rounding_mode == "floor":
        return paddle.floor(input / other) if input.is_floating_point() else input // other
    ratio = operator.truediv(*_alike(input, other))
    return paddle.trunc(ratio) if rounding_mode else ratio


def _reduced(function: Function) -> Function:
    """A reduction to one number, or over dimensions."""

    def mirror(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
        return function(input, list(dim) if isinstance(dim, tuple) else dim, keepdim=keepdim)

    return mirror


def _smallest(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest value, or along a dimension the smallest values and where they stand."""
    if dim is None:
        return paddle.min(input)
    if isinstance(dim, paddle.Tensor):
        return paddle.minimum(input, dim)
    return paddle.min(input, dim, keepdim), paddle.argmin(input, dim, keepdim)


def _sorted(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    return (
        paddle.sort(input, dim, descending, stable=stable),
        paddle.argsort(input, dim, descending, stable=stable),
    )


def _normalised_weight(v: Any, g: Any, dim: int = 0) -> Any:
    """The weight of a length and a direction, as weight normalisation makes it."""
    axes = [axis for axis in range(v.ndim) if axis != dim]
    return v * (g / paddle.sqrt(paddle.sum(v * v, axes, keepdim=True)))


def _cosine(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    return F.cosine_similarity(x1, x2, dim, eps)


def _distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    if p != 2:
        raise RefusalError(later("pairwise_distance of the order {p}", p=p))
    apart = x1 - x2 + eps
    return paddle.sqrt(paddle.sum(apart * apart, -1, keepdim=keepdim))


def _bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """Paddle's own takes rows of one dimension only."""
    rows = [paddle.reshape(item, [-1, item.shape[-1]]) for item in (input1, input2)]
    out = F.bilinear(*rows, weight, None if bias is None else paddle.unsqueeze(bias, 0))
    return paddle.reshape(out, [*input1.shape[:-1], -1])


def _local_response_norm(input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Any:
    layout = {3: "NCL", 4: "NCHW", 5: "NCDHW"}[input.ndim]
    return F.local_response_norm(input, size, alpha, beta, k, data_format=layout)


def _instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    if not use_input_stats:
        raise RefusalError(later("instance_norm with running statistics"))
    return F.instance_norm(input, weight=weight, bias=bias, eps=eps)


def _dot_product(a: Any, b: Any, dims: Any = 2, out: None = None) -> Any:
    return paddle.tensordot(a, b, dims)


def _vector_norm(input: Any, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: None = None) -> Any:
    if ord != 2:
        raise RefusalError(later("vector_norm of the order {ord}", ord=ord))
    return paddle.sqrt(paddle.sum(input * input, list(dim) if isinstance(dim, tuple) else dim, keepdim=keepdim))


def _matrix_or_vector_norm(input: Any, ord: Any = None, dim: Any = None, keepdim: bool = False) -> Any:
    if ord is not None and isinstance(dim, tuple):
        raise RefusalError(later("norm of a matrix of the order {ord}", ord=ord))
    return _vector_norm(input, 2 if ord is None else ord, dim, keepdim)


def _spread_and_mean(function: Function) -> Function:
    def mirror(
        input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
    ) -> Any:
        axes = list(dim) if isinstance(dim, tuple) else dim
        own = unbiased if correction is None else bool(correction)
        return function(input, axes, unbiased=own, keepdim=keepdim), paddle.mean(input, axes, keepdim=keepdim)

    return mirror


def _distances(x1: Any, x2: Any, p: float = 2.0, compute_mode: str = "") -> Any:
    """Every distance between the rows of two tensors, by their differences."""
    return paddle.cdist(x1, x2, p, "donot_use_mm_for_euclid_dist")


def _threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Any:
    return paddle.where(input > threshold, input, _like(value, input))


def _scattered(reduce: str) -> Function:
    def mirror(input: Any, dim: int, index: Any, src: Any) -> Any:
        values = src if isinstance(src, paddle.Tensor) else paddle.full(index.shape, src, dtype=input.dtype)
        return paddle.put_along_axis(input, index, values, dim, reduce=reduce, broadcast=False)

    return mirror


def _stacked(dim: int) -> Function:
    """`hstack` and its like of tensors of at least two dimensions."""
    return lambda tensors: paddle.concat(list(tensors), dim)


def _in_parts(input: Any, indices_or_sections: int | Sequence[int], dim: int = 0) -> Any:
    return tuple(paddle.tensor_split(input, indices_or_sections, dim))


def _grid_sample(
    input: Any, grid: Any, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Any:
    return F.grid_sample(input, grid, mode, padding_mode, bool(align_corners))


NUMBERS: Mapping[str, Function] = {
    **{
        name: _one(getattr(paddle, name))
        for name in "expm1 log1p log2 log10 tan asin acos atan sinh cosh asinh acosh atanh erfinv sign trunc round "
        "isnan isinf isfinite logical_not".split()
    },
    **{
        name: _two(getattr(paddle, name))
        for name in "atan2 remainder logical_and logical_or logical_xor floor_divide".split()
    },
    **{name: _reduced(getattr(paddle, name)) for name in "prod any all logsumexp".split()},
    "exp2": lambda input: paddle.pow(_like(2.0, input), input),
    "add": _added(operator.add),
    **dict.fromkeys(("sub", "subtract"), _added(operator.sub)),
    **dict.fromkeys(("mul", "multiply"), _arithmetic(operator.mul)),
    **dict.fromkeys(("div", "divide", "true_divide"), _divided),
    "truediv": _arithmetic(operator.truediv),
    "floordiv": operator.floordiv,
    "pow": operator.pow,
    "negative": lambda input: -input,
    # In place, because what is emptied may be a part of another tensor.
    "zero": lambda input: input.zero_(),
    "addcdiv": lambda input, a, b, *, value=1: input + value * a / b,
    "clamp_max": lambda input, max: paddle.clip(input, max=max),
    "nan_to_num": lambda input, nan=0.0, posinf=None, neginf=None: paddle.nan_to_num(input, nan, posinf, neginf),
    **dict.fromkeys(("threshold", "_threshold"), _threshold),
    "hardshrink": lambda input, lambd=0.5: F.hardshrink(input, lambd),
    "softshrink": lambda input, lambd=0.5: F.softshrink(input, lambd),
    "softmin": lambda input, dim=None, _stacklevel=3, dtype=None: F.softmax(-input, dim),
    "rrelu": lambda input, lower=0.125, upper=1 / 3, training=False, inplace=False: F.rrelu(
        input, lower, upper, training
    ),
    **dict.fromkeys(
        ("alpha_dropout", "feature_alpha_dropout"),
        lambda input, p=0.5, training=False, inplace=False: F.alpha_dropout(input, p, training),
    ),
    "min": _smallest,
    "argmin": lambda input, dim=None, keepdim=False: paddle.argmin(input, dim, keepdim),
    "sort": _sorted,
    "argsort": lambda input, dim=-1, descending=False, stable=False: paddle.argsort(
        input, dim, descending, stable=stable
    ),
    "cumprod": lambda input, dim, dtype=None: paddle.cumprod(input, dim),
    "_weight_norm": _normalised_weight,
    "cosine_similarity": _cosine,
    "pairwise_distance": _distance,
    "bilinear": _bilinear,
    "local_response_norm": _local_response_norm,
    "instance_norm": _instance_norm,
    "mv": lambda input, vec: paddle.mv(input, vec),
    "dot": lambda input, other: paddle.dot(input, other),
    "inner": lambda input, other: paddle.inner(input, other),
    "tensordot": _dot_product,
    "kron": lambda input, other: paddle.kron(input, other),
    "scatter": _scattered("assign"),
    "scatter_add": _scattered("add"),
    "index_add": lambda input, dim, index, source: paddle.index_add(input, index, dim, source),
    "one_hot": lambda input, num_classes: F.one_hot(input, num_classes).astype("int64"),
    "cdist": _distances,
    "vdot": lambda input, other: paddle.dot(input, other),
    **dict.fromkeys(("linalg_vector_norm", "vector_norm"), _vector_norm),
    "linalg_norm": _matrix_or_vector_norm,
    "var_mean": _spread_and_mean(paddle.var),
    "std_mean": _spread_and_mean(paddle.std),
    **dict.fromkeys(("cross", "linalg_cross"), lambda input, other, dim=-1: paddle.cross(input, other, axis=dim)),
    "trace": lambda input: paddle.trace(input),
    "diff": lambda input, n=1, dim=-1: paddle.diff(input, n, dim),
    "fmod": lambda input, other: input - paddle.trunc(input / other) * other,
    "frac": lambda input: paddle.frac(input),
    "logit": lambda input, eps=None: paddle.logit(input, eps),
    "take_along_dim": lambda input, indices, dim: paddle.take_along_axis(input, indices, dim),
    "index_fill": lambda input, dim, index, value: paddle.index_fill(input, index, dim, value),
    "hstack": _stacked(1),
    "vstack": _stacked(0),
    "dstack": _stacked(2),
    "broadcast_to": lambda input, size: paddle.expand(input, list(size)),
    "ravel": lambda input: paddle.flatten(input),
    "tensor_split": _in_parts,
    "split_with_sizes": lambda input, split_sizes, dim=0: tuple(paddle.split(input, list(split_sizes), dim)),
    "diagonal": lambda input, offset=0, dim1=0, dim2=1: paddle.diagonal(input, offset, dim1, dim2),
    "rot90": lambda input, k=1, dims=(0, 1): paddle.rot90(input, k, list(dims)),
    "grid_sample": _grid_sample,
    "affine_grid": lambda theta, size, align_corners=None: F.affine_grid(theta, list(size), bool(align_corners)),
}
"""The mirror of each function, tensor method and operator, by its bare name."""
