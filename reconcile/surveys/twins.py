"""Twins: `paddle.flops` on the Paddle mirror of each model of a list, with the proof that both compute the same.

Finished models are kept as small files, as a survey keeps them, so that an interrupted list goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from reconcile import progress
from reconcile.ask import Question
from reconcile.audit import Audit, audit_question
from reconcile.errors import UsageError
from reconcile.language import ENGLISH, speaking
from reconcile.launching.launch import TIMEOUT
from reconcile.launching.server import preload
from reconcile.refused import FUNCTIONS, LAYERS, by_reason
from reconcile.schema import Count, Reference
from reconcile.surveys.survey import UNREACHED, Cell, Shelf, by_shape, cell_of, versions_of
from reconcile.surveys.survey_file import Survey, SurveyModel

COUNTER = "paddle"

SCHEMA = "reconcile/twins/1"


def _proved(audit: Audit, count: Count) -> dict[str, Any]:
    """What came of the counter, the twin's own multiply-adds by definition, and the certificate of equivalence."""
    twin = None if count.ledger is None else Reference.of(count.ledger).total
    certificate = None if count.certificate is None else dict(count.certificate)
    return cell_of(audit, count).to_json() | {"twin": twin, "certificate": certificate}


def _unproved(outcome: Any, reason: str) -> dict[str, Any]:
    cell = Cell(counter=COUNTER, outcome=outcome, reason=reason).to_json()
    return cell | {"twin": None, "certificate": None}


def twin_model(
    model: SurveyModel,
    survey: Survey,
    *,
    before: dict[str, Any] | None = None,
    finished: bool = False,
    timeout: float = TIMEOUT,
    memory: int | None = None,
) -> dict[str, Any]:
    """The document of one model: its work by shape and as PyTorch executed it, and the cell of its twin.

    `before` is what is known of it already; with `finished` nothing is run but what tells its work by shape.
    """
    if before and before["cells"]:
        return before
    question = Question(model=model.model, inputs=model.inputs, context=model.context, timeout=timeout, memory=memory)
    shapes = None if before else by_shape(question)
    macs = before["by_shape"] if before else (shapes.total if isinstance(shapes, Reference) else None)
    document: dict[str, Any] = model.to_json() | {"by_shape": macs, "reference": None, "parameters": None}
    limit, why = survey.limit, model.not_run
    if not why and limit is not None and macs is not None and macs > limit.gmac * 10**9:
        why = limit.because
    if why or finished:
        return document | {"cells": [_unproved("not run", why or UNREACHED)]}
    try:
        with speaking(ENGLISH):
            audit = audit_question(question, [COUNTER])
    except UsageError as error:
        return document | {"cells": [_unproved("failed", str(error))]}
    found, count = audit.run.reference, audit.run.count(COUNTER)
    assert found is not None
    assert count is not None
    document |= {"reference": found.total, "parameters": audit.run.model["parameters"]}
    return document | {"cells": [_proved(audit, count)]}


def run_twins(
    survey: Survey,
    *,
    models: Sequence[SurveyModel],
    command: str,
    title: str,
    cache: str | None = None,
    resume: bool = False,
    finished: bool = False,
    timeout: float = TIMEOUT,
    memory: int | None = None,
) -> dict[str, Any]:
    """Mirror, certify and count every model, and give the document of it.

    With `resume` what is kept in the folder `cache` is taken from there; with `finished` nothing else is run.
    """
    shelf = Shelf(cache, resume=resume or finished, libraries=versions_of((), survey.preload))
    preload(survey.preload)
    done: list[dict[str, Any]] = []
    for number, model in enumerate(models, start=1):
        kept = shelf.kept(model, [COUNTER])
        document = twin_model(model, survey, before=kept, finished=finished, timeout=timeout, memory=memory)
        shelf.keep(model, document)
        progress.finished(number, len(models), f"{model.name}: {document['cells'][0]['outcome']}")
        done.append(document)
    return {
        "schema": SCHEMA,
        "title": title,
        "command": command,
        "versions": versions_of([COUNTER], survey.preload),
        "limit": None if survey.limit is None else {"gmac": survey.limit.gmac, "because": survey.limit.because},
        "refused": {"layers": by_reason(LAYERS), "functions": by_reason(FUNCTIONS)},
        "models": done,
    }


def explained(documents: Iterable[dict[str, Any]]) -> bool:
    """Whether every twin is certified, and what is told of it explained."""
    return all(document["cells"][0]["outcome"] == "explained" for document in documents)
