"""One page for each counter: what it counts, where it departs, what it leaves behind, how to get something else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from markdown import console, listed, page, table
from matrix import Matrix

from reconcile.adapter import Counter
from reconcile.causes import CAUSES
from reconcile.conformance.conform import VERDICTS, Conformance
from reconcile.pricing.terms import DEFINITION, TERMS
from reconcile.registry import Entry
from reconcile.render.text import number
from reconcile.rules import Rule, Rules

_KINDS = 6
"""Types, functions or ops of one rule that are named before the rest is counted."""

_SIGHT: Mapping[str, str] = {
    "subclasses": "Its rules hold for subclasses of a type too.",
    "childless": "It looks at modules without children only.",
    "last_call": "A module that is called several times keeps the count of its last call only.",
    "hooks_per_place": "A module that stands at several places of the model is hooked once for each of them.",
    "rows_per_place": "A module that stands at several places of the model is added up once for each of them.",
    "functions_per_place": "Function calls of a module that stands at several places are added up for each of them.",
    "hides_children": "Modules inside a module with a rule are left out.",
    "outside": "Function calls are counted outside the modules that have a rule.",
    "live": "Ops whose result the output does not depend on are left out.",
    "single": "Numbers of modules are kept in single precision.",
}


def counter_page(entry: Entry, matrix: Matrix, advice: Sequence[Mapping[str, str]]) -> str:
    """The whole page of one counter."""
    counter, results = entry.counter, matrix.of(entry.counter.id)
    return page(
        f"`{counter.id}`",
        _opening(counter, results, matrix),
        "## What it counts",
        _rules(counter.rules),
        _sight(counter.rules),
        *_conformance(results, matrix),
        *_advice(advice),
    )


def _opening(counter: Counter, results: Conformance | None, matrix: Matrix) -> str:
    what = f"Counts {counter.unit}s" if counter.counts_operations else "Counts no operations, but parameters and memory"
    parts = [f"{what}; it sees {counter.sees}."]
    if counter.distribution is not None:
        parts.append(f"It comes with `{counter.distribution}`{_release(results)}{_overlay(counter)}.")
    if results is not None:
        counts = matrix.verdicts(results)
        said = ", ".join(f"{counts[name]} {name}" for name in VERDICTS if counts[name])
        parts.append(f"On the {len(results.results)} small cases it is: {said}.")
    if counter.measures:
        parts.append(f"Besides, it tells {', '.join(sorted(counter.measures))}: `reconcile explain --metric`.")
    return "\n".join(parts)


def _release(results: Conformance | None) -> str:
    return f"; everything here holds for release {results.version}" if results is not None and results.version else ""


def _overlay(counter: Counter) -> str:
    return ", and is kept in an overlay of its own" if counter.overlay else ""


def _rules(rules: Rules) -> str:
    rows = [*_rows("module", rules.modules), *_rows("module named", rules.names)]
    rows += [*_rows("function", rules.functions), *_rows("op", rules.ops)]
    if not rows:
        return "It counts no operations."
    note = "Whatever is not listed is not counted; amounts are explained in the [list of terms](../terms.md)."
    return f"{table(['', 'of', 'counts', 'read in'], rows)}\n\n{note}"


def _rows(mechanism: str, rules: Mapping[str, Rule]) -> Iterator[tuple[str, str, str, str]]:
    """The rules of one mechanism, those that weigh alike and come from one place in one row, the heaviest first."""
    groups: dict[tuple[str, str], list[str]] = {}
    for kind, rule in rules.items():
        groups.setdefault((_weights(rule), rule.source), []).append(_short(kind))
    for (weights, source), kinds in sorted(groups.items(), key=lambda group: group[0][0] == _NOTHING):
        yield mechanism, listed(sorted(set(kinds)), _KINDS), weights, f"`{source}`"


def _short(kind: str) -> str:
    return {"": "any other", "*": "any other"}.get(
        kind, kind.removeprefix("torch.nn.modules.").rpartition(".")[2] or kind
    )


_NOTHING = "0"


def _weights(rule: Rule) -> str:
    shown = [f"{weight} x {name}" if weight != 1 else name for name, weight in rule.weights.items() if weight]
    return " + ".join(shown) or _NOTHING


def _sight(rules: Rules) -> str:
    known = {item.name for item in fields(rules)}
    stale = _SIGHT.keys() - known
    if stale:
        raise ValueError(f"{sorted(stale)[0]!r} is no field of the rules")
    said = [text for name, text in _SIGHT.items() if getattr(rules, name)]
    said += ["The model itself is not looked at, even when it is a layer."] if not rules.root else []
    said += (
        [f"Its total is not the sum of its rows: {rules.finish.cause}, `{rules.finish.source}`."]
        if rules.finish
        else []
    )
    return "\n".join(f"- {text}" for text in said)


def _conformance(results: Conformance | None, matrix: Matrix) -> Iterator[str]:
    if results is None:
        return
    departing = matrix.departing(results)
    yield "## Where it departs from the definition"
    yield _departures(departing, results, matrix)
    if departing:
        cases = list(dict.fromkeys(found[0].case for found in departing.values()))
        words = " ".join(f"--case {case}" for case in cases)
        yield "The examples of this table, run on your machine:"
        yield console(f"reconcile conform {results.counter} {words}")
    if crashes := results.of("crashes"):
        yield "## Where it gives no answer"
        yield table(["case", "it says"], [(f"`{result.case}`", result.note) for result in crashes])
    if left := _left_behind(results):
        yield "## What it leaves behind"
        yield table(["what, for example", "cases", "for example"], left, right=[1])


def _departures(departing: Mapping[str, Sequence[Any]], results: Conformance, matrix: Matrix) -> str:
    if not departing:
        return f"Nowhere, on {len(results.results)} cases."
    rows = []
    for cause, found in sorted(departing.items(), key=lambda item: -len(item[1])):
        first = found[0]
        shown = f"`{first.case}`: {matrix.cases[first.case].what}"
        told = f"{number(first.told)} for {number(first.reference)}"
        rows.append(
            (
                f"[{cause}](../causes/{cause}.md)",
                CAUSES[cause].says.format(side="").strip(),
                str(len(found)),
                shown,
                told,
            )
        )
    return table(["cause", "it", "cases", "plainest case", "tells, for multiply-adds"], rows, right=[2])


def _left_behind(results: Conformance) -> list[tuple[str, str, str]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for result in results.results:
        for text in result.side_effects:
            found.setdefault(_kind(text), []).append((result.case, text))
    return [(items[0][1], str(len(items)), f"`{items[0][0]}`") for items in found.values()]


def _kind(text: str) -> str:
    """What kind of thing was left behind: the sentence without its numbers and names.

    >>> _kind("5 new attributes on modules: a, b and 3 more")
    'new attributes on modules'
    """
    return re.sub(r"^\d+ |of \d+ ", "", re.split(r": | on (?!modules)", text)[0])


def _advice(advice: Sequence[Mapping[str, str]]) -> Iterator[str]:
    if not advice:
        return
    yield "## How to get another convention out of it"
    for item in advice:
        yield f"**{item['want']}.** {item['how']}"
        if "code" in item:
            yield f"```python\n{item['code'].rstrip()}\n```"


def overview(entries: Mapping[str, Entry], matrix: Matrix) -> str:
    """The page that leads to those of the counters."""
    rows = []
    for name, entry in entries.items():
        results = matrix.of(name)
        weights = _plain(entry.counter.rules)
        counts = matrix.verdicts(results) if results else {}
        rows.append(
            (
                f"[{name}]({page_name(name)})",
                entry.counter.unit if entry.counter.counts_operations else "-",
                entry.counter.sees,
                weights,
                str(counts.get("as-ruled", "")),
                str(counts.get("departs", "")),
                str(counts.get("crashes", "")),
            )
        )
    head = ["counter", "unit", "sees", "weight of a multiply-add", "by definition", "departs", "crashes"]
    lead = "Every counter, with the small cases on which it tells the definition's number, another one, or none."
    return page("Counters", lead, table(head, rows, right=[4, 5, 6]))


def _plain(rules: Rules) -> str:
    """The weights that a counter gives to multiply-adds, variants too."""
    every = (*rules.modules.values(), *rules.names.values(), *rules.functions.values(), *rules.ops.values())
    found = {
        weight for rule in every for term, weight in rule.weights.items() if TERMS[term].base in DEFINITION and weight
    }
    return " or ".join(map(str, sorted(found)))


def page_name(counter: str) -> str:
    """The file of a counter's page, whose name may hold no colon."""
    return f"{counter.replace(':', '-')}.md"
