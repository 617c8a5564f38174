"""Building what a counter is run on: find the object, make the model and its inputs in the counter's framework."""

from __future__ import annotations

import importlib
import importlib.util
import pickle
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, Protocol

from reconcile import reference
from reconcile.adapter import Counter
from reconcile.errors import CounterError, UsageError
from reconcile.inputs import Input
from reconcile.language import later
from reconcile.objects import ObjectSpec
from reconcile.schema import Context


class Built(Protocol):
    """A model with its inputs, ready to run, and what is needed to watch it."""

    model: Any
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    notes: Sequence[str]
    certificate: Mapping[str, Any] | None
    names: Mapping[str, str]

    def recorder(self, *, composites: bool = False, own_code: Sequence[str] = ()) -> Any:
        """A recorder for the model."""

    def grad_context(self) -> AbstractContextManager[Any]:
        """The grad mode that was asked for."""

    def composite_context(self) -> AbstractContextManager[Any]:
        """A context in which composite ops reach the recorder whole, on the same path as without it."""

    def unchanged(self) -> AbstractContextManager[Any]:
        """Put the model's state back as it was."""

    def parameter_count(self) -> int:
        """The number of elements of the model's parameters, each tensor once."""

    def valued(self, tensor: Any) -> bool:
        """Whether a tensor has values; one of a model that is executed by shape may have none."""


def find(spec: ObjectSpec) -> Any:
    """The object that a spec names; every way to fail is one sentence about what, where and why."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    module = _from_file(spec) if spec.is_file else _from_package(spec)
    found: Any = module
    for name in spec.attribute.split("."):
        if not hasattr(found, name):
            known = ", ".join(sorted(item for item in vars(module) if not item.startswith("_"))[:12])
            raise UsageError(
                later(
                    "{place!r} has no attribute {attribute!r}; it has {known}",
                    place=spec.place,
                    attribute=spec.attribute,
                    known=known or later("none"),
                )
            )
        found = getattr(found, name)
    return found


def _from_file(spec: ObjectSpec) -> Any:
    path = Path(spec.place).resolve()
    if not path.is_file():
        raise UsageError(
            later(
                "the object {text!r} names the file {place!r}, which does not exist", text=str(spec), place=spec.place
            )
        )
    sys.path.insert(0, str(path.parent))
    name = path.stem if importlib.util.find_spec(path.stem) is None else f"reconcile_object_{path.stem}"
    loader = importlib.util.spec_from_file_location(name, path)
    if loader is None or loader.loader is None:
        raise UsageError(later("the file {place!r} is no Python file", place=spec.place))
    module = importlib.util.module_from_spec(loader)
    sys.modules[name] = module
    try:
        loader.loader.exec_module(module)
    except SyntaxError as error:
        raise UsageError(
            later(
                "the file {place!r} has a syntax error in line {lineno}: {msg}",
                place=spec.place,
                lineno=error.lineno,
                msg=error.msg,
            )
        ) from error
    except Exception as error:
        raise UsageError(
            later(
                "the file {place!r} cannot be imported: {error_type}: {error}",
                place=spec.place,
                error_type=type(error).__name__,
                error=error,
            )
        ) from error
    return module


def _from_package(spec: ObjectSpec) -> Any:
    try:
        return importlib.import_module(spec.place)
    except SyntaxError as error:
        where = f"{error.filename}, line {error.lineno}"
        raise UsageError(
            later(
                "the module {place!r} has a syntax error in {where}: {msg}",
                place=spec.place,
                where=where,
                msg=error.msg,
            )
        ) from error
    except ModuleNotFoundError as error:
        raise UsageError(
            later("the module {place!r} cannot be imported: {error}", place=spec.place, error=error)
        ) from error
    except Exception as error:
        raise UsageError(
            later(
                "the module {place!r} cannot be imported: {error_type}: {error}",
                place=spec.place,
                error_type=type(error).__name__,
                error=error,
            )
        ) from error


def make(spec: ObjectSpec) -> Any:
    """The model that a spec names: an instance as it is, a class or a factory called with the arguments."""
    _seed()
    found = find(spec)
    _seed()
    if framework_of(found) is not None:
        if spec.arguments:
            raise UsageError(later("{spec!r} is a ready model, so it takes no arguments", spec=str(spec)))
        return found
    if not callable(found):
        raise UsageError(
            later(
                "{spec!r} is {kind}, neither a model nor something that builds one",
                spec=str(spec),
                kind=type(found).__name__,
            )
        )
    try:
        model = found(**spec.arguments)
    except Exception as error:
        raise UsageError(
            later(
                "{spec!r} cannot be built: {error_type}: {error}",
                spec=str(spec),
                error_type=type(error).__name__,
                error=error,
            )
        ) from error
    if framework_of(model) is None:
        raise UsageError(
            later(
                "{spec!r} gives {kind}, which is neither a torch.nn.Module nor a paddle.nn.Layer",
                spec=str(spec),
                kind=type(model).__name__,
            )
        )
    return model


def framework_of(model: object) -> Literal["torch", "paddle"] | None:
    """The framework that a model belongs to; whoever made the model has imported its framework."""
    torch, paddle = sys.modules.get("torch"), sys.modules.get("paddle")
    if torch is not None and isinstance(model, torch.nn.Module):
        return "torch"
    if paddle is not None and isinstance(model, paddle.nn.Layer):
        return "paddle"
    return None


def _seed() -> None:
    """Give every framework that is loaded a fixed random state."""
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)
    if paddle := sys.modules.get("paddle"):
        paddle.seed(0)


def given(request: Mapping[str, Any], payload: bytes) -> tuple[Any, tuple[Any, ...] | None]:
    """The model of a request, and the live inputs that came with it, if any did."""
    if payload:
        model, args = pickle.loads(payload)
        return model, args
    return make(ObjectSpec.from_json(request["model"])), None


def build(request: Mapping[str, Any], payload: bytes, counter: Counter, context: Context, shape: Any = None) -> Built:
    """Build the model of a request in the framework that the counter needs; `shape` executes it by shape, if given."""
    if context.device == "meta" and counter.id == reference.NAME:
        return _without_values(request, payload, context)
    if context.device != "cpu":
        raise UsageError(
            later("the device {device!r} is not supported; counts are taken on the CPU", device=context.device)
        )
    inputs = tuple(Input.from_json(item) for item in request["inputs"])
    model, live = given(request, payload)
    own = framework_of(model)
    wanted = own if counter.framework == "any" else counter.framework
    if wanted == "paddle":
        from reconcile.worker.paddle_side import build_paddle

        return build_paddle(request, model, live, inputs, context)
    if own == "paddle":
        name = request["model"]["object"] if request["model"] else type(model).__name__
        raise CounterError(
            later("{counter} counts PyTorch models; {name} is a Paddle layer", counter=counter.id, name=name)
        )
    from reconcile.worker.torch_side import build_torch

    return build_torch(model, live, inputs, context, shape)


def _without_values(request: Mapping[str, Any], payload: bytes, context: Context) -> Built:
    """A PyTorch model that has shapes and no values: enough for the definition, which prices ops by their shapes.

    A model that reads values while it is built is built for real and then emptied.
    """
    import torch

    from reconcile.worker.torch_side import build_torch

    try:
        with torch.device("meta"):
            model, live = given(request, payload)
    except Exception:
        model, live = given(request, payload)
    if framework_of(model) != "torch":
        raise CounterError(later("only a PyTorch model can be executed by shape"))
    inputs = tuple(Input.from_json(item) for item in request["inputs"])
    return build_torch(model.to("meta"), live, inputs, context)
