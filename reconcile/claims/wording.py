"""How verdicts are put into words: sentences in English, which are said in the language in use where they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from reconcile.claims.claim import Claim
from reconcile.claims.hypotheses import Fit, Hypothesis, Tried
from reconcile.claims.ways import Way
from reconcile.language import clauses, commas, later, together
from reconcile.resources.metrics import OPERATIONS

_NAMED = 3
"""So many ways that give the same number are named; more are counted."""

SUBJECTS_SAID: dict[str, str] = {
    said: said
    for said in (
        later("operations"),
        later("params"),
        later("memory"),
        later("memread"),
        later("memwrite"),
        later("modules"),
    )
}
"""What a number may be about, by the name that claim files give it."""


_UNITS_SAID: dict[str, str] = {
    said: said for said in (later("operation"), later("parameter"), later("byte"), later("module"))
}


def unit_said(unit: str) -> str:
    """A unit as a sentence names it; MAC and FLOP are of no language."""
    return _UNITS_SAID.get(unit, unit)


def sentence(*said: str) -> str:
    """Clauses as one sentence.

    >>> sentence("thop gives 5", "so do fvcore, torch")
    'thop gives 5; so do fvcore, torch.'
    """
    return later("{clauses}.", clauses=clauses(said))


def because(found: Fit, metric: str) -> str:
    """Who gives a number, for which work, and who else does."""
    first = found.hypothesis
    same = [other.way.name for other in found.others if other.departures == first.departures]
    said = [_given(first, metric), *so_do(list(dict.fromkeys(same)))]
    if first.free and found.chance >= 0.005:
        said.append(later("{chance:.0%} of such numbers would fit by chance", chance=found.chance))
    return sentence(*said)


def _given(first: Hypothesis, metric: str) -> str:
    way, value = _by_name(first.way, metric), digits(first.value)
    if not first.departures:
        return later("{way} gives {value}", way=way, value=value)
    return later("{way} gives {value}, {departures}", way=way, value=value, departures=departures_said(first))


def so_do(ways: Sequence[str]) -> Iterator[str]:
    """The clause about other ways that give the same, if there are any."""
    named, more = commas(ways[:_NAMED]), len(ways) - _NAMED
    if more > 0:
        yield later("so do {ways} and {n} more", ways=named, n=more)
    elif ways:
        yield later("so do {ways}", ways=named)


def departures_said(hypothesis: Hypothesis) -> str:
    """What a hypothesis departs by, after the number that it gives."""
    return together(departure.says for departure in hypothesis.departures)


def _by_name(way: Way, metric: str) -> str:
    if way.kind == "definition":
        return later("the definition of {metric}", metric=SUBJECTS_SAID[metric])
    return way.name


def layers_said(number: int) -> str:
    """How many layers, in words.

    >>> layers_said(1), layers_said(20)
    ('the one layer', 'all 20 layers')
    """
    return later("the one layer") if number == 1 else later("all {n} layers", n=number)


def digits(value: Fraction) -> str:
    """A value with its digits in groups; a fraction with the digits that matter."""
    return f"{int(value):,}" if value.denominator == 1 else f"{float(value):,.6g}"


def tried(found: Tried, claim: Claim, layer: str | None) -> str:
    """What was compared with a number that nothing gives."""
    work = commas(_work(claim, layer))
    if claim.recipe is None:
        compared = later(
            "nothing gives it: {n} different values of every counter's rules, the conventions of hand calculations "
            "and old releases were compared, for {work}, and with slips of digits",
            n=found.tried,
            work=work,
        )
    else:
        compared = later(
            "nothing gives it: {n} different values of {counter}, used as stated, and of every other counter and "
            "release in its place were compared, for {work}, and with slips of digits",
            n=found.tried,
            counter=claim.recipe.counter,
            work=work,
        )
    return sentence(compared, *_by_chance(found))


def _by_chance(found: Tried) -> Iterator[str]:
    """The clause about what fits the few digits of a number, and would do so by chance."""
    if found.by_chance:
        fitting = [
            later("{way} {departure}", way=one.way.name, departure=one.departures[0].says)
            for one in found.by_chance[:2]
        ]
        yield later(
            "{ways} fits the few digits, but {chance:.0%} of such numbers would by chance",
            ways=commas(dict.fromkeys(fitting)),
            chance=found.chance,
        )


def _work(claim: Claim, layer: str | None) -> Iterator[str]:
    """The work for which a number was looked for."""
    yield later("the work as stated")
    if claim.recipe is not None:
        return
    yield from (later("one row of a view"), later("one call"), later("one sample"), later("other batches"))
    if claim.metric == OPERATIONS:
        yield later("the other unit")
        yield later("other input sizes") if layer is None else later("other sizes of its output map")
