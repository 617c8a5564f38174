"""The schema of a run: who counted what, on which model, in which context, and what it told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from reconcile.errors import LedgerError
from reconcile.ledger import Ledger
from reconcile.ledger import from_json as ledger_from_json
from reconcile.ledger import to_json as ledger_to_json
from reconcile.work import Work

State = Literal["counted", "zero", "unseen"]

Execution = Literal["shape", "real"]


def state_of(told: int | None) -> State:
    """The state of a told count.

    >>> state_of(12), state_of(0), state_of(None)
    ('counted', 'zero', 'unseen')
    """
    if told is None:
        return "unseen"
    return "counted" if told else "zero"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """How the model ran; `grad` is None where the library decides, as its documented call has it."""

    training: bool = False
    grad: Literal["grad", "no_grad", "inference"] | None = None
    dtype: str = "float32"
    device: str = "cpu"

    def to_json(self) -> dict[str, Any]:
        """The context as plain JSON values."""
        mode = "train" if self.training else "eval"
        return {"mode": mode, "grad": self.grad or "as documented", "dtype": self.dtype, "device": self.device}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Context:
        """The context of a document."""
        grad = None if document["grad"] == "as documented" else document["grad"]
        return cls(training=document["mode"] == "train", grad=grad, dtype=document["dtype"], device=document["device"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One row of a count: `told` is what the counter said, `predicted` what its rules say; None is nothing."""

    layer: str
    type: str
    told: int | None
    predicted: int | None
    params: int | None = None

    @property
    def state(self) -> State:
        """Counted, zero by the counter's rule, or never seen by it."""
        return state_of(self.told)

    @property
    def residual(self) -> int:
        """What the rules do not account for."""
        return (self.told or 0) - (self.predicted or 0)

    @property
    def mismatch(self) -> bool:
        """Whether one of told and predicted is nothing and the other is not."""
        return (self.told is None) != (self.predicted is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a counter told of a metric besides operations; its rows sum to its total."""

    metric: str
    unit: str
    total: int
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        told = sum(layer.told or 0 for layer in self.layers)
        if told != self.total:
            raise LedgerError(f"the rows of {self.metric} sum to {told}, the total is {self.total}")

    @property
    def explained(self) -> bool:
        """Whether every row is what the counter's rules predict."""
        return not any(layer.residual for layer in self.layers)

    def to_json(self) -> dict[str, Any]:
        """The measure as plain JSON values."""
        rows = [
            {"layer": row.layer, "type": row.type, "told": row.told, "predicted": row.predicted} for row in self.layers
        ]
        return {"metric": self.metric, "unit": self.unit, "total": self.total, "layers": rows}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Measure:
        """The measure of a document; `from_json(to_json(x)) == x`."""
        rows = tuple(Layer(**{**row, "params": None}) for row in document["layers"])
        return cls(metric=document["metric"], unit=document["unit"], total=document["total"], layers=rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What one counter told in one run; the rows' `told` sum to `total`, which is None if it counts no operations.

    `execution` says whether the model was executed by shape or computed.
    `certificate` is the proof that the model counted is the model asked about, where it had to be built anew in
    another framework.  `ruled` is false where no rules are written for the release that answered.
    `said` is the end of what the counter printed.
    """

    counter: str
    version: str | None
    unit: str
    status: Literal["ok", "failed"]
    reason: str | None = None
    total: int | None = None
    params: int | None = None
    layers: tuple[Layer, ...] = ()
    ledger: Ledger | None = None
    context: Context = field(default_factory=Context)
    warnings: tuple[str, ...] = ()
    side_effects: tuple[str, ...] = ()
    certificate: Mapping[str, Any] | None = None
    measures: tuple[Measure, ...] = ()
    ruled: bool = True
    said: str = ""
    execution: Execution = "real"

    def __post_init__(self) -> None:
        if self.status == "ok":
            told = sum(layer.told or 0 for layer in self.layers)
            if told != (self.total or 0):
                raise LedgerError(f"the rows of {self.counter} sum to {told}, its total is {self.total}")

    def measure(self, metric: str) -> Measure | None:
        """What the counter told of a metric; None if it tells nothing of it."""
        return next((measure for measure in self.measures if measure.metric == metric), None)

    @property
    def residual(self) -> int:
        """The sum over rows of what the rules do not account for, each row taken by its size."""
        return sum(abs(layer.residual) for layer in self.layers)

    @property
    def explained(self) -> bool:
        """Whether every row equals its prediction, state included, by rules that were written for the release."""
        if self.status != "ok" or not self.ruled or not all(measure.explained for measure in self.measures):
            return False
        return not any(layer.residual or layer.mismatch for layer in self.layers)

    def to_json(self) -> dict[str, Any]:
        """The count as plain JSON values, its ledger with the terms of every op."""
        document: dict[str, Any] = {
            "counter": self.counter,
            "version": self.version,
            "unit": self.unit,
            "status": self.status,
            "reason": self.reason,
            "total": self.total,
            "params": self.params,
            "layers": [_layer_to_json(layer) for layer in self.layers],
            "context": self.context.to_json(),
            "ledger": None,
            "warnings": list(self.warnings),
            "side_effects": list(self.side_effects),
            "certificate": None if self.certificate is None else dict(self.certificate),
            "measures": [measure.to_json() for measure in self.measures],
            "ruled": self.ruled,
            "said": self.said,
            "execution": self.execution,
        }
        if self.ledger is not None:
            document["ledger"] = _priced(self.ledger)
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Count:
        """The count of a document; `from_json(to_json(x)) == x`."""
        ledger = document["ledger"]
        return cls(
            counter=document["counter"],
            version=document["version"],
            unit=document["unit"],
            status=document["status"],
            reason=document["reason"],
            total=document["total"],
            params=document["params"],
            layers=tuple(_layer_from_json(item) for item in document["layers"]),
            ledger=None if ledger is None else ledger_from_json(_unpriced(ledger)),
            context=Context.from_json(document["context"]),
            warnings=tuple(document["warnings"]),
            side_effects=tuple(document["side_effects"]),
            certificate=document.get("certificate"),
            measures=tuple(Measure.from_json(item) for item in document.get("measures", ())),
            ruled=document.get("ruled", True),
            said=document.get("said", ""),
            execution=document.get("execution", "real"),
        )


def _layer_to_json(layer: Layer) -> dict[str, Any]:
    return {
        "layer": layer.layer,
        "type": layer.type,
        "told": layer.told,
        "state": layer.state,
        "predicted": layer.predicted,
        "params": layer.params,
    }


def _layer_from_json(document: Mapping[str, Any]) -> Layer:
    kept = ("layer", "type", "told", "predicted", "params")
    return Layer(**{name: document[name] for name in kept})


def _priced(ledger: Ledger) -> dict[str, Any]:
    document: dict[str, Any] = ledger_to_json(ledger)
    for op, terms in zip(document["ops"], Work(ledger).prices, strict=True):
        op["terms"] = None if terms is None else {name: part.value for name, part in terms.items()}
    return document


def _unpriced(document: Mapping[str, Any]) -> dict[str, Any]:
    ops = [{name: part for name, part in op.items() if name != "terms"} for op in document["ops"]]
    return {**document, "ops": ops}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The definition's own answer: multiply-adds by layer; partial when an executed op has no price."""

    total: int
    unit: str
    layers: Mapping[str, int]
    unpriced: tuple[str, ...] = ()

    @property
    def partial(self) -> bool:
        """Whether some executed work has no price, so that the total is a lower bound."""
        return bool(self.unpriced)

    @classmethod
    def of(cls, ledger: Ledger) -> Reference:
        """The reference of a ledger."""
        work = Work(ledger)
        layers = {name: part.value for name, part in work.reference.items()}
        return cls(total=sum(layers.values()), unit="MAC", layers=layers, unpriced=work.unpriced)

    def to_json(self) -> dict[str, Any]:
        """The reference as plain JSON values."""
        rows = [{"layer": name, "amount": part} for name, part in self.layers.items()]
        return {"total": self.total, "unit": self.unit, "layers": rows, "unpriced": list(self.unpriced)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Reference:
        """The reference of a document."""
        layers = {row["layer"]: row["amount"] for row in document["layers"]}
        return cls(total=document["total"], unit=document["unit"], layers=layers, unpriced=tuple(document["unpriced"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Several counters on one model and input."""

    model: Mapping[str, Any]
    context: Context
    reference: Reference | None
    counts: tuple[Count, ...]

    SCHEMA = "reconcile/run/1"

    def count(self, counter: str) -> Count | None:
        """The count of a counter, by its id; None if the run has none."""
        return next((count for count in self.counts if count.counter == counter), None)

    @property
    def explained(self) -> bool:
        """Whether every counter answered and every row equals its prediction."""
        whole = self.reference is None or not self.reference.partial
        return whole and all(count.explained for count in self.counts)

    def to_json(self) -> dict[str, Any]:
        """The run as plain JSON values."""
        return {
            "schema": self.SCHEMA,
            "model": dict(self.model),
            "context": self.context.to_json(),
            "reference": None if self.reference is None else self.reference.to_json(),
            "counts": [count.to_json() for count in self.counts],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Run:
        """The run of a document; `from_json(to_json(x)) == x`."""
        if document.get("schema") != cls.SCHEMA:
            raise LedgerError(f"expected the schema {cls.SCHEMA!r}, got {document.get('schema')!r}")
        reference = document["reference"]
        return cls(
            model=document["model"],
            context=Context.from_json(document["context"]),
            reference=None if reference is None else Reference.from_json(reference),
            counts=tuple(Count.from_json(item) for item in document["counts"]),
        )
