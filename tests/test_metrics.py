"""Parameters and memory: every counter equals its own convention, and every difference closes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import pytest

from reconcile.audit import Audit
from reconcile.errors import UsageError
from reconcile.registry import entries
from reconcile.resources.census import Census
from reconcile.resources.footprint import Footprint
from reconcile.resources.listing import ListedCensus
from reconcile.resources.measures import Convention, predicted
from reconcile.resources.metrics import METRICS
from reconcile.resources.traffic import Traffic
from reconcile.schema import Count
from reconcile.work import Work
from tests.shared import audit_of

HELD = str(Path(__file__).parent / "cases" / "held.py")

PADDLE = str(Path(__file__).parent / "cases" / "paddle_layers.py")

COUNTERS = (
    "fvcore",
    "hand:image",
    "hand:training",
    "paddle",
    "ptflops",
    "ptflops:aten",
    "thop",
    "torchinfo",
    "torchstat",
    "torchsummary",
    "reference",
)

SLOW = ("ultralytics-thop", "calflops", "deepspeed")
"""Counters in overlays, which take so long to start that they share one network."""

NETS = {
    **dict.fromkeys(("Tied", "Owned", "Frozen", "Unused", "Attention", "Pruned", "Parametrized"), "3,8"),
    **dict.fromkeys(
        ("Several", "Nested", "Adapted", "Halved", "Doubled", "Recurrent", "Weighted", "Interleaved", "alone"), "3,8"
    ),
    "Images": "2,3,8,8",
    "Two": "3,8 3,3",
}


@cache
def _audits() -> tuple[Audit, ...]:
    nets = [audit_of(f"{HELD}:{name}", inputs, COUNTERS) for name, inputs in NETS.items()]
    shared = audit_of(f"{HELD}:Together", "3,8", (*SLOW, "reference"))
    paddle = audit_of(f"{PADDLE}:Held", "3,8", ("paddle", "reference"))
    # Its second last layer reads more bytes than 32 bits hold, by torchstat's reckoning.
    large = audit_of("reconcile.models:ArticleNet", "1,3,224,224", ("torchstat", "reference"))
    return (*nets, paddle, shared, large, audit_of("reconcile.models:ArticleNet", "1,3,16,16", COUNTERS))


def _counts(counter: str) -> Iterator[Count]:
    for audit in _audits():
        count = audit.run.count(counter)
        if count is not None and count.status == "ok":
            yield count


@pytest.mark.parametrize("counter", [*COUNTERS, *SLOW])
def test_every_counter_equals_its_own_convention(counter: str) -> None:
    counts = list(_counts(counter))
    assert len(counts) >= (1 if counter in SLOW else 3)
    for count in counts:
        assert {measure.metric for measure in count.measures} == set(entries()[counter].counter.measures)
        for measure in count.measures:
            wrong = [(row.layer, row.told, row.predicted) for row in measure.layers if row.residual]
            assert not wrong, (measure.metric, count.ledger)


@pytest.mark.parametrize("metric", METRICS)
def test_every_difference_closes_and_explanations_add_up(metric: str) -> None:
    compared = 0
    for audit in _audits():
        ok = [count.counter for count in audit.run.counts if count.status == "ok" and count.measure(metric)]
        for left in ok:
            there = audit.explanation(left, "reference", metric)
            back = audit.explanation("reference", left, metric)
            assert there.complete
            assert {cause.cause: cause.amount for cause in there.causes} == {
                cause.cause: -cause.amount for cause in back.causes
            }
            for right in ok:
                pair = audit.explanation(left, right, metric)
                second = audit.explanation("reference", right, metric)
                amounts = [{cause.cause: cause.amount for cause in item.causes} for item in (pair, there, second)]
                names = set().union(*amounts)
                assert all(amounts[0].get(name, 0) == sum(part.get(name, 0) for part in amounts[1:]) for name in names)
                compared += 1
    assert compared > 10


def _changes(convention: object) -> Iterator[tuple[str, Convention]]:
    """The convention with one of its settings changed, for every setting that is not the definition's own."""
    plain = {Census: Census(source=""), Footprint: Footprint(source=""), ListedCensus: ListedCensus(source="")}
    if isinstance(convention, Traffic):
        yield "last_call", replace(convention, last_call=False)
        if convention.of == "memread":
            yield "wraps", replace(convention, wraps=False)
        for name, reading in convention.modules.items():
            other = "none" if reading.parameters != "none" else "two"
            changed = {**convention.modules, name: replace(reading, parameters=other)}  # type: ignore[arg-type]
            kept = {kind: item for kind, item in convention.modules.items() if kind != name}
            yield name, replace(convention, modules=changed if convention.of == "memread" else kept)
        return
    for item in fields(convention):  # type: ignore[arg-type]
        default = getattr(plain[type(convention)], item.name)  # type: ignore[index]
        if item.name != "source" and getattr(convention, item.name) != default:
            yield item.name, replace(convention, **{item.name: default})  # type: ignore[type-var]


@pytest.mark.parametrize("counter", [*COUNTERS[:-1], *SLOW])
def test_every_setting_of_every_convention_matters(counter: str) -> None:
    known = entries()[counter].counter
    counts = [(count, Work(count.ledger)) for count in _counts(counter) if count.ledger is not None]
    idle = []
    for metric, convention in known.measures.items():
        for name, changed in _changes(convention):
            if all(_same(count, metric, changed, work) for count, work in counts):
                idle.append(f"{counter} {metric} {name}")
    assert not idle


def _same(count: Count, metric: str, convention: Convention, work: Work) -> bool:
    measure = count.measure(metric)
    assert measure is not None
    told = {row.layer: row.told for row in measure.layers if row.told}
    sums = predicted(metric, convention, entries()[count.counter].counter.rules, work)
    return told == {name: value for name, value in sums.items() if value}


def test_torchsummary_prints_the_megabytes_of_the_article() -> None:
    count = audit_of("reconcile.models:ArticleNet", "1,3,224,224", ("torchsummary",)).run.count("torchsummary")
    assert count is not None
    memory = count.measure("memory")
    assert memory is not None
    inputs = next(row.told or 0 for row in memory.layers if row.layer == "::inputs")
    parameters = 4 * (count.params or 0)
    outputs = memory.total - inputs - parameters
    printed = [f"{size / 2**20:.2f}" for size in (inputs, outputs, parameters, memory.total)]
    assert printed == ["0.57", "153.14", "33.04", "186.75"]
    assert count.params == 8660042
    assert count.total is None


def test_paddle_takes_running_statistics_for_parameters() -> None:
    audit = audit_of("torchvision.models:resnet18", "1,3,64,64", ("paddle", "thop", "reference"))
    why = audit.explanation("paddle", "thop", "params")
    # 2 more for every channel of 20 batch normalisations.
    channels = 64 * 5 + 128 * 5 + 256 * 5 + 512 * 5
    assert [(cause.cause, cause.amount) for cause in why.causes] == [("buffers", 2 * channels)]
    assert why.complete


def test_a_counter_that_tells_nothing_of_a_metric_is_refused_in_one_sentence() -> None:
    audit = audit_of("reconcile.models:LeNet", "1,1,28,28", ("torch", "reference"))
    with pytest.raises(UsageError, match="torch tells nothing of memory; it tells operations"):
        audit.explanation("torch", "reference", "memory")


def test_a_counter_of_parameters_only_is_no_counter_of_operations() -> None:
    audit = audit_of("reconcile.models:LeNet", "1,1,28,28", ("torchsummary", "reference"))
    with pytest.raises(UsageError, match="torchsummary counts no operations"):
        audit.explanation("torchsummary", "reference")
