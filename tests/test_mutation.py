"""Every weight of every rule matters: changed by one, it breaks what a real run of some network told.

The predictions are made from recorded ledgers alone; the counters are not asked again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from reconcile.registry import entries
from reconcile.rules import Rule, Rules, predict
from reconcile.schema import Count
from reconcile.work import Work
from tests.shared import EIGHT, audit_of

LAYERS = str(Path(__file__).parent / "cases" / "layers.py")

NETS = ("convolutions", "norms", "activations", "pools", "resampling", "sequences", "images", "Functions", "Shared")

KINDS = ("modules", "functions", "ops")

UNREACHABLE: Mapping[str, str] = {}
"""Weights that no network on a CPU can reach, by `counter kind name term`, each with its reason."""


def _counts(counter: str) -> Iterator[Count]:
    for net in NETS:
        count = audit_of(f"{LAYERS}:{net}", "2,4,8,8").run.count(counter)
        if count is not None and count.status == "ok":
            yield count
    for model, inputs in (("reconcile.models:LeNet", "1,1,28,28"), (f"{LAYERS}:Fused", "2,5,8")):
        count = audit_of(model, inputs).run.count(counter)
        if count is not None and count.status == "ok":
            yield count


def _weights(rules: Rules) -> Iterator[tuple[str, str, str | None]]:
    """Every weight of a set of rules, by kind, name and term; a rule without weights once, without a term."""
    for kind in KINDS:
        for name, rule in getattr(rules, kind).items():
            yield from ((kind, name, term) for term in rule.weights or [None])  # type: ignore[list-item]


def _changed(rules: Rules, kind: str, name: str, term: str | None) -> Rules:
    """The rules with one weight one larger, or without the rule that has none."""
    table = dict(getattr(rules, kind))
    if term is None:
        del table[name]
    else:
        rule: Rule = table[name]
        table[name] = replace(rule, weights={**rule.weights, term: rule.weights[term] + 1})
    return replace(rules, **{kind: table})


def _matches(rules: Rules, count: Count) -> bool:
    assert count.ledger is not None
    told = {row.layer: row.told for row in count.layers}
    predicted = {name: item.value for name, item in predict(rules, Work(count.ledger)).items()}
    names = {name for name in told.keys() | predicted.keys() if name != "::total"}
    return all(told.get(name) == predicted.get(name) for name in names)


@pytest.mark.parametrize("counter", EIGHT)
def test_every_counter_equals_its_rules_on_every_kind_of_layer(counter: str) -> None:
    counts = list(_counts(counter))
    assert len(counts) >= 2
    for count in counts:
        wrong = [(row.layer, row.told, row.predicted) for row in count.layers if row.residual or row.mismatch]
        assert not wrong


@pytest.mark.parametrize("counter", EIGHT)
def test_every_weight_changed_by_one_breaks_a_case(counter: str) -> None:
    rules = entries()[counter].counter.rules
    counts = list(_counts(counter))
    assert all(_matches(rules, count) for count in counts)
    idle = []
    for kind, name, term in _weights(rules):
        if f"{counter} {kind} {name} {term}" in UNREACHABLE:
            continue
        changed = _changed(rules, kind, name, term)
        if all(_matches(changed, count) for count in counts):
            idle.append(f"{counter} {kind} {name} {term}")
    assert not idle
