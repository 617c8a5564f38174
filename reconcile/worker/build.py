"""Building what a counter is run on: find the object, make the model and its inputs in the counter's framework."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from reconcile.adapter import Counter
from reconcile.errors import UsageError
from reconcile.inputs import Input
from reconcile.objects import ObjectSpec
from reconcile.schema import Context


class Built(Protocol):
    """A model with its inputs, ready to run, and what is needed to watch it."""

    model: Any
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    notes: Sequence[str]
    certificate: Mapping[str, Any] | None

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


def find(spec: ObjectSpec) -> Any:
    """The object that a spec names; every way to fail is one sentence about what, where and why."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    module = _from_file(spec) if spec.is_file else _from_package(spec)
    found: Any = module
    for name in spec.attribute.split("."):
        if not hasattr(found, name):
            known = ", ".join(sorted(item for item in vars(module) if not item.startswith("_"))[:12])
            raise UsageError(f"{spec.place!r} has no attribute {spec.attribute!r}; it has {known or 'none'}")
        found = getattr(found, name)
    return found


def _from_file(spec: ObjectSpec) -> Any:
    path = Path(spec.place).resolve()
    if not path.is_file():
        raise UsageError(f"the object {str(spec)!r} names the file {spec.place!r}, which does not exist")
    sys.path.insert(0, str(path.parent))
    name = path.stem if importlib.util.find_spec(path.stem) is None else f"reconcile_object_{path.stem}"
    loader = importlib.util.spec_from_file_location(name, path)
    assert loader is not None and loader.loader is not None
    module = importlib.util.module_from_spec(loader)
    sys.modules[name] = module
    try:
        loader.loader.exec_module(module)
    except SyntaxError as error:
        raise UsageError(f"the file {spec.place!r} has a syntax error in line {error.lineno}: {error.msg}") from error
    except Exception as error:
        raise UsageError(f"the file {spec.place!r} cannot be imported: {type(error).__name__}: {error}") from error
    return module


def _from_package(spec: ObjectSpec) -> Any:
    try:
        return importlib.import_module(spec.place)
    except SyntaxError as error:
        where = f"{error.filename}, line {error.lineno}"
        raise UsageError(f"the module {spec.place!r} has a syntax error in {where}: {error.msg}") from error
    except ModuleNotFoundError as error:
        raise UsageError(f"the module {spec.place!r} cannot be imported: {error}") from error
    except Exception as error:
        raise UsageError(f"the module {spec.place!r} cannot be imported: {type(error).__name__}: {error}") from error


def make(spec: ObjectSpec, kinds: tuple[type[Any], ...]) -> Any:
    """The model that a spec names: an instance as it is, a class or a factory called with the arguments."""
    found = find(spec)
    if isinstance(found, kinds):
        if spec.arguments:
            raise UsageError(f"{str(spec)!r} is a ready model, so it takes no arguments")
        return found
    if not callable(found):
        raise UsageError(f"{str(spec)!r} is {type(found).__name__}, neither a model nor something that builds one")
    try:
        model = found(**spec.arguments)
    except Exception as error:
        raise UsageError(f"{str(spec)!r} cannot be built: {type(error).__name__}: {error}") from error
    if not isinstance(model, kinds):
        names = " or ".join(f"{kind.__module__.split('.')[0]} {kind.__name__}" for kind in kinds)
        raise UsageError(f"{str(spec)!r} gives {type(model).__name__}, which is no {names}")
    return model


def build(request: Mapping[str, Any], payload: bytes, counter: Counter, context: Context) -> Built:
    """Build the model of a request in the framework that the counter needs."""
    inputs = tuple(Input.from_json(item) for item in request["inputs"])
    framework = request["framework"] if counter.framework == "any" else counter.framework
    if framework == "paddle":
        from reconcile.worker.paddle_side import build_paddle

        return build_paddle(request, payload, inputs, context)
    from reconcile.worker.torch_side import build_torch

    return build_torch(request, payload, inputs, context)
