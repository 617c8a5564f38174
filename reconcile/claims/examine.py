"""Examining one claim: row by row, then its total, then its formulas, each by the simplest hypothesis that gives it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconcile.claims.check import ClaimCheck, Finding, worst
from reconcile.claims.claim import Claim, ClaimRow
from reconcile.claims.examine_formulas import formula_findings
from reconcile.claims.executed import Bench, Topic
from reconcile.claims.hypotheses import Fit, Hypothesis, fit, within
from reconcile.claims.levels import Levels
from reconcile.claims.mistakes import formula_beside, misplaced, rounded_factors, slip, sum_of_rows
from reconcile.claims.wording import because, departures_said, tried
from reconcile.errors import UsageError
from reconcile.fold import sayings
from reconcile.language import commas, later, phrase


def examine(claim: Claim, bench: Bench) -> ClaimCheck:
    """The verdicts on everything that a claim states."""
    if claim.model is None:
        return ClaimCheck(claim=claim, findings=_arithmetic(claim), notes=_note(claim))
    topic = Topic(model=claim.model, inputs=claim.inputs, metric=claim.metric)
    return _Examination(levels=Levels(claim=claim, bench=bench, topic=topic)).check()


def _note(claim: Claim) -> tuple[str, ...]:
    return (claim.note,) if claim.note else ()


def _arithmetic(claim: Claim) -> tuple[Finding, ...]:
    """The verdicts on a claim without a model, which is arithmetic alone."""
    stated = {**claim.rows, **({} if claim.total is None else {"total": claim.total})}
    found = (formula_beside(where, row, alone=True) for where, row in stated.items())
    return tuple(finding for finding in found if finding is not None)


@dataclass(frozen=True, kw_only=True)
class _Examination:
    """One claim about one model."""

    levels: Levels

    @property
    def claim(self) -> Claim:
        return self.levels.claim

    def check(self) -> ClaimCheck:
        claim, levels = self.claim, self.levels
        rows = [self.row(name, row) for name, row in claim.rows.items()]
        beside = [formula_beside(name, row) for name, row in claim.rows.items()]
        findings = [*rows, *(finding for finding in beside if finding is not None)]
        findings += self.totals(rows)
        findings += formula_findings(claim, levels.formula_ways, levels.unit) if claim.formulas else []
        if not findings:
            findings = [self.asked()]
        folded = any("folded-batch" in finding.causes for finding in findings)
        notes = sayings(levels.counted[0].work) if folded else ()
        return ClaimCheck(claim=claim, findings=tuple(findings), notes=(*_note(claim), *notes))

    def row(self, name: str, row: ClaimRow) -> Finding:
        self._known(name)
        found = self.number(name, row, name)
        if found.verdict != "unexplained":
            return found
        rounded = rounded_factors(name, row, self.levels.plain(name), found)
        return rounded or misplaced(self.claim, name, row) or slip(row, self.levels.plain(name), found)

    def _known(self, name: str) -> None:
        rows = [row for one in self.levels.counted for row in (*one.rows, *one.parts)]
        places = self.levels.counted[0].work.ledger.places
        if name not in places and not any(within(row, name) for row in rows):
            shown = commas(list(dict.fromkeys(rows))[:12])
            raise UsageError(
                phrase(
                    "the claim file {file!r} has a row {row!r}, which is no layer; layers are {layers}",
                    file=self.claim.file,
                    row=name,
                    layers=shown,
                )
            )

    def totals(self, rows: Sequence[Finding]) -> list[Finding]:
        """The verdicts on the total: what gives it, its own rows, and the formula beside it."""
        stated = self.claim.total
        if stated is None:
            return []
        found, wrong = self.number("total", stated, None), sum_of_rows(self.claim)
        if found.verdict == "unexplained" and rows and wrong is None:
            found = _of_rows(stated, rows)
        elif found.verdict == "unexplained":
            found = slip(stated, self.levels.plain(None), found)
        beside = formula_beside("total", stated)
        return [finding for finding in (found, wrong, beside) if finding is not None]

    def number(self, where: str, row: ClaimRow, layer: str | None) -> Finding:
        printed = row.printed
        found = fit(printed, self.levels.of(layer, printed))
        if isinstance(found, Fit):
            hypothesis = found.hypothesis
            return Finding(
                where=where,
                printed=printed.text,
                verdict="explained" if hypothesis.departures else "reproduced",
                because=because(found, self.claim.metric),
                way=hypothesis.way.name,
                value=hypothesis.value,
                causes=tuple(departure.cause for departure in hypothesis.departures),
                tried=found.tried,
                chance=found.chance,
            )
        return Finding(
            where=where,
            printed=printed.text,
            verdict="unexplained",
            because=tried(found, self.claim, layer),
            tried=found.tried,
            chance=found.chance,
        )

    def asked(self) -> Finding:
        """What the counter or the recipe gives, where the source shows no number."""
        hypothesis = next(iter(self.levels.declared(None)), None)
        if hypothesis is None:
            raise UsageError(
                phrase("the claim file {file!r} states no number, and its counter tells none", file=self.claim.file)
            )
        return Finding(
            where="total",
            printed=None,
            verdict="not stated",
            because=_told(hypothesis),
            way=hypothesis.way.name,
            value=hypothesis.value,
            causes=tuple(departure.cause for departure in hypothesis.departures),
        )


def _told(hypothesis: Hypothesis) -> str:
    """That a counter tells a number, and how it was used."""
    name = hypothesis.way.name
    if not hypothesis.departures:
        return later("{counter} tells it.", counter=name)
    return later("{counter} tells it, {departures}.", counter=name, departures=departures_said(hypothesis))


def _of_rows(row: ClaimRow, rows: Sequence[Finding]) -> Finding:
    """A total that nothing gives but its own rows: it is worth what they are worth."""
    causes = tuple(dict.fromkeys(cause for finding in rows for cause in finding.causes))
    names = dict.fromkeys(finding.way for finding in rows if finding.way)
    verdict = worst(["explained", *(finding.verdict for finding in rows)])
    text = later("it is the sum of its rows, which depart by {causes}.", causes=commas(causes))
    if not causes:
        text = later("it is the sum of its rows, which follow {n} ways to count.", n=len(names))
    return Finding(
        where="total",
        printed=row.printed.text,
        verdict=verdict,
        because=text,
        way="sum of rows",
        value=row.printed.value,
        causes=causes,
        tried=1,
    )
