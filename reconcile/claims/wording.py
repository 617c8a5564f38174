"""How verdicts are put into words."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from reconcile.claims.claim import Claim
from reconcile.claims.hypotheses import Fit, Hypothesis, Tried
from reconcile.resources.metrics import OPERATIONS

_NAMED = 3
"""So many ways that give the same number are named; more are counted."""


def because(found: Fit, metric: str) -> str:
    """Who gives a number, for which work, and who else does."""
    first = found.hypothesis
    same = [other.way.name for other in found.others if other.departures == first.departures]
    others = list(dict.fromkeys(same))
    also = ""
    if others:
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        also = f"; so do {', '.join(others[:_NAMED])}{more}"
    doubt = f"; {found.chance:.0%} of such numbers would fit by chance" if first.free and found.chance >= 0.005 else ""
    return f"{_way(first.way.name, metric)} gives {digits(first.value)}{departures_said(first)}{also}{doubt}."


def departures_said(hypothesis: Hypothesis) -> str:
    """What a hypothesis departs by, as the end of a sentence."""
    says = " and ".join(departure.says for departure in hypothesis.departures)
    return f", {says}" if says else ""


def _way(name: str, metric: str) -> str:
    return f"the definition of {metric}" if name == "definition" else name


def layers_said(number: int) -> str:
    """How many layers, in words.

    >>> layers_said(1), layers_said(20)
    ('the one layer', 'all 20 layers')
    """
    return "the one layer" if number == 1 else f"all {number} layers"


def digits(value: Fraction) -> str:
    """A value with its digits in groups; a fraction with the digits that matter."""
    return f"{int(value):,}" if value.denominator == 1 else f"{float(value):,.6g}"


def tried(found: Tried, claim: Claim, layer: str | None) -> str:
    """What was compared with a number that nothing gives."""
    of = "values of every counter's rules, the conventions of hand calculations and old releases"
    if claim.recipe is not None:
        of = f"values of {claim.recipe.counter}, used as stated, and of every other counter and release in its place"
    text = f"nothing gives it: {found.tried} different {of} were compared, for {', '.join(_work(claim, layer))}"
    if found.by_chance:
        names = ", ".join(dict.fromkeys(f"{one.way.name} {one.departures[0].says}" for one in found.by_chance[:2]))
        text += f"; {names} fits the few digits, but {found.chance:.0%} of such numbers would by chance"
    return f"{text}."


def _work(claim: Claim, layer: str | None) -> Iterator[str]:
    """The work for which a number was looked for."""
    yield "the work as stated"
    if claim.recipe is None:
        yield from ("one row of a view", "one call", "one sample", "other batches")
        if claim.metric == OPERATIONS:
            yield from ("the other unit", "other input sizes" if layer is None else "other sizes of its output map")
    yield "and with slips of digits"
