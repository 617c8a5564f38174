"""The ends of a difference: counters, the reference, claims, formulas and saved runs, each made into a side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from reconcile import reference
from reconcile.adapter import Counter
from reconcile.ask import Question, ask, parse_counter, type_of
from reconcile.claims.claim import Claim
from reconcile.claims.claim_file import read_claim
from reconcile.claims.claim_side import claim_side
from reconcile.errors import LedgerError, UsageError
from reconcile.language import commas, phrase
from reconcile.published.formula import PREFIX, Formula, read_formula
from reconcile.published.formula_side import formula_side
from reconcile.registry import entry
from reconcile.resources.measures import measured_side
from reconcile.resources.metrics import OPERATIONS
from reconcile.schema import Count, Run
from reconcile.schemas import schema
from reconcile.side import Side, side_of
from reconcile.work import Work


def sides(question: Question, ids: Sequence[str], metric: str = OPERATIONS) -> dict[str, Side]:
    """A side for each id; counters are run together, claims are read against the reference of their own input."""
    if metric != OPERATIONS and any(text.startswith(("claim:", PREFIX)) for text in ids):
        raise UsageError(
            phrase("claims state operations; {metric} can be compared between counters only", metric=metric)
        )
    claims = {text: read_claim(text.removeprefix("claim:")) for text in ids if text.startswith("claim:")}
    saved = {text: _saved(text) for text in ids if text.startswith("run:")}
    stated = {text: read_formula(text) for text in ids if text.startswith(PREFIX)}
    counters = [text for text in dict.fromkeys(ids) if text not in {*claims, *saved, *stated}]
    needs_reference = bool(stated) or any(claim.inputs == question.inputs for claim in claims.values())
    asked = [*counters, *([reference.NAME] if needs_reference and reference.NAME not in counters else [])]
    found = {text: _saved_side(text, run, count, question, metric) for text, (run, count) in saved.items()}
    if asked:
        found |= _of_run(question, ask(question, asked), metric)
    for text, claim in claims.items():
        found[text] = _claimed(question, claim, found.get(reference.NAME))
    for text, formula in stated.items():
        found[text] = side_of_formula(formula, found[reference.NAME])
    return {text: _told_apart(text, found) if text in saved else found[text] for text in ids}


def _told_apart(text: str, found: Mapping[str, Side]) -> Side:
    """A saved side under its counter's name, or under its whole id where another end has that name too."""
    side = found[text]
    alike = [other for other in found.values() if other.name == side.name]
    return replace(side, name=text) if len(alike) > 1 else side


def _of_run(question: Question, run: Run, metric: str = OPERATIONS) -> dict[str, Side]:
    found = {}
    for count in run.counts:
        if count.status == "failed":
            raise UsageError(
                phrase(
                    "{counter} failed, so its number cannot be explained: {reason}",
                    counter=count.counter,
                    reason=count.reason,
                )
            )
        found[count.counter] = side_from_count(count, question, metric)
    return found


def side_from_count(count: Count, question: Question, metric: str = OPERATIONS) -> Side:
    """The side of a counter that answered."""
    return _side(count, question.adapters, tuple(str(item) for item in question.inputs), metric)


def _side(count: Count, adapters: Sequence[str], inputs: tuple[str, ...], metric: str) -> Side:
    counter = entry(parse_counter(count.counter).name, adapters).counter.at(count.version)
    if metric == OPERATIONS:
        return side_of(count, counter.rules, inputs)
    if metric not in counter.measures:
        raise UsageError(
            phrase(
                "{counter} tells nothing of {metric}; it tells {metrics}",
                counter=counter.id,
                metric=metric,
                metrics=commas(_tells(counter)),
            )
        )
    return measured_side(count, metric, counter.measures[metric], counter.rules, inputs)


def _tells(counter: Counter) -> tuple[str, ...]:
    return (OPERATIONS, *counter.measures)


def _claimed(question: Question, claim: Claim, shared: Side | None) -> Side:
    """The side of a claim; at another input than the question's, the reference is taken there too."""
    if question.model is not None and str(claim.model) != str(question.model):
        raise UsageError(
            phrase(
                "{claim} is about {model}, not about {asked}", claim=claim.id, model=claim.model, asked=question.model
            )
        )
    if question.payload and claim.inputs != question.inputs:
        raise UsageError(phrase("{claim} is about another input than the live model was given", claim=claim.id))
    if shared is None or claim.inputs != question.inputs:
        own = replace(question, inputs=claim.inputs)
        shared = _of_run(own, ask(own, [reference.NAME]))[reference.NAME]
    return side_of_claim(claim, shared)


def side_of_claim(claim: Claim, executed: Side) -> Side:
    """The side of a claim, read against the work of a reference run."""
    return claim_side(claim, Work(executed.work.ledger), _types(executed.work))


def side_of_formula(formula: Formula, executed: Side) -> Side:
    """The side of a published formula, read against the work of a reference run."""
    return formula_side(formula, executed.work, _types(executed.work), executed.inputs)


def _types(work: Work) -> dict[str, str]:
    return {name: type_of(work.ledger, name) for name in work.layers}


def _saved(text: str) -> tuple[Run, Count]:
    """The run and the count that `run:FILE.json` or `run:FILE.json:ID` names."""
    import jsonschema

    file, _, wanted = text.removeprefix("run:").partition(".json")
    path, wanted = Path(f"{file}.json"), wanted.removeprefix(":")
    if not path.is_file():
        raise UsageError(phrase("the saved run {path!r} does not exist", path=str(path)))
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.validate(document, schema("run"))
        run = Run.from_json(document)
    except jsonschema.ValidationError as error:
        raise UsageError(
            phrase("{path!r} is no saved run: {message}", path=str(path), message=error.message[:200])
        ) from error
    except (ValueError, LedgerError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(phrase("{path!r} is no saved run: {error}", path=str(path), error=error)) from error
    counts = [count for count in run.counts if count.status == "ok" and (not wanted or count.counter == wanted)]
    if len(counts) != 1:
        names = ", ".join(count.counter for count in run.counts if count.status == "ok")
        raise UsageError(
            phrase(
                "{text!r} must name one count; write run:{path}:ID with one of {names}",
                text=text,
                path=path,
                names=names or "none",
            )
        )
    return run, counts[0]


def _saved_side(text: str, run: Run, count: Count, question: Question, metric: str) -> Side:
    """The side of a saved count of the very model that is asked about."""
    if question.model is not None and run.model["object"] != str(question.model):
        raise UsageError(
            phrase(
                "{text!r} is a run of {object}, not of {model}",
                text=text,
                object=run.model["object"],
                model=question.model,
            )
        )
    try:
        return saved_side(count, run, question.adapters, metric)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            phrase("{text!r} holds a ledger that contradicts itself: {error!r}", text=text, error=error)
        ) from error


def saved_side(count: Count, run: Run, adapters: Sequence[str] = (), metric: str = OPERATIONS) -> Side:
    """The side of a saved count, explained by the rules of its adapter, whether its library is installed or not."""
    shapes: Mapping[str, object] = run.model
    inputs = shapes.get("inputs")
    return _side(count, adapters, tuple(map(str, inputs)) if isinstance(inputs, list) else (), metric)
