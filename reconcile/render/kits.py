"""Kits as a report: the answer first, then what each counter's maintainers would have to accept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconcile.conformance.conform import Shown, Suite
from reconcile.conformance.kit import Demand, Kit, kit_of
from reconcile.language import commas, later, phrase, retold, together
from reconcile.render.markdown import table
from reconcile.render.tables import Table
from reconcile.render.text import number

_REASON = 110


def kits_summary(kits: Sequence[Kit]) -> Table:
    """One row for each counter: cases, lines to accept by verdict, and what drifted."""
    columns = (
        later("counter"),
        later("release"),
        later("cases"),
        later("lines to accept"),
        later("departures"),
        "crashes",
        "drifted",
    )
    rows = tuple(
        (
            kit.counter,
            kit.version or "-",
            str(kit.cases),
            str(kit.lines),
            str(kit.lines - _crashes(kit)),
            str(_crashes(kit)),
            str(len(kit.drifted)),
        )
        for kit in kits
    )
    return Table(columns=columns, rows=rows, numeric=frozenset(columns[2:]))


def _crashes(kit: Kit) -> int:
    return sum(len(demand.cases) for demand in kit.demands if demand.verdict == "crashes")


def kits_headline(kits: Sequence[Kit]) -> str:
    """The answer in one line."""
    parts = [
        later("{counter} {lines} of {cases}", counter=kit.counter, lines=kit.lines, cases=kit.cases) for kit in kits
    ]
    drifts = sum(len(kit.drifted) for kit in kits)
    counts = commas(parts)
    if not drifts:
        return phrase("Cases that each counter would have to accept: {counts}; nothing drifted", counts=counts)
    return phrase(
        "Cases that each counter would have to accept: {counts}; {n} answers drifted, which nobody can accept",
        counts=counts,
        n=drifts,
    )


def kits_report(suite: Suite, command: str, folder: str | None) -> str:
    """The whole report in Markdown; `folder` is where the files of accepted lines stand."""
    kits = tuple(kit_of(counter) for counter in suite.counters)
    cases = {case.case: case for case in suite.cases}
    parts = [
        f"# {kits_headline(kits)}",
        phrase("Written by `{command}`.", command=command),
        phrase(
            "The pytest kit runs every small case of conformance against a counter's checkout.\n"
            "Whoever maintains the counter accepts, in a file of their own, what they stand by; anything else fails.\n"
            "A case may have several causes, so the cases of the causes sum to more than the lines."
        ),
        table(kits_summary(kits)),
        *(part for kit in kits for part in _of_kit(kit, cases, folder)),
    ]
    return "\n\n".join(parts) + "\n"


def _of_kit(kit: Kit, cases: dict[str, Shown], folder: str | None) -> Iterator[str]:
    yield f"## {kit.counter}"
    if kit.drifted:
        yield phrase("Drifted: {cases}.", cases=commas(kit.drifted))
    if not kit.demands:
        yield phrase("Nothing has to be accepted.")
        return
    columns = (later("verdict"), later("cause or reason"), later("cases"), later("for example"))
    rows = tuple((item.verdict, _why(item), str(len(item.cases)), _example(item, cases)) for item in kit.demands)
    yield table(Table(columns=columns, rows=rows, numeric=frozenset({"cases"})))
    if folder is not None:
        yield phrase("Every line: `{folder}/{counter}.yaml`.", folder=folder, counter=kit.counter)


def _why(demand: Demand) -> str:
    """The cause by its name, or the reason of a crash, cut to what a table holds."""
    return demand.why if demand.verdict == "departs" else retold(demand.why)[:_REASON]


def _example(demand: Demand, cases: dict[str, Shown]) -> str:
    """The first case that has a cause, with by how much it moves the number."""
    name, amount = demand.cases[0], demand.amounts[0]
    case = cases[name]
    given = {"case": name, "what": retold(case.what), "inputs": together(case.inputs)}
    if demand.verdict != "departs":
        return phrase("{case}, {what} on {inputs}", **given)
    definition = number(case.reference)
    return phrase(
        "{case}, {what} on {inputs}: {amount:+,} beside {definition}", **given, amount=amount, definition=definition
    )
