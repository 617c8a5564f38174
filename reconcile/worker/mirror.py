"""The mirror: a PyTorch model built anew in Paddle, layer by layer, with equal paths, kinds and calls.

`torch.fx` traces the model once.  Every module becomes a Paddle layer at the same path: a layer of `torch.nn` the
layer of the same kind, anything else a container that replays what was traced inside it, call by call.  So a linear
layer stays a layer, a functional call stays functional, and a layer called twice is one layer called twice.
"""

from __future__ import annotations

import copy
import functools
import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import paddle
import torch
from torch import fx

from reconcile.errors import CounterError
from reconcile.language import later
from reconcile.worker.certificate import twin_tensor
from reconcile.worker.mirror_functions import FUNCTIONS
from reconcile.worker.mirror_layers import LAYERS
from reconcile.worker.mirror_trace import LIBRARIES, WAY_OUT, Visit, hooked, trace
from reconcile.worker.paddle_tree import to_paddle
from reconcile.worker.refusal import RefusalError

_PYTHON = ("_operator.", "math.", "torch.fx._symbolic_trace.", "torch._assert")
"""Functions that are Python's own, or that only check: they run as they are on plain numbers."""


def refused(what: str, path: str) -> CounterError:
    """The one sentence about something that cannot be mirrored."""
    where = path or later("the model itself")
    return CounterError(
        later(
            "paddle: the model cannot be mirrored: {what} at {where} has no Paddle counterpart here; {way_out}",
            what=what,
            where=where,
            way_out=WAY_OUT,
        )
    )


