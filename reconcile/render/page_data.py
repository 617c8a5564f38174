"""The data block of the report page: everything that its tables and panels show, as one small JSON document.

Texts stand once, in `strings`, and are named by their numbers.  A layer's place is its number in `layers`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconcile import outline, reference
from reconcile.explain import Explanation, Summand
from reconcile.render.shapes import calls_by_module, shapes_of
from reconcile.rules import TOTAL
from reconcile.side import Side
from reconcile.topic import Topic
from reconcile.work import Work

EXACT = 2**53
"""Integers up to here are exact in a script; larger ones travel as text."""

_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def exact(value: int | None) -> int | str | None:
    """An integer that a script reads without loss.

    >>> exact(12), exact(2**60), exact(None)
    (12, '1152921504606846976', None)
    """
    return value if value is None or -EXACT <= value <= EXACT else str(value)


def script_text(document: Mapping[str, Any]) -> str:
    r"""A document as JSON that can stand inside a script element, whatever its texts are.

    >>> script_text({"a": "</script>"})
    '{"a":"\\u003c/script\\u003e"}'
    """
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


@dataclass(frozen=True, eq=False)
class _Strings:
    """Texts by their numbers, each once."""

    numbers: dict[str, int] = field(default_factory=dict)

    def __getitem__(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))


def page_data(topic: Topic, words: Mapping[str, str]) -> dict[str, Any]:
    """The data block of a page."""
    strings, types = _Strings(), _types(topic)
    layers = tuple(types)
    told = {name: side.told for name, side in topic.sides.items()}
    modules = outline.modules(told, types)
    places = {group.name: index for index, group in enumerate(modules)}
    names = tuple(topic.sides)
    return {
        "words": dict(words),
        "counters": [_counter(side) for side in topic.sides.values()],
        "definition": names.index(reference.NAME) if reference.NAME in names else None,
        "layers": {
            "names": list(layers),
            "types": [strings[types[layer]] for layer in layers],
            "module": [places[above[-1]] if (above := outline.above(layer)) else -1 for layer in layers],
            "shapes": [[strings[line] for line in lines] for lines in _shapes(topic, layers)],
        },
        "modules": [
            {
                "path": group.name,
                "rows": group.rows,
                "above": places[above[-1]] if (above := outline.above(group.name)) else -1,
                "told": [exact(group.told[name]) for name in names],
            }
            for group in modules
        ],
        "told": [[exact(side.told.get(layer)) for layer in layers] for side in topic.sides.values()],
        "derived": [_derived(side, layers, strings) for side in topic.sides.values()],
        "departs": [_departures(topic, name, layers, strings) for name in names],
        "wrong": [_wrong(side, layers) for side in topic.sides.values()],
        "pairs": _pairs(topic, types),
        "focus": None if topic.focus is None else topic.explanations.index(topic.focus),
        "detail": _detail(topic.focus, layers, strings),
        "strings": list(strings.numbers),
    }


def _counter(side: Side) -> dict[str, Any]:
    return {"name": side.name, "version": side.version, "unit": side.unit, "total": exact(side.total)}


def _types(topic: Topic) -> dict[str, str]:
    """Every row for which anybody told or predicts something, in the order of execution, and what it is."""
    sides = tuple(topic.sides.values())
    first = [side for side in sides if side.name == reference.NAME]
    order = dict.fromkeys(name for side in (*first, *sides) for name in side.order)
    shown = [name for name in order if any(_says(side, name) for side in sides)]
    shown.sort(key=lambda name: name == TOTAL)
    return {name: next((side.types[name] for side in sides if name in side.types), "?") for name in shown}


def _says(side: Side, layer: str) -> bool:
    if layer == TOTAL:
        return bool(side.told.get(layer) or side.residuals.get(layer))
    return side.told.get(layer) is not None or layer in side.mismatches


def _shapes(topic: Topic, layers: Sequence[str]) -> list[tuple[str, ...]]:
    """The lines about each layer, from the first ledger that has it."""
    works = list({id(side.work.ledger): side.work for side in reversed(list(topic.sides.values()))}.values())
    calls = [calls_by_module(work) for work in works]
    found = []
    for layer in layers:
        index = next((index for index, work in enumerate(works) if _has(work, layer)), None)
        found.append(() if index is None else shapes_of(works[index], layer, calls[index]))
    return found


def _has(work: Work, layer: str) -> bool:
    return layer in work.layers or layer in work.ledger.places


def _derived(side: Side, layers: Sequence[str], strings: _Strings) -> list[list[int] | int]:
    """The formula of each layer and its sources; 0 where no rule says anything."""
    found: list[list[int] | int] = []
    for layer in layers:
        given = side.derivations.get(layer)
        found.append(0 if given is None else [strings[given.formula], strings[", ".join(given.sources)]])
    return found


def _departures(topic: Topic, name: str, layers: Sequence[str], strings: _Strings) -> dict[int, list[list[Any]]]:
    return _detail(topic.against_reference(name), layers, strings)


def _detail(explanation: Explanation | None, layers: Sequence[str], strings: _Strings) -> dict[int, list[list[Any]]]:
    """The causes of a difference in each layer that has some."""
    if explanation is None:
        return {}
    by_name = {layer.layer: layer.causes for layer in explanation.layers}
    return {
        index: [_summand(cause, strings) for cause in causes]
        for index, layer in enumerate(layers)
        if (causes := by_name.get(layer))
    }


def _summand(cause: Summand, strings: _Strings) -> list[Any]:
    texts = (cause.cause, cause.formula, ", ".join(cause.sources))
    return [exact(cause.amount), *(strings[text] for text in texts)]


def _wrong(side: Side, layers: Sequence[str]) -> dict[int, list[Any]]:
    """Rows that are not what the rules give: what they give instead, and the residual."""
    return {
        index: [exact(given.value if (given := side.derivations.get(layer)) else None), exact(side.residuals[layer])]
        for index, layer in enumerate(layers)
        if side.residuals.get(layer) or layer in side.mismatches
    }


def _pairs(topic: Topic, types: Mapping[str, str]) -> list[dict[str, Any]]:
    """The difference of each pair of numbers, in every layer and in every module."""
    by_layer = {
        str(number): {layer.layer: layer.difference for layer in item.layers}
        for number, item in enumerate(topic.explanations)
    }
    modules, names = outline.modules(by_layer, types), tuple(topic.sides)
    return [
        {
            "left": names.index(item.left.counter),
            "right": names.index(item.right.counter),
            "difference": [exact(by_layer[str(number)].get(layer, 0)) for layer in types],
            "modules": [exact(group.told[str(number)] or 0) for group in modules],
        }
        for number, item in enumerate(topic.explanations)
    ]
