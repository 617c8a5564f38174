"""Paddle networks on their own, live or in lists: counted, certified, and reported with every refusal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import paddle
import pytest
import torch
from torch import nn

import reconcile
from reconcile.cli import run_cli
from reconcile.render.twins import summary, twins_report
from reconcile.schemas import schema
from tests.shared import ROOT, audit_of

REPORT = ROOT / "reports" / "paddle-torchvision.md"

SMALL = """
title: Small
limit: {gmac: 1, because: too large}
groups:
  - name: small networks
    models:
      - {name: LeNet, object: "reconcile.models:LeNet", inputs: ["1,1,28,28"]}
      - {name: ArticleNet, object: "reconcile.models:ArticleNet", inputs: ["1,3,224,224"]}
      - {name: deciding, object: "tests/cases/paddle_twins.py:Deciding", inputs: ["2,4"]}
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report that the command wrote, with its document beside it."""
    folder = tmp_path_factory.mktemp("twins")
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    report = folder / "small.md"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        asked = ["twins", str(folder / "small.yaml"), "--cache", str(folder / "kept"), "--output", str(report)]
        assert run_cli(asked) == 1
    return report


def _document(report: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(report.with_suffix(".json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema("twins"))
    assert report.read_text(encoding="utf-8") == twins_report(document)
    return document


def test_each_model_of_a_list_is_certified_refused_or_left_out_with_the_reason(written: Path) -> None:
    document = _document(written)
    lenet, article, deciding = (model["cells"][0] for model in document["models"])
    assert (lenet["outcome"], lenet["residual"], lenet["certificate"]["status"]) == ("explained", 0, "certified")
    assert lenet["total"] == 347560
    assert lenet["twin"] == document["models"][0]["reference"] == document["models"][0]["by_shape"]
    assert (article["outcome"], article["reason"]) == ("not run", "too large")
    assert deciding["outcome"] == "failed"
    assert "torch.fx cannot trace it" in deciding["reason"]
    assert summary(document).startswith(
        "3 models: 1 twins certified, 1 explained with residual 0, 0 residual, 1 failed"
    )


def test_the_report_lists_what_the_mirror_refuses_by_name(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    assert "MaxUnpool2d" in text
    assert "embedding_bag" in text


def test_a_list_that_is_asked_for_wrongly_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(SMALL, encoding="utf-8")
    for more, said in ((["--output", "x.html"], "must end in .md"), (["--model", "none"], "no model of")):
        assert run_cli(["twins", str(file), *more]) == 2
        assert said in capsys.readouterr().err


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    return _document(REPORT)


def test_sixty_models_of_torchvision_are_certified_and_explained_without_residual(committed: dict[str, Any]) -> None:
    cells = {(model["name"], *model["inputs"]): model["cells"][0] for model in committed["models"]}
    explained = [cell for cell in cells.values() if cell["outcome"] == "explained"]
    assert len(explained) >= 60
    for cell in explained:
        assert cell["residual"] == 0
        assert cell["certificate"]["status"] == "certified"
        assert cell["certificate"]["relative"] <= 1e-4
    # Nothing is left out of the list: a model that is refused or fails is a gap that the report opens with.
    assert len(explained) == len(cells)


def test_every_certified_twin_does_the_work_of_its_model(committed: dict[str, Any]) -> None:
    for model in committed["models"]:
        if model["cells"][0]["twin"] is not None:
            assert model["cells"][0]["twin"] == model["reference"] == model["by_shape"], model["name"]


class Shared(paddle.nn.Layer):  # type: ignore[misc]
    """A live layer of the caller's own: one linear layer at two places, and a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.first = paddle.nn.Linear(3, 3)
        self.again = paddle.nn.Sequential(self.first, paddle.nn.ReLU())
        self.register_buffer("shift", paddle.ones([3]))

    def forward(self, x: Any, scale: Any = None) -> Any:
        """Three numbers."""
        out = self.first(x) + self.again(x) + self.shift
        return out if scale is None else out * scale


def _state(layer: paddle.nn.Layer) -> dict[str, Any]:
    return {name: value.numpy().tolist() for name, value in layer.state_dict().items()}


def test_a_live_paddle_layer_is_counted_explained_and_left_as_it_was() -> None:
    layer = Shared()
    layer.train()
    before = _state(layer)
    audit = reconcile.audit(layer, inputs=(paddle.rand([2, 3]),), counters=["paddle", "thop"])
    why = audit.explain("paddle", "reference")
    assert why
    assert why.causes[["cause", "amount"]].to_numpy().tolist() == [["double-count", 2 * 2 * 3 * 3]]
    refused = audit.run.count("thop")
    assert refused is not None
    assert refused.reason == "thop counts PyTorch models; Shared is a Paddle layer"
    assert (_state(layer), layer.training) == (before, True)


def test_a_live_paddle_layer_takes_several_inputs() -> None:
    audit = reconcile.audit(Shared(), inputs=(paddle.rand([2, 3]), paddle.rand([3])), counters=["paddle"])
    count = audit.run.count("paddle")
    assert count is not None
    assert count.explained
    assert any("the function behind it" in warning for warning in count.warnings)


class Both(nn.Module):
    """Two inputs by position or by name."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(4, 3), nn.Linear(2, 3, bias=False)

    def forward(self, x: torch.Tensor, *, y: torch.Tensor) -> torch.Tensor:
        """Three numbers."""
        return self.left(x) * self.right(y)


def test_a_model_with_inputs_by_name_is_mirrored_and_counted() -> None:
    audit = audit_of(f"{ROOT}/tests/test_twins.py:Both", "5,4 y=5,2", ("paddle",))
    count = audit.run.count("paddle")
    assert count is not None
    assert count.explained
    assert count.total == 5 * 4 * 3 + 5 * 2 * 3


SIZES = {"LeNet": "1,1,28,28"}


@pytest.mark.parametrize("name", ["LeNet", "mobilenet_v3_small", "shufflenet_v2_x0_25", "squeezenet1_1"])
def test_a_network_of_paddle_alone_is_explained_against_the_definition(name: str) -> None:
    audit = audit_of(f"paddle.vision.models:{name}", SIZES.get(name, "1,3,64,64"), ("paddle",))
    assert audit.run.reference is not None
    assert not audit.run.reference.unpriced
    for pair in (("paddle", "reference"), ("reference", "paddle")):
        explanation = audit.explanation(*pair)
        assert explanation.complete
        assert explanation.residual == 0


def test_a_slice_of_the_committed_report_comes_out_again(
    committed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    chosen = ("mnasnet0_5", "squeezenet1_1")
    models = [word for name in chosen for word in ("--model", name)]
    assert run_cli(["twins", "reconcile/zoo/networks.yaml", *models, "--cache", str(tmp_path), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)["models"]
    stated = {model["name"]: model for model in committed["models"]}
    assert sorted(model["name"] for model in again) == sorted(chosen)
    for model in again:
        cells = [model["cells"][0], stated[model["name"]]["cells"][0]]
        # The digits of a floating-point difference are those of a processor.
        found, kept = ({name: cell[name] for name in cell if name != "certificate"} for cell in cells)
        assert found == kept
        assert all(cell["certificate"]["status"] == "certified" for cell in cells)
        assert {**model, "cells": []} == {**stated[model["name"]], "cells": []}
