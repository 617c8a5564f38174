"""Real networks: a spread of them closes for every counter, and the committed survey is true."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from reconcile import reference
from reconcile.render.survey import survey_report
from reconcile.schemas import schema
from reconcile.surveys.survey import run_survey
from reconcile.surveys.survey_file import SurveyModel, read_survey
from reconcile.worker import shims
from tests.shared import EIGHT, MORE, ROOT, audit_of

ZOO = ROOT / "reconcile" / "zoo" / "networks.yaml"

REPORT = ROOT / "reports" / "zoo.md"

TEN = (*EIGHT, *MORE)

_TRANSFORMERS = "reconcile.zoo.transformer_models:model"

_SIZES = {"num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 50}

_NO_TOKENS = {"torchstat", "torchstat:madd"}
"""Counters that assert the rank of the input of every linear layer, so that no transformer runs."""

SPREAD: dict[str, tuple[str, str, dict[str, Any], set[str]]] = {
    "residual": ("torchvision.models:resnet18", "1,3,32,32", {}, set()),
    "squeeze and excitation": ("torchvision.models:mobilenet_v3_small", "2,3,32,32", {}, set()),
    "windows": ("torchvision.models:swin_t", "1,3,32,32", {}, _NO_TOKENS),
    "segmentation": (
        "torchvision.models.segmentation:lraspp_mobilenet_v3_large",
        "1,3,64,64",
        {"weights_backbone": None},
        set(),
    ),
    "video": ("torchvision.models.video:mc3_18", "1,3,4,32,32", {}, _NO_TOKENS),
    "attention and convolution": ("timm:create_model", "1,3,64,64", {"model_name": "mobilevit_xxs"}, _NO_TOKENS),
    "mixer": ("timm:create_model", "1,3,224,224", {"model_name": "gmlp_ti16_224"}, _NO_TOKENS),
    "encoder": (_TRANSFORMERS, "1,9:int64", {"kind": "BertModel", "hidden_size": 16, **_SIZES}, _NO_TOKENS),
    "decoder": (
        _TRANSFORMERS,
        "1,9:int64",
        {"kind": "LlamaForCausalLM", "hidden_size": 16, "num_key_value_heads": 1, "intermediate_size": 24, **_SIZES},
        _NO_TOKENS,
    ),
    "both": (
        _TRANSFORMERS,
        "1,9:int64 1,5:int64",
        {
            "kind": "T5Model",
            "attention": "eager",
            "names": ("input_ids", "decoder_input_ids"),
            "d_model": 16,
            "d_kv": 8,
            "d_ff": 24,
            "num_layers": 1,
            "num_heads": 2,
            "vocab_size": 50,
        },
        _NO_TOKENS,
    ),
}
"""Networks of different structure with their inputs and arguments, and the counters that fail on them."""


@pytest.mark.parametrize("name", SPREAD)
def test_every_counter_closes_against_the_reference_on_networks_of_every_structure(name: str) -> None:
    model, inputs, arguments, failing = SPREAD[name]
    audit = audit_of(model, inputs, TEN, arguments)
    assert audit.run.reference is not None
    assert not audit.run.reference.unpriced
    failed = {count.counter: count.reason for count in audit.run.counts if count.status == "failed"}
    assert failed.keys() == failing, failed
    for count in audit.run.counts:
        wrong = [(row.layer, row.told, row.predicted) for row in count.layers if row.residual or row.mismatch]
        assert not wrong, count.counter
        if count.status == "ok":
            for pair in ((count.counter, reference.NAME), (reference.NAME, count.counter)):
                explanation = audit.explanation(*pair)
                assert explanation.complete, pair
                assert explanation.residual == 0, pair


def _survey_models(group: str) -> dict[str, list[SurveyModel]]:
    found: dict[str, list[SurveyModel]] = {}
    for model in read_survey(str(ZOO)).models:
        if model.group.startswith(group):
            found.setdefault(model.model.attribute, []).append(model)
    return found


def _published() -> dict[str, Any]:
    """The weights of every torchvision model that takes images of one size or clips, by the name of the model."""
    shims.apply()
    from torchvision import models

    found = {name: models.get_model_weights(name) for name in models.list_models()}
    left_out = ("torchvision.models.detection", "torchvision.models.optical_flow", "torchvision.models.quantization")
    return {name: weights for name, weights in found.items() if not weights.__module__.startswith(left_out)}


def test_the_zoo_lists_every_torchvision_model_with_what_is_published_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    listed, published = _survey_models("torchvision "), _published()
    assert published.keys() <= listed.keys()
    for name, weights in published.items():
        printed = {(str(item.meta["_ops"]), item.meta["num_params"]) for item in weights}
        stated = {
            (item.published.gmac, item.published.parameters)
            for item in listed[name]
            if item.published is not None and "quantiz" not in item.group
        }
        assert stated == printed, name


def test_the_zoo_holds_forty_families_of_timm_and_the_transformers_that_people_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    shims.apply()
    import timm

    names = [item.name for item in read_survey(str(ZOO)).models if item.group == "timm"]
    assert set(names) <= set(timm.list_models())
    assert len({timm.models._registry._model_to_module[name] for name in names}) >= 40
    kinds = " ".join(item.name for item in read_survey(str(ZOO)).models if item.group == "transformers")
    for kind in ("Bert", "GPT2", "T5", "Llama", "Mistral", "ViT", "CLIP", "Whisper", "Mamba"):
        assert kind in kinds


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(REPORT.with_suffix(".json").read_text(encoding="utf-8"))
    return document


def test_the_committed_survey_is_the_rendering_of_its_document(committed: dict[str, Any]) -> None:
    jsonschema.validate(committed, schema("survey"))
    assert REPORT.read_text(encoding="utf-8") == survey_report(committed)
    assert committed["command"] == "reconcile survey reconcile/zoo/networks.yaml --output reports/zoo.md"


def test_the_committed_survey_holds_every_model_of_the_list(
    committed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    listed = [(item.group, item.name) for item in read_survey(str(ZOO)).models]
    reported = [(group["name"], model["name"]) for group in committed["groups"] for model in group["models"]]
    assert reported == listed


def test_every_published_number_holds_or_its_exception_is_explained(committed: dict[str, Any]) -> None:
    models = [model for group in committed["groups"] for model in group["models"] if model["published"] is not None]
    assert len(models) >= 100
    for model in models:
        assert model["published"]["holds"] or model["published"]["exception"], model["name"]
        assert model["parameters"] in (None, model["published"]["parameters"]), model["name"]


def test_work_by_shape_equals_work_that_was_executed_on_every_model(committed: dict[str, Any]) -> None:
    models = [model for group in committed["groups"] for model in group["models"]]
    both = [model for model in models if model["by_shape"] is not None and model["reference"] is not None]
    assert len(both) >= 100
    for model in both:
        assert model["by_shape"] == model["reference"], model["name"]


SLICE = ("lcnet_050", "mnasnet0_5", "BertModel eager")


def test_a_slice_of_the_committed_survey_comes_out_again(
    committed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    survey = read_survey(str(ZOO))
    chosen = [item for item in survey.models if item.name in SLICE]
    assert len(chosen) == len(SLICE)
    again = run_survey(survey, models=chosen, command="")
    found = {model["name"]: model for group in again["groups"] for model in group["models"]}
    stated = {model["name"]: model for group in committed["groups"] for model in group["models"]}
    for name in SLICE:
        assert found[name] == stated[name]
