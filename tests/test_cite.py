"""Citing: the sentence says what the number counts, told from the counter's rules and not written for each counter."""

from __future__ import annotations

import json

import jsonschema
import pytest

from reconcile.audit import Audit
from reconcile.cli import run_cli
from reconcile.pricing.terms import TERMS
from reconcile.schemas import schema
from reconcile.scope import CORRECTIONS, WORK, scope_of
from tests.shared import audit_of

LENET = ["reconcile.models:LeNet", "-i", "1,1,28,28"]


def test_every_kind_of_work_has_words_or_is_a_correction() -> None:
    assert {term.cause for term in TERMS.values()} == set(WORK) | CORRECTIONS


def test_what_is_counted_and_what_departs_sum_to_the_total_of_every_counter(article: Audit) -> None:
    blind = audit_of("reconcile.models:Functional", "1,3,8,8", ("thop",))
    for audit in (article, blind):
        for count in audit.run.counts:
            side = audit.side(count.counter)
            scope = scope_of(side)
            added = sum(item.amount for item in scope.departures if not item.missing)
            assert sum(item.amount for item in scope.counted) + added + scope.residual == side.total, count.counter
    assert any(item.missing for item in scope_of(blind.side("thop")).departures)


def test_the_weights_are_those_of_the_rules(article: Audit) -> None:
    counted = {
        name: {item.unit: item.weights for item in scope_of(article.side(name)).counted}
        for name in ("thop", "torch", "ptflops")
    }
    assert counted["thop"] == {"multiply-add": (1,)}
    assert counted["torch"] == {"multiply-add": (2,)}
    assert counted["ptflops"]["bias addition"] == (1,)
    assert "activations" in scope_of(article.side("thop")).uncounted
    (double,) = scope_of(article.side("ptflops")).departures
    assert double.cause == "double-count"


def test_a_citation_names_number_input_counter_release_and_convention(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["cite", *LENET, "-c", "thop", "-c", "torch@no_grad", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("cite"))
    thop, torch = document["citations"]
    assert thop["text"].startswith(
        f"LeNet takes {28 * 28 * 6 * 9 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 840:,} MACs"
    )
    for part in ("1,1,28,28", f"thop {thop['version']}", "eval mode", "float32", "1 for each multiply-add"):
        assert part in thop["text"]
    assert "leaves out bias additions" in thop["text"]
    assert "2 for each multiply-add" in torch["text"]
    assert torch["latex"].count(" & ") == len(document["columns"]) - 1
    assert r"$1\times1\times28\times28$" in torch["latex"]
    assert r"torch@no\_grad" in torch["latex"]


def test_work_that_a_counter_never_saw_is_in_the_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["cite", "torch.nn:MultiheadAttention", "-i", "5,1,8", "-i", "5,1,8", "-i", "5,1,8",
                    "--arg", "embed_dim=8", "--arg", "num_heads=2", "-c", "thop"]) == 0  # fmt: skip
    printed = " ".join(capsys.readouterr().out.split())
    assert "has no rule for it (1,680 multiply-adds in MultiheadAttention)" in printed


def test_a_counter_that_failed_has_no_number_to_cite(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["cite", "reconcile.models:Functional", "-i", "1,3,8,8", "-c", "torchstat"]) == 2
    assert "there is no number to cite" in capsys.readouterr().err
    assert run_cli(["cite", *LENET]) == 2
    assert "name the counter" in capsys.readouterr().err
