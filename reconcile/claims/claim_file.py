"""Reading claims from YAML; every defect of a file is one sentence about what stands where and what belongs there."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from reconcile.claims.claim import SUBJECTS, UNITS, Claim, ClaimRow, FormulaClaim, Recipe, units_of
from reconcile.claims.printed import parse_printed
from reconcile.errors import UsageError
from reconcile.inputs import Input, parse_input
from reconcile.language import commas, either, phrase
from reconcile.objects import ObjectSpec, parse_object
from reconcile.resources.metrics import OPERATIONS

_SHARED = {"source", "model", "input", "unit", "metric", "note"}
"""Fields that may stand above a list of claims, for all of them."""

_FIELDS = _SHARED | {"name", "total", "rows", "formulas", "counter", "recipe"}

_ROW = {"value", "formula", "rounded"}

_RECIPE = {"counter", "input", "scaled", "times"}


class _Loader(yaml.SafeLoader):
    """The safe loader of YAML, which also refuses a key that is given twice."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [key.value for key, _ in node.value]
    twice = [key for key in keys if keys.count(key) > 1]
    if twice:
        raise yaml.YAMLError(phrase("the key {key!r} is given twice", key=twice[0]))
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_claim(file: str) -> Claim:
    """Read the one claim of a file about operations, in a known unit, as one end of a difference."""
    found = [claim for claim in read_claims(file) if claim.metric == OPERATIONS and (claim.rows or claim.total)]
    if len(found) != 1:
        raise UsageError(
            phrase("the claim file {file!r} holds {n} claims of operations; explain takes one", file=file, n=len(found))
        )
    (claim,) = found
    if claim.unit not in UNITS or claim.model is None:
        raise UsageError(
            phrase("the claim file {file!r} states no model or no unit, so explain cannot read it", file=file)
        )
    return claim


def read_claims(file: str) -> tuple[Claim, ...]:
    """Read every claim of a file: one, or those of its list `claims`, which share what stands above it."""
    document = _document(file)
    listed = document.get("claims")
    if listed is None:
        return (_claim(file, document),)
    shared = {name: part for name, part in document.items() if name != "claims"}
    if unknown := _unknown(shared, _SHARED):
        raise UsageError(
            phrase(
                "the claim file {file!r} has above its claims the unknown field {field!r}; known: {known}",
                file=file,
                field=unknown,
                known=_all(_SHARED),
            )
        )
    if not isinstance(listed, list) or not listed or not all(isinstance(item, dict) for item in listed):
        raise UsageError(phrase("the claims of the claim file {file!r} must be a list of mappings", file=file))
    return tuple(_claim(file, {**shared, **item}) for item in listed)


def _document(file: str) -> dict[str, Any]:
    path = Path(file)
    if not path.is_file():
        raise UsageError(phrase("the claim file {file!r} does not exist", file=file))
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(
            phrase("the claim file {file!r} is no YAML: {error}", file=file, error=" ".join(str(error).split()))
        ) from error
    if not isinstance(document, dict):
        raise UsageError(
            phrase("the claim file {file!r} must hold a mapping with a model, an input, a unit and numbers", file=file)
        )
    return document


def _unknown(given: Mapping[str, Any], known: set[str]) -> str:
    """The first field that is not known; nothing if there is none."""
    return min((str(name) for name in set(given) - known), default="")


def _all(known: set[str]) -> str:
    return commas(sorted(known))


def _claim(file: str, document: Mapping[str, Any]) -> Claim:
    if unknown := _unknown(document, _FIELDS):
        raise UsageError(
            phrase(
                "the claim file {file!r} has the unknown field {field!r}; known: {known}",
                file=file,
                field=unknown,
                known=_all(_FIELDS),
            )
        )
    rows, total = _rows(file, document.get("rows")), document.get("total")
    claim = Claim(
        file=file,
        source=str(document.get("source", "")),
        name=str(document.get("name", "")),
        model=None if document.get("model") is None else _model(file, document["model"]),
        inputs=() if document.get("input") is None else _inputs(file, document["input"]),
        metric=_metric(file, document),
        unit=_unit(file, document),
        total=None if total is None else _row(file, "total", total),
        rows=rows,
        formulas=_formulas(file, document.get("formulas")),
        recipe=_recipe(file, document),
        note=str(document.get("note", "")),
    )
    _complete(claim)
    return claim


def _complete(claim: Claim) -> None:
    """Refuse a claim that states nothing, or whose numbers are about nothing."""
    stated = [*claim.rows.values(), *([] if claim.total is None else [claim.total])]
    if not stated and not claim.formulas and claim.recipe is None:
        raise UsageError(phrase("the claim file {file!r} states neither rows nor a total", file=claim.file))
    if claim.model is None and (claim.formulas or claim.recipe or any(row.formula is None for row in stated)):
        raise UsageError(
            phrase("the claim file {file!r} states no model; only numbers with a formula need none", file=claim.file)
        )
    if claim.model is not None and not claim.inputs:
        raise UsageError(phrase("the claim file {file!r} states no input", file=claim.file))


