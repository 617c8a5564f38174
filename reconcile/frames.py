"""Reading profilers that patch functions: counts go on the list of a module call, and their sums on the modules.

Such a profiler keeps no count of a single function, so that the counts are read where it makes them.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from reconcile.adapter import AtFunction, Measured, Place, Recorder, Row, Subject, whole
from reconcile.rules import Rules


@dataclass(kw_only=True)
class Notes:
    """What a profiler put on its lists, each with the Python-level call and the module that it belongs to."""

    recorder: Recorder
    macs: bool
    rows: list[tuple[int, str, int]] = field(default_factory=list)

    def flops(self, value: Any) -> None:
        """Note the FLOPs of a call, or, for the MACs, that it was seen: those of 0 are never put on a list."""
        self._note(0 if self.macs else value)

    def products(self, value: Any) -> None:
        """Note the MACs of a call."""
        if self.macs:
            self._note(value)

    def _note(self, value: Any) -> None:
        index = self.recorder.function
        assert index is not None, "a profiler counted a call that nobody recorded"
        self.rows.append((index, self.recorder.path, whole(value, f"call {index}")))


class _Frame(list[Any]):
    """Stands in for the list of one module call."""

    def __init__(self, note: Callable[[Any], None]) -> None:
        super().__init__()
        self._note = note

    def append(self, item: tuple[Any, Any]) -> None:
        """Note what a patch counted, and keep it."""
        self._note(item[1])
        super().append(item)


class _Frames(list[Any]):
    """Stands in for the stack of these lists."""

    def __init__(self, note: Callable[[Any], None]) -> None:
        super().__init__()
        self._note = note

    def append(self, frame: list[Any]) -> None:
        """Put a list of our own in the place of an empty one."""
        super().append(_Frame(self._note))


@dataclass(kw_only=True)
class Reading:
    """What a profiler keeps on the modules until it ends, by the first path of each, and how often it adds them up."""

    params: dict[str, int] = field(default_factory=dict)
    hooked: dict[str, int] = field(default_factory=dict)
    places: Tally[str] = field(default_factory=Tally)

    def read(self, model: Any, hooked: Mapping[type[Any], Any], attribute: str) -> None:
        """Read every module, by the children of each, as calflops adds them up."""
        first: dict[int, str] = {}
        for path, module in _walk(model):
            known = first.setdefault(id(module), path)
            self.places[known] += 1
            self.params[known] = module.__params__
            if type(module) in hooked:
                self.hooked[path] = getattr(module, attribute)


def _walk(module: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, module
    for name, child in module.named_children():
        yield from _walk(child, f"{path}.{name}" if path else name)


@contextmanager
def watched(
    library: Any,
    methods: tuple[type[Any], str, str],
    notes: Notes,
    names: tuple[str, ...],
    read: Callable[[Any], None],
) -> Iterator[None]:
    """Read counts where a profiler makes them and before it ends, and end it even if the model fails."""
    profiler, start, end = methods
    started, ended = getattr(profiler, start), getattr(profiler, end)

    def start_and_record(self: Any, *args: Any, **kwargs: Any) -> None:
        started(self, *args, **kwargs)
        stack.callback(ended, self)
        stack.enter_context(notes.recorder.functions(names))

    def read_and_end(self: Any) -> None:
        read(self.model)
        ended(self)

    with (
        ExitStack() as stack,
        mock.patch.object(profiler, start, start_and_record),
        mock.patch.object(profiler, end, read_and_end),
        mock.patch.object(library, "module_flop_count", _Frames(notes.flops)),
        mock.patch.object(library, "module_mac_count", _Frames(notes.products)),
    ):
        yield


def rows_of(subject: Subject, notes: Notes, reading: Reading, rules: Rules) -> Iterator[Row]:
    """A row for each count of a function, each hooked module that was called and each layer's parameters.

    A profiler that adds up a shared module at each of its places, by its rules, is told there each time.
    """
    for index, path, value in notes.rows:
        for place in range(reading.places[path] if rules.functions_per_place else 1):
            yield Row(target=AtFunction(index=index, place=place), told=value)
    places = subject.ledger.places
    for path, value in reading.hooked.items():
        if path in subject.ledger.called and (rules.rows_per_place or places[path].alias is None):
            yield Row(target=Place(path=path), told=whole(value, path))


def parameters(subject: Subject, reading: Reading, total: int) -> Measured:
    """What a profiler keeps of the parameters of each module without children, and its total."""
    places = subject.ledger.places
    rows = [Row(target=Place(path=path), told=own) for path, own in reading.params.items() if not places[path].children]
    return Measured(rows=rows, total=total)
