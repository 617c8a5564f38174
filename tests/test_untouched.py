"""A caller's live model is left as it was, whatever the counters do to their copies."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import reconcile
from reconcile.launching.payload import _is_local
from tests.shared import EIGHT


class Net(nn.Module):
    """A small network whose BatchNorm is frozen while the rest trains."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.bn = nn.BatchNorm2d(4)
        self.relu = nn.ReLU()
        self.fc = nn.Linear(4 * 6 * 6, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Five scores."""
        return self.fc(torch.flatten(self.relu(self.bn(self.conv(x))), 1))


def _state(model: nn.Module) -> dict[str, Any]:
    """Everything of a model that a counter is known to leave traces in."""
    modules = dict(model.named_modules())
    return {
        "tensors": {name: tensor.clone() for name, tensor in model.state_dict().items()},
        "attributes": {name: sorted(vars(module)) for name, module in modules.items()},
        "flags": {name: module.training for name, module in modules.items()},
        "hooks": {
            name: [len(value) for key, value in sorted(vars(module).items()) if key.endswith("_hooks")]
            for name, module in modules.items()
        },
        "types": {name: type(module) for name, module in modules.items()},
    }


def _classes() -> dict[str, Any]:
    """What the classes and functions that counters patch are bound to."""
    functions = {f"F.{name}": getattr(nn.functional, name) for name in ("relu", "linear", "max_pool2d", "softmax")}
    tensors = {f"torch.{name}": getattr(torch, name) for name in ("matmul", "bmm", "add", "mul", "addmm")}
    kinds = {kind.__name__: kind.__call__ for kind in (nn.Module, nn.Conv2d, nn.Linear, nn.ReLU, nn.BatchNorm2d)}
    return functions | tensors | kinds


@pytest.fixture(scope="module")
def audited() -> tuple[reconcile.Audit, dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]:
    model = Net().train()
    model.bn.eval()
    before, classes, x = _state(model), _classes(), torch.rand(1, 3, 8, 8)
    audit = reconcile.audit(model, inputs=(x,), counters=EIGHT)
    return audit, before, _state(model), classes, _classes()


def test_every_counter_answered_on_its_copy(audited: Any) -> None:
    audit = audited[0]
    assert {count.counter: count.reason for count in audit.run.counts if count.status == "failed"} == {}
    assert audit.explained


@pytest.mark.parametrize("part", ["attributes", "flags", "hooks", "types"])
def test_the_callers_model_is_as_it_was(audited: Any, part: str) -> None:
    assert audited[1][part] == audited[2][part]


def test_the_callers_parameters_and_buffers_are_as_they_were(audited: Any) -> None:
    before, after = audited[1]["tensors"], audited[2]["tensors"]
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_classes_and_functions_are_as_they_were(audited: Any) -> None:
    assert audited[3] == audited[4]


def test_a_live_object_that_is_no_model_is_refused() -> None:
    with pytest.raises(
        reconcile.UsageError, match=r"a live model must be a torch\.nn\.Module or a paddle\.nn\.Layer, not int"
    ):
        reconcile.audit(12, inputs=(torch.rand(1),))


def test_an_input_that_is_no_tensor_is_refused_in_one_line() -> None:
    tensors = [torch.rand(64, 64), torch.rand(64, 64)]
    with pytest.raises(
        reconcile.UsageError, match=r"^the input \[tensor.* is neither a tensor nor sizes such as '1,3,224,224'$"
    ) as said:
        reconcile.audit(torch.nn.Identity(), inputs=(tensors,))
    assert len(str(said.value)) < 200


def test_a_live_model_that_cannot_be_copied_is_refused() -> None:
    model = nn.Linear(2, 2)
    model.lock = (item for item in ())  # type: ignore[assignment]
    with pytest.raises(reconcile.UsageError, match="the model cannot be copied into a worker"):
        reconcile.audit(model, inputs=(torch.rand(1, 2),), counters=["thop"])


@pytest.mark.parametrize(("folder", "copied"), [("elsewhere/site-packages", False), ("work", True)])
def test_only_the_callers_own_classes_are_copied_by_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, copied: bool
) -> None:
    name = f"some_layers_{copied}".lower()
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / f"{name}.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / folder))
    importlib.import_module(name)
    assert _is_local(name) is copied
    assert not _is_local("torch.nn.modules.linear")
