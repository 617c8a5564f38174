"""The causes that a difference can have: one table, one sentence each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconcile.pricing.terms import TERMS

Family = Literal["convention", "sight", "work", "claim", "parameters", "memory"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseKind:
    """One cause; `says` completes the sentence "X ..." for the side that departs from the definition."""

    name: str
    family: Family
    says: str


def _conventions() -> list[CauseKind]:
    names = dict.fromkeys(term.cause for term in TERMS.values())
    return [CauseKind(name=name, family="convention", says="weighs this work in its own way") for name in names]


_OTHERS = (
    ("zero-rule", "convention", "has a rule that makes this work zero"),
    ("no-rule", "sight", "saw this work and has no rule for it"),
    ("unseen", "sight", "never saw this work"),
    ("double-count", "sight", "counts the same work a second time"),
    ("formula", "sight", "measures this work by a size that is not that of the work"),
    ("rounding", "sight", "keeps its numbers in single precision, which holds 24 bits"),
    ("folded-batch", "work", "takes one row for each sample, where a view made several"),
    ("input-size", "work", "ran on another input size"),
    ("batch", "work", "ran on, or averaged over, another batch"),
    ("calls", "work", "ran the layer another number of times"),
    ("path", "work", "took another kernel path"),
    ("buffers", "parameters", "takes running statistics for parameters"),
    ("frozen", "parameters", "leaves out what needs no gradient"),
    ("unregistered", "parameters", "takes no parameters from modules of this kind, or of this name"),
    ("shared", "parameters", "counts a tensor once more for each module that holds it"),
    ("derived", "parameters", "takes a tensor that is made from parameters for a parameter"),
    ("unexecuted", "parameters", "takes no parameters from a layer that is never called"),
    ("pruned", "parameters", "counts only the elements that a pruning mask keeps"),
    ("gradients", "memory", "doubles what the layers give out, for the backward pass"),
    ("optimizer", "memory", "counts a parameter once more for what an optimizer keeps of it"),
    ("item-size", "memory", "takes another number of bytes for an element than it has"),
    ("inputs", "memory", "treats the bytes of the model's inputs in its own way"),
    ("parameters", "memory", "treats the bytes of the parameters in its own way"),
    ("outputs", "memory", "leaves out what layers of this kind give out"),
    ("overflow", "memory", "keeps a number in too few bits for it"),
    ("overwritten", "memory", "keeps the last call of a layer only"),
    ("arithmetic", "claim", "states a total that its own rows do not give"),
    ("typo", "claim", "states a number that differs from the work by a slip of digits"),
    ("left-out", "claim", "states nothing for this layer"),
    ("half-attention", "claim", "takes half of the attention products, as for the places that a causal mask keeps"),
    ("passes", "claim", "counts passes that did not run: the backward one, and layers computed once more"),
    ("as-weight", "claim", "takes parameters that multiply nothing for weights of a product"),
    ("absent", "claim", "counts work that the model does not execute"),
    ("unit", "claim", "calls one unit by the name of the other, or turns all of a number into the other"),
    ("map-size", "claim", "takes the output of this layer for a map of another size"),
    ("counter", "claim", "names one counter, and has its number from another one or another release"),
    ("misplaced", "claim", "states the number of another layer"),
    ("extrapolated", "work", "was measured at one size and scaled to another"),
)

CAUSES: dict[str, CauseKind] = {kind.name: kind for kind in _conventions()} | {
    name: CauseKind(name=name, family=family, says=says)  # type: ignore[arg-type]
    for name, family, says in _OTHERS
}
