"""Asking counters: from counter ids, a model and its inputs to one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reconcile import reference
from reconcile.caching.answers import switched_off
from reconcile.errors import LedgerError, UsageError
from reconcile.inputs import Input
from reconcile.language import commas, later, phrase, retold
from reconcile.launching.launch import TIMEOUT, Request, arriving
from reconcile.launching.server import preload
from reconcile.ledger import Ledger
from reconcile.ledger import from_json as ledger_from_json
from reconcile.objects import ObjectSpec
from reconcile.registry import Entry, entries, entry
from reconcile.releases.overlay import make
from reconcile.resources.measures import measures_of
from reconcile.rules import TOTAL, Rules, predict
from reconcile.schema import Context, Count, Layer, Reference, Run
from reconcile.work import ROOT, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterId:
    """A counter, its release and the context asked for it: `thop`, `thop==0.0.31`, `torch@no_grad`, `fvcore@train`."""

    name: str
    context: tuple[str, ...] = ()
    release: str | None = None

    def __str__(self) -> str:
        name = self.name if self.release is None else f"{self.name}=={self.release}"
        return "@".join((name, *self.context))

    def within(self, context: Context) -> Context:
        """The context of this counter inside the context of the command."""
        for word in self.context:
            if word in ("grad", "no_grad"):
                context = replace(context, grad=word)  # type: ignore[arg-type]
            elif word == "inference_mode":
                context = replace(context, grad="inference")
            elif word in ("train", "eval"):
                context = replace(context, training=word == "train")
        return context


_SAID = 4000
"""Characters of what a worker printed that a document carries."""

CONTEXTS = ("grad", "no_grad", "inference_mode", "train", "eval")


def parse_counter(text: str) -> CounterId:
    """Read a counter id.

    >>> parse_counter("torch@no_grad").context
    ('no_grad',)
    >>> parse_counter("thop==0.0.31").release
    '0.0.31'
    """
    name, *context = text.split("@")
    name, equals, release = name.partition("==")
    if equals and not release:
        raise UsageError(phrase("the counter {text!r} names no release after its ==", text=text))
    for word in context:
        if word not in CONTEXTS:
            raise UsageError(
                phrase(
                    "the counter {text!r} has the context {word!r}; use one of {contexts}",
                    text=text,
                    word=word,
                    contexts=commas(CONTEXTS),
                )
            )
    return CounterId(name=name, context=tuple(context), release=release or None)


def entry_of(item: CounterId, adapters: Sequence[str] = ()) -> Entry:
    """The entry of a counter id, at its release."""
    return entry(item.name, adapters).at(item.release)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One model with its inputs, as workers are asked about it.

    `payload` is a live model and its inputs, pickled for the worker; `paddle` names the Paddle twin.
    With `cached`, answers are taken from the cache and kept there; those about a live model never are.
    `once` says that no overlay will be asked a second time.
    With `real` everything is computed; otherwise a PyTorch model is executed by shape.
    A counter whose library stands in the folder `checkout` is taken from there, and its answers are never kept.
    """

    model: ObjectSpec | None
    inputs: tuple[Input, ...] = ()
    context: Context = field(default_factory=Context)
    paddle: ObjectSpec | None = None
    adapters: tuple[str, ...] = ()
    payload: bytes = b""
    shown: str = ""
    real: bool = False
    timeout: float = TIMEOUT
    memory: int | None = None
    cached: bool = False
    jobs: int | None = None
    once: bool = False
    checkout: Path | None = None

    def entry(self, counter: CounterId) -> Entry:
        """The entry of a counter, at its release or in the checkout."""
        return entry_of(counter, self.adapters).within(self.checkout)

    def request(self, counter: CounterId, *, recorded: bool = True, traced: bool = False) -> Request:
        """The request for one counter; an overlay that it needs is made if it is missing.

        With `traced` the ledger is to hold composite ops whole, as a trace of the model does.
        """
        found = self.entry(counter)
        overlay = found.overlay
        document = {
            "counter": counter.name,
            "imports": found.counter.imports,
            "checkout": None if found.checkout is None else str(found.checkout),
            "overlay": None if overlay is None else str(make(overlay)),
            "adapters": list(self.adapters),
            "model": None if self.model is None else self.model.to_json(),
            "paddle": None if self.paddle is None else self.paddle.to_json(),
            "inputs": [item.to_json() for item in self.inputs],
            "context": counter.within(self.context).to_json(),
            "recorded": recorded,
            "real": self.real,
            **({"traced": True} if traced else {}),
        }
        kept = self.cached and not self.payload and found.checkout is None and not switched_off()
        shared = () if overlay is not None or found.checkout is not None else found.counter.brings
        return Request(document=document, payload=self.payload, once=self.once, kept=kept, brings=shared)

    def describe(self) -> dict[str, Any]:
        """The model and inputs as the documents show them."""
        document: dict[str, Any] = (
            {"object": self.shown, "arguments": {}} if self.model is None else self.model.to_json()
        )
        document["inputs"] = [str(item) for item in self.inputs]
        if self.paddle is not None:
            document["paddle"] = str(self.paddle)
        return document


