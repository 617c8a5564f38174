"""Conformance: counters on every small case, each judged against its own rules and against the definition."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from reconcile import reference
from reconcile.ask import CounterId, Question, contradiction, count_answered, parse_counter, ready
from reconcile.causes import CAUSES
from reconcile.claims.arithmetic import evaluate
from reconcile.conformance.corpus import Case
from reconcile.errors import LedgerError, UsageError
from reconcile.explain import Explanation, explain
from reconcile.language import clauses, commas, later, phrase
from reconcile.launching.launch import TIMEOUT, Request, stream
from reconcile.launching.server import preload
from reconcile.progress import Watch, nobody
from reconcile.registry import Entry, entry
from reconcile.schema import Count, Layer, Reference
from reconcile.side import Side, side_of

Verdict = Literal["as-ruled", "departs", "crashes", "drifted", "not run"]

VERDICTS: Mapping[Verdict, str] = {
    "as-ruled": later("the counter tells what its rules say, and that is the definition"),
    "departs": later("the counter tells what its rules say in every row, which is not the definition somewhere"),
    "crashes": later("the counter gives no answer"),
    "drifted": later("the counter tells something else than its rules say in some row"),
    "not run": later("the counter cannot be asked: it has no model of its framework, or its call takes no such inputs"),
}

_ROWS_SHOWN = 3

_PASSING = re.compile(r"0x[0-9a-f]{6,}|(?<![\w.])(?:/[\w.+-]+){2,}/(?=[\w.+-])")
"""Addresses and folders in a message, which change from run to run."""

_VALUES = re.compile(r"tensor\(.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one counter told of one case, and the verdict.

    `told` and `predicted` are totals, nothing where there was no answer; `causes` are the amounts by which the
    counter departs from the definition, by cause, over all rows; `side_effects` are what it left behind.
    """

    case: str
    verdict: Verdict
    reference: int
    told: int | None = None
    predicted: int | None = None
    params: int | None = None
    causes: Mapping[str, int] = field(default_factory=dict)
    note: str = ""
    side_effects: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON values."""
        return {
            "case": self.case,
            "told": self.told,
            "predicted": self.predicted,
            "reference": self.reference,
            "verdict": self.verdict,
            "note": self.note,
            "causes": dict(self.causes),
            "params": self.params,
        } | ({"side_effects": list(self.side_effects)} if self.side_effects else {})

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Result:
        """The result of a document; `from_json(to_json(x)) == x`."""
        return cls(**{**document, "side_effects": tuple(document.get("side_effects", ()))})


@dataclass(frozen=True, slots=True, kw_only=True)
class Conformance:
    """One counter on every case."""

    counter: str
    version: str | None
    unit: str
    results: tuple[Result, ...]

    SCHEMA = "reconcile/conform/1"

    def of(self, verdict: Verdict) -> tuple[Result, ...]:
        """The results with one verdict."""
        return tuple(result for result in self.results if result.verdict == verdict)

    def to_json(self) -> dict[str, Any]:
        """The results as plain JSON values."""
        return {
            "schema": self.SCHEMA,
            "counter": self.counter,
            "version": self.version,
            "unit": self.unit,
            "cases": [result.to_json() for result in self.results],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Conformance:
        """The results of a document; `from_json(to_json(x)) == x`."""
        if document.get("schema") != cls.SCHEMA:
            raise LedgerError(f"expected the schema {cls.SCHEMA!r}, got {document.get('schema')!r}")
        return cls(
            counter=document["counter"],
            version=document["version"],
            unit=document["unit"],
            results=tuple(map(Result.from_json, document["cases"])),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A case as documents show it; `parameters` are those of the model, each tensor once."""

    case: str
    subject: str
    what: str
    inputs: tuple[str, ...]
    condition: str
    macs: str
    reference: int
    parameters: int | None
    about: str

    def to_json(self) -> dict[str, Any]:
        """The case as plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__} | {"inputs": list(self.inputs)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Shown:
        """The case of a document; `from_json(to_json(x)) == x`."""
        return cls(**{**document, "inputs": tuple(document["inputs"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Several counters on the same cases."""

    cases: tuple[Shown, ...]
    counters: tuple[Conformance, ...]

    SCHEMA = "reconcile/conformance/1"

    @property
    def drifted(self) -> bool:
        """Whether some counter tells something else than its rules say."""
        return any(counter.of("drifted") for counter in self.counters)

    def only(self, names: Collection[str]) -> Suite:
        """Some of the cases, by name."""
        return Suite(
            cases=tuple(case for case in self.cases if case.case in names),
            counters=tuple(
                replace(counter, results=tuple(result for result in counter.results if result.case in names))
                for counter in self.counters
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """The suite as plain JSON values."""
        return {
            "schema": self.SCHEMA,
            "cases": [case.to_json() for case in self.cases],
            "counters": [counter.to_json() for counter in self.counters],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Suite:
        """The suite of a document; `from_json(to_json(x)) == x`."""
        if document.get("schema") != cls.SCHEMA:
            raise LedgerError(f"expected the schema {cls.SCHEMA!r}, got {document.get('schema')!r}")
        return cls(
            cases=tuple(map(Shown.from_json, document["cases"])),
            counters=tuple(map(Conformance.from_json, document["counters"])),
        )


def conform(
    cases: Sequence[Case],
    counters: Sequence[str],
    *,
    adapters: Sequence[str] = (),
    timeout: float = TIMEOUT,
    memory: int | None = None,
    jobs: int | None = None,
    checkout: Path | None = None,
    progress: Watch = nobody,
) -> Suite:
    """Run counters on cases, each pair in a process of its own and the reference once for each case.

    A counter whose library stands in the folder `checkout` is taken from there.
    """
    if not cases or not counters:
        raise UsageError(phrase("conformance needs at least one case and one counter"))
    ids = [parse_counter(text) for text in dict.fromkeys(counters)]
    known = list(ready(map(str, ids), adapters, checkout).values())
    questions = [_question(case, adapters, checkout) for case in cases]
    preload(sorted({name for item in known for name in item.counter.brings}))
    answers = stream(list(_requests(questions, ids)), timeout=timeout, memory=memory, jobs=jobs)
    shown: list[Shown] = []
    results: list[list[Result]] = [[] for _ in ids]
    # Taken to their very end: answers that are left waiting would end the server, which costs seconds to start again.
    rows = zip(*[answers] * (1 + len(ids)), strict=True)
    for number, (case, question, (basis, *told)) in enumerate(zip(cases, questions, rows, strict=True), 1):
        trial = Trial(case, question, basis)
        shown.append(trial.shown)
        for kept, asked, found, answer in zip(results, ids, known, told, strict=True):
            kept.append(trial.judge(asked, found, answer))
        progress(number, len(cases), case.name)
    return Suite(
        cases=tuple(shown),
        counters=tuple(
            Conformance(counter=str(item), version=found.version, unit=found.counter.unit, results=tuple(kept))
            for item, found, kept in zip(ids, known, results, strict=True)
        ),
    )


def _question(case: Case, adapters: Sequence[str], checkout: Path | None) -> Question:
    return Question(
        model=case.model,
        inputs=case.inputs,
        context=case.context,
        paddle=case.paddle,
        adapters=tuple(adapters),
        checkout=checkout,
    )


def _requests(questions: Sequence[Question], ids: Sequence[CounterId]) -> Iterator[Request]:
    for question in questions:
        yield question.request(CounterId(name=reference.NAME))
        yield from (question.request(item) for item in ids)


class Trial:
    """One case with the clean run that every counter's answer is judged by."""

    def __init__(self, case: Case, question: Question, basis: Mapping[str, Any]) -> None:
        self.case = case
        self.question = question
        self.failed = str(basis.get("reason")) if basis["status"] == "failed" else None
        self.parameters: int | None = basis.get("parameters")
        self._basis: Side | None = None
        if self.failed is None:
            clean = CounterId(name=reference.NAME)
            self._basis = self._side(clean, entry(reference.NAME), basis)[1]

    @property
    def shown(self) -> Shown:
        """The case as documents show it."""
        case = self.case
        return Shown(
            case=case.name,
            subject=case.subject,
            what=case.what,
            inputs=tuple(map(str, case.inputs)),
            condition=case.condition,
            macs=case.macs,
            reference=evaluate(case.macs),
            parameters=self.parameters,
            about=case.about,
        )

    def _side(self, item: CounterId, known: Entry, answer: Mapping[str, Any]) -> tuple[Count, Side]:
        count = count_answered(item, known, answer, item.within(self.question.context))
        return count, side_of(count, known.counter.at(count.version).rules)

    def judge(self, item: CounterId, known: Entry, answer: Mapping[str, Any]) -> Result:
        """The verdict on what a counter answered."""
        if self._basis is None:
            return self._result(
                "not run", note=later("the case itself does not run here: {why}", why=_lasting(str(self.failed)))
            )
        if answer["status"] == "failed":
            return self._without_answer(answer)
        try:
            count, side = self._side(item, known, answer)
            return self._compared(count, explain(side, self._basis), self._basis)
        except (LedgerError, KeyError, TypeError, ValueError) as error:
            return self._result("drifted", note=contradiction(error))

    def _without_answer(self, answer: Mapping[str, Any]) -> Result:
        reason = _lasting(str(answer.get("reason")))
        verdicts: Mapping[str, Verdict] = {"unasked": "not run", "usage": "not run", "toolkit": "drifted"}
        return self._result(verdicts.get(str(answer.get("fault")), "crashes"), note=reason)

    def _compared(self, count: Count, explanation: Explanation, basis: Side) -> Result:
        # A twin names its rows otherwise, so the same work in other rows is no departure; weights that cancel out are.
        found = {cause.cause: cause.amount for cause in explanation.causes}
        causes = {name: amount for name, amount in found.items() if amount or CAUSES[name].family != "work"}
        wrong = _drifts(count.layers)
        executed = Reference.of(basis.work.ledger)
        if executed.total != self.case.reference or executed.partial:
            wrong.append(
                later(
                    "the ledger holds {total} multiply-adds, by definition there are {macs}",
                    total=executed.total,
                    macs=self.case.macs,
                )
            )
        verdict: Verdict = "drifted" if wrong else "departs" if causes else "as-ruled"
        return self._result(
            verdict,
            told=count.total,
            predicted=sum(layer.predicted or 0 for layer in count.layers),
            params=count.params,
            causes=causes,
            note=clauses(wrong) or commas(f"{cause} {amount:+}" for cause, amount in causes.items()),
            side_effects=tuple(map(_lasting, count.side_effects)),
        )

    def _result(self, verdict: Verdict, **fields: Any) -> Result:
        return Result(case=self.case.name, verdict=verdict, reference=self.case.reference, **fields)


def _drifts(layers: Sequence[Layer]) -> list[str]:
    """The rows in which a counter told something else than its rules say, in words."""
    rows = [layer for layer in layers if layer.residual or layer.mismatch]
    texts = [
        later(
            "{layer}: told {told}, its rules say {predicted}",
            layer=row.layer,
            told=_said(row.told),
            predicted=_said(row.predicted),
        )
        for row in rows
    ]
    rest = len(texts) - _ROWS_SHOWN
    return [*texts[:_ROWS_SHOWN], *([later("and {n} rows more", n=rest)] if rest > 0 else [])]


def _said(number: int | None) -> str:
    return later("nothing") if number is None else str(number)


def _lasting(text: str) -> str:
    """A message without what changes from run to run: addresses, and folders above a file."""
    text = _PASSING.sub(lambda found: "0x..." if found[0].startswith("0x") else "", " ".join(text.split()))
    return _VALUES.sub("tensor(...)", text)
