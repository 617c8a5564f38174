"""The check can fail: a counter that departs from its rules is caught at exactly the layers where it does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconcile.cli import run_cli

FAKE = str(Path(__file__).parent / "fakes" / "sabotaged.py")
ARTICLE = ["reconcile.models:ArticleNet", "-i", "1,3,16,16", "--adapter", FAKE, "--json"]


def _explained(capsys: pytest.CaptureFixture[str], counter: str) -> tuple[int, dict[str, int], dict[str, object]]:
    code = run_cli(["explain", *ARTICLE, "--from", counter, "--to", "reference"])
    document = json.loads(capsys.readouterr().out)
    return code, {row["layer"]: row["residual"] for row in document["layers"] if row["residual"]}, document


def test_seven_more_for_each_linear_is_a_residual_of_seven_at_each_linear(capsys: pytest.CaptureFixture[str]) -> None:
    code, residuals, document = _explained(capsys, "thop:seven-more")
    assert code == 1
    assert residuals == {"fc1": 7, "fc2": 7}
    assert document["residual"] == 14
    assert document["complete"] is False


def test_a_missing_rule_leaves_all_that_the_counter_told_there_unexplained(capsys: pytest.CaptureFixture[str]) -> None:
    code, residuals, document = _explained(capsys, "thop:no-linear-rule")
    assert code == 1
    assert residuals == {"fc1": 8192 * 1024, "fc2": 1024 * 10}
    assert document["complete"] is False
    assert {cause["cause"] for cause in document["causes"]} == {"no-rule"}


def test_a_sabotaged_counter_makes_run_exit_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["run", *ARTICLE, "-c", "thop:seven-more"]) == 1
    assert run_cli(["run", *ARTICLE, "-c", "thop"]) == 0
    capsys.readouterr()
