"""The ledger of one run: the modules of the model, their calls, the Python-level calls and the ops, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal

from reconcile.errors import LedgerError

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A tensor as an argument or a result: its shape, its dtype and the op that wrote it last (None: none did)."""

    shape: Shape
    dtype: str
    writer: int | None = None


Value = Tensor | int | float | str | bool | None | tuple["Value", ...] | Mapping[str, "Value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter or buffer that a module owns itself; two entries with one key are one tensor.

    `kept` is set on a pruned parameter: how many of its elements the module's mask keeps.
    """

    name: str
    shape: Shape = ()
    dtype: str
    key: int
    trainable: bool = True
    kept: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One place of the module tree.

    A module that two parents own stands at two places, the second with `alias` set to the path of the first.
    A `leaf` is one layer: it has no children, or it is a layer that never calls them (`nn.MultiheadAttention`).
    `also` are the other names under which the same parent holds it.
    `derived` are the tensors that it shows as its weight or bias and makes from parameters of other names.
    """

    path: str
    type: str
    bases: tuple[str, ...] = ()
    children: bool
    leaf: bool
    training: bool
    alias: str | None = None
    also: tuple[str, ...] = ()
    attributes: Mapping[str, Value] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()
    buffers: tuple[Parameter, ...] = ()
    derived: tuple[Parameter, ...] = ()

    @property
    def name(self) -> str:
        """The class name without its package."""
        return self.type.rpartition(".")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a module: `parent` is the call it was made in, `number` counts the calls of this module from 1."""

    module: str
    parent: int | None
    number: int
    arguments: tuple[Value, ...] = ()
    keywords: Mapping[str, Value] = field(default_factory=dict)
    output: Value = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One call of a Python-level function (`torch.nn.functional.relu`, `torch.Tensor.matmul`) inside a module call."""

    name: str
    call: int | None
    arguments: tuple[Value, ...] = ()
    keywords: Mapping[str, Value] = field(default_factory=dict)
    output: Value = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """One operator really executed, inside module call `call` and Python-level calls `functions`.

    `parent` is the composite op that it is a part of; a `composite` op is priced by its parts, not by itself.
    A `traced` op is arithmetic on sizes, which is Python's own unless a trace of the model is taken; one that is not
    traced (False) ran where no trace shows it, in a scripted function.
    """

    name: str
    call: int | None
    functions: tuple[int, ...] = ()
    parent: int | None = None
    composite: bool = False
    traced: bool | None = None
    arguments: tuple[Value, ...] = ()
    keywords: Mapping[str, Value] = field(default_factory=dict)
    output: Value = None

    def argument(self, index: int, name: str | None = None, default: Value = None) -> Value:
        """The argument at a position, or by its name when it was given as a keyword."""
        if index < len(self.arguments):
            return self.arguments[index]
        return self.keywords.get(name, default) if name else default

    def shape(self, index: int, name: str | None = None) -> Shape:
        """The shape of the tensor at a position; numbers have the shape ()."""
        value = self.argument(index, name)
        return value.shape if isinstance(value, Tensor) else ()

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Every tensor among the arguments, in order."""
        return tensors_in((*self.arguments, *self.keywords.values()))

    @property
    def out(self) -> Shape:
        """The shape of the first result."""
        return first_shape(self.output)


def tensors_in(value: Value) -> tuple[Tensor, ...]:
    """Every tensor in a value, depth first."""
    found: list[Tensor] = []
    _collect(value, found)
    return tuple(found)


def _collect(value: Value, found: list[Tensor]) -> None:
    if isinstance(value, Tensor):
        found.append(value)
    elif isinstance(value, tuple):
        for item in value:
            _collect(item, found)
    elif value is not None and not isinstance(value, (int, float, str)):
        for item in value.values():
            _collect(item, found)


def first_shape(value: Value) -> Shape:
    """The shape of the first tensor found in a value, depth first; () if there is none.

    >>> first_shape((Tensor(shape=(2, 3), dtype="float32"),))
    (2, 3)
    """
    return value.shape if isinstance(value, Tensor) else next((tensor.shape for tensor in tensors_in(value)), ())


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """What one run executed.

    `source` is `run` when it was recorded while the counter counted, `twin` when it was recorded in a clean pass of
    the same model, input and context.
    """

    source: Literal["run", "twin"]
    framework: str
    modules: tuple[Module, ...]
    calls: tuple[Call, ...]
    functions: tuple[Function, ...]
    ops: tuple[Op, ...]

    @cached_property
    def places(self) -> Mapping[str, Module]:
        """Modules by path, aliases included."""
        return {module.path: module for module in self.modules}

    @cached_property
    def inputs(self) -> tuple[Tensor, ...]:
        """The tensors that the model was called with first."""
        for call in self.calls:
            return tensors_in((call.arguments, dict(call.keywords)))
        return ()

    @cached_property
    def _places_of(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for module in self.modules:
            found.setdefault(module.alias if module.alias is not None else module.path, []).append(module.path)
        return {path: tuple(places) for path, places in found.items()}

    def places_of(self, path: str) -> tuple[str, ...]:
        """Every place of a module, by its first path, which comes first."""
        return self._places_of[path]

    def parameters_below(self, path: str) -> tuple[tuple[str, Shape], ...]:
        """The parameters of a module and of every module below it by their dotted names, each tensor at its first."""
        module = self.places[path]
        start = f"{path}." if path else ""
        below = (item for item in self.modules if item.path.startswith(start)) if module.children else ()
        named: dict[int, tuple[str, Shape]] = {}
        for item in (module, *below):
            inner = "" if item is module else f"{item.path.removeprefix(start)}."
            for tensor in item.parameters:
                named.setdefault(tensor.key, (f"{inner}{tensor.name}", tensor.shape))
        return tuple(named.values())

    @cached_property
    def batch(self) -> int | None:
        """The leading size of the first tensor given to the model, its batch size; None without a call."""
        for call in self.calls:
            shape = first_shape((call.arguments, dict(call.keywords)))
            return shape[0] if shape else None
        return None

    @cached_property
    def called(self) -> frozenset[str]:
        """Paths of the modules that were called; a shared module counts at every place that it has."""
        direct = {call.module for call in self.calls}
        places = (module.path for module in self.modules if (module.alias or module.path) in direct)
        return frozenset((*places, *direct))

    def module(self, call: int | None) -> Module:
        """The module that a call called."""
        if call is None:
            return self.places[""]
        return self.places[self.calls[call].module]

    @cached_property
    def _ops_of_calls(self) -> Mapping[int, tuple[int, ...]]:
        found: dict[int, list[int]] = {index: [] for index in range(len(self.calls))}
        for index, op in enumerate(self.ops):
            call = op.call
            while call is not None:
                found[call].append(index)
                call = self.calls[call].parent
        return {call: tuple(ops) for call, ops in found.items()}

    @cached_property
    def _ops_of_functions(self) -> Mapping[int, tuple[int, ...]]:
        found: dict[int, list[int]] = {index: [] for index in range(len(self.functions))}
        for index, op in enumerate(self.ops):
            for function in op.functions:
                found[function].append(index)
        return {function: tuple(ops) for function, ops in found.items()}

    @cached_property
    def _parts(self) -> Mapping[int, tuple[int, ...]]:
        found: dict[int, list[int]] = {}
        for index, op in enumerate(self.ops):
            parent = op.parent
            while parent is not None:
                found.setdefault(parent, []).append(index)
                parent = self.ops[parent].parent
        return {parent: tuple(parts) for parent, parts in found.items()}

    def ops_of_call(self, call: int) -> tuple[int, ...]:
        """Indices of the ops executed inside a module call, nested calls included."""
        return self._ops_of_calls[call]

    def ops_of_function(self, function: int) -> tuple[int, ...]:
        """Indices of the ops executed inside a Python-level call."""
        return self._ops_of_functions[function]

    def ops_of_op(self, op: int) -> tuple[int, ...]:
        """Indices of an op and of the parts that a composite op was executed as."""
        return (op, *self._parts.get(op, ()))

    @cached_property
    def executed(self) -> tuple[int, ...]:
        """Indices of the ops that stand for work: all but composites, which stand for their parts."""
        return tuple(index for index, op in enumerate(self.ops) if not op.composite)


_NAMES = {kind: {item.name: None for item in fields(kind)} for kind in (Parameter, Module, Call, Function, Op)}
"""The fields of every kind of record, in order."""


def to_json(value: Any) -> Any:
    """A ledger, or any part of one, as plain JSON values; empty fields are left out."""
    if isinstance(value, Tensor):
        document: dict[str, Any] = {"shape": list(value.shape), "dtype": value.dtype}
        return document if value.writer is None else document | {"writer": value.writer}
    if isinstance(value, (Parameter, Module, Call, Function, Op)):
        kept = ((name, getattr(value, name)) for name in _NAMES[type(value)])
        return {name: to_json(part) for name, part in kept if part is not None and part != () and part != {}}
    if isinstance(value, Ledger):
        document = {"from": value.source, "framework": value.framework}
        return document | {name: to_json(getattr(value, name)) for name in ("modules", "calls", "functions", "ops")}
    if isinstance(value, Mapping):
        return {"keys": {str(name): to_json(part) for name, part in value.items()}}
    if isinstance(value, (tuple, list)):
        return [to_json(part) for part in value]
    return value


def _value(document: Any) -> Value:
    if isinstance(document, list):
        return tuple(_value(part) for part in document)
    if isinstance(document, dict) and "shape" in document:
        return Tensor(shape=tuple(document["shape"]), dtype=document["dtype"], writer=document.get("writer"))
    if isinstance(document, dict):
        return {name: _value(part) for name, part in document["keys"].items()}
    return document  # type: ignore[no-any-return]


_MAPPINGS = {"keywords", "attributes"}
_PARAMETERS = {"parameters", "buffers", "derived"}


def _record(kind: type[Any], document: Mapping[str, Any]) -> Any:
    if unknown := sorted(document.keys() - _NAMES[kind].keys()):
        raise LedgerError(f"a {kind.__name__.lower()} of a ledger has the unknown field {unknown[0]!r}")
    made: dict[str, Any] = {}
    for name, part in document.items():
        if name in _PARAMETERS:
            made[name] = tuple(_record(Parameter, item) for item in part)
        elif name in {"bases", "also", "functions", "shape"}:
            made[name] = tuple(part)
        elif name in {"arguments", "output"} or name in _MAPPINGS:
            made[name] = _value(part)
        else:
            made[name] = part
    return kind(**{**_ABSENT.get(kind, {}), **made})


_ABSENT: Mapping[type[Any], Mapping[str, None]] = {
    Call: {"parent": None},
    Function: {"call": None},
    Op: {"call": None},
}


def from_json(document: Mapping[str, Any]) -> Ledger:
    """The ledger of a document; `from_json(to_json(x)) == x`."""
    try:
        return Ledger(
            source=document["from"],
            framework=document["framework"],
            modules=tuple(_record(Module, item) for item in document["modules"]),
            calls=tuple(_record(Call, item) for item in document["calls"]),
            functions=tuple(_record(Function, item) for item in document["functions"]),
            ops=tuple(_record(Op, item) for item in document["ops"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise LedgerError(f"this is not a ledger: {error!r}") from error
