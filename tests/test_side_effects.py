"""What each counter leaves behind is listed: on the model, in its state dict, in the process."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from reconcile.audit import Audit
from reconcile.worker.side_effects import Watch
from tests.shared import audit_of

BY_VALUES = str(Path(__file__).parent / "cases" / "by_values.py")


@pytest.mark.parametrize(
    ("counter", "sentence"),
    [
        ("thop", "2 new entries in the state dict: total_ops, total_params"),
        ("thop", "the state dict no longer loads into a fresh model"),
        ("torchstat", "96 new entries in the state dict"),
        ("torchstat", "__call__ of 4 classes stays replaced in the process: Conv2d, Linear, MaxPool2d and 1 more"),
        (
            "torchstat",
            "changed for the whole process: pandas option display.max_columns, pandas option display.max_rows",
        ),
        ("ptflops", "new attributes on modules"),
        ("ptflops:aten", "hooks stay on conv1, conv2, conv3 and 9 more"),
    ],
)
def test_what_a_counter_leaves_behind_is_listed(article: Audit, counter: str, sentence: str) -> None:
    count = article.run.count(counter)
    assert count is not None
    assert any(sentence in effect for effect in count.side_effects), count.side_effects


@pytest.mark.parametrize("counter", ["fvcore", "torch", "reference"])
def test_a_clean_counter_leaves_nothing(article: Audit, counter: str) -> None:
    count = article.run.count(counter)
    assert count is not None
    assert count.side_effects == ()


def test_a_model_that_a_counter_left_broken_is_said_to_be_so() -> None:
    shared = {"owners": 2, "calls": 2, "activation": True}
    run = audit_of("reconcile.idioms.sharing:Parents", "1,8", ("thop", "ptflops:aten"), shared).run
    thop, aten = (run.count(name) for name in ("thop", "ptflops:aten"))
    assert thop is not None
    assert aten is not None
    assert "the model can no longer be called: AttributeError: 'ReLU' object has no attribute" in " ".join(
        thop.side_effects
    )
    assert "hooks stay" in " ".join(aten.side_effects)
    assert "no longer be called" not in " ".join(aten.side_effects)


def test_a_model_that_takes_no_second_call_by_its_own_doing_is_not_laid_to_a_hook() -> None:
    run = audit_of(f"{BY_VALUES}:Metadata", "16,40", ("ptflops:aten",)).run
    count = run.count("ptflops:aten")
    assert count is not None
    assert "hooks stay" in " ".join(count.side_effects)
    assert "no longer be called" not in " ".join(count.side_effects)


def test_changed_values_flags_inputs_hooks_and_functions_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    model, x = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1)).eval(), torch.zeros(1, 1, 2, 2)
    watch = Watch(model, [x])
    assert watch.changes() == ()
    model[1].train()
    model[1].running_mean += 1
    model[0].register_forward_hook(lambda *_: None)
    x += 1
    monkeypatch.setattr(nn.functional, "relu", lambda value: value)
    said = " | ".join(watch.changes())
    assert "1 parameters or buffers have other values: 1.running_mean" in said
    assert "an input tensor has other values" in said
    assert "1 hooks stay on 0" in said
    assert "the training flag of 1 modules changed: 1" in said
    assert "1 functions stay replaced in the process: torch.nn.functional.relu" in said


def test_a_paddle_layer_whose_state_dict_has_grown_no_longer_loads() -> None:
    run = audit_of("reconcile.idioms.functions:OneOperand", "2,3", ("paddle",), {"name": "F.relu"}).run
    (count,) = (item for item in run.counts if item.counter == "paddle")
    assert any("the state dict no longer loads into a fresh model" in effect for effect in count.side_effects)
