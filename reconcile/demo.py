"""The main job on a real question: where are the 1.638 G between thop and the article's own calculation?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reconcile import reference
from reconcile.ask import Question, ask, installed
from reconcile.audit import Audit, audit_question
from reconcile.claims.claim import Claim
from reconcile.claims.claim_file import read_claim
from reconcile.explain import Explanation, explain
from reconcile.fold import Fold, flow, unfolded_input
from reconcile.objects import parse_object

MODEL = "reconcile.models:ArticleNet"
HAND = "missing-1.638G.yaml"
HAND_WITH_POOLS = "missing-1.638G-with-relu-and-pool.yaml"


def claim_file(name: str) -> str:
    """The path of a claim that ships with the package."""
    return str(Path(__file__).parent / "claims" / name)


@dataclass(frozen=True, eq=False)
class Story:
    """Everything that the answer rests on.

    `missing` is thop against the hand calculation; `second` is thop against the author's second one, with ReLU and
    pools; `unfolded` says how many rows the first layer behind the view has at the proposed input, as executed.
    """

    audit: Audit
    claims: Mapping[str, Claim]
    missing: Explanation
    second: Explanation
    fold: Fold
    size: tuple[int, ...]
    unfolded: Mapping[str, int]

    @property
    def complete(self) -> bool:
        """Whether nothing is left unexplained anywhere."""
        return bool(self.missing) and bool(self.second) and self.audit.explained

    def document(self) -> dict[str, Any]:
        """The explanation that answers the question, with the audit that stands behind it."""
        return self.missing.to_json() | {
            "one_row_input": {"shape": list(self.size), "executed": dict(self.unfolded)},
            "second": self.second.to_json(),
            "totals": [
                {"counter": count.counter, "version": count.version, "unit": count.unit, "total": count.total}
                for count in self.audit.run.counts
            ],
        }


def demo(*, jobs: int | None = None) -> Story:
    """Run every counter of the environment on the article's network and explain thop against the hand calculation."""
    claims = {name: replace(read_claim(claim_file(name)), file=name) for name in (HAND, HAND_WITH_POOLS)}
    first = claims[HAND]
    question = Question(model=parse_object(MODEL), inputs=first.inputs, jobs=jobs)
    audit = audit_question(question, _counters())
    fold = flow(audit.side(reference.NAME).work).folds[0]
    size = unfolded_input(fold, first.inputs[0].shape)
    assert size is not None
    return Story(
        audit=audit,
        claims=claims,
        missing=explain(audit.side("thop"), audit.claimed(claims[HAND])),
        second=explain(audit.side("thop"), audit.claimed(claims[HAND_WITH_POOLS])),
        fold=fold,
        size=size,
        unfolded=_executed(question, size),
    )


def _counters() -> list[str]:
    """The environment's own counters, so that the story does not depend on what stands in the cache."""
    found = list(installed(overlays=False))
    return found if "thop" in found else ["thop", *found]


def _executed(question: Question, size: tuple[int, ...]) -> dict[str, int]:
    """Multiply-adds by layer at another input size, as the model really executes them there."""
    smaller = replace(question, inputs=(replace(question.inputs[0], shape=size),))
    run = ask(smaller, [reference.NAME])
    assert run.reference is not None
    return dict(run.reference.layers)