def _metric(file: str, document: Mapping[str, Any]) -> str:
    metric = document.get("metric", OPERATIONS)
    if not isinstance(metric, str) or metric not in SUBJECTS:
        raise UsageError(
            phrase(
                "the claim file {file!r} has the metric {metric!r}; use one of {known}",
                file=file,
                metric=metric,
                known=commas(SUBJECTS),
            )
        )
    return metric


def _unit(file: str, document: Mapping[str, Any]) -> str:
    known, unit = units_of(_metric(file, document)), document.get("unit")
    if unit is None and (len(known) == 1 or document.get("model") is None):
        return known[0]
    if unit is None:
        raise UsageError(phrase("the claim file {file!r} states no unit; use {known}", file=file, known=either(known)))
    if not isinstance(unit, str) or unit not in known:
        raise UsageError(
            phrase(
                "the claim file {file!r} has the unit {unit!r}; use {known}", file=file, unit=unit, known=either(known)
            )
        )
    return unit


def _model(file: str, value: Any) -> ObjectSpec:
    if isinstance(value, str):
        return parse_object(value)
    if isinstance(value, dict) and isinstance(value.get("object"), str):
        arguments = value.get("arguments") or {}
        if not isinstance(arguments, dict):
            raise UsageError(
                phrase(
                    "the arguments of the model of {file!r} are {arguments!r}; write a mapping",
                    file=file,
                    arguments=arguments,
                )
            )
        return parse_object(value["object"], arguments)
    raise UsageError(
        phrase("the model of the claim file {file!r} is {value!r}; write package.module:attr", file=file, value=value)
    )


def _inputs(file: str, value: Any) -> tuple[Input, ...]:
    if isinstance(value, str):
        return (parse_input(value),)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return tuple(parse_input(item) for item in value)
    if isinstance(value, list) and value and all(type(item) is int for item in value):
        return (parse_input(",".join(map(str, value))),)
    raise UsageError(
        phrase(
            "the input of the claim file {file!r} is {value!r}; write sizes as in [1, 3, 224, 224]",
            file=file,
            value=value,
        )
    )


def _rows(file: str, value: Any) -> dict[str, ClaimRow]:
    if value is not None and not isinstance(value, dict):
        raise UsageError(
            phrase("the rows of the claim file {file!r} must be a mapping from layers to numbers", file=file)
        )
    return {str(layer): _row(file, str(layer), row) for layer, row in (value or {}).items()}


def _row(file: str, where: str, value: Any) -> ClaimRow:
    formula: Any = None
    rounded: list[Any] = []
    if isinstance(value, dict):
        if unknown := _unknown(value, _ROW):
            raise UsageError(
                phrase(
                    "the row {row!r} of the claim file {file!r} has the unknown field {field!r}; known: {known}",
                    row=where,
                    file=file,
                    field=unknown,
                    known=_all(_ROW),
                )
            )
        value, formula, rounded = value.get("value"), value.get("formula"), value.get("rounded") or []
    try:
        return ClaimRow(
            printed=parse_printed(value),
            formula=None if formula is None else str(formula),
            rounded=tuple(parse_printed(number) for number in rounded),
        )
    except UsageError as error:
        raise UsageError(
            phrase(
                "the claim file {file!r} has at {where!r} what is no number: {error}",
                file=file,
                where=where,
                error=error,
            )
        ) from None


def _formulas(file: str, value: Any) -> tuple[FormulaClaim, ...]:
    listed = value or []
    if not isinstance(listed, list) or not all(
        isinstance(item, dict) and set(item) == {"of", "says"} for item in listed
    ):
        raise UsageError(
            phrase("the formulas of the claim file {file!r} must be a list of mappings with `of` and `says`", file=file)
        )
    return tuple(FormulaClaim(of=str(item["of"]), says=str(item["says"])) for item in listed)


def _recipe(file: str, document: Mapping[str, Any]) -> Recipe | None:
    """The counter that is said to have told the numbers, or how it was used."""
    value = document.get("recipe")
    if value is None:
        return None if document.get("counter") is None else Recipe(counter=str(document["counter"]))
    if not isinstance(value, dict) or not isinstance(value.get("counter"), str):
        raise UsageError(
            phrase(
                "the recipe of the claim file {file!r} is {value!r}; write a mapping with a counter",
                file=file,
                value=value,
            )
        )
    if unknown := _unknown(value, _RECIPE):
        raise UsageError(
            phrase(
                "the recipe of the claim file {file!r} has the unknown field {field!r}; known: {known}",
                file=file,
                field=unknown,
                known=_all(_RECIPE),
            )
        )
    if value.get("scaled", "area") != "area":
        raise UsageError(
            phrase(
                "the recipe of the claim file {file!r} is scaled by {scaled!r}; only area is known",
                file=file,
                scaled=value["scaled"],
            )
        )
    return Recipe(
        counter=value["counter"],
        inputs=() if value.get("input") is None else _inputs(file, value["input"]),
        scaled="scaled" in value,
        times=Fraction(parse_printed(value.get("times", 1)).value),
    )
