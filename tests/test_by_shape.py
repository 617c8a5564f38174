"""Execution by shape tells what execution for real tells: the same integers, the same ops, the same traces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from reconcile.ask import Question, ask, parse_counter
from reconcile.inputs import parse_inputs
from reconcile.launching.launch import launch
from reconcile.objects import parse_object
from tests.shared import EIGHT, MORE, ROOT
from tests.test_zoo import SPREAD

BY_VALUES = f"{ROOT}/tests/cases/by_values.py"

COUNTERS = [name for name in (*EIGHT, *MORE, "reference", "reference@no_grad") if name != "paddle"]
"""Every counter of PyTorch models; Paddle's own is always computed."""

_TOLD = ("status", "reason", "total", "params", "parameters", "rows", "measures", "ledger", "side_effects")


def _answers(
    model: str, inputs: str, counters: list[str], arguments: Mapping[str, Any] | None = None, *, real: bool
) -> list[dict[str, Any]]:
    question = Question(
        model=parse_object(model, dict(arguments or {})), inputs=parse_inputs(inputs.split()), real=real
    )
    return list(launch([question.request(parse_counter(name)) for name in counters]))


def _told(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer says of the model and the counter, and what the counter left behind."""
    return {name: answer.get(name) for name in _TOLD}


def _assert_same(model: str, inputs: str, counters: list[str], arguments: Mapping[str, Any] | None = None) -> list[str]:
    """Both executions tell the same; how each counter was executed when that was left open."""
    shape = _answers(model, inputs, counters, arguments, real=False)
    real = _answers(model, inputs, counters, arguments, real=True)
    for counter, one, other in zip(counters, shape, real, strict=True):
        assert _told(one) == _told(other), counter
        assert other.get("execution", "real") == "real", counter
    return [answer["execution"] for answer in shape if answer["status"] == "ok"]


QUICK = ("squeeze and excitation", "windows", "decoder")
"""The part of the spread that every run of the tests takes; `make sweep` takes the rest."""


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.sweep) for name in SPREAD]
)
def test_every_counter_tells_the_same_by_shape_and_for_real(name: str) -> None:
    model, inputs, arguments, _ = SPREAD[name]
    assert set(_assert_same(model, inputs, COUNTERS, arguments)) == {"shape"}


@pytest.mark.parametrize(
    ("network", "inputs", "reads"),
    [
        ("Experts", "32,16", "aten.nonzero.default"),
        ("Branch", "1,3,16,16", "aten._local_scalar_dense.default"),
        ("Swallowing", "1,3,16,16", "aten._local_scalar_dense.default"),
        ("Listed", "4,64", "Tensor.tolist"),
    ],
)
def test_a_network_that_is_guided_by_values_is_computed_and_says_so(network: str, inputs: str, reads: str) -> None:
    model, counters = f"{BY_VALUES}:{network}", ["thop", "ptflops", "torch", "reference"]
    assert set(_assert_same(model, inputs, counters)) == {"real"}
    run = ask(Question(model=parse_object(model), inputs=parse_inputs([inputs])), ["torch"])
    (count,) = run.counts
    assert count.execution == "real"
    assert any(f"the model executes {reads}" in warning for warning in count.warnings), count.warnings


@pytest.mark.parametrize(
    ("network", "inputs"), [("Masked", "16,32"), ("Metadata", "16,40"), ("Packed", "3,7,8"), ("Unpooled", "1,3,32,32")]
)
def test_what_a_careless_execution_by_shape_gets_wrong_is_told_right(network: str, inputs: str) -> None:
    counters = [name for name in COUNTERS if "==" not in name]
    assert set(_assert_same(f"{BY_VALUES}:{network}", inputs, counters)) == {"shape"}


def test_statistics_that_training_changes_are_told_without_their_values() -> None:
    counters = ["torch@train", "torchinfo@train", "thop"]
    assert set(_assert_same("reconcile.models:MobileNetV1", "2,3,64,64", counters)) == {"shape"}
    changed, _, still = _answers("reconcile.models:MobileNetV1", "2,3,64,64", counters, real=False)
    assert any(".running_mean" in effect for effect in changed["side_effects"]), changed["side_effects"]
    assert not any("other values" in effect for effect in still["side_effects"]), still["side_effects"]


def test_masks_that_a_counter_adds_up_are_computed() -> None:
    shape = _assert_same(f"{BY_VALUES}:pruned", "1,3,32,32", ["torchinfo", "torch", "fvcore"])
    assert shape[0] == "real"
