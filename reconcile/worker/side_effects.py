"""What a counter left behind, on the model and in the process: a look before, a look after, and the difference."""

from __future__ import annotations

import copy
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import CodeType
from typing import Any

import numpy as np

from reconcile.language import commas, later

_SHOWN = 3

_TABLES = ("_parameters", "_buffers", "_non_persistent_buffers_set")

_PLACES = ("torch", "torch.nn.functional", "torch.Tensor", "paddle.nn.functional")
"""Where counters are known to put functions of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """Everything that counters are known to change, at one moment."""

    attributes: Mapping[str, frozenset[str]]
    hooks: Mapping[str, int]
    flags: Mapping[str, bool]
    tensors: Mapping[str, Any]
    inputs: tuple[Any, ...]
    calls: Mapping[type[Any], Any]
    functions: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)


def _modules(model: Any) -> dict[str, Any]:
    """The modules of a PyTorch or Paddle model by path."""
    if hasattr(model, "named_modules"):
        return dict(model.named_modules())
    return dict(model.named_sublayers(include_self=True))


def _array(value: Any) -> Any:
    """A copy of a tensor's values, or None for what has none."""
    try:
        value = value.detach()
        return (value.float() if "bfloat16" in str(value.dtype) else value).numpy().copy()
    except (AttributeError, RuntimeError, TypeError, ValueError):
        return None


def _hook_tables(module: Any) -> list[Any]:
    return [value for name, value in vars(module).items() if name.endswith("_hooks") and hasattr(value, "__len__")]


def _hook_codes(model: Any) -> frozenset[CodeType]:
    """The code of every hook that stands on a module."""
    tables = (table for module in _modules(model).values() for table in _hook_tables(module))
    hooks = (hook for table in tables if hasattr(table, "values") for hook in table.values())
    codes = (getattr(getattr(hook, "func", hook), "__code__", None) for hook in hooks)
    return frozenset(code for code in codes if code is not None)


def _functions() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place in _PLACES:
        package, _, attribute = place.rpartition(".")
        owner = sys.modules.get(place) or getattr(sys.modules.get(package), attribute, None)
        found |= {f"{place}.{name}": value for name, value in vars(owner or object).items() if callable(value)}
    return found


def options_now() -> dict[str, Any]:
    """The options of the process that counters are known to change; none while pandas is not loaded."""
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return {}
    names = ("display.max_rows", "display.max_columns", "display.width", "display.max_colwidth")
    return {f"pandas option {name}": pandas.get_option(name) for name in names}


def _default(option: str) -> str:
    """The default of a pandas option as pandas describes it, for options that stood unread before pandas was loaded."""
    described = str(sys.modules["pandas"].describe_option(option.removeprefix("pandas option "), False))
    return described.rpartition("[default: ")[2].partition("]")[0]


def _look(model: Any, inputs: Iterable[Any], valued: Callable[[Any], bool]) -> _Look:
    modules = _modules(model)
    return _Look(
        attributes={path: frozenset(vars(module)) for path, module in modules.items()},
        hooks={path: sum(map(len, _hook_tables(module))) for path, module in modules.items()},
        flags={path: bool(module.training) for path, module in modules.items()},
        tensors={name: _array(value) if valued(value) else None for name, value in model.state_dict().items()},
        inputs=tuple(_array(value) for value in inputs),
        calls={type(module): type(module).__call__ for module in modules.values()},
        functions=_functions(),
        options=options_now(),
    )


class Watch:
    """Looks at a model and its inputs when it is made, and says later what has changed since.

    `valued` says of a tensor whether there are values in it that can be compared.  `options` are those of the process
    before the counter was imported, which is when some counters change them; today's if they are not given.
    `again` executes the model once more, which hooks that were left behind may make impossible.
    """

    def __init__(
        self,
        model: Any,
        inputs: Iterable[Any],
        valued: Callable[[Any], bool] = lambda tensor: True,
        options: Mapping[str, Any] | None = None,
        again: Callable[[], object] | None = None,
    ) -> None:
        self._model = model
        self._inputs = tuple(inputs)
        self._fresh = _fresh(model)
        self._valued = valued
        self._again = again
        self._hooked = _hook_codes(model)
        look = _look(model, self._inputs, valued)
        self._before = look if options is None else replace(look, options=options)

    def changes(self) -> tuple[str, ...]:
        """One sentence for each kind of thing that was left behind or changed."""
        after = _look(self._model, self._inputs, self._valued)
        said = tuple(sentence for say in _SAYINGS for sentence in say(self._before, after))
        return said + self._loading(after) + self._calling()

    def _calling(self) -> tuple[str, ...]:
        """Whether the hooks that are left on the model let it be called once more.

        A model may write into its inputs or itself, and take no second call whoever counts it.
        """
        left = _hook_codes(self._model) - self._hooked
        if self._again is None or not left:
            return ()
        try:
            self._again()
        except Exception as error:
            if not any(frame.f_code in left for frame, _ in traceback.walk_tb(error.__traceback__)):
                return ()
            why = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
            return (later("the model can no longer be called: {why}", why=why),)
        return ()

    def _loading(self, after: _Look) -> tuple[str, ...]:
        """Whether the state dict can still be loaded into a fresh copy of the model."""
        if self._fresh is None or after.tensors.keys() == self._before.tensors.keys():
            return ()
        try:
            if _plain(self._fresh):
                _unfilled(self._fresh)
            self._fresh.load_state_dict(self._model.state_dict())
        except (RuntimeError, KeyError) as error:
            why = " ".join(str(error).split())[:160]
            return (later("the state dict no longer loads into a fresh model: {why}", why=why),)
        return ()


