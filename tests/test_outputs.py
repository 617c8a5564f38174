"""What the formulas say of an op is what the op itself gives: sizes, steps in memory, types; or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import torch

from reconcile.worker.outputs import FORMULAS, IN_PLACE, elementwise, in_place

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def _op(name: str) -> Any:
    _, operator, overload = name.split(".")
    return getattr(getattr(torch.ops.aten, operator), overload)


def _layouts(*shape: int, dtype: torch.dtype = torch.float32) -> Iterator[torch.Tensor]:
    """Tensors of one shape that lie in memory in every way that networks bring about."""
    yield torch.rand(shape).to(dtype)
    order = [*range(len(shape))]
    for first, second in ((0, 1), (1, 2), (-1, -2)):
        if max(first, second) < len(shape) and len(shape) > 1:
            swapped = order.copy()
            swapped[first], swapped[second] = swapped[second], swapped[first]
            yield torch.rand([shape[index] for index in swapped]).to(dtype).permute(swapped)
    yield torch.rand([2 * size for size in shape]).to(dtype)[tuple(slice(size) for size in shape)]
    yield torch.rand([*shape[:-1], 2 * shape[-1]]).to(dtype)[..., ::2]
    yield torch.rand([1, *shape[1:]]).to(dtype).expand(shape)
    if len(shape) == 4:
        yield torch.rand(shape).to(dtype).to(memory_format=torch.channels_last)
    if len(shape) == 5:
        yield torch.rand(shape).to(dtype).to(memory_format=torch.channels_last_3d)


def _elementwise(name: str) -> Iterator[Arguments]:
    """Operands of one shape, spread over each other, and of no dimension, as many as the op takes."""
    takes = [argument for argument in _op(name)._schema.arguments if argument.default_value is None]
    tensors = sum(str(argument.type) == "Tensor" for argument in takes)
    numbers = [2] * (len(takes) - tensors)
    if name == "aten._prelu_kernel.default":
        yield from (((item, torch.rand(1, 3, 1, 1)), {}) for item in _layouts(2, 3, 4, 5))
        return
    for shape in ((2, 3, 4, 5), (3, 4), (7,), (1, 3, 1, 1), (1, 4, 6), (4, 1, 6), (2, 1, 3, 1), (1, 6)):
        for item in _layouts(*shape):
            yield (item, *[torch.rand(shape)] * (tensors - 1), *numbers), {}
            yield (item, *[item] * (tensors - 1), *numbers), {}
            yield (item, *[torch.rand(shape[-1:])] * (tensors - 1), *numbers), {}
            yield (item, *[torch.rand(())] * (tensors - 1), *numbers), {}
            yield (item, *[torch.rand(2, 3, 4, 1).permute(0, 1, 3, 2)[..., :1]] * (tensors - 1), *numbers), {}
            yield (item.bfloat16(), *[item.bfloat16()] * (tensors - 1), *numbers), {}


def _convolutions() -> Iterator[Arguments]:
    for transposed in (False, True):
        for item in _layouts(2, 4, 9, 8):
            for weight in _layouts(4, 6 if transposed else 4, 3, 2):
                yield (item, weight, None, [2, 1], [1, 0], [1, 2], transposed, [1, 0][:2], 1), {}
        yield (torch.rand(2, 4, 9), torch.rand(4, 2, 3), torch.rand(4), [2], [1], [1], transposed, [0], 2), {}
        yield (torch.rand(2, 4, 5, 6, 7), torch.rand(4, 4, 3, 3, 3), None, [2], [1], [1], transposed, [1], 1), {}
    for item in _layouts(2, 4, 9, 8):
        yield (item, torch.rand(4, 1, 3, 3), torch.rand(4), [1, 1], [1, 1], [1, 1], False, [0, 0], 4), {}
        yield (item, torch.rand(7, 4, 1, 1), torch.rand(7), [1, 1], [0, 0], [1, 1], False, [0, 0], 1), {}
    for item in _layouts(2, 4, 3, 9, 8):
        yield (item, torch.rand(5, 4, 2, 2, 2), None, [1] * 3, [0] * 3, [1] * 3, False, [0] * 3, 1), {}


def _products(*shapes: tuple[int, ...]) -> Iterator[Arguments]:
    first, *rest = shapes
    for item in _layouts(*first):
        yield (item, *(torch.rand(shape) for shape in rest)), {}
    for last in _layouts(*rest[-1]):
        yield (torch.rand(first), *(torch.rand(shape) for shape in rest[:-1]), last), {}


def _attention() -> Iterator[Arguments]:
    for query in _layouts(2, 3, 5, 8):
        for dtype in (torch.float32, torch.bfloat16):
            query = query.to(dtype)
            yield (query, query, query), {}
            yield (query, torch.rand(2, 3, 7, 8).to(dtype), torch.rand(2, 3, 7, 8).to(dtype)), {"is_causal": True}


def _norms(*affine: Any) -> Iterator[Arguments]:
    for shape in ((2, 4, 5, 3), (2, 4, 6), (2, 4)):
        for item in _layouts(*shape):
            for weight in (None, torch.rand(4)):
                yield (item, weight, weight, *affine), {}


def _layer_norms() -> Iterator[Arguments]:
    for item in _layouts(2, 3, 4, 6):
        yield (item, [6], torch.rand(6), torch.rand(6), 1e-5), {}
        yield (item, [4, 6], None, None, 1e-5), {}
        yield (item.bfloat16(), [6], torch.rand(6).bfloat16(), torch.rand(6).bfloat16(), 1e-5), {}


def _group_norms() -> Iterator[Arguments]:
    for item in _layouts(2, 4, 5, 3):
        yield (item, torch.rand(4), torch.rand(4), 2, 4, 15, 2, 1e-5), {}


def _pools(space: int, *rest: Any) -> Iterator[Arguments]:
    for size in (7, 8, 9):
        for item in _layouts(2, 3, *(size,) * space):
            yield (item, [3]), {}
            yield (item, [3, 2, 2][:space], [2], [1], *rest, True), {}
            yield (item, [2] * space, [2] * space, [0] * space, *rest, True), {}
    yield (torch.rand(3, *(8,) * space), [2]), {}


def _sized(space: int, *rest: Any) -> Iterator[Arguments]:
    for item in _layouts(2, 3, *(8,) * space):
        yield (item, [4, 3, 2][:space], *rest), {}
        yield (item, [1, 1, 1][:space], *rest), {}


def _softmaxes() -> Iterator[Arguments]:
    yield from (((item, -1, False), {}) for item in _layouts(2, 3, 4, 5))


def _reductions(*last: Any, **named: Any) -> Iterator[Arguments]:
    for item in _layouts(2, 3, 4, 5):
        for dims in ([1], [-1], [2, 3], [0, 2]):
            yield (item, dims, True, *last) if not named else (item, dims), named
            yield (item, dims, *last), named


def _variances() -> Iterator[Arguments]:
    for item in _layouts(2, 3, 4, 5):
        yield (item, [1, 2]), {"correction": 1, "keepdim": True}
        yield (item, [-1]), {"correction": 0}


def _cats() -> Iterator[Arguments]:
    for item in _layouts(2, 3, 4, 5):
        yield ([item, torch.rand(2, 6, 4, 5)], 1), {}
        yield ([item, item], -1), {}


def _pads() -> Iterator[Arguments]:
    for item in _layouts(2, 3, 4, 5):
        yield (item, [1, 2, 0, 3]), {}
        yield (item, [1, -2], 7), {}


def _copies() -> Iterator[Arguments]:
    for item in (*_layouts(2, 3, 4, 5), *_layouts(1, 4, 6), *_layouts(4, 1, 6)):
        yield (item,), {}
        yield (item,), {"memory_format": torch.contiguous_format}
        yield (item,), {"memory_format": torch.preserve_format}


def _casts() -> Iterator[Arguments]:
    yield from ((args, {**named, "dtype": torch.bfloat16}) for args, named in _copies())
    yield (torch.rand(2, 3),), {"dtype": torch.int64}


CASES: Mapping[str, Callable[[], Iterator[Arguments]]] = {
    "aten.convolution.default": _convolutions,
    "aten._convolution.default": lambda: (((*args, False, False, True, True), {}) for args, _ in _convolutions()),
    "aten.mm.default": lambda: _products((3, 4), (4, 5)),
    "aten.addmm.default": lambda: _products((5,), (3, 4), (4, 5)),
    "aten.bmm.default": lambda: _products((2, 3, 4), (2, 4, 5)),
    "aten.baddbmm.default": lambda: _products((2, 1, 5), (2, 3, 4), (2, 4, 5)),
    "aten._scaled_dot_product_flash_attention_for_cpu.default": _attention,
    "aten.native_batch_norm.default": lambda: _batch_norms(),
    "aten._native_batch_norm_legit_no_training.default": lambda: _norms(torch.rand(4), torch.rand(4), 0.1, 1e-5),
    "aten.native_layer_norm.default": _layer_norms,
    "aten.native_group_norm.default": _group_norms,
    "aten.max_pool2d_with_indices.default": lambda: _pools(2, [1]),
    "aten.max_pool3d_with_indices.default": lambda: _pools(3, [1]),
    "aten.avg_pool2d.default": lambda: _pools(2),
    "aten._adaptive_avg_pool2d.default": lambda: _sized(2),
    "aten.upsample_nearest2d.default": lambda: _sized(2),
    "aten.upsample_bilinear2d.default": lambda: _sized(2, False),
    "aten.upsample_bicubic2d.default": lambda: _sized(2, False),
    "aten._softmax.default": _softmaxes,
    "aten._log_softmax.default": _softmaxes,
    "aten.mean.dim": _reductions,
    "aten.sum.dim_IntList": _reductions,
    "aten.amax.default": _reductions,
    "aten.amin.default": _reductions,
    "aten.var.correction": _variances,
    "aten.cat.default": _cats,
    "aten.constant_pad_nd.default": _pads,
    "aten.clone.default": _copies,
    "aten.hardtanh.default": lambda: (((item,), {}) for item in (*_layouts(2, 3, 4, 5), *_layouts(1, 4, 6))),
    "aten.masked_fill.Scalar": lambda: (
        ((item, torch.rand(3, 1, 5) > 0.5, 2), {}) for item in (*_layouts(2, 3, 4, 5), *_layouts(3, 1, 5))
    ),
    "aten._to_copy.default": _casts,
}


def _batch_norms() -> Iterator[Arguments]:
    statistics = torch.rand(4), torch.rand(4)
    yield from _norms(*statistics, False, 0.1, 1e-5)
    yield from _norms(*statistics, True, 0.1, 1e-5)
    yield from _norms(None, None, True, 0.1, 1e-5)


def _seen(result: Any) -> list[tuple[Any, ...]]:
    results = result if isinstance(result, (list, tuple)) else (result,)
    return [(tuple(item.shape), item.stride(), item.dtype) for item in results]


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_gives_what_the_op_gives_or_nothing(name: str) -> None:
    made = CASES.get(name, lambda: _elementwise(name))
    known = 0
    with torch.no_grad():
        for args, named in made():
            try:
                result = _op(name)(*args, **named)
            except (RuntimeError, IndexError):
                result = None
            outputs = FORMULAS[name](*args, **named)
            if outputs is None:
                continue
            known += 1
            assert result is not None, "the op refuses what the formula takes"
            expected = [(item.shape, item.strides, item.dtype) for item in outputs]
            shown = [(tuple(item.shape), item.stride()) for item in args if isinstance(item, torch.Tensor)]
            assert expected == _seen(result), (shown, args, named)
    assert known


def test_every_case_of_a_formula_stands_for_an_op_that_has_one() -> None:
    assert CASES.keys() <= FORMULAS.keys()
    assert {name for name, formula in FORMULAS.items() if formula is not elementwise} == CASES.keys()


@pytest.mark.parametrize("name", sorted(IN_PLACE))
def test_an_op_in_place_gives_its_first_operand_back_as_it_was_laid_out(name: str) -> None:
    op = _op(name)
    for item in _layouts(2, 3, 4, 5):
        item = item.clone()
        takes = [argument for argument in op._schema.arguments if argument.default_value is None][1:]
        rest = [item + 1 if str(argument.type) == "Tensor" else 2 for argument in takes if not argument.kwarg_only]
        if name == "aten.masked_fill_.Scalar":
            rest[0] = item > 0.5
        if name in ("aten.fill_.Tensor",):
            rest = [torch.rand(())]
        before = item.data_ptr(), tuple(item.shape), item.stride(), item.dtype
        assert in_place(item, *rest)
        result = op(item, *rest)
        assert result is item or result.data_ptr() == item.data_ptr()
        assert (item.data_ptr(), tuple(item.shape), item.stride(), item.dtype) == before


def test_an_op_in_place_that_would_be_refused_is_not_answered() -> None:
    assert not in_place(torch.rand(2, 3), torch.rand(2, 2))
    assert not in_place(torch.rand(3), torch.rand(2, 3))
    assert not in_place(torch.ones(3, dtype=torch.int64), 2)
