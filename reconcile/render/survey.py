"""The report of a survey, from its document alone."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconcile.language import clauses, commas, later, phrase, retold
from reconcile.render.files import csv_text
from reconcile.render.markdown import escape, table
from reconcile.render.tables import Table
from reconcile.render.text import number

Document = Mapping[str, Any]
OUTCOMES = (later("explained"), later("residual"), later("failed"), later("not run"))


def _models(document: Document) -> list[Document]:
    return [model for group in document["groups"] for model in group["models"]]


def _tally(models: Sequence[Document]) -> dict[str, int]:
    outcomes = [cell["outcome"] for model in models for cell in model["cells"]]
    return {outcome: outcomes.count(outcome) for outcome in OUTCOMES}


def summary(document: Document) -> str:
    """How many runs are explained, residual, failed and not run, in one sentence."""
    models = _models(document)
    return phrase(
        "{runs:,} runs, {counters} counters on {models} models: {outcomes}.",
        runs=sum(_tally(models).values()),
        counters=len(document["counters"]),
        models=len(models),
        outcomes=commas(f"{count:,} {outcome}" for outcome, count in _tally(models).items()),
    )


def survey_csv(document: Document) -> str:
    """One row for each model and counter."""
    return cells_csv(_models(document))


def cells_csv(models: Sequence[Document]) -> str:
    """One row for each cell of some models."""
    columns = ("counter", "version", "outcome", "total", "params", "residual", "reason")
    rows = [(model["name"], *(cell.get(column) for column in columns)) for model in models for cell in model["cells"]]
    return csv_text(("model", *columns), rows)


def survey_report(document: Document) -> str:
    """The whole report."""
    reasons = _Reasons(document)
    parts = [
        f"# {document['title']}",
        f"**{summary(document)}**",
        _meaning(document),
        phrase("Written by `{command}`.", command=document["command"]),
        table(_groups(document)),
        *_by_counter(document),
        *_published(document),
        *(part for group in document["groups"] for part in _matrix(document, group, reasons)),
        *reasons.section(),
        *_versions(document),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _meaning(document: Document) -> str:
    limit = document["limit"]
    purpose = phrase("on purpose")
    if limit is not None:
        purpose = phrase("on purpose, here: more than {gmac} G multiply-adds ({because})", **limit)
    return phrase(
        "A run is one counter on one model.\n"
        "It is *explained* when what the counter told equals its own rules in every row and in total, and its "
        "difference to the reference is explained completely in both directions.\n"
        "It is *residual* when any row is left over, *failed* when the counter gave no number, and *not run* when it "
        "was left out {purpose}.\n"
        "A failed run is a gap, not an answer; its reason stands below.",
        purpose=purpose,
    )


def _groups(document: Document) -> Table:
    rows = []
    for group in document["groups"]:
        tally = _tally(group["models"])
        rows.append((group["name"], number(len(group["models"])), *(number(tally[item]) for item in OUTCOMES)))
    columns = (later("models of"), later("models"), *OUTCOMES)
    return Table(columns=columns, rows=tuple(rows), numeric=frozenset(columns[1:]))


def _by_counter(document: Document) -> list[str]:
    rows = []
    for item in document["counters"]:
        cells = [cell for model in _models(document) for cell in model["cells"] if cell["counter"] == item["counter"]]
        counts = [[cell["outcome"] for cell in cells].count(outcome) for outcome in OUTCOMES]
        rows.append((item["counter"], str(item["version"] or "-"), item["unit"], *map(number, counts)))
    columns = (later("counter"), later("release"), later("unit"), *OUTCOMES)
    return [phrase("## By counter"), table(Table(columns=columns, rows=tuple(rows), numeric=frozenset(OUTCOMES)))]


def _giga(value: int | None) -> str:
    """An amount in thousands of millions, with three digits behind the point; small ones keep three digits.

    >>> _giga(1814073344), _giga(456789), _giga(0), _giga(None)
    ('1.814', '0.000457', '0', '-')
    """
    if value is None:
        return "-"
    giga = value / 10**9
    if value == 0 or abs(giga) >= 0.1:
        return f"{giga:,.3f}" if value else "0"
    return f"{giga:.3g}" if abs(giga) >= 0.0001 else f"{giga:.2e}"


_TITLES = {"residual": later("### Residual"), "failed": later("### Failed"), "not run": later("### Not run")}
"""Headings of the reasons, by the outcome that they are of."""


class _Reasons:
    """Every reason why a run is not explained, numbered; reasons that differ in names and numbers only are one."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._found: dict[tuple[str, str, str], list[tuple[Document, Document]]] = {}
        for model in _models(document):
            for cell in model["cells"]:
                if cell["outcome"] != "explained":
                    self._found.setdefault(_key(cell), []).append((model, cell))
        self._numbers = {key: index for index, key in enumerate(sorted(self._found, key=self._order), start=1)}

    def _order(self, key: tuple[str, str, str]) -> tuple[int, str, int, str]:
        return OUTCOMES.index(key[0]), key[1], -len(self._found[key]), key[2]

    def number(self, cell: Document) -> int:
        """The number of a cell's reason."""
        return self._numbers[_key(cell)]

    def section(self) -> Iterator[str]:
        """Every reason with its number, what works instead, and the models that it stopped."""
        if not self._found:
            return
        yield phrase("## Why runs are not explained")
        for outcome, title in _TITLES.items():
            keys = [key for key in self._numbers if key[0] == outcome]
            if keys:
                yield retold(title)
                columns = (
                    later("no."),
                    later("counter"),
                    later("runs"),
                    later("reason"),
                    later("nearest thing that works"),
                    later("models"),
                )
                rows = tuple(self._row(key) for key in keys)
                yield table(Table(columns=columns, rows=rows, numeric=frozenset({"no.", "runs"})))

    def _row(self, key: tuple[str, str, str]) -> tuple[str, ...]:
        outcome, counter, _ = key
        found = self._found[key]
        names = list(dict.fromkeys(model["name"] for model, _ in found))
        reason = found[0][1]["reason"]
        works = self._works(counter, reason, [model for model, _ in found]) if outcome == "failed" else ""
        return str(self._numbers[key]), counter, number(len(found)), retold(reason), works, retold(commas(names))

    def _works(self, counter: str, reason: str, models: Sequence[Document]) -> str:
        """What the survey file says, and which counters explained all of the models that this one failed on."""
        said = [
            item["works"]
            for item in self._document["nearest"]
            if fnmatch.fnmatchcase(counter, item["counter"]) and re.search(item["says"], reason)
        ]
        running = [{cell["counter"] for cell in model["cells"] if cell["outcome"] == "explained"} for model in models]
        others = sorted(set.intersection(*running)) if running else []
        explained = [later("on these models {counters} are explained", counters=commas(others))] if others else []
        return retold(clauses([*said[:1], *explained]))