def _fresh(model: Any) -> Any:
    """The same model as far as loading a state dict goes: PyTorch's modules with tables of their own, others copied."""
    try:
        if not hasattr(model, "load_state_dict"):
            return None
        return _tables(model, {}) if _plain(model) else copy.deepcopy(model)
    except Exception:
        return None


def _plain(model: Any) -> bool:
    """Whether a model is made of PyTorch's modules alone, none of them scripted."""
    torch = sys.modules.get("torch")
    return (
        torch is not None and isinstance(model, torch.nn.Module) and not any(hasattr(x, "_c") for x in model.modules())
    )


def _tables(module: Any, made: dict[int, Any]) -> Any:
    """A PyTorch module with the same attributes, and tables of its own of what a state dict is made of."""
    if id(module) not in made:
        made[id(module)] = fresh = object.__new__(type(module))
        inside = {name: None if child is None else _tables(child, made) for name, child in module._modules.items()}
        own = {name: copy.copy(vars(module)[name]) for name in _TABLES}
        vars(fresh).update(vars(module) | own | {"_modules": inside})
    return made[id(module)]


def _unfilled(model: Any) -> None:
    """Let a model hold tensors that have a shape and no memory, so that loading into them writes nothing."""
    torch = sys.modules["torch"]
    for module in model.modules():
        for table in (vars(module).get(name, {}) for name in _TABLES[:2]):
            for name, tensor in table.items():
                if type(tensor) is torch.Tensor or type(tensor) is torch.nn.Parameter:
                    table[name] = torch.empty_like(tensor, device="meta")


def _listed(names: Iterable[str]) -> str:
    found = [name or later("the model itself") for name in sorted(names)]
    if len(found) <= _SHOWN:
        return commas(found)
    return later("{names} and {n} more", names=commas(found[:_SHOWN]), n=len(found) - _SHOWN)


def _state(before: _Look, after: _Look) -> Iterable[str]:
    added = after.tensors.keys() - before.tensors.keys()
    removed = before.tensors.keys() - after.tensors.keys()
    if added:
        yield later("{n} new entries in the state dict: {names}", n=len(added), names=_listed(added))
    if removed:
        yield later("{n} entries of the state dict are gone: {names}", n=len(removed), names=_listed(removed))


def _values(before: _Look, after: _Look) -> Iterable[str]:
    shared = before.tensors.keys() & after.tensors.keys()
    changed = [name for name in shared if _written(before.tensors[name], after.tensors[name])]
    if changed:
        yield later("{n} parameters or buffers have other values: {names}", n=len(changed), names=_listed(changed))
    pairs = zip(before.inputs, after.inputs, strict=True)
    if any(not _equal(old, new) for old, new in pairs):
        yield later("an input tensor has other values")


def _written(old: Any, new: Any) -> bool:
    """Whether a tensor was written into: it has other values, or had values and has unknown ones now."""
    return old is not None and (new is None or not _equal(old, new))


def _equal(old: Any, new: Any) -> bool:
    return old is None or new is None or bool(np.array_equal(old, new, equal_nan=old.dtype.kind in "fc"))


def _traces(before: _Look, after: _Look) -> Iterable[str]:
    hooked = {path for path, count in after.hooks.items() if count > before.hooks.get(path, count)}
    if hooked:
        count = sum(after.hooks[path] - before.hooks[path] for path in hooked)
        yield later("{n} hooks stay on {names}", n=count, names=_listed(hooked))
    added = {
        f"{path}.{name}".lstrip(".")
        for path, names in after.attributes.items()
        for name in names - before.attributes.get(path, names)
    }
    if added:
        yield later("{n} new attributes on modules: {names}", n=len(added), names=_listed(added))
    flags = [path for path, flag in after.flags.items() if flag != before.flags.get(path, flag)]
    if flags:
        yield later("the training flag of {n} modules changed: {names}", n=len(flags), names=_listed(flags))


def _process(before: _Look, after: _Look) -> Iterable[str]:
    calls = [kind.__name__ for kind, call in after.calls.items() if call is not before.calls.get(kind, call)]
    if calls:
        yield later(
            "__call__ of {n} classes stays replaced in the process: {names}", n=len(calls), names=_listed(calls)
        )
    functions = [
        name
        for name, item in after.functions.items()
        if item is not before.functions.get(name, item) and not _frameworks_own(item)
    ]
    if functions:
        yield later("{n} functions stay replaced in the process: {names}", n=len(functions), names=_listed(functions))
    was = before.options or {name: _default(name) for name in after.options}
    options = [name for name, value in after.options.items() if str(value) != str(was[name])]
    if options:
        yield later("changed for the whole process: {names}", names=_listed(options))


def _frameworks_own(item: Any) -> bool:
    """Whether a function comes from a framework itself, which replaces a few of its own at their first use."""
    code = getattr(item, "__code__", None)
    if code is None:
        return type(item).__module__.partition(".")[0] in ("torch", "paddle")
    folders = (module.__path__[0] for name in ("torch", "paddle") if (module := sys.modules.get(name)) is not None)
    return str(code.co_filename).startswith(tuple(folders))


_SAYINGS: tuple[Callable[[_Look, _Look], Iterable[str]], ...] = (_state, _values, _traces, _process)
