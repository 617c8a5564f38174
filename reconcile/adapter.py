"""What an adapter is: the values and the one function that a counter's file provides.

An adapter file defines `COUNTERS`, a tuple of `Counter`.  Loading the file must not import the counter's library;
only `Counter.run`, which a worker calls, may.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from reconcile.errors import CounterError
from reconcile.ledger import Ledger
from reconcile.rules import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The row of a module, by its path (empty for the model itself)."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AtOp:
    """The row of an op of the ledger, by its index."""

    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AtFunction:
    """The row of a Python-level call of the ledger, by its index."""

    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The row of a kind of op in a module: the module's own row if it is a leaf, `path::kind` if it is not."""

    path: str
    op: str


Target = Place | AtOp | AtFunction | Outside


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that a counter told: `told` is None where it has nothing to say; rows of one target are added up."""

    target: Target
    told: int | None
    params: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Everything that a counter told in one run, unchanged."""

    rows: Sequence[Row]
    total: int
    params: int | None = None
    warnings: Sequence[str] = ()


class Recorder(Protocol):
    """The part of a recorder that adapters use while it records."""

    @property
    def function(self) -> int | None:
        """The Python-level call that is being executed."""

    @property
    def last_op(self) -> int | None:
        """The op that was executed last."""

    @property
    def path(self) -> str:
        """The path of the module that is being executed."""

    def functions(self, names: Sequence[str]) -> AbstractContextManager[None]:
        """Record the Python-level calls of these functions, by wrappers around those that stand there now."""


class Subject(Protocol):
    """What a worker hands to an adapter: a model, its input and a way to record."""

    model: Any
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    @property
    def ledger(self) -> Ledger:
        """What has been recorded."""

    def recording(self, *, own_code: Sequence[str] = ()) -> AbstractContextManager[Recorder]:
        """Record what the model executes meanwhile; `own_code` are folders of the counter that execute ops too."""

    def twin(self, *, sizes: bool = False) -> None:
        """Record a clean pass of the same model, input and context instead, for counters that no mode may watch.

        With `sizes` the ledger also holds the arithmetic on sizes that a trace of the model executes.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """One counter: how it is named, what its number means, how it is run and by which rules it counts.

    `unit` is what the counter's own documentation calls one unit of its number once MAC and FLOP are told apart.
    `sees` says in a few words what it looks at.
    """

    id: str
    unit: Literal["MAC", "FLOP"]
    framework: Literal["torch", "paddle", "any"]
    distribution: str | None
    imports: str | None
    sees: str
    rules: Rules
    run: Callable[[Subject], Told]


def named_inputs(subject: Subject) -> dict[str, Any]:
    """The inputs of a subject by the names of the model's arguments, for a counter that takes several by name only."""
    parameters = inspect.signature(subject.model.forward).parameters.values()
    names = [item.name for item in parameters if item.kind is item.POSITIONAL_OR_KEYWORD]
    if len(names) < len(subject.args):
        raise CounterError(
            f"it takes several inputs by name only; {len(subject.args)} were given, and the model names {len(names)}"
        )
    return dict(zip(names, subject.args, strict=False)) | dict(subject.kwargs)


def printed_reason(printed: str) -> str:
    """The exception in the text of a counter that prints it as `... exception: <class 'E'>: why` and goes on.

    >>> printed_reason("not finished because of the following exception: <class 'IndexError'>: out of range")
    'IndexError: out of range'
    """
    text = printed.rpartition("exception: ")[2].strip() or "it gave no number"
    return re.sub(r"^<class '(?:\w+\.)*(\w+)'>", r"\1", text.splitlines()[0])


def printed_place(printed: str, library: str) -> str:
    """The last line of a library in a traceback that a counter prints, as ` (library/file.py:12)`.

    >>> printed_place('  File "/lib/ptflops/ops.py", line 12, in hook', "ptflops")
    ' (ptflops/ops.py:12)'
    """
    places = re.findall(rf'File "[^"]*/({re.escape(library)}/[^"]+)", line (\d+)', printed)
    return f" ({places[-1][0]}:{places[-1][1]})" if places else ""


def whole(value: object, what: str) -> int:
    """A told number as an integer; a fraction is refused, because nothing explains it.

    >>> whole(86704128.0, "conv1")
    86704128
    """
    if isinstance(value, bool) or not hasattr(value, "__int__"):
        raise CounterError(f"{what} is {value!r}, which is no number")
    number = int(value)
    if number != value:
        raise CounterError(f"{what} is {value!r}, which is not a whole number")
    return number
