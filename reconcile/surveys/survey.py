"""A survey: the reference and every counter on each model of a list, and what came of it.

Finished models are kept as small files, so an interrupted survey goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from reconcile import __version__, progress, reference
from reconcile.ask import CounterId, Question, entry_of, every, parse_counter, ready
from reconcile.audit import Audit, audit_question
from reconcile.errors import LedgerError, UsageError
from reconcile.language import ENGLISH, clauses, commas, later, phrase, speaking
from reconcile.launching.launch import TIMEOUT, launch
from reconcile.launching.server import preload
from reconcile.ledger import from_json as ledger_from_json
from reconcile.render.files import make_folder, write_json
from reconcile.schema import Count, Reference
from reconcile.surveys.survey_file import Limit, Survey, SurveyModel

Outcome = Literal["explained", "residual", "failed", "not run"]
OUTCOMES: tuple[Outcome, ...] = ("explained", "residual", "failed", "not run")

SCHEMA = "reconcile/survey/1"

UNREACHED = later("not reached when this report was written; the command goes on with it by --resume")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What came of one counter on one model; `reason` says why it is not explained."""

    counter: str
    outcome: Outcome
    total: int | None = None
    params: int | None = None
    residual: int = 0
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """The cell as plain JSON values."""
        document: dict[str, Any] = {"counter": self.counter, "version": _version(self.counter)}
        document |= {"outcome": self.outcome, "total": self.total, "params": self.params, "residual": self.residual}
        return document | ({"reason": self.reason} if self.reason else {})


def cell_of(audit: Audit, count: Count) -> Cell:
    """What came of a counter: explained only if both directions against the reference are complete."""
    if count.status == "failed":
        return Cell(counter=count.counter, outcome="failed", reason=str(count.reason))
    try:
        pairs = ((count.counter, reference.NAME), (reference.NAME, count.counter))
        found = [audit.explanation(left, right) for left, right in pairs]
    except LedgerError as error:
        return Cell(
            counter=count.counter,
            outcome="failed",
            reason=later("its answer contradicts itself: {error}", error=str(error)),
        )
    whole = count.explained and all(item.complete and not item.residual for item in found)
    reason = "" if whole else _unexplained(count, found[0].partial)
    outcome: Outcome = "explained" if whole else "residual"
    return Cell(
        counter=count.counter,
        outcome=outcome,
        total=count.total,
        params=count.params,
        residual=count.residual,
        reason=reason,
    )


def _unexplained(count: Count, unpriced: Sequence[str]) -> str:
    rows = [row for row in count.layers if row.residual or row.mismatch]
    parts = [
        later(
            "told {told} for {layer} ({kind}), its rules say {predicted}",
            told=row.told,
            layer=row.layer,
            kind=row.type,
            predicted=row.predicted,
        )
        for row in rows[:1]
    ]
    parts += [later("{n} more rows differ", n=len(rows) - 1)] if len(rows) > 1 else []
    departing = tuple(measure.metric for measure in count.measures if not measure.explained)
    parts += [later("its {metrics} departs from its rules", metrics=commas(departing))] if departing else []
    parts += [later("no rules are written for release {version}", version=count.version)] if not count.ruled else []
    return clauses([*parts, *(later("no price is known for {ops}", ops=name) for name in unpriced)])


def by_shape(question: Question) -> Reference | str:
    """The reference computed from shapes alone, without any value; a sentence where that cannot be done."""
    own = replace(question, context=replace(question.context, device="meta"))
    (answer,) = launch([own.request(CounterId(name=reference.NAME))], timeout=question.timeout, memory=question.memory)
    if answer["status"] != "ok":
        return str(answer["reason"])
    return Reference.of(ledger_from_json(answer["ledger"]))


def _started(model: SurveyModel, shapes: Reference | str) -> dict[str, Any]:
    """The document of a model on which nothing ran yet."""
    macs = shapes.total if isinstance(shapes, Reference) else None
    return model.to_json() | {"by_shape": macs, "reference": None, "parameters": None, "unpriced": [], "cells": []}


def survey_model(
    model: SurveyModel,
    counters: Sequence[str],
    limit: Limit | None,
    *,
    before: dict[str, Any] | None = None,
    finished: bool = False,
    timeout: float = TIMEOUT,
    memory: int | None = None,
    jobs: int | None = None,
) -> dict[str, Any]:
    """Run counters on one model and add what came of them to the document of `before`, if there is one.

    With `finished` nothing is run that is missing there; it is said to be not reached.
    """
    question = Question(
        model=model.model, inputs=model.inputs, context=model.context, timeout=timeout, memory=memory, jobs=jobs
    )
    document = before or _started(model, by_shape(question))
    macs, why = document["by_shape"], model.not_run
    if not why and limit is not None and macs is not None and macs > limit.gmac * 10**9:
        why = limit.because
    if why:
        return document | {"cells": [Cell(counter=name, outcome="not run", reason=why).to_json() for name in counters]}
    missing = [name for name in counters if name not in {cell["counter"] for cell in document["cells"]}]
    if not missing:
        return document
    if finished:
        return _added(document, [Cell(counter=name, outcome="not run", reason=UNREACHED) for name in missing], counters)
    try:
        with speaking(ENGLISH):
            audit = audit_question(question, missing)
    except UsageError as error:
        cells = [Cell(counter=name, outcome="failed", reason=str(error)) for name in missing]
    else:
        found = audit.run.reference
        assert found is not None
        document |= {"reference": found.total, "parameters": audit.run.model["parameters"]}
        document |= {"unpriced": list(found.unpriced)}
        cells = [cell_of(audit, count) for count in audit.run.counts if count.counter != reference.NAME]
    return _added(document, cells, counters)


