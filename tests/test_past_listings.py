"""How past releases of torchinfo list a model: every setting of every one of them matters to some number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import pytest

from reconcile.audit import Audit
from reconcile.reach import Reach
from reconcile.resources.lines import PRESENT, Listed, Manner
from reconcile.resources.listed_bytes import ListedBytes
from reconcile.resources.listing import ListedCensus
from reconcile.resources.measures import Convention, predicted
from reconcile.rules import Rules, predict
from reconcile.schema import Count
from reconcile.work import Work
from tests.shared import audit_of, entry_at

CASES = Path(__file__).parent / "cases"

RELEASES = tuple(f"torchinfo=={release}" for release in ("0.1.1", "0.1.2", "1.5.1", "1.6.0", "1.6.3", "1.6.6", "1.7.0"))
"""One release of every manner that differs from its neighbours; the last ones list nothing in a way of their own."""


@cache
def _audits() -> tuple[Audit, ...]:
    models = ((f"{CASES}/listed.py:Listed", "2,3,8,8:int64"), (f"{CASES}/held.py:Interleaved", "3,8"))
    return tuple(audit_of(model, inputs, RELEASES) for model, inputs in models)


def _counts(release: str) -> list[Count]:
    found = [audit.run.count(release) for audit in _audits()]
    return [count for count in found if count is not None]


@pytest.mark.parametrize("release", RELEASES)
def test_a_past_listing_is_told_to_the_last_parameter_and_byte(release: str) -> None:
    counts = _counts(release)
    assert len(counts) == 2
    for count in counts:
        assert count.status == "ok", count.reason
        assert count.explained
        assert {measure.metric for measure in count.measures} == {"params", "memory"}


def _same(count: Count, rules: Rules, measures: dict[str, Convention]) -> bool:
    """Whether rules and conventions give what a release told of every row."""
    assert count.ledger is not None
    work = Work(count.ledger)
    values = {name: item.value for name, item in predict(rules, work).items() if item.value}
    if values != {row.layer: row.told for row in count.layers if row.told}:
        return False
    for metric, convention in measures.items():
        measure = count.measure(metric)
        assert measure is not None
        sums = {name: value for name, value in predicted(metric, convention, rules, work).items() if value}
        if sums != {row.layer: row.told for row in measure.layers if row.told}:
            return False
    return True


def _reaches(reach: Reach) -> Iterator[tuple[str, Reach | None]]:
    if not reach.once:
        yield "reach", None
    for item in fields(reach):
        if item.name != "whole" and getattr(reach, item.name) != getattr(Reach(), item.name):
            yield item.name, replace(reach, **{item.name: getattr(Reach(), item.name)})


def _manners(manner: Manner) -> Iterator[tuple[str, Manner]]:
    """A manner with one of its settings changed to that of the present.

    What is listed before the model runs would be inserted, too, where class names are compared; a release that fixes
    nothing cannot hook what is fixed later; and containers that are not called matter where containers count at all.
    """
    kept = {"reach"}
    kept |= {"fixed"} if manner.missing == "names" or not manner.fixed else set()
    kept |= {"missing"} if manner.missing is None and manner.deepest is None else set()
    for item in fields(Manner):
        if item.name not in kept and getattr(manner, item.name) != getattr(PRESENT, item.name):
            yield item.name, replace(manner, **{item.name: getattr(PRESENT, item.name)})


def _changed(release: str) -> Iterator[tuple[str, Rules, dict[str, Convention]]]:
    counter = entry_at(release).counter
    rules, measures = counter.rules, dict(counter.measures)
    params, memory = measures["params"], measures["memory"]
    assert isinstance(params, ListedCensus)
    assert isinstance(memory, ListedBytes)
    for name, manner in _manners(params.manner):
        yield f"params {name}", rules, {**measures, "params": replace(params, manner=manner)}
        if name in ("fixed", "masks", "deepest"):
            census = ListedCensus(source="", leaves=True, manner=manner)
            yield f"memory {name}", rules, {**measures, "memory": replace(memory, manner=manner, census=census)}
    for setting, plain in (("header", 0), ("hollow", 0), ("width", None), ("true_inputs", False)):
        if getattr(memory, setting) != plain:
            yield setting, rules, {**measures, "memory": replace(memory, **{setting: plain})}
    if isinstance(rules.hooking, Reach):
        for name, reach in _reaches(rules.hooking):
            yield f"rules {name}", replace(rules, hooking=reach), {}
    if isinstance(rules.hooking, Listed):
        yield "rules listed", replace(rules, hooking=None), {}


@pytest.mark.parametrize("release", RELEASES)
def test_every_setting_of_a_past_listing_matters(release: str) -> None:
    counts = _counts(release)
    counter = entry_at(release).counter
    assert all(_same(count, counter.rules, dict(counter.measures)) for count in counts)
    changes = list(_changed(release))
    idle = [name for name, rules, measures in changes if all(_same(count, rules, measures) for count in counts)]
    assert changes
    assert not idle
