"""Memory by its parts: what a convention takes for the inputs, for the parameters, and for what layers give out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconcile.resources.footprint import INPUTS, Footprint, held, outputs_by_row, parameters_by_row
from reconcile.resources.measures import Convention, predicted
from reconcile.rules import Rules
from reconcile.work import Work

PARAMETERS, OUTPUTS = "::parameters", "::outputs"

PARTS = (INPUTS, PARAMETERS, OUTPUTS)
"""Rows that stand for parts of the memory; they sum to all of it."""


def parts_by_definition(work: Work) -> Mapping[str, int]:
    """Bytes of the inputs, of every parameter once, and of what every row gives out."""
    return {
        INPUTS: held(work)[INPUTS].value,
        PARAMETERS: sum(part.value for part in parameters_by_row(work, first_only=True).values()),
        OUTPUTS: sum(part.value for part in outputs_by_row(work).values()),
    }


def parts_by_convention(convention: Convention, rules: Rules, work: Work) -> Mapping[str, int]:
    """What a counter's way to count memory gives for each part; {} where it is no footprint."""
    if not isinstance(convention, Footprint):
        return {}
    without = {INPUTS: replace(convention, inputs=False), PARAMETERS: replace(convention, census=None)}
    whole = _total(convention, rules, work)
    found = {part: whole - _total(other, rules, work) for part, other in without.items()}
    return {**found, OUTPUTS: whole - sum(found.values())}


def _total(convention: Footprint, rules: Rules, work: Work) -> int:
    return sum(predicted("memory", convention, rules, work).values())
