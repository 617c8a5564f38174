"""The recorder for Paddle: it watches a model run and must not change what it watches.

Module calls are seen by a wrapped `Layer.__call__`.  Every op of Paddle's dynamic graph goes through a function of
`paddle._C_ops`, or through an operator of the tensor class that is written in C++; both are wrapped, under every
name at which Paddle's own modules have bound them.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import BuiltinFunctionType, MappingProxyType, ModuleType, TracebackType
from typing import Any

import paddle

from reconcile.errors import CounterError
from reconcile.language import commas, later
from reconcile.worker.paddle_tree import dtype_name, paths, tree
from reconcile.worker.recorder import TapeRecorder
from reconcile.worker.tape import Seen, Tape

_TENSOR = paddle.Tensor
_ARITHMETIC = {"add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "truediv": "divide"}
_ARITHMETIC |= {"floordiv": "floor_divide", "pow": "elementwise_pow", "mod": "remainder", "matmul": "matmul"}
_COMPARISONS = {"gt": "greater_than", "ge": "greater_equal", "lt": "less_than", "le": "less_equal"}
_COMPARISONS |= {"eq": "equal", "ne": "not_equal"}

METHODS: Mapping[str, str] = MappingProxyType(
    {
        **{f"__{name}__": op for name, op in (_ARITHMETIC | _COMPARISONS).items()},
        "_getitem_dygraph": "slice",
        "_setitem_dygraph": "set_value",
        "clone": "assign",
        "contiguous": "contiguous",
    }
)
"""Methods of the tensor class that execute an op in C++ without passing `paddle._C_ops`, and the op's name."""

REFLECTED: Mapping[str, str] = MappingProxyType({f"__r{name}__": op for name, op in _ARITHMETIC.items()})
"""The same for operators whose right operand is the tensor that owns the method."""


class PaddleTape(Tape):
    """A tape that knows Paddle tensors."""

    def memory(self, value: Any) -> Any:
        """The address of a tensor's values, or the identity of the tensor where it has none."""
        if not isinstance(value, _TENSOR):
            return None
        return value.data_ptr() if value._is_initialized() and value.is_dense() else id(value)

    def seen(self, value: Any, writer: int | None) -> Seen:
        """A Paddle tensor."""
        return tuple(value.shape), dtype_name(value), writer

    def dtype(self, name: Any) -> str:
        """The name itself."""
        return str(name)


class PaddleRecorder(TapeRecorder):
    """Records one model while it is active.

    `own_code` are folders of the counter whose hooks execute ops of their own; those ops are not the model's work.
    """

    def __init__(self, model: paddle.nn.Layer, *, own_code: Iterable[str] = ()) -> None:
        super().__init__(PaddleTape("paddle", tree(model)), paths(model), own_code)
        self._stack = ExitStack()

    def __enter__(self) -> PaddleRecorder:
        self._stack.enter_context(_replaced(self._replacements()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def functions(self, names: Sequence[str]) -> Any:
        """Refuse to record Python-level calls."""
        raise CounterError(
            later("Python-level calls such as {names} are recorded for PyTorch models only", names=commas(names[:3]))
        )

    def _replacements(self) -> Iterator[tuple[Any, str, Any]]:
        """Every place to wrap: its owner, its name there and the wrapper."""
        layer = paddle.nn.Layer
        yield layer, "__call__", self._recorded_call(layer.__call__)
        for method, name in METHODS.items():
            yield _TENSOR, method, self._recorded_op(name, getattr(_TENSOR, method))
        for method, name in REFLECTED.items():
            yield _TENSOR, method, self._recorded_op(name, getattr(_TENSOR, method), reflected=True)
        wrappers: dict[int, Any] = {}
        for owner, name, original in bound_ops():
            if id(original) not in wrappers:
                wrappers[id(original)] = self._recorded_op(original.__name__, original)
            yield owner, name, wrappers[id(original)]

    def _recorded_op(self, name: str, original: Callable[..., Any], *, reflected: bool = False) -> Callable[..., Any]:
        tape, spelled = self.tape, f"paddle.{name}"

        @functools.wraps(original)
        def recorded_op(*args: Any, **kwargs: Any) -> Any:
            if self._foreign():
                return original(*args, **kwargs)
            index = tape.begin(spelled, args[::-1] if reflected else args, kwargs)
            try:
                with tape.within(index):
                    output = original(*args, **kwargs)
            except BaseException:
                tape.forget(index)
                raise
            tape.end(index, output)
            return output

        return recorded_op


def bound_ops() -> Iterator[tuple[Any, str, Any]]:
    """Every function of `paddle._C_ops`, wherever a Python module has bound it: module, name there, function."""
    homes = (paddle._C_ops, paddle._legacy_C_ops)
    ops = {
        id(value): value for home in homes for value in vars(home).values() if isinstance(value, BuiltinFunctionType)
    }
    for place, module in list(sys.modules.items()):
        if type(module) is not ModuleType or place.startswith("paddle.base.libpaddle"):
            continue
        for name, value in list(vars(module).items()):
            if id(value) in ops and value is ops[id(value)]:
                yield module, name, value


@contextmanager
def _replaced(replacements: Iterable[tuple[Any, str, Any]]) -> Iterator[None]:
    """Put wrappers in place, and whatever stood there back again."""
    placed: list[tuple[Any, str, Any, Any]] = []
    try:
        for owner, name, wrapper in list(replacements):
            placed.append((owner, name, getattr(owner, name), wrapper))
            setattr(owner, name, wrapper)
        yield
    finally:
        for owner, name, original, wrapper in placed:
            if getattr(owner, name) is wrapper:
                setattr(owner, name, original)
