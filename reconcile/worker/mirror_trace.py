"""Tracing a PyTorch model for its mirror: which call of which container did what, for the very inputs at hand.

The trace is one of values: whatever follows from sizes alone is Python's own arithmetic and becomes a constant, so
branches and loops over sizes are no obstacle.  What depends on the values of a tensor is refused.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import fx
from torch.fx.proxy import Attribute, TraceError

from reconcile.errors import CounterError
from reconcile.language import later
from reconcile.worker.certificate import to_torch
from reconcile.worker.mirror_layers import LAYERS

WAY_OUT = later("name the twin with --paddle")

LIBRARIES = ("torch.", "_operator.", "torchvision.ops.", "getattr", "math.")
"""Where a function must come from to be taken by its bare name; any other is traced through."""

_EMPTY = frozenset({"zeros_like", "ones_like", "full_like", "new_zeros", "new_ones", "new_full", "new_tensor"})
"""Functions that take nothing but the size of their tensor: what they give is a constant."""


@dataclass
class Visit:
    """One call of a container while the model was traced: what it was given, did and gave."""

    path: str
    args: Any = ()
    kwargs: Any = field(default_factory=dict)
    steps: list[fx.Node | Visit] = field(default_factory=list)
    output: Any = None


class _Proxy(fx.Proxy):
    """A traced value that knows what it is."""

    value: Any = None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.value, name)
        if isinstance(found, torch.Tensor):
            return self.tracer.create_proxy("call_function", getattr, (self, name), {})
        return Attribute(self, name) if callable(found) and not isinstance(found, type) else found

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        every: Any = self
        return (every[index] for index in range(len(self.value)))

    def __bool__(self) -> bool:
        raise TraceError(later("the values of a tensor decide what is executed"))

    __index__ = __int__ = __float__ = __bool__

    def __contains__(self, item: Any) -> bool:
        raise TraceError(later("the values of a tensor decide what is executed"))

    def __setitem__(self, index: Any, value: Any) -> None:
        self.tracer.create_proxy("call_function", operator.setitem, (self, index, value), {})


class Tracer(fx.Tracer):
    """A tracer that also keeps which nodes belong to which call of which container, and every node's value."""

    def __init__(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        super().__init__()
        self.visits = [Visit(path="")]
        self._args, self._kwargs = args, kwargs
        self._busy = False

    def proxy(self, node: fx.Node) -> _Proxy:
        """The proxy of a node."""
        return _Proxy(node, self)

    def create_node(self, *args: Any, **kwargs: Any) -> fx.Node:
        """Add a node to the graph and to the call that it belongs to."""
        node = super().create_node(*args, **kwargs)
        self.visits[-1].steps.append(node)
        return node

    def create_arg(self, a: Any) -> Any:
        """A value as the argument of a node."""
        return a.node if type(a) is _Proxy else super().create_arg(a)

    def create_args_for_root(self, root_fn: Any, is_module: bool, concrete_args: Any = None) -> tuple[Any, list[Any]]:
        """One traced input for each input that is at hand; arguments that were not given keep their defaults."""
        args = [self._input(f"input_{index}", value) for index, value in enumerate(self._args)]
        kwargs = {name: self._input(name, value) for name, value in self._kwargs.items()}

        def forward() -> Any:
            return root_fn(self.root, *args, **kwargs)

        return forward, []

    def _input(self, name: str, value: Any) -> _Proxy:
        made: Any = super().create_proxy("placeholder", name, (), {})
        made.value = value
        return made  # type: ignore[no-any-return]

    def create_proxy(self, kind: str, target: Any, args: Any, kwargs: Any, *more: Any, **options: Any) -> Any:
        """A traced value; what holds no tensor is no node but a constant, and so is a tensor made from a size."""
        if kind == "call_function" and not self._is_leaf_function(target):
            return target(*args, **kwargs)
        value = self._value(kind, target, args, kwargs)
        bare = getattr(target, "__name__", target)
        if (not _has_tensor(value) or bare in _EMPTY) and kind != "call_module" and target is not operator.setitem:
            return value
        made: Any = super().create_proxy(kind, target, args, kwargs, *more, **options)
        made.value = value
        return made

    def _is_leaf_function(self, target: Any) -> bool:
        return fx.node._get_qualified_name(target).startswith(LIBRARIES)

    def _value(self, kind: str, target: Any, args: Any, kwargs: Any) -> Any:
        args, kwargs = _values(args), _values(kwargs)
        with self._untraced(), torch.no_grad():
            if kind == "call_function":
                return target(*args, **kwargs)
            if kind == "call_method":
                return getattr(args[0], target)(*args[1:], **kwargs)
            found: Any = self.root
            for part in target.split("."):
                found = getattr(found, part)
            return found(*args, **kwargs) if kind == "call_module" else found

    @contextmanager
    def _untraced(self) -> Iterator[None]:
        before, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = before

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        """An attribute of a module; a parameter is traced, unless a value is just being computed."""
        return attr_val if self._busy else super().getattr(attr, attr_val, parameter_proxy_cache)

    def is_leaf_module(self, m: torch.nn.Module, module_qualified_name: str) -> bool:
        """Whether a module is a layer with a mirror of its own; any other, even of `torch.nn`, is traced through.

        Hooks may do anything, so a layer that has some is traced with them.
        """
        return type(m) in LAYERS and not hooked(m)

    def call_module(
        self, m: torch.nn.Module, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Trace the call of a module; a container's call is kept as a step of its caller."""
        if self._busy:
            return forward(*args, **kwargs)
        try:
            path = self.path_of_module(m)
        except NameError:  # It stands nowhere in the model, such as a function that is written as a module.
            return forward(*args, **kwargs)
        if self.is_leaf_module(m, path):
            return super().call_module(m, forward, args, kwargs)
        visit = Visit(path=path, args=_nodes(args), kwargs=_nodes(kwargs))
        self.visits[-1].steps.append(visit)
        self.visits.append(visit)
        try:
            output = super().call_module(m, forward, args, kwargs)
        finally:
            self.visits.pop()
        visit.output = _nodes(output)
        return output


def hooked(module: torch.nn.Module) -> bool:
    """Whether calling a module does more than its `forward`."""
    return bool(module._forward_hooks or module._forward_pre_hooks)


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """A value with every proxy in it changed; mappings of any kind become plain ones."""
    if type(value) is _Proxy:
        return change(value)
    if isinstance(value, Mapping):
        return {name: _mapped(part, change) for name, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_mapped(part, change) for part in value)
    if isinstance(value, slice):
        return slice(*(_mapped(part, change) for part in (value.start, value.stop, value.step)))
    return value


def _nodes(value: Any) -> Any:
    """A value with the nodes of the graph in the place of their proxies."""
    return _mapped(value, lambda proxy: proxy.node)


def _values(value: Any) -> Any:
    """A value with the values of proxies in their place."""
    return _mapped(value, lambda proxy: proxy.value)


def _has_tensor(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_has_tensor, value))
    return isinstance(value, torch.Tensor)


def trace(model: torch.nn.Module, bound: inspect.BoundArguments) -> Visit:
    """Trace a model for the inputs that it was given; they may be of either framework."""
    args = tuple(map(to_torch, bound.args))
    kwargs = {name: to_torch(item) for name, item in bound.kwargs.items()}
    tracer = Tracer(args, kwargs)
    try:
        tracer.trace(model)
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise CounterError(
            later(
                "paddle: the model cannot be mirrored: torch.fx cannot trace it ({said}); {way_out}",
                said=said,
                way_out=WAY_OUT,
            )
        ) from error
    return tracer.visits[0]
