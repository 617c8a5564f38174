"""Execution by shape: ops that would take long are answered with memory that nobody fills.

A count depends on sizes, not on values.  So a tensor may be *hollow*: it is of the right shape, lies in memory as it
should, and what is in it is unknown.  Random weights are hollow, and so is whatever is made of something hollow.
An op with a formula (`reconcile.worker.outputs`) gives a hollow tensor at once; every other op is executed.
Where a value that is unknown would decide what happens next, the run is given up, to be done again for real.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NoReturn
from unittest import mock

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from reconcile.errors import ValuesReadError
from reconcile.worker.outputs import CONTRACTIONS, FORMULAS, IN_PLACE, RANDOM, Outputs, elements, in_place

_TINY = 64
"""Tensors of fewer elements are always computed: among them are the counters' own sums."""

_QUICK = 2**14
"""A contraction of known tensors of at most so many elements is computed."""

_AFFORDABLE = 2**24
"""Any other op on known tensors of at most so many elements is computed."""

_FRESH = 2**16
"""From so many bytes on, memory comes from the system untouched: it takes no room, and reads as zero."""

_VALUELESS = frozenset("empty_like full_like new_empty new_full new_ones new_zeros ones_like zeros_like".split())
"""Operators whose result does not depend on the values of what they are given."""

_READERS = {"_pack_padded_sequence": 1, "bincount": 0, "nms": 0, "_assert_async": 0}
"""Operators that are guided by values and are not tagged so, with the argument that guides them.

If that is known, so are the whole numbers that they give.
"""

_TRAINED = {"native_batch_norm": (5, slice(3, 5))}
"""Operators that write without saying so while they train: the argument that says that they do, and those written."""

spelled = functools.cache(str)
"""The full name of an operator: `aten.add.Tensor`."""

_TRACER = torch._C._dispatch_key_parse("Tracer")


def _untouched_memory() -> None:
    """Ask glibc to take every large piece of memory from the system and give it back at once; nothing elsewhere."""
    threshold = -3
    try:
        ctypes.CDLL(None).mallopt(threshold, _FRESH)
    except (OSError, AttributeError):
        return


def tensors_among(values: Any) -> Iterator[torch.Tensor]:
    """Every tensor among arguments or results."""
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_among(value)


def _tensor_first(func: Any, args: Any) -> Any:
    """The arguments of an op, the first one a tensor where the op takes nothing else.

    A size is a tensor while `torch.jit` traces, of a kind that reaches a mode as a number.
    """
    number = args and isinstance(args[0], (int, float))
    if not number or str(func._schema.arguments[0].type) != "Tensor":
        return args
    return (torch.ops.aten.scalar_tensor.default(args[0], dtype=_DTYPES[type(args[0])]), *args[1:])


_DTYPES = {bool: torch.bool, int: torch.int64, float: torch.get_default_dtype()}
"""The type of a tensor that stands for a number."""


def _plain(tensor: torch.Tensor) -> bool:
    """Whether a tensor is nothing but numbers in memory of the CPU."""
    return (
        type(tensor) in (torch.Tensor, torch.nn.Parameter)
        and tensor.layout is torch.strided
        and tensor.device.type == "cpu"
        and not (tensor.is_nested or tensor.is_quantized or tensor.is_conj() or tensor.is_neg())
    )


def _memory(tensor: torch.Tensor) -> torch.UntypedStorage | None:
    """Where a tensor's values lie; None for one that has no memory of its own, as a lazy parameter before its use."""
    try:
        return tensor.untyped_storage()
    except (NotImplementedError, RuntimeError, ValueError):
        return None


class Hollow:
    """The memory whose values are unknown."""

    def __init__(self) -> None:
        # A weak reference keeps the address of a storage from being given to another one.
        self._storages: dict[int, StorageWeakRef] = {}

    def __contains__(self, tensor: torch.Tensor) -> bool:
        storage = _memory(tensor)
        return storage is not None and storage._cdata in self._storages

    def add(self, tensor: torch.Tensor) -> None:
        """The values of a tensor, and of all that share its memory, are unknown from now on."""
        storage = _memory(tensor)
        if storage is not None and storage._cdata not in self._storages:
            self._storages[storage._cdata] = StorageWeakRef(storage)  # type: ignore[no-untyped-call]

    def discard(self, tensor: torch.Tensor) -> None:
        """The values of a tensor are known again."""
        self._storages.pop(tensor.untyped_storage()._cdata, None)


