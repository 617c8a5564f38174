"""Checking claims: every number has a verdict, and a wrong one is never explained away."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from reconcile.ask import Question
from reconcile.claims.check import FAILING, ClaimCheck, Finding
from reconcile.claims.claim import Claim, ClaimRow
from reconcile.claims.claim_file import read_claims
from reconcile.claims.examine import examine
from reconcile.claims.executed import Bench
from reconcile.claims.printed import parse_printed
from reconcile.cli import run_cli
from reconcile.launching.server import close_servers
from reconcile.schemas import schema

ARTICLE = "model: reconcile.models:ArticleNet\ninput: [1, 3, 64, 64]\n"

CONV1 = 64 * 64 * 64 * 3 * 3 * 3
FC1, FC2 = 8192 * 1024, 1024 * 10
ROWS = 4 * 4
MAC = CONV1 + 64 * 64 * 64 * 576 + 128 * 32 * 32 * (576 + 1152) + ROWS * (FC1 + FC2)

Checks = Callable[[str], ClaimCheck]


@pytest.fixture(scope="module")
def bench() -> Bench:
    """One bench for all tests of this file, so that every model is executed once."""
    return Bench(question=Question(model=None))


@pytest.fixture
def check(bench: Bench, tmp_path: Path) -> Checks:
    """Check the one claim of a text."""

    def checked(text: str) -> ClaimCheck:
        file = tmp_path / "claim.yaml"
        file.write_text(text, encoding="utf-8")
        (claim,) = read_claims(str(file))
        return examine(claim, bench)

    return checked


def _verdicts(checked: ClaimCheck) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {finding.where: (finding.verdict, finding.causes) for finding in checked.findings}


def test_a_number_that_a_way_gives_is_reproduced(check: Checks) -> None:
    checked = check(f"{ARTICLE}unit: MAC\ntotal: {MAC}\nrows: {{conv1: {CONV1}, relu1: 0}}\n")
    assert _verdicts(checked)["conv1"] == ("reproduced", ())
    assert _verdicts(checked)["total"] == ("reproduced", ())
    assert _verdicts(checked)["total, as a sum"] == ("refuted", ("arithmetic",))


@pytest.mark.parametrize(
    ("row", "value", "expected"),
    [
        ("fc1", FC1, ("explained", ("folded-batch",))),
        ("conv1", 2 * CONV1, ("explained", ("unit",))),
        ("conv1", CONV1 // 4, ("explained", ("map-size",))),
        ("conv1", CONV1 + 10, ("refuted", ("typo",))),
        ("conv1", CONV1 // 10, ("refuted", ("typo",))),
        ("conv1", 12345, ("unexplained", ())),
        ("fc1", 2 * FC1, ("unexplained", ())),
        ("fc1", 8388698, ("unexplained", ())),
    ],
    ids=["one row", "doubled", "half the map", "a digit", "a digit less", "nothing", "two factors", "slip of one row"],
)
def test_a_row_has_one_departure_or_none(
    check: Checks, row: str, value: int, expected: tuple[str, tuple[str, ...]]
) -> None:
    assert _verdicts(check(f"{ARTICLE}unit: MAC\nrows: {{{row}: {value}}}\n"))[row] == expected


def test_what_is_unexplained_says_what_was_tried(check: Checks) -> None:
    (finding,) = check(f"{ARTICLE}unit: MAC\nrows: {{conv2: 987654321}}\n").findings
    assert finding.tried > 20
    assert all(word in finding.because for word in ("one row", "other batches", "slips of digits", str(finding.tried)))


def test_wrong_numbers_put_into_a_right_claim_are_never_explained(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "claim.yaml"
    file.write_text(f"{ARTICLE}unit: MAC\nrows: {{conv1: {CONV1}, fc1: {FC1}, fc2: {FC2}}}\n", encoding="utf-8")
    (claim,) = read_claims(str(file))
    generator = random.Random(3)
    for name, row in claim.rows.items():
        for _ in range(15):
            wrong = generator.randrange(row.value // 3, row.value * 3)
            finding = _row_of(replace(claim, rows={name: ClaimRow(printed=parse_printed(wrong))}), bench)
            assert finding.verdict in FAILING, (name, wrong, finding.because)


def _row_of(claim: Claim, bench: Bench) -> Finding:
    return examine(claim, bench).findings[0]


def test_a_row_that_repeats_its_neighbour_is_misplaced(check: Checks) -> None:
    checked = check(f"{ARTICLE}unit: MAC\nrows: {{relu5: {FC2}, fc2: {FC2}}}\n")
    assert _verdicts(checked)["relu5"] == ("refuted", ("misplaced",))


def test_a_total_is_worth_what_its_rows_are_worth(check: Checks) -> None:
    rows = f"rows: {{conv1: {2 * CONV1}, fc1: {FC1}, fc2: {FC2}}}\n"
    checked = check(f"{ARTICLE}unit: MAC\ntotal: {2 * CONV1 + FC1 + FC2}\n{rows}")
    assert _verdicts(checked)["total"] == ("explained", ("unit", "folded-batch"))


def test_a_formula_beside_a_number_must_give_it(check: Checks) -> None:
    checked = check(f'{ARTICLE}metric: params\nrows: {{fc1: {{value: 8389632, formula: "128*56*56*1024 + 1024"}}}}\n')
    assert _verdicts(checked)["fc1"] == ("reproduced", ())
    assert _verdicts(checked)["fc1, its formula"] == ("refuted", ("arithmetic",))


def test_rounded_numbers_in_a_formula_explain_what_they_give(check: Checks) -> None:
    text = f'{ARTICLE}metric: memory\nunit: MiB\nrows: {{"::parameters": {{value: "33.1", formula: "8.7 * 3.8"'
    assert _verdicts(check(f"{text}}}}}\n"))["::parameters"][0] in FAILING
    rounded = check(f'{text}, rounded: ["8.7", "3.8"]}}}}\n')
    assert _verdicts(rounded)["::parameters"] == ("explained", ("rounding",))


def test_a_formula_that_divides_by_the_stride_twice_is_refuted_where_there_is_one(check: Checks) -> None:
    layer = '{object: "torch.nn:Conv2d", arguments: {in_channels: 3, out_channels: 8, kernel_size: 3, stride: 2}}'
    says = "2 * k**2 * Cin * Cout * Hout * Wout"
    head = f"model: {layer}\ninput: [1, 3, 9, 9]\nunit: FLOP\n"
    (right,) = check(f'{head}formulas: [{{of: Conv2d, says: "{says}"}}]\n').findings
    (wrong,) = check(f'{head}formulas: [{{of: Conv2d, says: "{says} / stride**2"}}]\n').findings
    assert (right.verdict, wrong.verdict) == ("reproduced", "refuted")
    assert "1/4 of that" in wrong.because


def test_the_megabytes_of_a_table_are_binary_ones(check: Checks) -> None:
    parameters = 4 * 8660042 / 2**20
    checked = check(f'{ARTICLE}metric: memory\nunit: MB\nrows: {{"::parameters": "{parameters:.2f}"}}\n')
    assert _verdicts(checked)["::parameters"] == ("explained", ("unit",))


def test_a_recipe_is_followed_and_its_departures_are_named(check: Checks) -> None:
    total = 2 * 4 * MAC
    head = "model: reconcile.models:ArticleNet\ninput: [1, 3, 128, 128]\nunit: FLOP\n"
    recipe = "recipe: {counter: thop, input: [1, 3, 64, 64], scaled: area, times: 2}\n"
    (found,) = check(f"{head}{recipe}total: {total}\n").findings
    assert (found.verdict, found.causes) == ("explained", ("extrapolated", "unit"))
    (asked,) = check(f"{head}{recipe}").findings
    assert (asked.verdict, asked.value) == ("not stated", total)
    (wrong,) = check(f"{head}{recipe}total: {total + 1000}\n").findings
    assert wrong.verdict in FAILING


@pytest.mark.parametrize(
    ("value", "code", "worst"), [(60, 0, "reproduced"), (61, 1, "unexplained"), ('"6.0k"', 1, "unexplained")]
)
def test_the_exit_code_is_that_of_the_worst_verdict(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, value: object, code: int, worst: str
) -> None:
    file = tmp_path / "claim.yaml"
    text = f"model: reconcile.models:LeNet\ninput: [1, 1, 28, 28]\nmetric: params\nrows: {{features.0: {value}}}\n"
    file.write_text(text, encoding="utf-8")
    assert run_cli(["check", str(file), "--json"]) == code
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("check"))
    assert document["worst"] == worst
    assert sum(document["verdicts"].values()) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("claims: []\n", "must be a list of mappings"),
        ("total: 3\nclaims:\n  - {total: 1}\n", "has above its claims the unknown field 'total'"),
        ("total: 3\n", "only numbers with a formula need none"),
        ("total: {value: 3, formula: 1 + x}\n", "stands for nothing here"),
        ("total: {value: 3, formula: __import__('os')}\n", "may hold numbers"),
        ("total: {value: 3, formula: 9**9**9}\n", "has a power"),
        (f"{ARTICLE}metric: speed\ntotal: 1\n", "has the metric 'speed'"),
        (f"{ARTICLE}metric: memory\ntotal: 1\n", "states no unit; use byte or kB"),
        (f"{ARTICLE}unit: MAC\nrecipe: {{counter: thop, scaled: side}}\n", "only area is known"),
        (f"{ARTICLE}unit: MAC\nrows: {{fc9: 1}}\n", "'fc9', which is no layer"),
        (f"{ARTICLE}unit: MAC\nformulas: [{{of: Conv3d, says: k}}]\n", "has a formula of Conv3d"),
        (f"{ARTICLE}unit: MAC\nformulas: [{{of: Conv2d}}]\n", "with `of` and `says`"),
        (f"{ARTICLE}unit: MAC\nformulas: [{{of: Conv2d, says: 2*D9}}]\n", "known are"),
        (f"{ARTICLE}unit: MAC\ncounter: nobody\n", "the counter 'nobody' is unknown"),
    ],
)
def test_a_file_that_is_no_claim_is_refused_in_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, sentence: str
) -> None:
    file = tmp_path / "claim.yaml"
    file.write_text(text, encoding="utf-8")
    output = tmp_path / "answer.json"
    assert run_cli(["check", str(file), "--output", str(output)]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert not output.exists()


def test_no_file_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["check"]) == 2
    assert "name the files to check" in capsys.readouterr().err
    assert run_cli(["check", "--shipped", "--only", "none*"]) == 2
    assert "no file is named 'none*'" in capsys.readouterr().err


EAGER = """
import torch

net = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Linear(1024, 1024))
made = net(torch.rand(512, 1024))
"""

OF_EAGER = f"""
source: "somebody"
model: eager:net
input: [512, 1024]
claims:
  - {{name: "operations", unit: MAC, total: "{512 * 1024 * 1024}"}}
"""


def test_a_package_that_computes_while_it_is_imported_is_imported_by_every_worker_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "eager.py").write_text(EAGER, encoding="utf-8")
    file = tmp_path / "claims.yaml"
    file.write_text(OF_EAGER, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    close_servers()
    try:
        assert run_cli(["check", str(file), "--timeout", "30", "--no-cache"]) == 0, capsys.readouterr()
    finally:
        close_servers()
