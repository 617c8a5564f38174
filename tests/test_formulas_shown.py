"""Every formula that a reader is shown evaluates to the amount that stands beside it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconcile.audit import Audit

LAYERS = str(Path(__file__).parent / "cases" / "layers.py")

_ALLOWED = (
    ast.Expression,
    ast.BinOp,
    ast.UnaryOp,
    ast.Constant,
    ast.operator,
    ast.unaryop,
    ast.Call,
    ast.Name,
    ast.Load,
)


def _value(formula: str) -> Any:
    """The value of a formula: arithmetic, and `int` where a counter rounds."""
    tree = ast.parse(formula, mode="eval")
    assert all(isinstance(node, _ALLOWED) for node in ast.walk(tree)), formula
    assert {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} <= {"int"}, formula
    return eval(compile(tree, "formula", "eval"), {"__builtins__": {}}, {"int": int})


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        ("reconcile.models:ArticleNet", "1,3,224,224"),
        ("reconcile.models:Functional", "1,3,8,8"),
        (f"{LAYERS}:pools", "2,4,8,8"),
        (f"{LAYERS}:convolutions", "2,4,8,8"),
        (f"{LAYERS}:sequences", "2,4,8,8"),
    ],
    ids=["article", "functional", "pools", "convolutions", "sequences"],
)
def test_every_formula_evaluates_to_its_amount(audits: Callable[..., Audit], model: str, inputs: str) -> None:
    audit = audits(model, inputs)
    checked = 0
    for explanation in audit.explanations:
        for layer in explanation.layers:
            for cause in layer.causes:
                assert _value(cause.formula) == cause.amount, (explanation.left, layer.layer, cause)
                checked += 1
    assert checked > 50


def test_every_derivation_evaluates_to_what_the_counter_tells(article: Audit) -> None:
    for count in article.run.counts:
        side = article.side(count.counter)
        for name, derivation in side.derivations.items():
            assert _value(derivation.formula) == derivation.value == (side.told[name] or 0)
