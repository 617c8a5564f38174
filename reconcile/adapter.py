"""What an adapter is: the values and the one function that a counter's file provides.

An adapter file defines `COUNTERS`, a tuple of `Counter`.  Loading the file must not import the counter's library;
only `Counter.run`, which a worker calls, may.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from packaging.specifiers import SpecifierSet

from reconcile.errors import CannotAskError, CounterError
from reconcile.language import later
from reconcile.ledger import Ledger
from reconcile.resources.measures import Convention
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
    """The row of a Python-level call of the ledger, by its index.

    `place` is which of the places of its module is meant, where a shared module is told at each of them.
    """

    index: int
    place: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The row of a kind of op in a module: the module's own row if it is a leaf, `path::kind` if it is not."""

    path: str
    op: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A row by its name, for what belongs to no module: the model's inputs."""

    row: str


Target = Place | AtOp | AtFunction | Outside | Named


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that a counter told: `told` is None where it has nothing to say; rows of one target are added up."""

    target: Target
    told: int | None
    params: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a counter told of one metric besides operations; the part of `total` that no row has is a row of its own."""

    rows: Sequence[Row]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Everything that a counter told in one run, unchanged; `total` is None if it counts no operations.

    `measures` holds what it told of other metrics, by name.  Parameters that stand in `rows` and nowhere else are
    taken from there.
    """

    rows: Sequence[Row]
    total: int | None
    params: int | None = None
    warnings: Sequence[str] = ()
    measures: Mapping[str, Measured] = field(default_factory=dict)


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

    def inside(
        self, name: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any]
    ) -> AbstractContextManager[list[Any]]:
        """Record one Python-level call that the counter itself stands in; its output goes into the list."""

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
class Release:
    """What differs in a range of releases, such as `<0.1`: the rules, and the way to run it where that differs too.

    `needs` are pinned requirements that these releases import and the environment does not have.
    """

    specifier: str
    rules: Rules
    run: Callable[[Subject], Told] | None = None
    measures: Mapping[str, Convention] = field(default_factory=dict)
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """One counter: how it is named, what its number means, how it is run and by which rules it counts.

    `unit` is what the counter's own documentation calls one unit of its number once MAC and FLOP are told apart.
    `sees` says in a few words what it looks at.  `measures` holds how it counts other metrics than operations.
    `overlay` are pinned requirements for a folder of its own, for a counter that cannot share the environment.
    `brings` are large libraries that its import brings along, themselves no counters and harmless to import: workers
    that need the same ones share one import.
    `releases` are the ranges of releases that have other rules, the first that holds wins; `read` is the range whose
    source `rules` were read from, and empty where that is not told.
    """

    id: str
    unit: Literal["MAC", "FLOP"]
    framework: Literal["torch", "paddle", "any"]
    distribution: str | None
    imports: str | None
    sees: str
    rules: Rules
    run: Callable[[Subject], Told]
    measures: Mapping[str, Convention] = field(default_factory=dict)
    overlay: tuple[str, ...] = ()
    brings: tuple[str, ...] = ()
    releases: tuple[Release, ...] = ()
    read: str = ""

    @property
    def counts_operations(self) -> bool:
        """Whether the counter counts operations at all, and not parameters or memory alone."""
        ruled = self.rules.modules or self.rules.names or self.rules.functions or self.rules.ops
        return bool(ruled) or not self.measures

    def at(self, version: str | None) -> Counter:
        """The counter as it is at one release."""
        found = self._release(version)
        if found is None:
            return self
        return replace(self, rules=found.rules, run=found.run or self.run, measures=found.measures)

    def needs(self, version: str) -> tuple[str, ...]:
        """What else the overlay of one release must hold."""
        found = self._release(version)
        return () if found is None else found.needs

    def written(self, version: str | None) -> bool:
        """Whether rules were written for one release; for one whose number is not known the answer is yes."""
        return version is None or not self.read or version in SpecifierSet(self.read) or bool(self._release(version))

    def _release(self, version: str | None) -> Release | None:
        if version is None:
            return None
        return next((item for item in self.releases if version in SpecifierSet(item.specifier)), None)


class _Alone:
    """A module without what is inside it, for a counter that is asked about one module at a time."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def parameters(self) -> Any:
        """The parameters that the module holds itself."""
        return self._module.parameters(recurse=False)


def asked_alone(model: Any, tells: Callable[[Any], int]) -> list[Row]:
    """What a function of a counter that counts a whole model's parameters tells of each module's own ones."""
    return [Row(target=Place(path=path), told=tells(_Alone(module))) for path, module in model.named_modules()]


def named_inputs(subject: Subject) -> dict[str, Any]:
    """The inputs of a subject by the names of the model's arguments, for a counter that takes several by name only."""
    parameters = inspect.signature(subject.model.forward).parameters.values()
    names = [item.name for item in parameters if item.kind is item.POSITIONAL_OR_KEYWORD]
    if len(names) < len(subject.args):
        raise CannotAskError(
            later(
                "it takes several inputs by name only; {n} were given, and the model names {names}",
                n=len(subject.args),
                names=len(names),
            )
        )
    return dict(zip(names, subject.args, strict=False)) | dict(subject.kwargs)


def printed_reason(printed: str) -> str:
    """The exception in the text of a counter that prints it as `... exception: <class 'E'>: why` and goes on.

    >>> printed_reason("not finished because of the following exception: <class 'IndexError'>: out of range")
    'IndexError: out of range'
    """
    text = re.split(r"exception:\s", printed)[-1].strip() or later("it gave no number")
    return re.sub(r"^<class '(?:\w+\.)*(\w+)'> ?", r"\1", text.splitlines()[0])


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
        raise CounterError(later("{what} is {value!r}, which is no number", what=what, value=value))
    number = int(value)
    if number != value:
        raise CounterError(later("{what} is {value!r}, which is not a whole number", what=what, value=value))
    return number
