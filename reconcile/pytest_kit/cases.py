"""A counter on the small cases, one test for each: what a mark asks for, what a case gave, and whether that passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconcile.ask import parse_counter
from reconcile.conformance.accepted import Line, lines_of, lines_text, read_accepted, review
from reconcile.conformance.checkout import checkout_at, holds
from reconcile.conformance.conform import Conformance, Result, Suite, conform
from reconcile.conformance.corpus import Case, chosen, corpus
from reconcile.errors import UsageError
from reconcile.launching.launch import TIMEOUT
from reconcile.registry import entry
from reconcile.render.files import make_folder, write_text
from reconcile.render.text import number

LINES = "accepted-lines"
"""The test beside those of the cases: whether every accepted line is about a case that there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a mark asks for: one counter, where its package stands, and the file of departures that are accepted.

    `checkout` is the folder that the package is imported from; None is the environment's own.
    """

    counter: str
    accept: Path | None = None
    adapters: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    checkout: Path | None = None
    timeout: float = TIMEOUT

    @property
    def names(self) -> tuple[str, ...]:
        """The tests that the mark stands for."""
        cases = tuple(case.name for case in chosen(self.cases))
        return cases if self.accept is None else (*cases, LINES)

    def accepted(self, *, needed: bool) -> tuple[Line, ...]:
        """The accepted lines; a file that is missing has none where it is about to be written."""
        if self.accept is None or (not needed and not self.accept.is_file()):
            return ()
        return tuple(line for line in read_accepted(str(self.accept)) if line.counter == self.counter)

    def run(self, name: str) -> Conformance:
        """The counter on one case."""
        (case,) = (case for case in corpus() if case.name == name)
        return self.conform((case,)).counters[0]

    def conform(self, cases: Sequence[Case]) -> Suite:
        """The counter on several cases."""
        return conform(cases, (self.counter,), adapters=self.adapters, timeout=self.timeout, checkout=self.checkout)


def asked(arguments: Sequence[Any], options: Mapping[str, Any], *, folder: Path, project: Path) -> Asked:
    """What `@pytest.mark.reconcile("thop", accept="accepted.yaml")` asks for; files are found from its own folder."""
    known = {"accept", "adapters", "cases", "checkout", "installed", "timeout"}
    if len(arguments) != 1 or not isinstance(arguments[0], str) or set(options) - known:
        raise UsageError(f"the mark `reconcile` takes one counter and {', '.join(sorted(known))}; nothing else")
    accept = options.get("accept")
    adapters = tuple(str((folder / file).resolve()) for file in _texts("adapters", options.get("adapters", ())))
    for file in adapters:
        if not Path(file).is_file():
            raise UsageError(f"the adapter {file!r} does not exist")
    return Asked(
        counter=arguments[0],
        accept=None if accept is None else (folder / accept).resolve(),
        adapters=adapters,
        cases=_texts("cases", options.get("cases", ())),
        checkout=_checkout(arguments[0], adapters, options, folder, project),
        timeout=float(options.get("timeout", TIMEOUT)),
    )


def _texts(name: str, given: Any) -> tuple[str, ...]:
    if isinstance(given, str) or not all(isinstance(item, str) for item in given):
        raise UsageError(f"the mark `reconcile` takes {name} as a list of texts, not {given!r}")
    return tuple(given)


def _checkout(
    counter: str, adapters: Sequence[str], options: Mapping[str, Any], folder: Path, project: Path
) -> Path | None:
    """The folder of the counter's package: the one that is named, or that of the project; None if what is installed."""
    if options.get("installed"):
        return None
    imports = entry(parse_counter(counter).name, adapters).counter.imports
    if imports is None:
        return None
    named = options.get("checkout")
    found = checkout_at(project, imports) if named is None else (folder / named).resolve()
    if found is None or not holds(found, imports):
        place = project if named is None else found
        raise UsageError(f"no {imports}/ stands in {str(place)!r}; name its folder by checkout=, or say installed=True")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one case gave, and what is wrong with it: nothing, or a text for whoever reads the failed test."""

    asked: Asked
    result: Result
    unit: str
    wrong: str = ""

    def properties(self) -> dict[str, str]:
        """The outcome for a JUnit report."""
        result = self.result
        causes = ", ".join(f"{cause} {amount:+}" for cause, amount in result.causes.items())
        return {
            "reconcile.counter": self.asked.counter,
            "reconcile.case": result.case,
            "reconcile.verdict": result.verdict,
            "reconcile.told": number(result.told),
            "reconcile.definition": number(result.reference),
            "reconcile.causes": causes,
        }

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain JSON values, to be gathered from processes that run tests side by side."""
        accept = self.asked.accept
        return {
            "counter": self.asked.counter,
            "accept": None if accept is None else str(accept),
            "unit": self.unit,
            "wrong": self.wrong,
            "result": self.result.to_json(),
        }


def outcome(asked: Asked, name: str, lines: Sequence[Line], *, update: bool) -> Outcome:
    """Run one case and judge it by the accepted lines; with `update` every departure is accepted."""
    counter = asked.run(name)
    (result,) = counter.results
    return Outcome(asked=asked, result=result, unit=counter.unit, wrong=_wrong(asked, counter, lines, update))


def _wrong(asked: Asked, counter: Conformance, lines: Sequence[Line], update: bool) -> str:
    (result,) = counter.results
    if result.verdict == "drifted":
        return f"{asked.counter} tells something else than its rules say: {result.note}"
    if update or asked.accept is None:
        return ""
    found = review(Suite(cases=(), counters=(counter,)), [line for line in lines if line.case == result.case])
    stale = [f"a line of {asked.accept.name} holds no longer: {line.why}" for line in found.stale]
    unaccepted = [
        f"{asked.counter} {item.verdict}, which {asked.accept.name} does not accept: told {number(item.told)}, "
        f"by definition {number(item.reference)} ({item.note})"
        for _, item in found.unaccepted
    ]
    return "\n".join(stale or unaccepted)


def unknown(asked: Asked, lines: Sequence[Line]) -> str:
    """What is wrong with accepted lines that are about no case; nothing if there is none."""
    empty = Conformance(counter=asked.counter, version=None, unit="", results=())
    found = review(Suite(cases=(), counters=(empty,)), lines)
    return "\n".join(f"{line.case}: {line.why}" for line in found.stale)


def rewrite(file: Path, results: Mapping[str, Sequence[Result]]) -> None:
    """Accept what some cases gave, by counter; lines of other counters, and of cases that were not run, stay."""
    kept = read_accepted(str(file)) if file.is_file() else ()
    order = {case.name: index for index, case in enumerate(corpus())}
    ran = {(counter, result.case) for counter, found in results.items() for result in found}
    lines = [line for line in kept if (line.counter, line.case) not in ran and line.case in order]
    for counter, found in results.items():
        lines += lines_of(Conformance(counter=counter, version=None, unit="", results=tuple(found)))
    make_folder(file.parent)
    counters = dict.fromkeys([*(line.counter for line in kept), *results])
    write_text(file, lines_text(sorted(lines, key=lambda line: order[line.case]), counters))