class ByShape(TorchDispatchMode):
    """Executes by shape whatever reaches the dispatcher while it is active.

    Modes of counters and of the recorder stand above it and see every op as if it were computed.
    `library` is the counter's own, which may turn tensors into arrays: it takes their sizes.
    """

    def __init__(self, library: str | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._library = library
        self.hollow = Hollow()
        self.read: str | None = None
        self._known: dict[Any, Outputs] = {}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Do without PyTorch's wrapper that keeps `torch.compile` out: nothing is compiled while a mode is active."""
        return False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Execute by shape, and give up where values are taken out of a hollow tensor without an op."""
        with ExitStack() as stack:
            for name in ("tolist", "numpy", "__array__"):
                stack.enter_context(mock.patch.object(torch.Tensor, name, self._taken(name)))
            stack.enter_context(self)
            yield

    @contextmanager
    def building(self) -> Iterator[None]:
        """Make a model whose random weights are not filled; what draws anew until its numbers fit draws nothing."""
        _untouched_memory()

        def draw(tensor: torch.Tensor, *settings: Any, **named: Any) -> torch.Tensor:
            with torch.no_grad():
                return tensor.normal_()

        with mock.patch.object(torch.nn.init, "_no_grad_trunc_normal_", draw), self.running():
            yield

    def _taken(self, name: str) -> Callable[..., Any]:
        original = getattr(torch.Tensor, name)

        @functools.wraps(original)
        def taken(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            if tensor in self.hollow and f"/{self._library}/" not in sys._getframe(1).f_code.co_filename:
                self._give_up(f"Tensor.{name}")
            return original(tensor, *args, **kwargs)

        return taken

    def _give_up(self, op: str) -> NoReturn:
        self.read = op
        raise ValuesReadError(op)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Answer an op by shape, or execute it."""
        kwargs = kwargs or {}
        if func is torch.ops.aten.convolution.default and torch._C._get_tracing_state() is not None:
            return self._traced(args, kwargs)
        tensors = list(tensors_among((*args, *kwargs.values())))
        unknown = any(tensor in self.hollow for tensor in tensors)
        if unknown and self._guided(func, args):
            self._give_up(spelled(func))
        output = self._answer(func, args, kwargs, tensors, unknown)
        if output is NotImplemented:
            output = self._executed(func, args, kwargs, unknown)
        elif spelled(func) in IN_PLACE:
            unknown = True
        if unknown or torch.Tag.nondeterministic_seeded in func.tags:
            self._mark(func, args, output)
        return output

    def _executed(self, func: Any, args: Any, kwargs: Any, unknown: bool) -> Any:
        """Execute an op; if it fails on unknown values, the values may be the reason."""
        try:
            return func(*_tensor_first(func, args), **kwargs)
        except Exception:
            if not unknown or spelled(func) in FORMULAS:
                raise
            self._give_up(spelled(func))

    def _traced(self, args: Any, kwargs: Any) -> Any:
        """A convolution while `torch.jit` traces: the op that the trace is to hold is the one inside it.

        Its kernel executes `_convolution`, which the tracer writes down; but below a mode nothing is traced any more,
        unless it is asked for.
        """
        backend = (False, False, True, True)
        torch._C._dispatch_tls_set_dispatch_key_excluded(_TRACER, False)
        try:
            with self:
                return torch.ops.aten._convolution.default(*args, *kwargs.values(), *backend)
        finally:
            torch._C._dispatch_tls_set_dispatch_key_excluded(_TRACER, True)

    def _guided(self, func: Any, args: Any) -> bool:
        """Whether values that are unknown decide what an op gives, or what is done after it."""
        name = func._overloadpacket.__name__
        if name == "index":
            masks = [item for item in tensors_among(args[1:]) if item.dtype in (torch.bool, torch.uint8)]
            return any(mask in self.hollow for mask in masks)
        if name in _READERS:
            return args[_READERS[name]] in self.hollow
        return torch.Tag.dynamic_output_shape in func.tags or torch.Tag.data_dependent_output in func.tags

    def _answer(self, func: Any, args: Any, kwargs: Any, tensors: list[torch.Tensor], unknown: bool) -> Any:
        """What an op gives, its values unknown; NotImplemented where it has to be executed."""
        name = spelled(func)
        formula = FORMULAS.get(name)
        if formula is None and name not in IN_PLACE:
            return NotImplemented
        most = elements(tensors)
        if most < _TINY or not all(_plain(tensor) for tensor in tensors):
            return NotImplemented
        if not unknown and name not in RANDOM and most <= (_QUICK if name in CONTRACTIONS else _AFFORDABLE):
            return NotImplemented
        if formula is None:
            return args[0] if in_place(*args, **kwargs) else NotImplemented
        outputs = self._outputs(formula, name, args, kwargs)
        if outputs is None:
            return NotImplemented
        made = tuple(_empty(output.shape, output.strides, output.dtype) for output in outputs)
        return made if len(func._schema.returns) > 1 else made[0]

    def _outputs(self, formula: Callable[..., Outputs], name: str, args: Any, kwargs: Any) -> Outputs:
        """What a formula says; it is asked once for all ops that are given the same."""
        key = (name, _key(args), _key(tuple(kwargs.items())))
        if key not in self._known:
            self._known[key] = formula(*args, **kwargs)
        return self._known[key]

    def _mark(self, func: Any, args: Any, output: Any) -> None:
        """What an op gave or wrote into is hollow."""
        name = func._overloadpacket.__name__
        for tensor in () if name in _VALUELESS else tensors_among((output,)):
            if tensor.is_floating_point() or name not in _READERS:
                self.hollow.add(tensor)
        for value, argument in zip(args, func._schema.arguments, strict=False):
            if argument.alias_info is not None and argument.alias_info.is_write:
                for tensor in tensors_among((value,)):
                    self.hollow.add(tensor)
        if name in _TRAINED and args[_TRAINED[name][0]]:
            for tensor in tensors_among(args[_TRAINED[name][1]]):
                self.hollow.add(tensor)


def _empty(shape: tuple[int, ...], strides: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """A tensor that is not filled; a small one, for which memory is used again, is zero as well."""
    made: torch.Tensor = torch.ops.aten.empty_strided.default(shape, strides, dtype=dtype)
    if made.untyped_storage().nbytes() < _FRESH:
        torch.ops.aten.zero_.default(made)
    return made


def _key(values: Any) -> Any:
    """What formulas can tell apart of arguments."""
    return tuple(
        (value.shape, value.stride(), value.dtype)
        if isinstance(value, torch.Tensor)
        else _key(value)
        if isinstance(value, (list, tuple))
        else (type(value), value)
        for value in values
    )
