"""Departures that a maintainer has accepted, as a file in their own repository, and what of it still holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from reconcile.conformance.conform import Conformance, Result, Suite
from reconcile.conformance.corpus import corpus
from reconcile.errors import UsageError
from reconcile.language import commas, later, listed, phrase

_ACCEPTABLE = ("departs", "crashes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One accepted departure or crash: its causes by name, and the number told, if the file says it."""

    counter: str
    case: str
    verdict: str
    causes: tuple[str, ...] = ()
    told: int | None = None

    def to_yaml(self) -> dict[str, Any]:
        """The line as a file holds it."""
        causes = {"causes": list(self.causes)} if self.causes else {}
        return {"verdict": self.verdict} | causes | ({} if self.told is None else {"told": self.told})

    def covers(self, result: Result) -> bool:
        """Whether a result is what was accepted."""
        same = (self.verdict, sorted(self.causes)) == (result.verdict, sorted(result.causes))
        return same and self.told in (None, result.told)

    def differs(self, result: Result) -> str:
        """How a result differs from what was accepted, in words."""
        if self.verdict != result.verdict:
            return later("accepted was `{before}`, now it is `{now}`", before=self.verdict, now=result.verdict)
        if sorted(self.causes) != sorted(result.causes):
            before = commas(self.causes) or later("no cause")
            return later("accepted was {before}, now it is {now}", before=before, now=commas(result.causes))
        return later("accepted was {before}, now {now} is told", before=self.told, now=result.told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """An accepted line that holds no longer, and why."""

    counter: str
    case: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A suite against a file: departures that nobody accepted, and lines that hold no longer."""

    unaccepted: tuple[tuple[str, Result], ...]
    stale: tuple[Stale, ...]

    def __bool__(self) -> bool:
        return not self.unaccepted and not self.stale

    def to_json(self) -> dict[str, Any]:
        """The review as plain JSON values."""
        return {
            "unaccepted": [
                {"counter": counter, "case": result.case, "verdict": result.verdict, "note": result.note}
                for counter, result in self.unaccepted
            ],
            "stale": [{"counter": line.counter, "case": line.case, "why": line.why} for line in self.stale],
        }


def read_accepted(path: str) -> tuple[Line, ...]:
    """The lines of a file of accepted departures; a broken file is refused in one sentence."""
    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            phrase("the accepted departures {path!r} cannot be read: {why}", path=path, why=error.strerror or error)
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        text = " ".join(str(error).split())[:200]
        raise UsageError(
            phrase("the accepted departures {path!r} are no YAML: {text}", path=path, text=text)
        ) from error
    if not isinstance(document, dict) or not all(isinstance(lines, dict) for lines in document.values()):
        raise UsageError(phrase("the accepted departures {path!r} must hold, by counter, lines by case", path=path))
    return tuple(
        _line(path, str(counter), str(case), line)
        for counter, lines in document.items()
        for case, line in lines.items()
    )


def _line(path: str, counter: str, case: str, line: Any) -> Line:
    where = phrase("the accepted departures {path!r}, {counter}, {case}", path=path, counter=counter, case=case)
    if not isinstance(line, dict) or not set(line) <= {"verdict", "causes", "told"}:
        raise UsageError(phrase("{where}: a line holds verdict, causes and told, and nothing else", where=where))
    verdict, causes, told = line.get("verdict"), line.get("causes", []), line.get("told")
    if verdict not in _ACCEPTABLE:
        raise UsageError(
            phrase(
                "{where}: the verdict is {verdict!r}; only {verdicts} can be accepted",
                where=where,
                verdict=verdict,
                verdicts=listed(_ACCEPTABLE),
            )
        )
    if not isinstance(causes, list) or not all(isinstance(cause, str) for cause in causes):
        raise UsageError(
            phrase("{where}: the causes are {causes!r}, which is no list of names", where=where, causes=causes)
        )
    if told is not None and type(told) is not int:
        raise UsageError(phrase("{where}: told is {told!r}, which is no whole number", where=where, told=told))
    return Line(counter=counter, case=case, verdict=verdict, causes=tuple(causes), told=told)


def review(suite: Suite, lines: Sequence[Line]) -> Review:
    """Hold a suite against accepted lines; lines of counters and cases that were not asked about are left alone."""
    known = {case.name for case in corpus()}
    results = {(item.counter, result.case): result for item in suite.counters for result in item.results}
    asked = {item.counter for item in suite.counters}
    covered, stale = set(), []
    for line in lines:
        place = (line.counter, line.case)
        if line.counter in asked and line.case not in known:
            stale.append(Stale(counter=line.counter, case=line.case, why=later("there is no such case")))
        elif place in results and line.covers(results[place]):
            covered.add(place)
        elif place in results:
            stale.append(Stale(counter=line.counter, case=line.case, why=line.differs(results[place])))
    unaccepted = [
        (counter, result)
        for (counter, case), result in results.items()
        if result.verdict in _ACCEPTABLE and (counter, case) not in covered
    ]
    return Review(unaccepted=tuple(unaccepted), stale=tuple(stale))


def lines_of(counter: Conformance) -> Iterator[Line]:
    """The lines that accept every departure and crash of a counter."""
    for result in counter.results:
        if result.verdict == "departs":
            yield Line(
                counter=counter.counter,
                case=result.case,
                verdict=result.verdict,
                causes=tuple(result.causes),
                told=result.told,
            )
        elif result.verdict == "crashes":
            yield Line(counter=counter.counter, case=result.case, verdict=result.verdict)


class _OneLine(dict[str, Any]):
    """A mapping that stands in one line of a file."""


class _Dumper(yaml.SafeDumper):
    """Writes YAML with the mappings in one line that are meant to be."""


_Dumper.add_representer(
    _OneLine, lambda dumper, given: dumper.represent_mapping("tag:yaml.org,2002:map", given, flow_style=True)
)


def lines_text(lines: Iterable[Line], counters: Iterable[str]) -> str:
    """A file of accepted lines as YAML, a line for each; counters are named even where they have none."""
    document: dict[str, dict[str, Any]] = {counter: {} for counter in counters}
    for line in lines:
        document.setdefault(line.counter, {})[line.case] = _OneLine(line.to_yaml())
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=1000)


def accepted_text(suite: Suite) -> str:
    """A file that accepts every departure and crash of a suite, as YAML."""
    lines = (line for item in suite.counters for line in lines_of(item))
    return lines_text(lines, (item.counter for item in suite.counters))
