"""Published formulas for transformers: their totals are the papers' products, and what they leave out has a name."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from reconcile.claims.arithmetic import evaluate
from reconcile.cli import run_cli
from reconcile.errors import UsageError
from reconcile.explain import Explanation, explain
from reconcile.published.formula import published, read_formula
from reconcile.published.formula_side import formula_side
from reconcile.schemas import schema
from reconcile.side import Side
from tests.shared import audit_of

TRANSFORMER = "reconcile/zoo/transformer_models.py:model"

B, S, H, L, HEADS, V, POSITIONS = 2, 9, 16, 2, 2, 50, 32
T = B * S
GPT = {"n_embd": H, "n_layer": L, "n_head": HEADS, "vocab_size": V, "n_positions": POSITIONS}
LLAMA = {
    "hidden_size": H,
    "num_key_value_heads": 1,
    "intermediate_size": 24,
    "num_hidden_layers": L,
    "num_attention_heads": HEADS,
    "vocab_size": V,
}
BERT = {"hidden_size": H, "num_hidden_layers": 1, "num_attention_heads": HEADS, "vocab_size": V}

MODELS = {
    "gpt2": {"kind": "GPT2LMHeadModel", **GPT},
    "gpt2 eager": {"kind": "GPT2LMHeadModel", "attention": "eager", **GPT},
    "llama": {"kind": "LlamaForCausalLM", **LLAMA},
    "bert": {"kind": "BertModel", "intermediate_size": 64, **BERT},
}

BLOCKS = L * (4 * H * H + 8 * H * H)
BLOCK_BIASES_AND_NORMS = L * (3 * H + H + 4 * H + H + 4 * H) + 2 * H
PARAMETERS = BLOCKS + BLOCK_BIASES_AND_NORMS + V * H + POSITIONS * H
ATTENTION = L * 2 * T * S * H
LOGITS = T * H * V


@cache
def _reference(name: str) -> Side:
    return audit_of(TRANSFORMER, f"{B},{S}:int64", ("thop",), MODELS[name]).side("reference")


def _side(formula: str, name: str = "gpt2") -> Side:
    executed = _reference(name)
    return formula_side(read_formula(f"formula:{formula}"), executed.work, executed.types)


def _why(formula: str, name: str = "gpt2") -> Explanation:
    return explain(_side(formula, name), _reference(name))


def _amounts(found: Explanation) -> dict[str, int]:
    return {cause.cause: cause.amount for cause in found.causes}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("formula", [*published(), *(f"{name}@training" for name in published())])
def test_every_formula_closes_against_every_transformer(name: str, formula: str) -> None:
    found = _why(formula, name)
    assert found.complete, found.unexplained
    assert found.residual == 0
    for layer in found.layers:
        for cause in layer.causes:
            assert evaluate(cause.formula) == cause.amount, cause


@pytest.mark.parametrize(
    ("formula", "total"),
    [
        ("2N", 2 * PARAMETERS * T),
        ("2N-inner", 2 * (PARAMETERS - V * H - POSITIONS * H) * T),
        ("6N", 6 * PARAMETERS * T),
        ("2N@training", 6 * PARAMETERS * T),
        ("kaplan", 2 * BLOCKS * T + 2 * L * S * H * T),
        ("kaplan@training", 6 * BLOCKS * T + 6 * L * S * H * T),
        ("palm@training", (6 * PARAMETERS + 12 * L * H * S) * T),
        ("megatron", 24 * B * S * L * H * H + 4 * B * S * S * L * H + 2 * B * S * H * V),
        ("megatron@training", 96 * B * S * L * H * H + 16 * B * S * S * L * H + 6 * B * S * H * V),
        ("megatron-2022@training", 72 * B * S * L * H * H + 12 * B * S * S * L * H + 6 * B * S * H * V),
        ("chinchilla", 2 * BLOCKS * T + 2 * ATTENTION + 3 * L * HEADS * T * S + 4 * LOGITS),
    ],
)
def test_a_total_is_the_closed_form_of_the_paper(formula: str, total: int) -> None:
    assert _side(formula).total == total


def test_what_each_formula_leaves_out_of_a_real_network_is_named() -> None:
    whole = BLOCKS * T + ATTENTION + LOGITS
    assert sum(part.value for part in _reference("gpt2").reference.values()) == whole
    assert _amounts(_why("kaplan")) == {
        "mac-weight": BLOCKS * T + ATTENTION,
        "half-attention": -ATTENTION,
        "left-out": -LOGITS,
    }
    assert _amounts(_why("2N")) == {
        "mac-weight": BLOCKS * T + LOGITS,
        "as-weight": 2 * (BLOCK_BIASES_AND_NORMS + POSITIONS * H) * T,
        "left-out": -ATTENTION,
    }
    assert _amounts(_why("chinchilla")) == {
        "mac-weight": whole,
        "softmax": 3 * L * HEADS * T * S,
        "embedding": 2 * T * V * H,
    }
    assert _amounts(_why("megatron")) == {"mac-weight": whole}


def test_attention_is_halved_where_that_is_asked_for_and_not_twice() -> None:
    assert _amounts(_why("megatron@causal"))["half-attention"] == -ATTENTION
    with pytest.raises(UsageError, match="has no whole attention products"):
        read_formula("formula:kaplan@causal")


def test_a_structure_that_a_formula_does_not_assume_is_a_departure_of_its_size() -> None:
    gated = {layer.layer: layer for layer in _why("megatron", "llama").layers}
    assumed, executed = L * 16 * T * H * H, L * 2 * 3 * T * H * 24
    excess = sum(
        cause.amount
        for name, layer in gated.items()
        if ".mlp." in name
        for cause in layer.causes
        if cause.cause == "formula"
    )
    assert excess == assumed - executed


def test_work_that_the_model_lacks_is_absent() -> None:
    assert _amounts(_why("megatron", "bert"))["absent"] == 2 * T * H * V
    assert _amounts(_why("megatron", "bert"))["left-out"] == -B * H * H


def test_the_command_explains_a_formula(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [word for key, value in MODELS["gpt2"].items() for word in ("--arg", f"{key}={value}")]
    ends = ["--from", "formula:kaplan", "--to", "reference", "--json"]
    assert run_cli(["explain", TRANSFORMER, "-i", f"{B},{S}:int64", *arguments, *ends]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["from"]["total"] == 2 * BLOCKS * T + 2 * L * S * H * T
    assert any("arXiv 2001.08361" in note for note in document["notes"])


def test_every_formula_stands_in_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [word for key, value in MODELS["gpt2"].items() for word in ("--arg", f"{key}={value}")]
    command = ["formulas", TRANSFORMER, "-i", f"{B},{S}:int64", *arguments]
    assert run_cli([*command, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("formulas"))
    for explanation in document["explanations"]:
        jsonschema.validate(explanation, schema("explain"))
    assert [item["from"]["counter"] for item in document["explanations"]] == [f"formula:{name}" for name in published()]
    assert run_cli([*command, "-f", "palm@training", "--format", "markdown"]) == 0
    assert "## palm@training" in capsys.readouterr().out


def test_a_formula_of_ones_own_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    text = "{source: a note, unit: MAC, parts: [{part: logits, role: logits, formula: tokens * width * vocabulary}]}"
    file.write_text(text, encoding="utf-8")
    side = _side(str(file))
    assert (side.total, side.unit) == (LOGITS, "MAC")
    assert not any(side.residuals.values())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("formula:newton", "is unknown; known are 2N"),
        ("formula:2N@backward", "has the word 'backward'"),
        ("formula:2N@width=0", "has the word 'width=0'"),
        ("formula:none.yaml", "does not exist"),
    ],
)
def test_an_unknown_formula_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        read_formula(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[", "is no YAML"),
        ("{source: x, unit: MAC}", "must hold source, unit and parts"),
        ("{source: x, unit: GAC, parts: [1]}", "needs the unit MAC or FLOP"),
        ("{source: x, unit: MAC, parts: [1]}", "it needs part and formula"),
        ("{source: x, unit: MAC, parts: [{part: a, formula: 1}]}", "needs one of role, term and tensors"),
        ("{source: x, unit: MAC, parts: [{part: a, role: soul, formula: 1}]}", "stands for 'soul'"),
        ("{source: x, unit: MAC, parts: [{part: a, role: logits, formula: depth}]}", "speaks of 'depth'"),
    ],
)
def test_a_broken_formula_file_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=sentence):
        read_formula(f"formula:{file}")


def test_a_network_without_attention_is_no_transformer(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["reconcile.models:LeNet", "-i", "1,1,28,28", "--from", "formula:2N", "--to", "reference"]
    assert run_cli(["explain", *arguments]) == 2
    assert "executes no attention" in capsys.readouterr().err


def test_a_size_that_the_model_does_not_show_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["torch.nn:TransformerEncoderLayer", "-i", "2,9,16", *ENCODER, "--to", "reference"]
    assert run_cli(["explain", *arguments, "--from", "formula:megatron", "--grad", "no_grad"]) == 2
    assert "which hides its parts; run it with --grad grad" in capsys.readouterr().err
    assert run_cli(["explain", *arguments, "--from", "formula:megatron"]) == 2
    assert "the model does not show its vocabulary" in capsys.readouterr().err
    assert run_cli(["explain", *arguments, "--json", "--from", "formula:megatron@vocabulary=50"]) == 0
    causes = {cause["cause"]: cause["amount"] for cause in json.loads(capsys.readouterr().out)["causes"]}
    assert causes == {"mac-weight": 18 * 12 * 16 * 16 + 2 * 18 * 9 * 16, "absent": 2 * 18 * 16 * 50}


ENCODER = [
    word
    for key, value in {"d_model": 16, "nhead": 2, "dim_feedforward": 64, "batch_first": "true"}.items()
    for word in ("--arg", f"{key}={value}")
]
