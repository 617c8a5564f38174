"""Claims: numbers that a person or a paper states, read from a YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from reconcile.errors import UsageError
from reconcile.inputs import Input, parse_input
from reconcile.objects import ObjectSpec, parse_object

UNITS = {"MAC": 1, "FLOP": 2}
"""Units a claim may state, with the weight that each gives to one multiply-add."""

_FIELDS = {"source", "model", "input", "unit", "total", "rows", "note"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """What a claim states for one layer; `formula` is the arithmetic that stands beside the number, if any."""

    value: int
    formula: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim: `rows` by layer, a `total`, or both."""

    file: str
    source: str
    model: ObjectSpec
    inputs: tuple[Input, ...]
    unit: str
    total: int | None
    rows: Mapping[str, ClaimRow] = field(default_factory=dict)
    note: str = ""

    @property
    def id(self) -> str:
        """The counter id of the claim."""
        return f"claim:{self.file}"

    @property
    def weight(self) -> int:
        """What the claim's unit gives to one multiply-add."""
        return UNITS[self.unit]


class _Loader(yaml.SafeLoader):
    """The safe loader of YAML, which also refuses a key that is given twice."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [key.value for key, _ in node.value]
    twice = [key for key in keys if keys.count(key) > 1]
    if twice:
        raise yaml.YAMLError(f"the key {twice[0]!r} is given twice")
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_claim(file: str) -> Claim:
    """Read a claim; every defect of the file is one sentence about what stands where and what belongs there."""
    path = Path(file)
    if not path.is_file():
        raise UsageError(f"the claim file {file!r} does not exist")
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"the claim file {file!r} is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise UsageError(f"the claim file {file!r} must hold a mapping with a model, an input, a unit and numbers")
    return _claim(file, document)


def _claim(file: str, document: Mapping[str, Any]) -> Claim:
    unknown = sorted(str(name) for name in set(document) - _FIELDS)
    if unknown:
        raise UsageError(
            f"the claim file {file!r} has the unknown field {unknown[0]!r}; known: {', '.join(sorted(_FIELDS))}"
        )
    for name in ("model", "input", "unit"):
        if document.get(name) is None:
            raise UsageError(f"the claim file {file!r} states no {name}")
    if not isinstance(document["unit"], str) or document["unit"] not in UNITS:
        raise UsageError(f"the claim file {file!r} has the unit {document['unit']!r}; use {' or '.join(UNITS)}")
    rows = document.get("rows") or {}
    if not isinstance(rows, dict):
        raise UsageError(f"the rows of the claim file {file!r} must be a mapping from layers to numbers")
    total = document.get("total")
    if total is None and not rows:
        raise UsageError(f"the claim file {file!r} states neither rows nor a total")
    return Claim(
        file=file,
        source=str(document.get("source", "")),
        model=_model(file, document["model"]),
        inputs=_inputs(file, document["input"]),
        unit=document["unit"],
        total=None if total is None else _number(file, "total", total),
        rows={str(layer): _row(file, str(layer), value) for layer, value in rows.items()},
        note=str(document.get("note", "")),
    )


def _model(file: str, value: Any) -> ObjectSpec:
    if isinstance(value, str):
        return parse_object(value)
    if isinstance(value, dict) and isinstance(value.get("object"), str):
        arguments = value.get("arguments") or {}
        if not isinstance(arguments, dict):
            raise UsageError(f"the arguments of the model of {file!r} are {arguments!r}; write a mapping")
        return parse_object(value["object"], arguments)
    raise UsageError(f"the model of the claim file {file!r} is {value!r}; write package.module:attr")


def _inputs(file: str, value: Any) -> tuple[Input, ...]:
    if isinstance(value, str):
        return (parse_input(value),)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return tuple(parse_input(item) for item in value)
    if isinstance(value, list) and value and all(type(item) is int for item in value):
        return (parse_input(",".join(map(str, value))),)
    raise UsageError(f"the input of the claim file {file!r} is {value!r}; write sizes as in [1, 3, 224, 224]")


def _number(file: str, where: str, value: Any) -> int:
    if type(value) is not int:
        raise UsageError(f"the claim file {file!r} has {value!r} at {where!r}, where a whole number belongs")
    return value


def _row(file: str, layer: str, value: Any) -> ClaimRow:
    if not isinstance(value, dict):
        return ClaimRow(value=_number(file, layer, value))
    if unknown := set(value) - {"value", "formula"}:
        raise UsageError(f"the row {layer!r} of the claim file {file!r} has the unknown field {sorted(unknown)[0]!r}")
    formula = value.get("formula")
    return ClaimRow(value=_number(file, layer, value.get("value")), formula=None if formula is None else str(formula))