def _key(cell: Document) -> tuple[str, str, str]:
    """What makes two gaps the same; a model that was not run was run by no counter."""
    counter = phrase("every counter") if cell["outcome"] == "not run" else cell["counter"]
    return cell["outcome"], counter, _alike(cell["reason"])


def _alike(reason: str) -> str:
    """A reason without the places and numbers that differ from model to model."""
    text = re.sub(r" at (?:the model itself|[\w.]+) (?=has|:)", " ", reason)
    text = re.sub(r"\b(?:told|say) -?\d+|for [\w.:]+ \(", "", text)
    return re.sub(r"\d+", "#", text)


def _matrix(document: Document, group: Document, reasons: _Reasons) -> Iterator[str]:
    counters = [item["counter"] for item in document["counters"]]
    columns = (later("model"), later("input"), later("parameters (M)"), "reference", *counters)
    rows = tuple(_model_row(model, counters, reasons) for model in group["models"])
    yield f"## {group['name']}"
    yield phrase(
        "Totals in G of each counter's own unit; the reference in G multiply-adds, in brackets when it was computed "
        "from shapes alone. A number in a cell is an explained run; a word points to the reason of that number below."
    )
    yield table(Table(columns=columns, rows=rows, numeric=frozenset(columns[2:])))


def _model_row(model: Document, counters: Sequence[str], reasons: _Reasons) -> tuple[str, ...]:
    by_counter = {cell["counter"]: cell for cell in model["cells"]}
    executed = model["reference"]
    total = _giga(executed) if executed is not None else f"({_giga(model['by_shape'])})"
    size = "-" if model["parameters"] is None else f"{model['parameters'] / 10**6:.3f}"
    shapes = " ".join(model["inputs"]) + _context(model)
    return model["name"], shapes, size, total, *(_cell(by_counter[name], reasons) for name in counters)


def _context(model: Document) -> str:
    context = model["context"]
    parts = [] if context["mode"] == "eval" else [context["mode"]]
    parts += [] if context["grad"] == "as documented" else [context["grad"]]
    parts += [] if context["dtype"] == "float32" else [context["dtype"]]
    return f" ({', '.join(parts)})" if parts else ""


def _cell(cell: Document, reasons: _Reasons) -> str:
    if cell["outcome"] == "explained":
        return _giga(cell["total"])
    return f"{cell['outcome']} {reasons.number(cell)}"


def _published(document: Document) -> Iterator[str]:
    for group in document["groups"]:
        claims = [model for model in group["models"] if model["published"] is not None]
        if not claims:
            continue
        equal = sum(model["published"]["holds"] is True for model in claims)
        yield phrase("## Published numbers of {group}", group=group["name"])
        same, known = _same_parameters(claims)
        yield phrase(
            "{published_by} The reference equals the printed number, to the printed digit, for {equal} of {claims} "
            "models, and the parameters equal the printed ones for {same} of the {known} models that were run.",
            published_by=group["published_by"],
            equal=equal,
            claims=len(claims),
            same=same,
            known=known,
        )
        wrong = [model for model in claims if model["published"]["holds"] is not True]
        if wrong:
            columns = (later("model"), later("input"), later("published (G)"), later("reference (G)"), later("why"))
            rows = tuple(_claim_row(model) for model in wrong)
            yield table(Table(columns=columns, rows=rows, numeric=frozenset(columns[2:4])))


def _same_parameters(claims: Sequence[Document]) -> tuple[int, int]:
    """How many models have as many parameters as are printed, and of how many the parameters were counted."""
    known = [model for model in claims if model["parameters"] is not None and model["published"]["parameters"]]
    return sum(model["parameters"] == model["published"]["parameters"] for model in known), len(known)


def _claim_row(model: Document) -> tuple[str, ...]:
    macs = model["reference"] if model["reference"] is not None else model["by_shape"]
    claim = model["published"]
    return (
        model["name"],
        " ".join(model["inputs"]),
        claim["gmac"],
        _giga(macs),
        claim["exception"] or phrase("not explained"),
    )


def _versions(document: Document) -> list[str]:
    releases = commas(f"{escape(name)} {text}" for name, text in document["versions"].items())
    return [phrase("## Taken with"), phrase("{releases}.", releases=releases)]
