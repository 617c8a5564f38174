"""What the maintainers of a counter would have to accept to keep it under test: departures and crashes, by cause."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from reconcile.conformance.accepted import lines_of
from reconcile.conformance.conform import Conformance, Result, Suite
from reconcile.errors import LedgerError, UsageError
from reconcile.language import commas, phrase
from reconcile.schemas import schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One thing to accept: a cause of departures or a reason of crashes, with the cases that have it.

    Cases that have no other cause come first, as the clearest examples.  `amounts` are by how much the cause moves the
    number of each case; a crash moves nothing.
    """

    verdict: str
    why: str
    cases: tuple[str, ...]
    amounts: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """The demand as plain JSON values."""
        return {"verdict": self.verdict, "why": self.why, "cases": list(self.cases), "amounts": list(self.amounts)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """One counter under test: how many cases it has, what would have to be accepted, and what cannot be."""

    counter: str
    version: str | None
    unit: str
    cases: int
    lines: int
    drifted: tuple[str, ...]
    demands: tuple[Demand, ...]

    def to_json(self) -> dict[str, Any]:
        """The kit as plain JSON values."""
        kept = {name: getattr(self, name) for name in ("counter", "version", "unit", "cases", "lines")}
        return kept | {"drifted": list(self.drifted), "demands": [demand.to_json() for demand in self.demands]}


SCHEMA = "reconcile/kits/1"


def kit_of(counter: Conformance) -> Kit:
    """What would have to be accepted of a counter; the most frequent cause comes first, crashes last."""
    return Kit(
        counter=counter.counter,
        version=counter.version,
        unit=counter.unit,
        cases=len(counter.results),
        lines=len(tuple(lines_of(counter))),
        drifted=tuple(result.case for result in counter.of("drifted")),
        demands=tuple(sorted(_demands(counter), key=lambda item: (item.verdict != "departs", -len(item.cases)))),
    )


def _demands(counter: Conformance) -> Iterator[Demand]:
    found: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for result in sorted(counter.results, key=lambda result: len(result.causes)):
        for why, amount in _reasons(result).items():
            found.setdefault((result.verdict, why), []).append((result.case, amount))
    for (verdict, why), parts in found.items():
        cases, amounts = zip(*parts, strict=True)
        yield Demand(verdict=verdict, why=why, cases=cases, amounts=amounts)


def _reasons(result: Result) -> Mapping[str, int]:
    if result.verdict == "departs":
        return result.causes
    return {result.note: 0} if result.verdict == "crashes" else {}


def read_suite(path: str) -> Suite:
    """The suite of a file that `reconcile conform` wrote for several counters."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        jsonschema.validate(document, schema("conformance"))
        return Suite.from_json(document)
    except OSError as error:
        raise UsageError(
            phrase("the results {path!r} cannot be read: {why}", path=path, why=error.strerror or error)
        ) from error
    except jsonschema.ValidationError as error:
        raise UsageError(
            phrase("{path!r} holds no results of several counters: {message}", path=path, message=error.message[:200])
        ) from error
    except (ValueError, LedgerError) as error:
        raise UsageError(
            phrase("{path!r} holds no results of several counters: {error}", path=path, error=error)
        ) from error


def picked(suite: Suite, names: Sequence[str]) -> Suite:
    """Some counters of a suite, in the order in which they are named."""
    known = {counter.counter: counter for counter in suite.counters}
    for name in names:
        if name not in known:
            raise UsageError(
                phrase("the results hold nothing of {name!r}; they hold {known}", name=name, known=commas(known))
            )
    return Suite(cases=suite.cases, counters=tuple(known[name] for name in dict.fromkeys(names)))
