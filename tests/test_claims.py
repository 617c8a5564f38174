"""Claims: each number is read as the work that gives it, and a slip is named only where no reading fits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from reconcile.audit import Audit
from reconcile.claims.claim import Claim, ClaimRow
from reconcile.claims.claim_file import read_claim
from reconcile.claims.printed import parse_printed
from reconcile.cli import run_cli
from reconcile.demo import HAND, HAND_WITH_POOLS, claim_file
from reconcile.fold import flow
from tests.shared import audit_of

LENET = "reconcile.models:LeNet"


@pytest.fixture(scope="module")
def hand() -> Claim:
    return read_claim(claim_file(HAND))


def _rows(claim: Claim, changes: Mapping[str, int]) -> Claim:
    rows = {name: _stated(changes.get(name, row.value)) for name, row in claim.rows.items()}
    return replace(claim, rows=rows, total=_stated(sum(row.value for row in rows.values())))


def _stated(value: int) -> ClaimRow:
    return ClaimRow(printed=parse_printed(value))


def test_thop_against_the_hand_calculation_is_the_folded_batch_and_nothing_else(article: Audit, hand: Claim) -> None:
    from reconcile.explain import explain

    explanation = explain(article.side("thop"), article.claimed(hand))
    assert [(cause.cause, cause.amount) for cause in explanation.causes] == [("folded-batch", 1637775360)]
    assert {layer.layer: layer.difference for layer in explanation.layers if layer.difference} == {
        "fc1": 195 * 8192 * 1024,
        "fc2": 195 * 1024 * 10,
    }
    assert explanation.complete
    assert any("(1, 128, 112, 112) into (196, 8192)" in note and "1x3x16x16" in note for note in explanation.notes)


def test_the_slips_of_the_second_sum_are_named(article: Audit) -> None:
    side = article.claimed(read_claim(claim_file(HAND_WITH_POOLS)))
    typos = {item.layer: item.value for item in side.items if item.cause == "typo"}
    assert typos == {"relu2": 3211254 - 3211264, "maxpool": 32111254 - 3211264}
    # A slip in the number of one row would be two free factors; the number of fc2 is one.
    assert [(item.layer, item.value) for item in side.items if item.cause == "misplaced"] == [("relu5", 10240)]
    assert not any(side.residuals.values())


def test_a_total_that_its_rows_do_not_give_is_arithmetic(article: Audit, hand: Claim) -> None:
    assert hand.total is not None
    side = article.claimed(replace(hand, total=_stated(hand.total.value + 5)))
    assert [(item.cause, item.value) for item in side.items if item.layer == "::total"] == [("arithmetic", 5)]


def test_a_printed_formula_that_does_not_give_its_number_is_noted(article: Audit, hand: Claim) -> None:
    rows = {**hand.rows, "fc2": replace(hand.rows["fc2"], formula="1024*11")}
    side = article.claimed(replace(hand, rows=rows))
    assert "fc2: the printed formula 1024*11 gives 11264, not the printed 10240" in side.notes


def test_a_claim_in_flops_is_twice_the_multiply_adds(article: Audit, hand: Claim) -> None:
    claim = _rows(replace(hand, unit="FLOP"), {"conv1": 2 * 86704128, "fc2": 2 * 10240})
    side = article.claimed(claim)
    causes = {item.layer: {other.cause for other in side.items if other.layer == item.layer} for item in side.items}
    assert causes["conv1"] == {"mac-weight"}
    assert causes["fc2"] == {"folded-batch", "mac-weight"}


def test_a_number_that_no_reading_gives_is_a_residual(article: Audit, hand: Claim) -> None:
    side = article.claimed(_rows(hand, {"conv2": 777}))
    assert side.residuals["conv2"] == 777 - 64 * 224 * 224 * 576
    assert not any(value for name, value in side.residuals.items() if name != "conv2")


def test_a_layer_that_a_claim_leaves_out_is_said_to_be_left_out(article: Audit, hand: Claim) -> None:
    rows = {name: row for name, row in hand.rows.items() if name != "conv3"}
    side = article.claimed(replace(hand, rows=rows, total=_stated(sum(row.value for row in rows.values()))))
    assert [(item.layer, item.value) for item in side.items if item.cause == "left-out"] == [
        ("conv3", -128 * 112 * 112 * 576)
    ]


def test_a_claim_of_a_total_alone_is_read_as_a_whole(article: Audit, hand: Claim) -> None:
    side = article.claimed(replace(hand, rows={}))
    assert side.residuals["::total"] == 0
    assert {item.cause for item in side.items} == {"folded-batch"}


def test_a_total_that_nothing_gives_is_a_residual(article: Audit, hand: Claim) -> None:
    side = article.claimed(replace(hand, rows={}, total=_stated(12345)))
    assert side.residuals["::total"] != 0


def test_a_saved_run_is_explained_like_a_counter(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    assert run_cli(["run", LENET, "-i", "1,1,28,28", "-c", "thop", "-c", "torch", "--output", str(file)]) == 0
    capsys.readouterr()
    arguments = ["--from", f"run:{file}:torch", "--to", f"run:{file}:thop", "--json"]
    assert run_cli(["explain", LENET, "-i", "1,1,28,28", *arguments]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [cause["cause"] for cause in document["causes"]] == ["mac-weight"]
    assert run_cli(["explain", LENET, "-i", "1,1,28,28", "--from", f"run:{file}", "--to", "thop"]) == 2
    assert "must name one count" in capsys.readouterr().err


def test_a_saved_run_of_another_model_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    assert run_cli(["run", LENET, "-i", "1,1,28,28", "-c", "thop", "--output", str(file)]) == 0
    capsys.readouterr()
    other = ["explain", "reconcile.models:TestNet", "-i", "1,2,8,8", "--from", f"run:{file}", "--to", "thop"]
    assert run_cli(other) == 2
    assert "is a run of reconcile.models:LeNet, not of reconcile.models:TestNet" in capsys.readouterr().err


def test_a_saved_run_that_contradicts_itself_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    assert run_cli(["run", LENET, "-i", "1,1,28,28", "-c", "thop", "--output", str(file)]) == 0
    document = json.loads(file.read_text(encoding="utf-8"))
    document["counts"][0]["ledger"]["ops"][0]["call"] = 9999
    file.write_text(json.dumps(document), encoding="utf-8")
    capsys.readouterr()
    assert run_cli(["explain", LENET, "-i", "1,1,28,28", "--from", f"run:{file}", "--to", "thop"]) == 2
    assert "holds a ledger that contradicts itself" in capsys.readouterr().err


FOLDS = str(Path(__file__).parent / "cases" / "folds.py")


@pytest.mark.parametrize(
    ("model", "inputs", "factors"),
    [
        ("Once", "2,3,8,8", {"fc": 16}),
        ("Twice", "1,3,16,8", {"first": 32, "second": 128}),
        ("Flat", "1,8,8,8", {"fc": 1}),
        ("Plain", "2,3,8,8", {"fc": 1}),
    ],
)
@pytest.mark.parametrize("counter", ["reference", "fvcore"], ids=["in a clean pass", "through composite ops"])
def test_rows_for_each_sample_are_followed_through_the_views(
    model: str, inputs: str, factors: dict[str, int], counter: str
) -> None:
    work = audit_of(f"{FOLDS}:{model}", inputs, ("thop", "fvcore")).side(counter).work
    found = flow(work)
    assert {name: int(found.layers[name]) for name in factors} == factors
    assert bool(found.folds) == (max(factors.values()) > 1)
