"""A model that fits into no machine here is counted by its shape, to the last multiply-add."""

from __future__ import annotations

import pytest

from reconcile.ask import Question
from reconcile.audit import audit_question
from reconcile.inputs import parse_inputs
from reconcile.objects import parse_object

TOKENS, WIDTH, INNER, HEADS, SHARED, WORDS = 2048, 8192, 28672, 64, 8, 32000


def _products(layers: int) -> int:
    """Multiply-adds of the layers of a Llama: projections, attention, the three matrices behind it, and the words."""
    head = WIDTH // HEADS
    projections = 2 * WIDTH * WIDTH + 2 * WIDTH * SHARED * head
    return layers * (TOKENS * (projections + 3 * WIDTH * INNER) + _attention()) + TOKENS * WIDTH * WORDS


def _attention() -> int:
    """Multiply-adds of the two products of attention in one layer."""
    return 2 * TOKENS * TOKENS * WIDTH


@pytest.mark.parametrize(("attention", "layers", "unseen"), [("sdpa", 80, 80 * 2), ("eager", 4, 0)])
def test_a_transformer_of_seventy_billion_parameters_is_counted_in_little_memory(
    attention: str, layers: int, unseen: int
) -> None:
    question = Question(
        model=parse_object(
            "reconcile.zoo.transformer_models:llama_2_70b", {"attention": attention, "num_hidden_layers": layers}
        ),
        inputs=parse_inputs([f"1,{TOKENS}:int64"]),
        memory=2**32,
    )
    audit = audit_question(question, ["torch"])
    explanation = audit.explanation("torch", "reference")
    assert audit.run.reference is not None
    assert audit.run.reference.total == _products(layers)
    assert audit.run.counts[0].total == 2 * _products(layers) - unseen * _attention()
    assert audit.run.counts[0].execution == "shape"
    assert explanation.complete
    missing = {cause.cause: cause.amount for cause in explanation.causes}.get("unseen", 0)
    assert missing == -unseen // 2 * _attention()
