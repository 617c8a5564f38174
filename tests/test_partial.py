"""Work without a price is listed, makes the reference partial, and is never silently zero."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconcile.cli import run_cli

MODEL = str(Path(__file__).parent / "cases" / "bad_models.py") + ":Factorised"


def test_an_op_without_a_price_makes_the_reference_partial(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["run", MODEL, "-i", "4,4", "-c", "thop", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["reference"]["unpriced"] == ["aten.linalg_qr.default"]
    assert document["reference"]["total"] == 4 * 4 * 2


def test_an_explanation_over_work_without_a_price_is_not_complete(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["explain", MODEL, "-i", "4,4", "--from", "thop", "--to", "reference"]) == 1
    assert "no price is known for aten.linalg_qr.default" in " ".join(capsys.readouterr().out.split())
