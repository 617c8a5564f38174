"""The tape that recorders write on: calls, functions and ops in order, with who is inside whom."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from reconcile.ledger import Call, Function, Ledger, Module, Op, Tensor, Value
from reconcile.pricing.operators import writes

_LONGEST_TEXT = 60
_LONGEST_LIST = 4096
_ATOMS = frozenset({int, bool, type(None)})

Seen = tuple[Sequence[int], Any, int | None]
"""A tensor as it was met: its shape, its dtype and the op that wrote it last."""

Record = TypeVar("Record", Call, Function, Op)


@dataclass(slots=True)
class _Note:
    """What something was given and what it gave, as short as it can be said while the model runs.

    `fields` are those of the record that it becomes.  Values are noted with tensors as `Seen`, sequences as lists.
    """

    fields: dict[str, Any]
    arguments: list[Any]
    keywords: dict[str, Any]
    output: Any = None


def _plain(value: Any, inside: Callable[[Any], Any]) -> Any:
    """The note of what is no tensor: plain values as they are, anything else by its type."""
    if value is None or isinstance(value, (bool, int, float)):
        return value if not isinstance(value, float) or value == value else "nan"
    if isinstance(value, str):
        return value[:_LONGEST_TEXT]
    if isinstance(value, (list, tuple)):
        return [inside(item) for item in value[:_LONGEST_LIST]]
    if isinstance(value, Mapping):
        return {str(name): inside(item) for name, item in value.items()}
    return f"<{type(value).__name__}>"


class Tape:
    """A growing ledger.  It knows no framework; a recorder tells it what a tensor is."""

    def __init__(self, framework: str, modules: tuple[Module, ...]) -> None:
        self.framework = framework
        self.modules = modules
        self.last_op: int | None = None
        self._called: list[_Note] = []
        self._used: list[_Note] = []
        self._executed: list[_Note] = []
        self._callers: list[int] = []
        self._functions: list[int] = []
        self._composites: list[int] = []
        self._numbers: dict[str, int] = {}
        self._writers: dict[Any, tuple[int, int]] = {}
        self._views: dict[Any, dict[Any, tuple[int, int]]] = {}
        self._given: dict[int, set[Any]] = {}
        self._moment = 0

    @property
    def path(self) -> str:
        """The path of the module that is being executed; the model's own while none is."""
        return str(self._called[self._callers[-1]].fields["module"]) if self._callers else ""

    @property
    def function(self) -> int | None:
        """The Python-level call that is being executed."""
        return self._functions[-1] if self._functions else None

    def memory(self, value: Any) -> Any:
        """The identity of the memory of a tensor of the framework; None for any other value."""
        raise NotImplementedError

    def seen(self, value: Any, writer: int | None) -> Seen:
        """A tensor of the framework, its dtype by any name that `dtype` knows."""
        raise NotImplementedError

    def dtype(self, name: Any) -> str:
        """The name of a dtype as the ledger keeps it."""
        raise NotImplementedError

    def geometry(self, value: Any) -> Any:
        """What tells two tensors in the same memory apart; None if nothing does."""
        return None

    def _writer(self, value: Any, memory: Any) -> int | None:
        """The op that gave a tensor its values, or its view of them, last.

        An op that gives a view writes nothing: who reads the viewed tensor does not depend on it.
        """
        found = self._writers.get(memory)
        views = self._views.get(memory)
        viewed = None if views is None else views.get(self.geometry(value))
        latest = found if viewed is None or (found is not None and found > viewed) else viewed
        return None if latest is None else latest[1]

    def _read(self, value: Any, met: set[Any]) -> Any:
        """The note of what is given to an op or a call; `met` takes the memory of every tensor in it."""
        kind = type(value)
        if kind in _ATOMS:
            return value
        if kind in (list, tuple) and _ATOMS.issuperset(map(type, value)):
            return list(value[:_LONGEST_LIST])
        memory = self.memory(value)
        if memory is None:
            return _plain(value, lambda item: self._read(item, met))
        met.add(memory)
        return self.seen(value, self._writer(value, memory))

    def _written(self, value: Any, index: int, given: Collection[Any]) -> Any:
        """The note of what op `index` gave: views of the memory that it was given, and what it wrote."""
        memory = self.memory(value)
        if memory is None:
            return _plain(value, lambda item: self._written(item, index, given))
        if memory in given:
            self._views.setdefault(memory, {})[self.geometry(value)] = (self._moment, index)
        else:
            self._writers[memory] = (self._moment, index)
        return self.seen(value, index)

    def _noted(
        self, fields: dict[str, Any], arguments: tuple[Any, ...], keywords: Mapping[str, Any], met: set[Any]
    ) -> _Note:
        return _Note(
            fields,
            [self._read(item, met) for item in arguments],
            {name: self._read(item, met) for name, item in keywords.items()},
        )

    def enter(self, path: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> int:
        """Record that a module call starts; `leave` has to follow."""
        number = self._numbers[path] = self._numbers.get(path, 0) + 1
        parent = self._callers[-1] if self._callers else None
        index = len(self._called)
        fields = {"module": path, "parent": parent, "number": number}
        self._called.append(self._noted(fields, arguments, keywords, set()))
        self._callers.append(index)
        return index

    def leave(self, index: int, output: Any = None) -> None:
        """Record that a module call ends, and what it gave."""
        self._callers.pop()
        self._called[index].output = self._read(output, set())

    @contextmanager
    def inside(self, name: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Iterator[list[Any]]:
        """Record a Python-level call; the caller puts the output into the list that it is given."""
        call = self._callers[-1] if self._callers else None
        note = self._noted({"name": name, "call": call}, arguments, keywords, set())
        output: list[Any] = []
        self._functions.append(len(self._used))
        self._used.append(note)
        try:
            yield output
        finally:
            self._functions.pop()
            if output:
                note.output = self._read(output[0], set())

    def begin(self, name: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> int:
        """Record that an op starts; its arguments are noted now, because an op may change them."""
        met: set[Any] = set()
        fields = {
            "name": name,
            "call": self._callers[-1] if self._callers else None,
            "functions": tuple(self._functions),
            "parent": self._composites[-1] if self._composites else None,
        }
        index = len(self._executed)
        self._executed.append(self._noted(fields, arguments, keywords, met))
        if met and not writes(name):
            self._given[index] = met
        return index

    def end(self, index: int, output: Any) -> None:
        """Record what an op gave; an op in which others were executed is a composite of them."""
        note = self._executed[index]
        note.fields["composite"] = any(part.fields["parent"] == index for part in self._executed[index + 1 :])
        if not note.fields["composite"]:
            self.last_op = index
        self._moment += 1
        note.output = self._written(output, index, self._given.pop(index, ()))

    def forget(self, index: int) -> None:
        """Take an op back that did not come about, and all that was executed in it."""
        del self._executed[index:]

    @contextmanager
    def within(self, index: int) -> Iterator[None]:
        """Record the ops executed meanwhile as parts of op `index`."""
        self._composites.append(index)
        try:
            yield
        finally:
            self._composites.pop()

    def ledger(self, source: Literal["run", "twin"]) -> Ledger:
        """What has been recorded so far."""
        tensors: dict[Seen, Tensor] = {}
        return Ledger(
            source=source,
            framework=self.framework,
            modules=self.modules,
            calls=tuple(self._record(Call, note, tensors) for note in self._called),
            functions=tuple(self._record(Function, note, tensors) for note in self._used),
            ops=tuple(self._record(Op, note, tensors) for note in self._executed),
        )

    def _record(self, kind: type[Record], note: _Note, tensors: dict[Seen, Tensor]) -> Record:
        return kind(
            **note.fields,
            arguments=tuple([self._value(item, tensors) for item in note.arguments]),
            keywords={name: self._value(item, tensors) for name, item in note.keywords.items()},
            output=self._value(note.output, tensors) or None,
        )

    def _value(self, noted: Any, tensors: dict[Seen, Tensor]) -> Value:
        """A value as the ledger keeps it: tensors by shape, plain values as they are, anything else by its type."""
        if isinstance(noted, tuple):
            if noted not in tensors:
                shape, dtype, writer = noted
                tensors[noted] = Tensor(shape=tuple(map(int, shape)), dtype=self.dtype(dtype), writer=writer)
            return tensors[noted]
        if isinstance(noted, list):
            return tuple([self._value(item, tensors) for item in noted])
        if isinstance(noted, dict):
            return {name: self._value(item, tensors) for name, item in noted.items()}
        return noted  # type: ignore[no-any-return]
