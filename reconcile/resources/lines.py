"""The lines of a listing of a model's calls, as torchinfo makes it, by the manner of its releases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cached_property
from typing import Literal

from reconcile.ledger import Ledger, Module
from reconcile.reach import Reach, level


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a listing: a module, its depth, and whether the line stands for a repeated call.

    A line of a container that is `opened` for what is called below it, and not called itself, is one object however
    often it is listed (torchinfo/torchinfo.py:add_missing_container_layers): once it is repeated, all its lines are.
    A line that is not `executed` stands for a module that was not called, or not at this place.
    """

    module: str
    depth: int
    again: bool
    opened: bool = False
    executed: bool = True


Missing = Literal["containers", "names", "objects"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a release lists a model; the defaults are those of the present.

    reach: how modules are hooked; None hooks each once, at its last place, and the model itself.
    fixed: types that are listed before the model runs and never hooked.
    missing: what is listed beside calls: containers that are not open; or what a comparison of the sequences of class
        names inserts, as a new line (`names`) or as the line of the last call (`objects`); or nothing.
    masks: a pruned parameter counts by what its mask keeps.
    deepest: the level whose modules count with all below them, while deeper ones do not.
    left: what counts of a module with children: what its listed children leave over; that, but never less than 0; or
        nothing.
    """

    reach: Reach | None = None
    fixed: frozenset[str] = frozenset({"torch.jit._script.ScriptModule"})
    missing: Missing | None = "containers"
    masks: bool = True
    deepest: int | None = None
    left: Literal["positive", "any", "nothing"] = "positive"


PRESENT = Manner()


@dataclass(frozen=True)
class Lines:
    """The lines of one ledger in one manner."""

    ledger: Ledger
    manner: Manner

    def all(self) -> tuple[Line, ...]:
        """Every line, in the order of the listing."""
        if self.manner.missing == "containers":
            return self._with_containers()
        lines = self._listed()
        return tuple(lines if self.manner.missing is None else self._compared(lines))

    @cached_property
    def last(self) -> dict[str, str]:
        """The last place of every module, by its first place."""
        return {_first(item): item.path for item in self.ledger.modules}

    @cached_property
    def _calls(self) -> tuple[str, ...]:
        """The modules that are called and hooked, once for every call."""
        return tuple(call.module for call in self.ledger.calls if not self._fixed(self.ledger.places[call.module]))

    def _fixed(self, module: Module) -> bool:
        return not self.manner.fixed.isdisjoint((module.type, *module.bases))

    def _before(self) -> list[Line]:
        """A line for every place of a type that is listed before the model runs."""
        before, lines = set[str](), []
        for item in self.ledger.modules:
            if self._fixed(item):
                name = _first(item)
                lines.append(Line(module=name, depth=level(item.path), again=name in before, executed=False))
                before.add(name)
        return lines

    def _listed(self) -> list[Line]:
        """A line for every hook that a call meets, or for every call, at the last place of its module."""
        reach, lines = self.manner.reach, self._before()
        before = {line.module for line in lines}
        for module in self._calls:
            for place in [self.last[module]] if reach is None else reach.places(self.ledger, module):
                lines.append(Line(module=module, depth=level(place), again=module in before))
                before.add(module)
        return lines

    def _compared(self, lines: list[Line]) -> list[Line]:
        """The lines with what a comparison by class names inserts, where the listing lacks a class."""
        objects = self.manner.missing == "objects"
        every = [item for item in self.ledger.modules if item.alias is None or not objects]
        if not objects and not any(line.module == "" for line in lines):
            lines.insert(0, Line(module="", depth=0, again=False, executed=False))
        listed = [self.ledger.places[line.module].name for line in lines]
        names = [item.name for item in every]
        if set(names) <= set(listed):
            return lines
        before = {line.module for line in lines}
        for tag, _, _, start, end in SequenceMatcher(None, listed, names).get_opcodes():
            for number, item in enumerate(every[start:end] if tag == "insert" else ()):
                name = _first(item)
                depth = level(self.last[name] if objects else item.path)
                again = name in before
                if objects and again:
                    lines = self._repeated(lines, name)
                lines.insert(start + number, Line(module=name, depth=depth, again=again, executed=objects and again))
                before.add(name)
        return lines

    def _repeated(self, lines: Sequence[Line], name: str) -> list[Line]:
        """The lines when that of a module's last call is listed again: as one object, it is a repetition at both."""
        last = max(index for index, line in enumerate(lines) if line.module == name)
        return [replace(line, again=True) if index == last else line for index, line in enumerate(lines)]

    def _with_containers(self) -> tuple[Line, ...]:
        """The lines, and one for every container above them that is not open yet."""
        listed = self._listed()
        known = {line.module for line in listed}
        open_: dict[int, str] = {}
        lines: list[Line] = []
        for line in listed:
            path = self._chain(line.module)
            for below in range(1, len(path)):
                above = path[below - 1]
                last = lines[-1].module if lines else None
                if open_.get(below) != above and above != last:
                    lines.append(Line(module=above, depth=below, again=above in known, opened=True))
                    known.add(above)
                    open_[below] = above
            lines.append(line)
            open_[line.depth] = line.module
            for deeper in [below for below in open_ if below > line.depth]:
                del open_[deeper]
        repeated = {line.module for line in lines if line.opened and line.again}
        return tuple(replace(line, again=line.again or (line.opened and line.module in repeated)) for line in lines)

    def _chain(self, module: str) -> tuple[str, ...]:
        """The modules from below the root down to a module, each by its first place."""
        parts = self.last[module].split(".") if self.last[module] else []
        paths = [".".join(parts[: end + 1]) for end in range(len(parts))]
        return tuple(_first(self.ledger.places[path]) for path in paths)


def _first(module: Module) -> str:
    return module.path if module.alias is None else module.alias


@dataclass(frozen=True, slots=True)
class Listed:
    """How often a release counts a call: once for each line that its object has."""

    manner: Manner

    def hooks(self, ledger: Ledger) -> Sequence[Sequence[bool]]:
        """For every call one entry for each line; an object that is inserted again is that of the last call."""
        called = [call.module for call in ledger.calls]
        last = {name: index for index, name in enumerate(called)}
        lines = Counter(line.module for line in Lines(ledger, self.manner).all() if line.executed)
        times = Counter(called)
        more = {last[name]: lines[name] - times[name] for name in times}
        return [[number > 0 for number in range(1 + more.get(index, 0))] for index in range(len(called))]

    def reaches(self, ledger: Ledger, path: str) -> bool:
        """Whether a module is hooked at all; every one is."""
        return path in ledger.places
