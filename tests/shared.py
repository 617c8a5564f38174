"""One audit for each model, made once in a test session, by real workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from reconcile.ask import Question, entry_of, parse_counter
from reconcile.audit import Audit, audit_question
from reconcile.inputs import parse_inputs
from reconcile.objects import parse_object
from reconcile.registry import Entry

ROOT = Path(__file__).resolve().parent.parent

EIGHT = ("fvcore", "paddle", "ptflops", "ptflops:aten", "thop", "torch", "torchstat", "torchstat:madd")

MORE = ("torchinfo", "torchprofile", "ultralytics-thop", "thop==0.0.23.post1907011323")
"""Counters beside the eight; the last ones stand in overlays, which pip makes from the package index."""

HOLDERS = ("torchsummary", "hand:image", "hand:training")
"""Counters of parameters and memory alone."""

PROFILERS = ("calflops", "calflops:macs", "deepspeed", "deepspeed:macs")
"""Profilers that patch functions; they stand in overlays too, and take so long to start that they share one network."""

EVERYTHING = f"{ROOT}/tests/cases/patched_layers.py:Everything"
"""The network that uses every rule of the profilers, on 2x4x8x8."""


@cache
def _audit(model: str, inputs: str, counters: tuple[str, ...], arguments: tuple[tuple[str, Any], ...]) -> Audit:
    question = Question(model=parse_object(model, dict(arguments)), inputs=parse_inputs(inputs.split()))
    return audit_question(question, counters)


def audit_of(
    model: str, inputs: str, counters: Sequence[str] = EIGHT, arguments: Mapping[str, Any] | None = None
) -> Audit:
    """The audit of a model and its inputs (`"1,3,16,16"`, several apart by spaces), made once in a test session."""
    return _audit(model, inputs, tuple(counters), tuple(sorted((arguments or {}).items())))


def entry_at(counter: str) -> Entry:
    """The entry of a counter id; one of a release holds the rules of that release."""
    entry = entry_of(parse_counter(counter))
    version = entry.release or entry.version
    return replace(entry, counter=entry.counter.at(version))
