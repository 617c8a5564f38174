"""Identifying numbers: what prints a value is found, ranked by simplicity, and chance is called chance."""

from __future__ import annotations

import json
import random
from typing import Any

import jsonschema
import pytest

from reconcile.claims.stated import parse_stated
from reconcile.cli import run_cli
from reconcile.schemas import schema
from tests.shared import audit_of

LENET = "reconcile.models:LeNet"
MAC = 28 * 28 * 6 * 9 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10
BIAS = 28 * 28 * 6 + 10 * 10 * 16
VIT = {
    "image_size": 32,
    "patch_size": 16,
    "num_layers": 1,
    "num_heads": 2,
    "hidden_dim": 16,
    "mlp_dim": 24,
    "num_classes": 7,
}


def _identify(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> dict[str, Any]:
    assert run_cli(["identify", *arguments, "--json"]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("identify"))
    return document


@pytest.mark.parametrize(
    ("value", "counter", "unit", "total"),
    [
        (f"{MAC}", "reference", "MAC", MAC),
        (f"{2 * MAC} FLOPs", "torch", "FLOP", 2 * MAC),
        (f"{MAC + BIAS}", "paddle", "MAC", MAC + BIAS),
        ("0.341 MMACs", "reference", "MAC", MAC),
        (f"{16 * MAC} MACs", "reference", "MAC", 16 * MAC),
        ("61,610 params", "reference", "parameter", 6 * 10 + 16 * 151 + 120 * 401 + 84 * 121 + 10 * 85),
    ],
)
def test_the_simplest_way_to_print_a_value_comes_first(
    capsys: pytest.CaptureFixture[str], value: str, counter: str, unit: str, total: int
) -> None:
    document = _identify(capsys, 0, value, LENET, "-i", "1,1,28,28", "-c", "paddle", "-c", "torch")
    first = document["matches"][0]
    assert (first["counter"], first["unit"], first["total"]) == (counter, unit, total)
    assert document["verdict"] == "identified"
    for match in document["matches"]:
        assert parse_stated(value).printed.prints(match["total"])


def test_every_counter_that_prints_the_value_is_listed_with_its_release(capsys: pytest.CaptureFixture[str]) -> None:
    document = _identify(capsys, 0, f"{MAC}", LENET, "-i", "1,1,28,28", "-c", "thop")
    found = {match["counter"]: match["version"] for match in document["matches"]}
    assert {"reference", "thop", "fvcore", "thop==0.1.0.post2207010342"} <= found.keys()
    assert found["thop"] is not None
    assert found["thop==0.1.0.post2207010342"] == "0.1.0.post2207010342"


def test_the_number_of_an_article_is_that_of_an_old_release(capsys: pytest.CaptureFixture[str]) -> None:
    document = _identify(capsys, 0, "2914598912", "torchvision.models:densenet121", "-i", "1,3,224,224", "-c", "thop")
    assert [match["counter"] for match in document["matches"]] == ["thop==0.0.23.post1907011323"]


def test_a_value_of_another_input_size_is_found_there(capsys: pytest.CaptureFixture[str]) -> None:
    model = "reconcile.models:TestNet"
    there = _identify(capsys, 0, f"{2 * 9 * 4 * 256 * 256} MACs", model, "-i", "1,2,240,240", "-c", "thop")
    assert {match["input"] for match in there["matches"]} == {"1,2,256,256"}


def test_a_value_of_another_context_is_found_there(capsys: pytest.CaptureFixture[str]) -> None:
    blind = audit_of("torchvision.models:VisionTransformer", "1,3,32,32", ("torch@no_grad",), VIT).run.counts[0].total
    arguments = [word for key, value in VIT.items() for word in ("--arg", f"{key}={value}")]
    model = ["torchvision.models:VisionTransformer", "-i", "1,3,32,32", *arguments]
    document = _identify(capsys, 0, f"{blind} FLOPs", *model, "-c", "torch")
    assert document["matches"][0]["counter"] == "torch@no_grad"
    assert "in the context no_grad" in document["matches"][0]["because"]


def test_a_value_of_another_number_of_tokens_is_found_there(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = {"kind": "BertModel", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = "reconcile/zoo/transformer_models.py:model"
    longer = audit_of(model, "1,128:int64", ("thop",), {**arguments, "vocab_size": 50}).side("reference").total
    given = [word for key, value in (*arguments.items(), ("vocab_size", 50)) for word in ("--arg", f"{key}={value}")]
    document = _identify(capsys, 0, f"{longer} MACs", model, "-i", "1,100:int64", *given, "-c", "thop")
    assert document["matches"][0]["input"] == "1,128:int64"


def test_random_values_are_nothing_or_said_to_be_chance(capsys: pytest.CaptureFixture[str]) -> None:
    generator = random.Random(7)
    for _ in range(2):
        value = generator.choice((f"{generator.randrange(10**5, 10**6)}", f"0.{generator.randrange(10, 99)}M"))
        document = _identify(capsys, 1, value, LENET, "-i", "1,1,28,28", "-c", "thop")
        assert document["verdict"] in ("nothing", "by chance"), document
        assert document["tried"] > 20


def test_a_slip_of_digits_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    digits = str(MAC)
    swapped = digits[0] + digits[2] + digits[1] + digits[3:]
    document = _identify(capsys, 1, swapped, LENET, "-i", "1,1,28,28", "-c", "thop")
    assert any("slip of digits" in note for note in document["notes"])


@pytest.mark.parametrize(
    ("text", "digits", "unit"),
    [
        ("4.09 GMACs", "4.09G", "MAC"),
        ("11.7M params", "11.7M", "parameter"),
        ("5 MACs", "5", "MAC"),
        ("1.8B FLOPs", "1.8G", "FLOP"),
        ("2,914,598,912", "2,914,598,912", None),
        ("300 M Mult-Adds", "300M", "MAC"),
    ],
)
def test_digits_scale_and_unit_of_a_stated_number_are_read(text: str, digits: str, unit: str | None) -> None:
    found = parse_stated(text)
    assert (found.printed.text, found.unit) == (digits, unit)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["four", LENET, "-i", "1,1,28,28"], "is no stated number"),
        (["4.1G"], "name the value and the model"),
        (["4.1G", LENET, "--table", "none.csv"], "stand in the file"),
        (["--table", "none.csv"], "does not exist"),
    ],
)
def test_what_cannot_be_identified_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert run_cli(["identify", *arguments]) == 2
    assert sentence in capsys.readouterr().err