def installed(adapters: Sequence[str] = (), *, overlays: bool = True) -> tuple[str, ...]:
    """Ids of the counters of operations that are installed, or stand in an overlay that is made; no reference."""
    known = entries(tuple(adapters)).items()
    able = {name: item for name, item in known if item.missing is None and item.counter.counts_operations}
    return tuple(name for name, item in able.items() if name != reference.NAME and (overlays or item.overlay is None))


def every(adapters: Sequence[str] = ()) -> tuple[str, ...]:
    """Ids of the counters of operations that are installed or have an overlay, made or not; the reference is none."""
    known = entries(tuple(adapters)).items()
    able = (name for name, item in known if item.counter.counts_operations and (item.overlay or not item.missing))
    return tuple(name for name in able if name != reference.NAME)


def preload_places(models: Iterable[ObjectSpec]) -> None:
    """Import the libraries that models come from once for all workers: that takes longer than counting one of them.

    Only those are imported that are known to execute nothing: a process forked after an op hangs at its first one.
    """
    harmless = {"reconcile", *(name for item in entries(()).values() for name in item.counter.brings)}
    places = {model.place for model in models if not model.is_file}
    preload(sorted(place for place in places if place.partition(".")[0] in harmless))


def ready(counters: Iterable[str], adapters: Sequence[str] = (), checkout: Path | None = None) -> Mapping[str, Entry]:
    """The entries of counters by their ids, their overlays made; one that cannot run here at all is refused."""
    found = {text: entry_of(parse_counter(text), adapters).within(checkout) for text in counters}
    for item in found.values():
        if item.missing and (item.broken or item.overlay is None):
            raise UsageError(retold(item.missing))
        if item.overlay is not None:
            make(item.overlay)
    return found


def ask(question: Question, counters: Sequence[str]) -> Run:
    """Run counters on a model; what is wrong with the question itself is refused, a broken counter is a failed row."""
    found = ready(dict.fromkeys(counters), question.adapters, question.checkout)
    ids = [parse_counter(text) for text in found]
    clean = CounterId(name=reference.NAME)
    asked = ids if clean in ids else [clean, *ids]
    requests = [question.request(item) for item in asked]
    known = dict(zip(ids, found.values(), strict=True))
    counts: dict[CounterId, Count] = {}
    with closing(arriving(requests, timeout=question.timeout, memory=question.memory, jobs=question.jobs)) as answers:
        answered: dict[CounterId, Mapping[str, Any]] = {}
        for item, answer in zip(asked, answers, strict=True):
            answered[item] = answer
            if item in known:
                counts[item] = _count(item, known[item], answer, item.within(question.context))
    _refuse_bad_question(question, answered[clean], tuple(answered.values()))
    basis = ledger_from_json(answered[clean]["ledger"])
    model = question.describe() | {"framework": basis.framework, "parameters": answered[clean]["parameters"]}
    return Run(
        model=model,
        context=question.context,
        reference=Reference.of(basis),
        counts=tuple(counts[item] for item in ids),
    )


