"""Mistakes that a claim proves by itself or by its neighbours: sums, formulas, misplaced rows, slips of digits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from reconcile.claims.arithmetic import worth
from reconcile.claims.check import Finding
from reconcile.claims.claim import Claim, ClaimRow
from reconcile.claims.hypotheses import Hypothesis, slipped
from reconcile.claims.wording import digits
from reconcile.language import later, together


def formula_beside(where: str, row: ClaimRow, *, alone: bool = False) -> Finding | None:
    """Whether the arithmetic beside a number gives it; None where it does and the number has a verdict of its own."""
    if row.formula is None:
        return None
    value = worth(row.formula)
    holds = row.printed.prints(value)
    if holds and not alone:
        return None
    return Finding(
        where=where if alone else later("{where}, its formula", where=where),
        printed=row.printed.text,
        verdict="reproduced" if holds else "refuted",
        because=_formula_gives(row, digits(value), holds),
        way="arithmetic",
        value=value,
        causes=() if holds else ("arithmetic",),
        tried=1,
    )


def _formula_gives(row: ClaimRow, value: str, holds: bool) -> str:
    if holds:
        return later("{formula} gives {value}.", formula=row.formula, value=value)
    return later(
        "{formula} gives {value}, not the printed {printed}.",
        formula=row.formula,
        value=value,
        printed=row.printed.text,
    )


def sum_of_rows(claim: Claim) -> Finding | None:
    """A finding where the rows of a claim do not give its total, every rounding of printed digits allowed for."""
    if claim.total is None or not claim.rows:
        return None
    total, rows = claim.total.printed, [row.printed for row in claim.rows.values()]
    added = sum((row.value for row in rows), Fraction(0))
    slack = sum((row.step for row in (*rows, total) if row.exact is None), Fraction(0)) / 2
    if abs(added - total.value) <= slack:
        return None
    return Finding(
        where=later("total, as a sum"),
        printed=total.text,
        verdict="refuted",
        because=later("the rows sum to {sum}, not to the printed {printed}.", sum=digits(added), printed=total.text),
        way="arithmetic",
        value=added,
        causes=("arithmetic",),
        tried=1,
    )


def rounded_factors(where: str, row: ClaimRow, plain: Iterable[Hypothesis], found: Finding) -> Finding | None:
    """A number that its formula gives from numbers that its author rounded, where unrounded ones would give another."""
    if row.formula is None or not row.rounded or not row.printed.prints(worth(row.formula)):
        return None
    ends = [worth(_replaced(row, down)) for down in (Fraction(-1, 2), Fraction(1, 2))]
    for hypothesis in plain:
        if min(ends) <= hypothesis.value <= max(ends):
            text = later(
                "{formula} gives it, but {numbers} are rounded, and stand for anything from {least} to {most}; "
                "{way} gives {value}.",
                formula=row.formula,
                numbers=together(number.text for number in row.rounded),
                least=digits(ends[0]),
                most=digits(ends[1]),
                way=hypothesis.way.name,
                value=digits(hypothesis.value),
            )
            return replace(
                found,
                where=where,
                verdict="explained",
                because=text,
                way=hypothesis.way.name,
                value=hypothesis.value,
                causes=("rounding",),
            )
    return None


def _replaced(row: ClaimRow, steps: Fraction) -> str:
    """The formula of a row with every rounded number moved by a part of its last digit."""
    text = row.formula or ""
    for number in row.rounded:
        moved = number.value + steps * number.step
        text = re.sub(rf"(?<![\d.]){re.escape(number.text)}(?![\d.])", f"({moved.numerator}/{moved.denominator})", text)
    return text


def misplaced(claim: Claim, name: str, row: ClaimRow) -> Finding | None:
    """A number that nothing gives for its row, where the row before or after it states the same one."""
    names = list(claim.rows)
    place = names.index(name)
    for other in names[max(0, place - 1) : place + 2]:
        if other != name and row.printed.exact and claim.rows[other].printed.exact == row.printed.exact:
            return Finding(
                where=name,
                printed=row.printed.text,
                verdict="refuted",
                because=later("{row} has this number too, and here nothing gives it.", row=other),
                way="row of the claim",
                value=row.printed.value,
                causes=("misplaced",),
                tried=2,
            )
    return None


def slip(row: ClaimRow, plain: Iterable[Hypothesis], found: Finding) -> Finding:
    """The number with a slip of digits mended, where that makes it one of the plain ones; else what was found."""
    meant = slipped(row.printed, plain)
    if meant is None:
        return found
    return replace(
        found,
        verdict="refuted",
        because=later(
            "a slip of digits: {value} belongs there ({way}).", value=digits(meant.value), way=meant.way.name
        ),
        way=meant.way.name,
        value=meant.value,
        causes=("typo",),
    )
