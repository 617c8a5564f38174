"""The causes that a difference can have: one table, one sentence each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconcile.language import later
from reconcile.pricing.terms import TERMS

Family = Literal["convention", "sight", "work", "claim", "parameters", "memory"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseKind:
    """One cause; `says` is the sentence about the `{side}` that departs from the definition."""

    name: str
    family: Family
    says: str


def _conventions() -> list[CauseKind]:
    names = dict.fromkeys(term.cause for term in TERMS.values())
    says = later("{side} weighs this work in its own way")
    return [CauseKind(name=name, family="convention", says=says) for name in names]


_OTHERS = (
    ("zero-rule", "convention", later("{side} has a rule that makes this work zero")),
    ("no-rule", "sight", later("{side} saw this work and has no rule for it")),
    ("unseen", "sight", later("{side} never saw this work")),
    ("double-count", "sight", later("{side} counts the same work a second time")),
    ("formula", "sight", later("{side} measures this work by a size that is not that of the work")),
    ("rounding", "sight", later("{side} keeps its numbers in single precision, which holds 24 bits")),
    ("folded-batch", "work", later("{side} takes one row for each sample, where a view made several")),
    ("input-size", "work", later("{side} ran on another input size")),
    ("batch", "work", later("{side} ran on, or averaged over, another batch")),
    ("calls", "work", later("{side} ran the layer another number of times")),
    ("path", "work", later("{side} took another kernel path")),
    ("buffers", "parameters", later("{side} takes running statistics for parameters")),
    ("frozen", "parameters", later("{side} leaves out what needs no gradient")),
    ("unregistered", "parameters", later("{side} takes no parameters from modules of this kind, or of this name")),
    ("shared", "parameters", later("{side} counts a tensor once more for each module that holds it")),
    ("derived", "parameters", later("{side} takes a tensor that is made from parameters for a parameter")),
    ("unexecuted", "parameters", later("{side} takes no parameters from a layer that is never called")),
    ("too-deep", "parameters", later("{side} counts what is below some level with the module above it, or not at all")),
    ("pruned", "parameters", later("{side} counts only the elements that a pruning mask keeps")),
    ("gradients", "memory", later("{side} doubles what the layers give out, for the backward pass")),
    ("optimizer", "memory", later("{side} counts a parameter once more for what an optimizer keeps of it")),
    ("item-size", "memory", later("{side} takes another number of bytes for an element than it has")),
    ("inputs", "memory", later("{side} treats the bytes of the model's inputs in its own way")),
    ("parameters", "memory", later("{side} treats the bytes of the parameters in its own way")),
    ("outputs", "memory", later("{side} leaves out what layers of this kind give out")),
    ("overflow", "memory", later("{side} keeps a number in too few bits for it")),
    ("overwritten", "memory", later("{side} keeps the last call of a layer only")),
    ("arithmetic", "claim", later("{side} states a total that its own rows do not give")),
    ("typo", "claim", later("{side} states a number that differs from the work by a slip of digits")),
    ("left-out", "claim", later("{side} states nothing for this layer")),
    (
        "half-attention",
        "claim",
        later("{side} takes half of the attention products, as for the places that a causal mask keeps"),
    ),
    (
        "passes",
        "claim",
        later("{side} counts passes that did not run: the backward one, and layers computed once more"),
    ),
    ("as-weight", "claim", later("{side} takes parameters that multiply nothing for weights of a product")),
    ("absent", "claim", later("{side} counts work that the model does not execute")),
    ("unit", "claim", later("{side} calls one unit by the name of the other, or turns all of a number into the other")),
    ("map-size", "claim", later("{side} takes the output of this layer for a map of another size")),
    ("counter", "claim", later("{side} names one counter, and has its number from another one or another release")),
    ("misplaced", "claim", later("{side} states the number of another layer")),
    ("extrapolated", "work", later("{side} was measured at one size and scaled to another")),
)

CAUSES: dict[str, CauseKind] = {kind.name: kind for kind in _conventions()} | {
    name: CauseKind(name=name, family=family, says=says)  # type: ignore[arg-type]
    for name, family, says in _OTHERS
}
