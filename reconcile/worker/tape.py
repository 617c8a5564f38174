"""The tape that recorders write on: calls, functions and ops in order, with who is inside whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

from reconcile.ledger import Call, Function, Ledger, Module, Op, Tensor, Value
from reconcile.pricing.operators import writes

_LONGEST_TEXT = 60
_LONGEST_LIST = 4096


class Tape:
    """A growing ledger.  It knows no framework; a recorder tells it what a tensor is."""

    def __init__(self, framework: str, modules: tuple[Module, ...]) -> None:
        self.framework = framework
        self.modules = modules
        self.calls: list[Call] = []
        self.functions: list[Function] = []
        self.ops: list[Op] = []
        self.last_op: int | None = None
        self._callers: list[int] = []
        self._functions: list[int] = []
        self._composites: list[int] = []
        self._numbers: dict[str, int] = {}
        self._writers: dict[Any, tuple[int, int]] = {}
        self._views: dict[Any, tuple[int, int]] = {}
        self._given: dict[int, frozenset[Any]] = {}
        self._moment = 0

    @property
    def call(self) -> int | None:
        """The module call that is being executed."""
        return self._callers[-1] if self._callers else None

    @property
    def function(self) -> int | None:
        """The Python-level call that is being executed."""
        return self._functions[-1] if self._functions else None

    def tensor(self, value: Any) -> tuple[Tensor, Any] | None:
        """A tensor of the framework and the identity of its memory; None for any other value."""
        raise NotImplementedError

    def geometry(self, value: Any) -> Any:
        """What tells two tensors in the same memory apart; None if nothing does."""
        return None

    def _writer(self, value: Any, memory: Any) -> int | None:
        """The op that gave a tensor its values, or its view of them, last.

        An op that gives a view writes nothing: who reads the viewed tensor does not depend on it.
        """
        found = (self._writers.get(memory), self._views.get((memory, self.geometry(value))))
        return max((item for item in found if item is not None), default=(0, None))[1]

    def encode(self, value: Any) -> Value:
        """A value as the ledger keeps it: tensors by shape, plain values as they are, anything else by its type."""
        found = self.tensor(value)
        if found is not None:
            tensor, memory = found
            return replace(tensor, writer=self._writer(value, memory))
        if value is None or isinstance(value, (bool, int, float)):
            return value if not isinstance(value, float) or value == value else "nan"
        if isinstance(value, str):
            return value[:_LONGEST_TEXT]
        if isinstance(value, (list, tuple)):
            return tuple(self.encode(item) for item in value[:_LONGEST_LIST])
        if isinstance(value, Mapping):
            return {str(name): self.encode(item) for name, item in value.items()}
        return f"<{type(value).__name__}>"

    def _memories(self, value: Any) -> Iterator[tuple[Any, Any]]:
        """Every tensor in a value, with the identity of its memory."""
        found = self.tensor(value)
        if found is not None:
            yield value, found[1]
        elif isinstance(value, (list, tuple)):
            for item in value:
                yield from self._memories(item)

    @contextmanager
    def calling(self, path: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Iterator[list[Any]]:
        """Record a module call; the caller puts the output into the list that it is given."""
        number = self._numbers[path] = self._numbers.get(path, 0) + 1
        call = Call(
            module=path,
            parent=self.call,
            number=number,
            arguments=tuple(self.encode(item) for item in arguments),
            keywords={name: self.encode(item) for name, item in keywords.items()},
        )
        index = len(self.calls)
        output: list[Any] = []
        self.calls.append(call)
        self._callers.append(index)
        try:
            yield output
        finally:
            self._callers.pop()
            if output:
                self.calls[index] = replace(call, output=self.encode(output[0]) or None)

    @contextmanager
    def inside(self, name: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Iterator[list[Any]]:
        """Record a Python-level call; the caller puts the output into the list that it is given."""
        function = Function(
            name=name,
            call=self.call,
            arguments=tuple(self.encode(item) for item in arguments),
            keywords={name: self.encode(item) for name, item in keywords.items()},
        )
        index = len(self.functions)
        output: list[Any] = []
        self.functions.append(function)
        self._functions.append(index)
        try:
            yield output
        finally:
            self._functions.pop()
            if output:
                self.functions[index] = replace(function, output=self.encode(output[0]) or None)

    def begin(self, name: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> int:
        """Record that an op starts; its arguments are taken now, because an op may change them."""
        op = Op(
            name=name,
            call=self.call,
            functions=tuple(self._functions),
            parent=self._composites[-1] if self._composites else None,
            arguments=tuple(self.encode(item) for item in arguments),
            keywords={name: self.encode(item) for name, item in keywords.items()},
        )
        self.ops.append(op)
        index = len(self.ops) - 1
        if not writes(name):
            given = self._memories([*arguments, *keywords.values()])
            self._given[index] = frozenset(memory for _, memory in given)
        return index

    def end(self, index: int, output: Any) -> None:
        """Record what an op gave; an op in which others were executed is a composite of them."""
        composite = any(op.parent == index for op in self.ops[index + 1 :])
        if not composite:
            self.last_op = index
        self._moment += 1
        given = self._given.pop(index, frozenset())
        for value, memory in self._memories(output):
            if memory in given:
                self._views[memory, self.geometry(value)] = (self._moment, index)
            else:
                self._writers[memory] = (self._moment, index)
        self.ops[index] = replace(self.ops[index], output=self.encode(output) or None, composite=composite)

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
        return Ledger(
            source=source,
            framework=self.framework,
            modules=self.modules,
            calls=tuple(self.calls),
            functions=tuple(self.functions),
            ops=tuple(self.ops),
        )