def _refuse_bad_question(question: Question, clean: Mapping[str, Any], answers: Sequence[Mapping[str, Any]]) -> None:
    for answer in (clean, *answers):
        if answer["status"] == "failed" and answer.get("fault") == "usage":
            raise UsageError(retold(answer["reason"]))
    if clean["status"] == "failed":
        shapes = " ".join(str(item) for item in question.inputs) or phrase("it was given")
        if clean.get("fault") == "lost":
            raise UsageError(
                phrase(
                    "the model gave no answer on the input {shapes}: {reason}",
                    shapes=shapes,
                    reason=retold(clean["reason"]),
                )
            )
        raise UsageError(
            phrase("the model fails on the input {shapes}: {reason}", shapes=shapes, reason=retold(clean["reason"]))
        )


def _count(item: CounterId, known: Entry, answer: Mapping[str, Any], context: Context) -> Count:
    if answer["status"] == "failed":
        return replace(count_failed(item, known, str(answer.get("reason")), context), said=said_of(answer))
    try:
        return count_answered(item, known, answer, context)
    except (LedgerError, KeyError, TypeError, ValueError) as error:
        return count_failed(item, known, contradiction(error), context)


def contradiction(error: Exception) -> str:
    """The reason of an answer whose parts do not fit together."""
    return later("its answer contradicts itself: {kind}: {error}", kind=type(error).__name__, error=str(error))


def count_failed(item: CounterId, known: Entry, reason: str, context: Context) -> Count:
    """The count of a counter that gave no answer, or a broken one."""
    return Count(
        counter=str(item),
        version=known.version,
        unit=known.counter.unit,
        status="failed",
        reason=reason,
        context=context,
    )


def count_answered(item: CounterId, known: Entry, answer: Mapping[str, Any], context: Context) -> Count:
    """The count of an answer; one that contradicts itself raises."""
    counter = known.counter
    ledger = ledger_from_json(answer["ledger"])
    work, ruled = Work(ledger), counter.at(answer["version"])
    return Count(
        counter=str(item),
        version=answer["version"],
        unit=counter.unit,
        status="ok",
        total=answer["total"],
        params=answer["params"],
        layers=_layers(ruled.rules, work, answer),
        measures=measures_of(work, answer["measures"], ruled.measures, ruled.rules),
        ledger=ledger,
        context=context,
        execution=answer["execution"],
        warnings=(*answer["warnings"], *_unread(known, answer["version"])),
        side_effects=tuple(answer["side_effects"]),
        certificate=answer["certificate"],
        said=said_of(answer),
        ruled=counter.written(answer["version"]),
    )


def said_of(answer: Mapping[str, Any]) -> str:
    """What a worker printed, cut to what a document should carry: its end says more than its beginning."""
    text = str(answer.get("said", ""))
    return text if len(text) <= _SAID else f"... {len(text) - _SAID} characters left out ...\n{text[-_SAID:]}"


def _unread(known: Entry, version: str | None) -> Sequence[str]:
    """What is to be said of a release whose source nobody read."""
    if known.counter.written(version):
        return ()
    return (
        later(
            "no rules are written for release {version}; those of {read} were used, and prove nothing",
            version=version,
            read=known.counter.read,
        ),
    )


def _layers(rules: Rules, work: Work, answer: Mapping[str, Any]) -> tuple[Layer, ...]:
    predictions = predict(rules, work)
    told = {row["layer"]: row for row in answer["rows"]}
    params = answer["measures"].get("params", {"rows": {}})["rows"]
    names = dict.fromkeys([*(name for name in predictions if name != TOTAL), *told])
    rows = []
    for name in names:
        row, prediction = told.get(name, {}), predictions.get(name)
        rows.append(
            Layer(
                layer=name,
                type=type_of(work.ledger, name),
                told=row.get("told"),
                predicted=None if prediction is None else prediction.value,
                params=params.get(name),
            )
        )
    rest = (answer["total"] or 0) - sum(row.told or 0 for row in rows)
    if TOTAL in predictions or rest:
        value = predictions[TOTAL].value if TOTAL in predictions else None
        rows.append(Layer(layer=TOTAL, type="total", told=rest, predicted=value))
    return tuple(rows)


def type_of(ledger: Ledger, layer: str) -> str:
    """What a row stands for: the class of its module, or the kind of op."""
    path, colons, kind = layer.partition("::")
    if colons:
        return kind
    place = ledger.places.get("" if layer == ROOT else path)
    return place.name if place is not None else "?"
