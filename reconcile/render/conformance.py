"""Conformance as tables and as a report: the answer first, causes and crashes by counter, then every case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconcile.conformance.accepted import Review
from reconcile.conformance.conform import VERDICTS, Conformance, Result, Shown, Suite
from reconcile.language import commas, later, phrase, retold, together
from reconcile.render.files import csv_text
from reconcile.render.markdown import table
from reconcile.render.tables import Table
from reconcile.render.text import names, number

MARKS = {"as-ruled": "=", "crashes": "x", "not run": "-"}
"""What stands in the matrix for a verdict; a departure shows the number told, and a drift that with `!`."""

_HEADINGS = (later("as-ruled"), later("departs"), later("crashes"), later("drifted"), later("not run"))
"""The verdicts in their order, as headings."""

_REASON = 110


def summary(suite: Suite) -> Table:
    """One row for each counter: how many cases have which verdict, and in how many the parameters are wrong."""
    columns = (later("counter"), later("release"), later("unit"), *_HEADINGS, later("wrong parameters"))
    rows = tuple(
        (
            item.counter,
            item.version or "-",
            item.unit,
            *(str(len(item.of(verdict))) for verdict in VERDICTS),
            str(len(wrong_parameters(suite, item))),
        )
        for item in suite.counters
    )
    return Table(columns=columns, rows=rows, numeric=frozenset(columns[3:]))


def headline(suite: Suite) -> str:
    """The answer in one line."""
    parts = [
        f"{item.counter} {'/'.join(str(len(item.of(verdict))) for verdict in VERDICTS)}" for item in suite.counters
    ]
    drifts = sum(len(item.of("drifted")) for item in suite.counters)
    given = {"cases": len(suite.cases), "verdicts": "/".join(VERDICTS), "counts": commas(parts)}
    if not drifts:
        return phrase("{cases} cases, nothing drifted; {verdicts}: {counts}", **given)
    return phrase("{cases} cases, {n} answers drifted; {verdicts}: {counts}", n=drifts, **given)


def sentence(counter: Conformance) -> str:
    """The answer for one counter in one sentence."""
    counts = [f"{len(counter.of(verdict))} {verdict}" for verdict in VERDICTS if counter.of(verdict)]
    name = f"{counter.counter} {counter.version}" if counter.version else counter.counter
    return phrase("{counter} on {n} cases: {counts}.", counter=name, n=len(counter.results), counts=commas(counts))


def results(counter: Conformance) -> Table:
    """One row for each case of a counter that is not simply as ruled."""
    rows = [
        (result.case, number(result.told), number(result.reference), result.verdict, retold(result.note))
        for result in counter.results
        if result.verdict != "as-ruled"
    ]
    columns = (later("case"), later("told"), later("definition"), later("verdict"), later("note"))
    return Table(columns=columns, rows=tuple(rows), numeric=frozenset({"told", "definition"}))


def findings(review: Review) -> Table:
    """One row for each departure that nobody accepted, and each accepted line that holds no longer."""
    rows = [
        (counter, result.case, "unaccepted", f"{result.verdict}: {retold(result.note)}")
        for counter, result in review.unaccepted
    ]
    rows += [(line.counter, line.case, "stale", retold(line.why)) for line in review.stale]
    return Table(columns=(later("counter"), later("case"), later("state"), later("why")), rows=tuple(rows))


def wrong_parameters(suite: Suite, counter: Conformance) -> tuple[tuple[Shown, int], ...]:
    """The cases in which a counter told another number of parameters than the model has."""
    pairs = zip(suite.cases, counter.results, strict=True)
    return tuple(
        (case, result.params)
        for case, result in pairs
        if None not in (result.params, case.parameters)
        and result.params != case.parameters
        and result.params is not None
    )


def conformance_report(suite: Suite, command: str) -> str:
    """The whole report in Markdown."""
    meanings = [
        phrase("- `{verdict}`: {meaning}.", verdict=verdict, meaning=meaning) for verdict, meaning in VERDICTS.items()
    ]
    parts = [
        f"# {headline(suite)}",
        phrase("Written by `{command}`.", command=command),
        table(summary(suite)),
        "\n".join(meanings),
        phrase("Parameters are wrong where a counter tells a number that is not that of the model's own parameters."),
        phrase("## Causes by counter"),
        *(part for counter in suite.counters for part in _of_counter(suite, counter)),
        phrase("## Every case"),
        phrase("`=` is as ruled, a number is told and departs, `!` has drifted, `x` is a crash, `-` is not run."),
        *(part for subject in dict.fromkeys(case.subject for case in suite.cases) for part in _matrix(suite, subject)),
    ]
    return "\n\n".join(parts) + "\n"


def _of_counter(suite: Suite, counter: Conformance) -> Iterator[str]:
    found: dict[tuple[str, str], list[str]] = {}
    for result in counter.results:
        for kind in _kinds(result):
            found.setdefault(kind, []).append(result.case)
    wrong = wrong_parameters(suite, counter)
    if wrong:
        found["parameters", phrase("another number than the model has")] = [
            phrase("{case} ({told} for {has})", case=case.case, told=number(told), has=number(case.parameters))
            for case, told in wrong
        ]
    yield f"### {counter.counter}"
    if not found:
        yield phrase("Every case is as ruled.")
        return
    rows = tuple((kind, what, str(len(cases)), retold(names(tuple(cases)))) for (kind, what), cases in _ordered(found))
    columns = (later("kind"), later("cause or reason"), later("cases"), later("for example"))
    yield table(Table(columns=columns, rows=rows, numeric=frozenset({"cases"})))


def _ordered(found: dict[tuple[str, str], list[str]]) -> list[tuple[tuple[str, str], list[str]]]:
    """Findings by kind, the most frequent first."""
    kinds = ("drifted", "departs", "crashes", "parameters", "not run")
    return sorted(found.items(), key=lambda item: (kinds.index(item[0][0]), -len(item[1])))


def _kinds(result: Result) -> Iterator[tuple[str, str]]:
    if result.verdict in ("crashes", "not run", "drifted"):
        yield result.verdict, retold(result.note)[:_REASON]
    for cause in result.causes:
        yield "departs", cause


def _matrix(suite: Suite, subject: str) -> Iterator[str]:
    ids = tuple(counter.counter for counter in suite.counters)
    rows = []
    for index, case in enumerate(suite.cases):
        if case.subject == subject:
            cells = [mark(counter.results[index]) for counter in suite.counters]
            rows.append((case.case, _what(case), case.macs, *cells))
    yield f"### {subject}"
    yield table(
        Table(
            columns=(later("case"), later("what"), later("definition"), *ids), rows=tuple(rows), numeric=frozenset(ids)
        )
    )


def _what(case: Shown) -> str:
    inputs = together(case.inputs)
    if case.condition:
        inputs = phrase("{inputs}, {condition}", inputs=inputs, condition=case.condition)
    what = phrase("{what} on {inputs}", what=retold(case.what), inputs=inputs)
    return phrase("{what}. {about}", what=what, about=case.about) if case.about else what


def mark(result: Result) -> str:
    """A result in a few signs.

    >>> mark(Result(case="a", verdict="departs", reference=4800, told=19200))
    '19,200'
    """
    if result.verdict in MARKS:
        return MARKS[result.verdict]
    return f"{'!' if result.verdict == 'drifted' else ''}{number(result.told)}"


def conformance_csv(suite: Suite) -> str:
    """One row for each counter and case."""
    columns = ("counter", "case", "verdict", "told", "predicted", "reference", "note")
    rows: list[Sequence[object]] = [
        (item.counter, result.case, result.verdict, result.told, result.predicted, result.reference, result.note)
        for item in suite.counters
        for result in item.results
    ]
    return csv_text(columns, rows)
