"""Checking claims: every stated number is reproduced, explained, refuted, or left unexplained with what was tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from reconcile.claims.claim import Claim

Verdict = Literal["reproduced", "explained", "not stated", "refuted", "unexplained"]

VERDICTS: tuple[Verdict, ...] = ("reproduced", "explained", "not stated", "refuted", "unexplained")
"""Every verdict, from the best to the worst.

reproduced: a way to count gives the number for the very work that is stated.
explained: it differs from that by one named thing, or by what the claim itself declares.
not stated: the source shows no number; what its counter or recipe gives stands in its place.
refuted: it is wrong, and the mistake is named: a slip of digits, a sum or formula that does not give it.
unexplained: nothing that was tried gives it.
"""

FAILING: tuple[Verdict, ...] = ("refuted", "unexplained")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The verdict on one stated number or formula.

    `where` is its row, `total`, or the formula's class; `value` is what the way gives, in the claim's unit.  `causes`
    name what departs.  `tried` is how many different values were compared with it, and `chance` how many of so many
    would print its digits by chance.
    """

    where: str
    printed: str | None
    verdict: Verdict
    because: str
    way: str | None = None
    value: Fraction | None = None
    causes: tuple[str, ...] = ()
    tried: int = 0
    chance: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The finding as plain JSON values."""
        value = self.value
        number = None if value is None else (int(value) if value.denominator == 1 else float(value))
        return {
            "where": self.where,
            "printed": self.printed,
            "verdict": self.verdict,
            "way": self.way,
            "value": number,
            "causes": list(self.causes),
            "because": self.because,
            "tried": self.tried,
            "chance": self.chance,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class ClaimCheck:
    """One claim with the verdicts on its numbers, in the order in which it states them."""

    claim: Claim
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The checked claim as plain JSON values."""
        claim = self.claim
        return {
            "file": claim.file,
            "name": claim.name,
            "source": claim.source,
            "model": None if claim.model is None else claim.model.to_json(),
            "inputs": [str(item) for item in claim.inputs],
            "metric": claim.metric,
            "unit": claim.unit,
            "findings": [finding.to_json() for finding in self.findings],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Check:
    """Several claims, checked."""

    claims: tuple[ClaimCheck, ...]

    SCHEMA = "reconcile/check/1"

    @property
    def findings(self) -> Iterator[Finding]:
        """Every finding of every claim."""
        return (finding for claim in self.claims for finding in claim.findings)

    @property
    def worst(self) -> Verdict:
        """The worst verdict of all."""
        return worst([finding.verdict for finding in self.findings])

    def number(self, verdict: Verdict) -> int:
        """How many findings have a verdict."""
        return sum(finding.verdict == verdict for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The check as plain JSON values."""
        return {
            "schema": self.SCHEMA,
            "worst": self.worst,
            "verdicts": {verdict: self.number(verdict) for verdict in VERDICTS},
            "claims": [claim.to_json() for claim in self.claims],
        }


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The worst of some verdicts; without any, nothing is wrong.

    >>> worst(["reproduced", "refuted", "explained"])
    'refuted'
    """
    return max(verdicts, key=VERDICTS.index, default="reproduced")
