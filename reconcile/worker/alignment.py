"""Aligning a twin of other names or another structure: which layer of it stands for which layer of the model.

Layers are compared in the order in which they run, by their kind, the shapes of their tensors and of their output.
What has no counterpart keeps its own path.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One layer as it is compared: `shapes` are those of its own tensors, as PyTorch lays them out.

    `output` is None where the layer was not executed or gives no tensor.
    """

    path: str
    kind: str
    shapes: tuple[Shape, ...]
    output: Shape | None = None

    def __str__(self) -> str:
        sizes = ", ".join("x".join(map(str, shape)) for shape in self.shapes)
        return f"{self.path or 'the model itself'} ({self.kind}{f' of {sizes}' if sizes else ''})"


Likeness = Callable[[Unit], object]

_LIKENESSES: Sequence[Likeness] = (
    lambda unit: (unit.kind, unit.shapes, unit.output),
    lambda unit: (unit.kind, unit.shapes),
    lambda unit: (unit.shapes, unit.output),
    lambda unit: unit.shapes,
)
"""What makes two layers alike, the strictest first; the later ones hold for layers that own tensors only."""


def align_units(model: Sequence[Unit], twin: Sequence[Unit]) -> dict[str, str]:
    """The path in the model of each layer of the twin that has a counterpart there, by its path in the twin.

    >>> ours = [Unit(path="fc", kind="linear", shapes=((2, 3),)), Unit(path="act", kind="relu", shapes=())]
    >>> theirs = [Unit(path="0", kind="linear", shapes=((2, 3),)), Unit(path="1", kind="tanh", shapes=())]
    >>> align_units(ours, theirs)
    {'0': 'fc'}
    """
    found: dict[str, str] = {}
    for number, likeness in enumerate(_LIKENESSES):
        taken = set(found.values())
        left = [unit for unit in model if unit.path not in taken and (unit.shapes or not number)]
        right = [unit for unit in twin if unit.path not in found and (unit.shapes or not number)]
        found |= dict(_in_order(left, right, likeness))
    taken = set(found.values())
    same = {(unit.path, unit.kind) for unit in model if unit.path not in taken}
    return found | {unit.path: unit.path for unit in twin if unit.path not in found and (unit.path, unit.kind) in same}


def _in_order(model: Sequence[Unit], twin: Sequence[Unit], likeness: Likeness) -> Iterator[tuple[str, str]]:
    """Pairs of alike layers that run in the same order, and then those that own tensors, whatever their order."""
    keys = [likeness(unit) for unit in model], [likeness(unit) for unit in twin]
    blocks = SequenceMatcher(None, *keys, autojunk=False).get_matching_blocks()
    pairs = [(block.a + step, block.b + step) for block in blocks for step in range(block.size)]
    yield from ((twin[right].path, model[left].path) for left, right in pairs)
    done = {left for left, _ in pairs}, {right for _, right in pairs}
    waiting: dict[object, list[Unit]] = {}
    for index, unit in enumerate(model):
        if index not in done[0] and unit.shapes:
            waiting.setdefault(keys[0][index], []).append(unit)
    for index, unit in enumerate(twin):
        if index not in done[1] and unit.shapes and waiting.get(keys[1][index]):
            yield unit.path, waiting[keys[1][index]].pop(0).path


def named(twin: Iterable[str], model: Iterable[str], found: Mapping[str, str]) -> dict[str, str]:
    """The name of every path of the twin: that of its counterpart, or one that stands nowhere in the model.

    What stands inside an aligned layer keeps its name below it.  A container is named like the container of the model
    that holds the counterparts of all that is aligned in it, if no other claims that.
    """
    twin, known = list(twin), set(model)
    names = dict(found)
    for path in twin:
        above = next((place for place in _above(path) if place in found), None)
        if path not in names and above is not None:
            names[path] = found[above] + path[len(above) :]
    claims = {path: _common(path, found) for path in twin if path not in names}
    often = Counter(claims.values())
    taken = set(names.values())
    for path, claim in claims.items():
        free = claim in known and claim not in taken and often[claim] == 1
        own = path if path not in taken and path not in known else f"{path} (twin)"
        names[path] = claim if free and claim is not None else ("" if path == "" else own)
    return names


def _above(path: str) -> Iterator[str]:
    """Every path above one, the nearest first."""
    while path:
        path = path.rpartition(".")[0]
        if path:
            yield path


def _common(path: str, found: Mapping[str, str]) -> str | None:
    """The innermost path of the model that holds the counterparts of everything aligned below a path of the twin."""
    below = [ours.split(".") for theirs, ours in found.items() if path == "" or theirs.startswith(f"{path}.")]
    if not below:
        return None
    depth = 0
    while all(len(parts) > depth + 1 and parts[depth] == below[0][depth] for parts in below):
        depth += 1
    return ".".join(below[0][:depth])
