"""The recorder for PyTorch: it watches a model run and must not change what it watches.

Three levels of sight: module calls by a wrapped `nn.Module.__call__`, ops by a `TorchDispatchMode`, and, where a
counter counts by spelling, Python-level calls by wrappers put *around* the counter's own.
A `TorchFunctionMode` is never used: it switches the fused attention paths off.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn.parameter import is_lazy
from torch.utils._python_dispatch import TorchDispatchMode

from reconcile.ledger import Module
from reconcile.worker.by_shape import spelled, tensors_among
from reconcile.worker.recorder import TapeRecorder
from reconcile.worker.tape import Seen, Tape
from reconcile.worker.torch_tree import paths, shaped, tree


class TorchTape(Tape):
    """A tape that knows PyTorch tensors."""

    def __init__(self, modules: tuple[Module, ...]) -> None:
        super().__init__("torch", modules)
        # A weak reference keeps the address of a storage from being given to another one.
        self._storages: dict[int, StorageWeakRef] = {}

    def memory(self, value: Any) -> Any:
        """The identity of a tensor's storage, or of the tensor where it has none."""
        if not isinstance(value, torch.Tensor):
            return None
        try:
            storage = value.untyped_storage()
            identity = storage._cdata
        except (NotImplementedError, RuntimeError):
            return id(value)
        if identity not in self._storages:
            self._storages[identity] = StorageWeakRef(storage)  # type: ignore[no-untyped-call]
        return identity

    def seen(self, value: torch.Tensor, writer: int | None) -> Seen:
        """A PyTorch tensor; a lazy parameter before its first use has no shape, nor has a nested tensor."""
        if value.is_nested:
            return (), f"nested {value.dtype}", writer
        return () if is_lazy(value) else value.shape, value.dtype, writer

    def dtype(self, name: Any) -> str:
        """The name of a dtype without its package."""
        return str(name).replace("torch.", "")

    def geometry(self, value: torch.Tensor) -> Any:
        """Where a tensor begins in its storage, and how it steps through it."""
        try:
            return value.storage_offset(), tuple(value.shape), value.stride()
        except (NotImplementedError, RuntimeError, ValueError):
            return None


@functools.cache
def _composite(func: Any) -> bool:
    """Whether an op is nothing but other ops, below which a run without a mode records gradients."""
    key = torch._C.DispatchKey.CompositeImplicitAutograd
    return bool(torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), key))


def _parts(func: Any, args: Any, kwargs: Any) -> Any:
    """Execute a composite op as the ops that it is made of.

    A decomposition that was loaded in Python would be taken by `func.decompose`; a run without a mode never takes it.
    """
    return func._op_dk(torch._C.DispatchKey.CompositeImplicitAutograd, *args, **kwargs)


def _pass_on_gradients(func: Any, given: Sequence[Any], output: Any) -> None:
    """Say of a result that it requires gradients, as a run with gradients does and inference mode does not.

    `nn.MultiheadAttention`, for one, asks its inputs before it takes the fused path.  Views of tensors from outside
    are no inference tensors; they cannot be marked.
    """
    made = [item for item in tensors_among((output,)) if item.is_inference()]
    if (
        not made
        or func is torch.ops.aten.detach.default
        or not any(item.requires_grad for item in tensors_among(given))
    ):
        return
    for item in made:
        item.requires_grad_(item.is_floating_point() or item.is_complex())


class _Dispatch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Logs every op that reaches the dispatcher; with `composites`, also the ops that a composite is made of."""

    def __init__(self, tape: Tape, *, composites: bool, foreign: Callable[[], bool]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.tape = tape
        self.composites = composites
        self.foreign = foreign

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Do without PyTorch's wrapper that keeps `torch.compile` out: nothing is compiled while a mode is active."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Execute the op and write it down, unless a counter executes it for itself."""
        kwargs = kwargs or {}
        if not isinstance(func, torch._ops.OpOverload) or self.foreign():
            return func(*args, **kwargs)
        index = self.tape.begin(spelled(func), args, kwargs)
        if self.composites and _composite(func):
            with self.tape.within(index), self:
                output = _parts(func, args, kwargs)
        else:
            output = func(*args, **kwargs)
        if self.composites and torch.is_grad_enabled():
            _pass_on_gradients(func, (*args, *kwargs.values()), output)
        self.tape.end(index, output)
        return output


class TorchRecorder(TapeRecorder):
    """Records one model while it is active.

    `own_code` are folders of the counter whose hooks execute ops of their own; those ops are not the model's work.
    """

    boundary = torch.nn.Module._call_impl.__code__

    def __init__(self, model: torch.nn.Module, *, composites: bool = False, own_code: Iterable[str] = ()) -> None:
        super().__init__(TorchTape(tree(model)), paths(model), own_code)
        self._model = model
        self._lazy = any(is_lazy(parameter) for parameter in model.parameters())
        self._mode = _Dispatch(self.tape, composites=composites, foreign=self._foreign)
        self._stack = ExitStack()

    def __enter__(self) -> TorchRecorder:
        self._stack.enter_context(self._module_calls())
        self._stack.enter_context(self._mode)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        if self._lazy:
            self.tape.modules = shaped(self._model, self.tape.modules)

    @contextmanager
    def _module_calls(self) -> Iterator[None]:
        original = torch.nn.Module.__call__
        torch.nn.Module.__call__ = self._recorded_call(original)  # type: ignore[method-assign]
        try:
            yield
        finally:
            torch.nn.Module.__call__ = original  # type: ignore[method-assign]

    @contextmanager
    def functions(self, names: Iterable[str]) -> Iterator[None]:
        """Record Python-level calls of the functions named, by wrappers around whatever stands at those names now.

        Enter it after the counter has put its own wrappers in place: a counter may look functions up by identity.
        """
        placed: list[tuple[Any, str, Any, Any]] = []
        for name in names:
            owner, attribute = _owner(name)
            if owner is None or not hasattr(owner, attribute):
                continue
            original = getattr(owner, attribute)
            wrapper = self._recorded_function(name, original)
            placed.append((owner, attribute, original, wrapper))
            setattr(owner, attribute, wrapper)
        try:
            yield
        finally:
            for owner, attribute, original, wrapper in placed:
                if getattr(owner, attribute) is wrapper:
                    setattr(owner, attribute, original)

    def _recorded_function(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        tape = self.tape

        @functools.wraps(original)
        def recorded_function(*args: Any, **kwargs: Any) -> Any:
            with tape.inside(name, args, kwargs) as output:
                output.append(original(*args, **kwargs))
            return output[0]

        return recorded_function


def _owner(name: str) -> tuple[Any, str]:
    """The object that holds a dotted name: a module or a class of it."""
    package, _, attribute = name.rpartition(".")
    try:
        return importlib.import_module(package), attribute
    except ImportError:
        outer, _, inner = package.rpartition(".")
        return getattr(importlib.import_module(outer), inner, None), attribute
