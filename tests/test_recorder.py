"""The recorder changes nothing: what a counter tells, and which ops run, are the same with it and without it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from reconcile.ask import CounterId, Question, parse_counter
from reconcile.audit import Audit
from reconcile.inputs import parse_inputs
from reconcile.launching.launch import launch
from reconcile.objects import parse_object
from reconcile.pricing.operators import label
from reconcile.schema import Context
from reconcile.worker.torch_side import build_torch
from tests.shared import EIGHT, MORE

LAYERS = str(Path(__file__).parent / "cases" / "layers.py")

WITHOUT_GRAD = {"thop"}
"""Counters that run the model without gradients themselves; a clean run in the same mode is their measure."""

MODELS = [
    ("reconcile.models:ArticleNet", "1,3,16,16"),
    ("reconcile.models:LeNet", "1,1,28,28"),
    ("reconcile.models:Functional", "2,3,8,8"),
    ("torchvision.models:mobilenet_v2", "1,3,64,64"),
]


@pytest.mark.parametrize(("model", "inputs"), MODELS, ids=[model.partition(":")[2] for model, _ in MODELS])
def test_told_with_the_recorder_is_told_without_it(audits: Callable[..., Audit], model: str, inputs: str) -> None:
    question = Question(model=parse_object(model), inputs=parse_inputs([inputs]))
    answers = launch([question.request(CounterId(name=name), recorded=False) for name in EIGHT])
    audit = audits(model, inputs)
    compared = 0
    for name, answer in zip(EIGHT, answers, strict=True):
        count = audit.run.count(name)
        assert count is not None
        assert answer["status"] == count.status, (name, answer.get("reason"), count.reason)
        if count.status == "ok":
            assert (answer["total"], answer["params"]) == (count.total, count.params), name
            compared += 1
    assert compared >= 6


@pytest.mark.parametrize("place", ["root", "layer"])
def test_a_compiled_model_is_said_to_be_counted_as_it_is_written(place: str) -> None:
    layer: torch.nn.Module = torch.nn.Linear(8, 8)
    model: Any = torch.nn.Sequential(layer)
    if place == "root":
        model = torch.compile(model, backend="eager")
    else:
        layer.compile(backend="eager")
    plain, compiled = (
        build_torch(each, (torch.rand(1, 8),), (), Context()).notes for each in (torch.nn.Sequential(layer), model)
    )
    (said,) = compiled
    assert said.startswith("torch.compile is kept out while a model is watched:")
    assert bool(plain) == (place == "layer")


@pytest.mark.parametrize("counter", MORE)
def test_a_further_counter_tells_the_same_with_and_without_the_recorder(
    audits: Callable[..., Audit], counter: str
) -> None:
    question = Question(model=parse_object(f"{LAYERS}:Fused"), inputs=parse_inputs(["2,5,8"]))
    (answer,) = launch([question.request(parse_counter(counter), recorded=False)])
    count = audits(f"{LAYERS}:Fused", "2,5,8", (counter,)).run.count(counter)
    assert count is not None
    assert answer["status"] == count.status == "ok", (answer.get("reason"), count.reason)
    assert (answer["total"], answer["params"]) == (count.total, count.params)


def test_a_counter_whose_mode_switches_the_fused_path_off_has_a_ledger_that_shows_it(
    audits: Callable[..., Audit],
) -> None:
    executed = {}
    for counter in ("reference@no_grad", "ultralytics-thop"):
        audit = audits(f"{LAYERS}:Fused", "2,5,8", (counter,))
        executed[counter] = {kind for kind, _, _ in _executed(audit, counter, twin=False)}
    assert "transformer_encoder_layer_fwd" in executed["reference@no_grad"]
    assert "transformer_encoder_layer_fwd" not in executed["ultralytics-thop"]


@pytest.mark.parametrize(("model", "inputs"), MODELS, ids=[model.partition(":")[2] for model, _ in MODELS])
def test_the_ops_of_a_counters_run_are_those_of_a_clean_run(
    audits: Callable[..., Audit], model: str, inputs: str
) -> None:
    audit = audits(model, inputs)
    clean_runs = {"reference": audit, "reference@no_grad": audits(model, inputs, ("reference@no_grad",))}
    compared = 0
    for count in audit.run.counts:
        if count.status != "ok" or count.ledger is None or count.ledger.framework != "torch":
            continue
        twin = count.ledger.source == "twin"
        clean = "reference@no_grad" if count.counter in WITHOUT_GRAD else "reference"
        found = _executed(audit, count.counter, twin=twin)
        assert found == _executed(clean_runs[clean], clean, twin=twin), count.counter
        assert len(found) > 5
        compared += 1
    assert compared >= 6


def _executed(audit: Audit, counter: str, *, twin: bool) -> list[tuple[str, object, object]]:
    """The executed ops with their shapes.

    FlopCounterMode decomposes a few kernels into others, so kinds are compared and not names.  A twin is recorded in
    inference mode, which also moves data otherwise: there the ops
    that do work are compared, by kind.
    """
    work = audit.side(counter).work
    ops = [work.ledger.ops[index] for index in work.ledger.executed if work.prices[index] or not twin]
    return [(label(op.name), tuple(tensor.shape for tensor in op.tensors), op.out) for op in ops]
