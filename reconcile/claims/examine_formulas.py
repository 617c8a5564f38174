"""Formulas as claims: evaluated for every layer of a class, and compared with every way to count, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from reconcile.claims.arithmetic import worth
from reconcile.claims.check import Finding
from reconcile.claims.claim import Claim, FormulaClaim
from reconcile.claims.hypotheses import Counted
from reconcile.claims.layer_sizes import sizes_of
from reconcile.claims.wording import digits, layers_said, sentence, so_do
from reconcile.errors import UsageError
from reconcile.language import later, phrase
from reconcile.work import ROOT, Work


def formula_findings(claim: Claim, counted: Sequence[Counted], unit: str | None) -> list[Finding]:
    """One finding for each formula of a claim, and one for every class of layers that has work and no formula."""
    found = [_finding(claim, formula, counted, unit) for formula in claim.formulas]
    return [*found, *_forgotten(claim, counted, unit)]


def _layers(work: Work, kind: str) -> dict[str, Mapping[str, int]]:
    """The sizes of every called layer of a class, by its row."""
    found: dict[str, Mapping[str, int]] = {}
    for call in work.ledger.calls:
        module = work.ledger.places[call.module]
        if module.name == kind and (module.path or ROOT) not in found:
            found[module.path or ROOT] = sizes_of(module, call)
    return found


def _finding(claim: Claim, formula: FormulaClaim, counted: Sequence[Counted], unit: str | None) -> Finding:
    layers = _layers(counted[0].work, formula.of)
    if not layers:
        raise UsageError(
            phrase(
                "the claim file {file!r} has a formula of {kind}, of which the model has no layer",
                file=claim.file,
                kind=formula.of,
            )
        )
    given = {name: worth(formula.says, sizes) for name, sizes in layers.items()}
    units = [one for one in counted if one.in_unit(unit)]
    ranked = sorted(units, key=lambda one: -_hits(one, given))
    best = ranked[0]
    hits, of = _hits(best, given), len(given)
    if hits == of:
        return _holds(formula, given, [one for one in ranked if _hits(one, given) == of])
    return _fails(formula, given, best, hits)


def _hits(one: Counted, given: Mapping[str, Fraction]) -> int:
    return sum(one.value(name) == value for name, value in given.items())


def _holds(formula: FormulaClaim, given: Mapping[str, Fraction], ways: Sequence[Counted]) -> Finding:
    first, *others = (one.way.name for one in ways)
    same = later("{way} gives the same for {layers}", way=first, layers=layers_said(len(given)))
    return Finding(
        where=f"{formula.of}: {formula.says}",
        printed=formula.says,
        verdict="reproduced",
        because=sentence(same, *so_do(others[:3])),
        way=first,
        value=sum(given.values(), Fraction(0)),
        tried=len(ways),
    )


def _fails(formula: FormulaClaim, given: Mapping[str, Fraction], best: Counted, hits: int) -> Finding:
    """The first layer for which a formula does not give what the nearest way does."""
    name = next(name for name, value in given.items() if best.value(name) != value)
    right = best.value(name) or 0
    return Finding(
        where=f"{formula.of}: {formula.says}",
        printed=formula.says,
        verdict="refuted",
        because=sentence(
            later("{way} agrees for {hits} of {n} layers", way=best.way.name, hits=hits, n=len(given)),
            _gives(name, given[name], Fraction(right)),
        ),
        way=best.way.name,
        value=Fraction(right),
        causes=("formula",),
        tried=len(given),
    )


def _gives(layer: str, value: Fraction, right: Fraction) -> str:
    """What a formula gives for a layer, against what is right there."""
    fields = {"layer": layer, "value": digits(value), "right": digits(right)}
    if right and (value / right).denominator == 1:
        return later(
            "for {layer} the formula gives {value}, {times} times that, and {right} is right",
            times=digits(value / right),
            **fields,
        )
    if value and (right / value).denominator == 1:
        return later(
            "for {layer} the formula gives {value}, 1/{part} of that, and {right} is right",
            part=right / value,
            **fields,
        )
    return later("for {layer} the formula gives {value}, and {right} is right", **fields)


def _forgotten(claim: Claim, counted: Sequence[Counted], unit: str | None) -> Iterator[Finding]:
    """Classes of layers to which some counter gives a number, and a claim of formulas none."""
    work = counted[0].work
    known = {formula.of for formula in claim.formulas}
    rows: dict[str, list[str]] = {}
    for module in work.ledger.modules:
        if module.leaf and module.name not in known and (module.path or ROOT) in work.layers:
            rows.setdefault(module.name, []).append(module.path or ROOT)
    for kind, names in rows.items():
        asked = [one for one in counted if one.in_unit(unit) and one.way.kind != "hand"]
        sums = {one.way.name: sum(one.value(name) or 0 for name in names) for one in asked}
        taken = {way: value for way, value in sums.items() if value}
        if taken:
            way, value = next(iter(taken.items()))
            text = later(
                "the formulas leave out {layers} of this class; {way} counts {value:,} there.",
                layers=layers_said(len(names)),
                way=way,
                value=value,
            )
            yield Finding(
                where=later("{kind}: no formula", kind=kind),
                printed=None,
                verdict="not stated",
                because=text,
                way=way,
                value=Fraction(value),
                causes=("left-out",),
            )
