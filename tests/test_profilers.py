"""calflops and DeepSpeed: watching changes nothing, shared modules, what they leave behind and what they refuse."""

from __future__ import annotations

import pytest

from reconcile.ask import CounterId, Question
from reconcile.audit import Audit
from reconcile.inputs import parse_inputs
from reconcile.launching.launch import launch
from reconcile.objects import parse_object
from reconcile.releases.overlay import Overlay
from tests.shared import EVERYTHING, PROFILERS, ROOT, audit_of

LAYERS = f"{ROOT}/tests/cases/layers.py"

OWNED = "functions.4"
"""The path of the network with a module of two parents inside the network of everything."""


@pytest.fixture(scope="module")
def everything() -> Audit:
    return audit_of(EVERYTHING, "2,4,8,8", PROFILERS)


def _told(audit: Audit, counter: str, layer: str) -> int | None:
    count = audit.run.count(counter)
    assert count is not None
    return next((row.told for row in count.layers if row.layer == layer), None)


def test_a_profiler_tells_the_same_and_executes_the_same_where_nothing_watches() -> None:
    model, inputs = "reconcile.models:LeNet", "1,1,28,28"
    question = Question(model=parse_object(model), inputs=parse_inputs([inputs]))
    answers = launch([question.request(CounterId(name=name), recorded=False) for name in PROFILERS])
    audit = audit_of(model, inputs, PROFILERS)
    for name, answer in zip(PROFILERS, answers, strict=True):
        count = audit.run.count(name)
        assert count is not None
        assert count.ledger is not None
        assert (answer["total"], answer["params"]) == (count.total, count.params), name
        assert [op.name for op in count.ledger.ops] == [op.name for op in audit.side("reference").work.ledger.ops]
        assert not count.side_effects


@pytest.mark.parametrize(("counter", "times"), [("calflops", 2), ("calflops:macs", 2), ("deepspeed", 1)])
def test_a_module_of_two_parents_is_added_up_for_each_by_calflops_only(
    everything: Audit, counter: str, times: int
) -> None:
    weight = 1 if counter.endswith("macs") else 2
    rows = [_told(everything, counter, f"{OWNED}.{side}.0.linear") for side in ("left", "right")]
    called_twice = 2 * weight * (4 * 8 * 8) * 8
    assert rows == [called_twice, called_twice if times == 2 else None]
    assert _told(everything, counter, f"{OWNED}.own") == weight * (4 * 8 * 8) * 8
    again = {item.layer for item in everything.side(counter).items if item.cause == "double-count"}
    assert (f"{OWNED}.right.0.linear" in again) == (times == 2)
    assert any(name.startswith(f"{OWNED}.right.0::") for name in again) == (times == 2 and weight == 2)


def test_an_einsum_and_a_recurrence_have_flops_and_no_macs(everything: Audit) -> None:
    for name in ("calflops", "deepspeed"):
        assert (_told(everything, name, "bags.5.layers.lstm") or 0) > 0
        assert _told(everything, f"{name}:macs", "bags.5.layers.lstm") == 0


def test_calflops_leaves_the_model_in_eval_and_needs_a_parameter() -> None:
    model, inputs = f"{LAYERS}:resampling", "2,4,8,8"
    trained = audit_of("reconcile.models:LeNet", "1,1,28,28", ("calflops@train",)).run.count("calflops@train")
    assert trained is not None
    assert "the training flag of" in " ".join(trained.side_effects)
    failed = audit_of(model, inputs, ("calflops",)).run.count("calflops")
    assert failed is not None
    assert failed.reason is not None
    assert failed.reason.startswith("it asks the first parameter for its device, and the model has none")


def test_an_overlay_of_many_requirements_has_a_name_that_a_file_system_takes() -> None:
    many = tuple(f"package-{number}==1.0" for number in range(40))
    names = {Overlay(requirements=given).name for given in (many, many[:-1], (many[0], *many[:0:-1]))}
    assert len(names) == 2, "another set of requirements has another name, another order has not"
    assert all(name.startswith("package-0==1.0+") and len(name) < 100 for name in names)