class Container(paddle.nn.Layer):  # type: ignore[misc]
    """The mirror of a module that is no layer of `torch.nn`: it replays what was traced inside that module."""

    def __init__(self, replay: Callable[..., Any]) -> None:
        super().__init__()
        self._replay = replay

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Replay the next call; only the model itself takes new values, all others follow from them."""
        return self._replay(args, kwargs)


class Mirror:
    """What was traced, the layers that it calls, and the values at hand while it is replayed."""

    def __init__(self, model: torch.nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        if isinstance(model, torch.jit.ScriptModule):
            raise CounterError(
                later("paddle: the model cannot be mirrored: it is a TorchScript module; {way_out}", way_out=WAY_OUT)
            )
        self.signature = inspect.signature(model.forward)
        self.model = model
        self.root = trace(model, self.signature.bind(*args, **kwargs))
        self.visits: dict[str, list[Visit]] = {}
        self._uses: Counter[fx.Node] = Counter()
        self._collect(self.root)
        self.layers: dict[str, paddle.nn.Layer] = {}
        self._turns: Counter[str] = Counter()
        self._left: Counter[fx.Node] = Counter()
        self._values: dict[fx.Node, Any] = {}

    def _collect(self, visit: Visit) -> None:
        """Note every call of a container, and how often each value will be asked for."""
        self.visits.setdefault(visit.path, []).append(visit)
        for step in visit.steps:
            if isinstance(step, Visit):
                self._collect(step)
            fx.node.map_arg((step.args, step.kwargs), lambda node: self._uses.update((node,)))
        if visit is not self.root:
            fx.node.map_arg(visit.output, lambda node: self._uses.update((node,)))

    def called(self) -> Iterator[tuple[fx.Node, str]]:
        """Every traced node with the path of the container that it stands in."""
        for path, visits in self.visits.items():
            for visit in visits:
                yield from ((step, path) for step in visit.steps if isinstance(step, fx.Node))

    def replay(self, path: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Execute one call of a container."""
        if path == "":
            self._begin(args, kwargs)
        visit = self.visits[path][self._turns[path]]
        self._turns[path] += 1
        for step in visit.steps:
            if isinstance(step, Visit):
                # What was given by name is given by position: `paddle.flops` fails on layers that are called by name.
                self.layers[step.path](*self._value(step.args), *self._value(step.kwargs).values())
            elif step.op == "output":
                return self._value(step.args[0])
            elif step.op != "placeholder":
                self._values[step] = self._execute(step, path)
        return self._value(visit.output)

    def _begin(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        bound = self.signature.bind(*args, **kwargs)
        given = [*bound.args, *bound.kwargs.values()]
        takers = [step for step in self.root.steps if isinstance(step, fx.Node) and step.op == "placeholder"]
        self._turns.clear()
        self._left = Counter(self._uses)
        self._values = dict(zip(takers, given, strict=True))

    def _value(self, value: Any) -> Any:
        return _plain(fx.node.map_arg(value, self._take))

    def _take(self, node: fx.Node) -> Any:
        """A value at hand; the last one to ask for it takes it away, so that its memory is free again."""
        self._left[node] -= 1
        return self._values[node] if self._left[node] else self._values.pop(node)

    def _execute(self, node: fx.Node, path: str) -> Any:
        args, kwargs = self._value(node.args), self._value(node.kwargs)
        try:
            if node.op == "get_attr":
                return self._attribute(str(node.target))
            if node.op == "call_module":
                return self._call_layer(str(node.target), args, kwargs)
            if callable(node.target) and _is_python(node) and not _has_tensor((args, kwargs)):
                return node.target(*args, **kwargs)
            if bare_name(node) not in FUNCTIONS and _is_python(node):
                return node.target(*args, **kwargs)  # type: ignore[operator]
            if bare_name(node) not in FUNCTIONS:
                raise refused(bare_name(node), path)
            return FUNCTIONS[bare_name(node)](*args, **kwargs)
        except RefusalError as error:
            raise refused(str(error), path) from error
        except CounterError:
            raise
        except Exception as error:
            said = " ".join(str(error).split())[-200:]
            raise CounterError(
                later(
                    "paddle: the mirrored model fails in {target} at {path}: {said}; {way_out}",
                    target=node.target,
                    path=path or later("the model itself"),
                    said=said,
                    way_out=WAY_OUT,
                )
            ) from error

    def _call_layer(self, path: str, args: Any, kwargs: Any) -> Any:
        """Call a mirrored layer; Paddle's layers name their inputs otherwise, so all are given by position."""
        forward = inspect.signature(self.model.get_submodule(path).forward)
        return self.layers[path](*forward.bind(*args, **kwargs).args)

    def _attribute(self, target: str) -> Any:
        path, _, name = target.rpartition(".")
        tensor, transposed = twin_tensor(self.layers.get(path), name)
        if tensor is not None:
            return tensor.t() if transposed else tensor
        value: Any = self.model
        for part in target.split("."):
            value = getattr(value, part)
        return to_paddle(value)


def bare_name(node: fx.Node) -> str:
    """The name under which a function or a method stands in the table of mirrors."""
    target = node.target
    name = target if isinstance(target, str) else fx.node._get_qualified_name(target)
    if not isinstance(target, str) and not name.startswith(LIBRARIES):
        return name
    bare = name.rpartition(".")[2]
    return bare if bare.startswith("_") else bare.rstrip("_")


def _plain(value: Any) -> Any:
    """Lists and mappings as Python's own, in the place of those of a graph, which cannot be changed."""
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if type(value) is tuple:
        return tuple(map(_plain, value))
    return list(map(_plain, value)) if isinstance(value, list) else value


def _is_python(node: fx.Node) -> bool:
    """Whether a function is Python's own, and so works on plain numbers as it is."""
    return callable(node.target) and fx.node._get_qualified_name(node.target).startswith(_PYTHON)


def _has_tensor(given: Any) -> bool:
    tensors: list[Any] = []
    fx.node.map_aggregate(given, lambda part: tensors.append(part) if isinstance(part, paddle.Tensor) else None)
    return bool(tensors)


def mirror(model: torch.nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> paddle.nn.Layer:
    """Build the Paddle mirror of a model; the model itself is not touched, and the weights are not yet copied.

    Raises `CounterError` with the op or layer that stopped it.
    """
    try:
        model = copy.deepcopy(model).float().eval()
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise CounterError(
            later(
                "paddle: the model cannot be mirrored: it cannot be copied ({said}); {way_out}",
                said=said,
                way_out=WAY_OUT,
            )
        ) from error
    if type(model) in LAYERS and not hooked(model):
        return _layer(model, "")
    made = Mirror(model, args, kwargs)
    used = {str(node.target) for node, _ in made.called() if node.op == "call_module"}
    for node, path in made.called():
        _check(node, path)
    seen: dict[int, paddle.nn.Layer] = {}
    layer = _build(model, "", made, used, seen)
    layer.eval()
    return layer


def _check(node: fx.Node, path: str) -> None:
    """Refuse a function without a mirror before anything runs."""
    if node.op in ("call_function", "call_method") and bare_name(node) not in FUNCTIONS and not _is_python(node):
        raise refused(bare_name(node), path)


def _build(
    module: torch.nn.Module, path: str, made: Mirror, used: set[str], seen: dict[int, paddle.nn.Layer]
) -> paddle.nn.Layer:
    """The mirror of a module and of everything in it; a module that stands at two places is one layer there."""
    if id(module) in seen:
        return seen[id(module)]
    layer = _layer(module, path) if path in used else _idle_layer(module, path)
    if layer is None:
        layer = _container(module, path, made)
        for name, child in module.named_children():
            below = f"{path}.{name}" if path else name
            layer._sub_layers[name] = _build(child, below, made, used, seen)
    seen[id(module)] = made.layers[path] = layer
    return layer


def _idle_layer(module: torch.nn.Module, path: str) -> paddle.nn.Layer | None:
    """The mirror of a layer that is never called; one without a counterpart is no reason to refuse the model."""
    if type(module) not in LAYERS or hooked(module):
        return None
    try:
        return _layer(module, path)
    except CounterError:
        return None


def _layer(module: torch.nn.Module, path: str) -> paddle.nn.Layer:
    """The mirror of a layer of `torch.nn`."""
    name = type(module).__name__
    try:
        return LAYERS[type(module)](module)
    except RefusalError as error:
        raise refused(str(error), path) from error
    except Exception as error:
        said = " ".join(str(error).split())[-200:]
        raise refused(f"{name} ({said})", path) from error


def _container(module: torch.nn.Module, path: str, made: Mirror) -> Container:
    """A container of the same class name, with the tensors that the module owns itself."""
    kind = type(module)
    # A class that Paddle's own layers are named like would pass for one of them.
    package = "paddle.nn" if kind.__module__.startswith("torch.nn.") and kind not in LAYERS else kind.__module__
    layer: Container = type(kind.__name__, (Container,), {"__module__": package})(functools.partial(made.replay, path))
    for name, parameter in module._parameters.items():
        if parameter is not None:
            shape, dtype = list(parameter.shape), str(parameter.dtype).removeprefix("torch.")
            zero = paddle.nn.initializer.Constant(0.0)
            layer._parameters[name] = layer.create_parameter(shape, dtype=dtype, default_initializer=zero)
    for name, buffer in module._buffers.items():
        if buffer is not None:
            layer.register_buffer(name, to_paddle(buffer))
    return layer
