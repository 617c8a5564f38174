"""The rows of several counters put together: by module down to a depth, by type, or all modules above the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from reconcile.rules import TOTAL
from reconcile.schema import Run

Told = Mapping[str, int | None]
"""What one counter told, by row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Some rows put together: their name, what they are, and the sum that each counter told for them.

    A sum is None where the counter told nothing for any of the rows.
    """

    name: str
    type: str
    rows: int
    told: Mapping[str, int | None]


def told_of(run: Run) -> dict[str, Told]:
    """What each counter that answered told, by row."""
    return {
        count.counter: {layer.layer: layer.told for layer in count.layers}
        for count in run.counts
        if count.status == "ok"
    }


def types_of(run: Run) -> dict[str, str]:
    """What each row is, in the order of execution."""
    return {layer.layer: layer.type for count in run.counts for layer in count.layers}


def module_of(layer: str) -> str:
    """The module that a row stands in: its own path, or that of the module that owns the op.

    >>> module_of("layer1.0.conv1"), module_of("layer1.0::add"), module_of("::total")
    ('layer1.0.conv1', 'layer1.0', '')
    """
    return layer.partition("::")[0]


def above(layer: str) -> tuple[str, ...]:
    """The modules above a row, the outermost first.

    >>> above("layer1.0.conv1"), above("layer1.0::add"), above("fc")
    (('layer1', 'layer1.0'), ('layer1', 'layer1.0'), ())
    """
    path, colons, _ = layer.partition("::")
    parts = path.split(".") if path else []
    return tuple(".".join(parts[: end + 1]) for end in range(len(parts) if colons else len(parts) - 1))


def by_depth(run: Run, depth: int) -> tuple[Group, ...]:
    """Rows put together by the module at a depth; a row that stands higher stays itself, and depth 0 is the model."""
    types = types_of(run)

    def group(layer: str) -> tuple[str, str]:
        if depth == 0:
            return "(model)", str(run.model["object"]).rpartition(":")[2]
        modules = (*above(layer), layer)
        name = modules[min(depth, len(modules)) - 1]
        return name, types[layer] if name == layer else "module"

    return _grouped(told_of(run), types, group)


def by_type(run: Run) -> tuple[Group, ...]:
    """Rows put together by what they are."""
    types = types_of(run)
    return _grouped(told_of(run), types, lambda layer: (types[layer], types[layer]))


def modules(told: Mapping[str, Told], types: Mapping[str, str]) -> tuple[Group, ...]:
    """Every module above a row, with the sums of all rows inside it."""
    members = [(path, layer) for layer in types for path in above(layer)]
    return _summed(told, members, dict.fromkeys((path for path, _ in members), "module"))


def _grouped(
    told: Mapping[str, Told], types: Mapping[str, str], group: Callable[[str], tuple[str, str]]
) -> tuple[Group, ...]:
    members = [(*group(layer), layer) for layer in types if layer != TOTAL]
    members += [(TOTAL, "total", TOTAL)] if any(rows.get(TOTAL) for rows in told.values()) else []
    kinds = {name: kind for name, kind, _ in members}
    return _summed(told, [(name, layer) for name, _, layer in members], kinds)


def _summed(
    told: Mapping[str, Told], members: Iterable[tuple[str, str]], kinds: Mapping[str, str]
) -> tuple[Group, ...]:
    rows: dict[str, list[str]] = {name: [] for name in kinds}
    for name, layer in members:
        rows[name].append(layer)
    return tuple(
        Group(
            name=name,
            type=kinds[name],
            rows=len(layers),
            told={counter: _sum(values, layers) for counter, values in told.items()},
        )
        for name, layers in rows.items()
    )


def _sum(told: Told, layers: Iterable[str]) -> int | None:
    values = [value for layer in layers if (value := told.get(layer)) is not None]
    return sum(values) if values else None