def _added(document: dict[str, Any], cells: Iterable[Cell], counters: Sequence[str]) -> dict[str, Any]:
    """The document of a model with more cells, in the order of the counters."""
    done = {cell["counter"]: cell for cell in [*document["cells"], *(cell.to_json() for cell in cells)]}
    return document | {"cells": [done[name] for name in counters]}


class Shelf:
    """The folder in which finished models are kept; with `resume`, what is there already is taken from it.

    What a counter told is kept as long as its release, the frameworks and the model libraries are the same.
    """

    def __init__(self, folder: str | None, *, resume: bool, libraries: Mapping[str, str]) -> None:
        self._folder = None if folder is None else make_folder(folder)
        self._resume = resume
        self._libraries = dict(libraries)

    def _file(self, model: SurveyModel) -> Path | None:
        if self._folder is None:
            return None
        key = json.dumps([model.to_json(), self._libraries], sort_keys=True)
        return self._folder / f"{model.name.partition(' ')[0]}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"

    def kept(self, model: SurveyModel, counters: Sequence[str]) -> dict[str, Any] | None:
        """The kept document of a model, with the cells of these counters that ran; a broken file is as good as none."""
        file = self._file(model)
        if file is None or not self._resume or not file.is_file():
            return None
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            cells = [cell for cell in document["cells"] if _is_kept(cell, counters)]
        except (ValueError, KeyError, TypeError):
            return None
        return {**document, "cells": cells}

    def keep(self, model: SurveyModel, document: dict[str, Any]) -> None:
        """Keep a model, with the release of each counter that ran on it."""
        file = self._file(model)
        if file is not None:
            write_json(file, document)


def _is_kept(cell: Mapping[str, Any], counters: Sequence[str]) -> bool:
    ran = cell["outcome"] != "not run" and cell["counter"] in counters
    return ran and cell["version"] == _version(cell["counter"])


def _version(counter: str) -> str | None:
    return entry_of(parse_counter(counter)).version


def versions_of(counters: Iterable[str], more: Iterable[str] = ()) -> dict[str, str]:
    """Releases of what a survey rests on: this package, Python, the frameworks, the counters, the model libraries."""
    found = {"flop-reconcile": __version__, "python": platform.python_version()}
    for name in ("torch", "numpy", *dict.fromkeys(name.partition(".")[0] for name in more)):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    asked = (entry_of(parse_counter(item)) for item in counters)
    return found | {
        item.counter.distribution: item.version for item in asked if item.counter.distribution and item.version
    }


def run_survey(
    survey: Survey,
    *,
    models: Sequence[SurveyModel],
    command: str,
    cache: str | None = None,
    resume: bool = False,
    finished: bool = False,
    timeout: float = TIMEOUT,
    memory: int | None = None,
    jobs: int | None = None,
) -> dict[str, Any]:
    """Run a survey over some of its models and give its document.

    With `resume` what is kept in the folder `cache` is taken from there; with `finished` nothing else is run.
    """
    counters = survey.counters or every()
    if not counters:
        raise UsageError(phrase("no counter is installed; pip install 'flop-reconcile[all]' brings them"))
    ready(counters)
    shelf = Shelf(cache, resume=resume or finished, libraries=versions_of((), survey.preload))
    preload(survey.preload)
    groups: dict[str, list[dict[str, Any]]] = {}
    for number, model in enumerate(models, start=1):
        before = shelf.kept(model, counters)
        document = survey_model(
            model,
            counters,
            survey.limit,
            before=before,
            finished=finished,
            timeout=timeout,
            memory=memory,
            jobs=jobs,
        )
        shelf.keep(model, document)
        progress.finished(number, len(models), f"{model.name}: {_tally(document)}")
        groups.setdefault(model.group, []).append(document | {"published": _published(model, document)})
    return {
        "schema": SCHEMA,
        "title": survey.title,
        "command": command,
        "versions": versions_of(counters, survey.preload),
        "counters": [_counter(name) for name in counters],
        "limit": None if survey.limit is None else {"gmac": survey.limit.gmac, "because": survey.limit.because},
        "nearest": [{"counter": item.counter, "says": item.says, "works": item.works} for item in survey.nearest],
        "groups": [
            {"name": name, "published_by": survey.published_by.get(name, ""), "models": found}
            for name, found in groups.items()
        ],
    }


def _counter(name: str) -> dict[str, str | None]:
    known = entry_of(parse_counter(name))
    return {"counter": name, "version": known.version, "unit": known.counter.unit}


def _tally(document: dict[str, Any]) -> str:
    outcomes = [cell["outcome"] for cell in document["cells"]]
    return ", ".join(f"{outcomes.count(item)} {item}" for item in OUTCOMES if item in outcomes)


def _published(model: SurveyModel, document: dict[str, Any]) -> dict[str, Any] | None:
    """What is published of a model against the reference, executed or, where it was not run, from shapes alone."""
    known = model.published
    if known is None:
        return None
    macs = document["reference"] if document["reference"] is not None else document["by_shape"]
    return {
        "gmac": known.gmac,
        "parameters": known.parameters,
        "holds": None if macs is None else known.holds(macs),
        "exception": known.exception,
    }


def complete(document: dict[str, Any]) -> bool:
    """Whether every run of a survey is explained, and every published number holds or has its exception."""
    models = [model for group in document["groups"] for model in group["models"]]
    runs = all(cell["outcome"] == "explained" for model in models for cell in model["cells"])
    claims = [model["published"] for model in models if model["published"] is not None]
    return runs and all(claim["holds"] or claim["exception"] for claim in claims)
