"""An audit: several counters on one model, and every difference between them explained."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconcile import reference
from reconcile.ask import Question, ask, installed
from reconcile.claims.claim import Claim
from reconcile.ends import side_from_count, side_of_claim, sides
from reconcile.errors import UsageError
from reconcile.explain import Explanation, explain
from reconcile.inputs import Input
from reconcile.language import commas, phrase
from reconcile.launching.launch import TIMEOUT
from reconcile.launching.payload import payload
from reconcile.objects import parse_object
from reconcile.resources.metrics import OPERATIONS
from reconcile.schema import Context, Run
from reconcile.side import Side

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False)
class Why:
    """An explanation as the API gives it: tables, and true if nothing is left unexplained."""

    explanation: Explanation

    @property
    def residual(self) -> int:
        """What no rule accounts for."""
        return self.explanation.residual

    @property
    def explained(self) -> int:
        """The part of the difference that has a cause."""
        return self.explanation.explained

    @property
    def causes(self) -> pandas.DataFrame:
        """One row for each cause, the largest first."""
        import pandas

        columns = ["cause", "amount", "layers", "because", "sources"]
        return pandas.DataFrame(self.explanation.to_json()["causes"], columns=columns)

    @property
    def layers(self) -> pandas.DataFrame:
        """One row for each layer and cause; a layer without a difference has one row without a cause."""
        import pandas

        rows = []
        for layer in self.explanation.to_json()["layers"]:
            kept = {name: layer[name] for name in ("layer", "type", "from", "to", "difference", "residual")}
            rows += [kept | {name: cause[name] for name in ("cause", "amount", "formula")} for cause in layer["causes"]]
            rows += [] if layer["causes"] else [kept | {"cause": None, "amount": 0, "formula": None}]
        frame = pandas.DataFrame(rows)
        return frame.astype(dict.fromkeys(("from", "to", "difference", "residual", "amount"), "Int64"))

    def __repr__(self) -> str:
        left, right = self.explanation.left.counter, self.explanation.right.counter
        return f"Why({left} - {right} = {self.explanation.difference}, residual={self.residual})"

    def __bool__(self) -> bool:
        return self.explanation.complete


@dataclass(frozen=True, eq=False)
class Audit:
    """What several counters told of one model, and the means to explain it."""

    question: Question
    run: Run
    _explained: dict[tuple[str, str, str], Explanation] = field(default_factory=dict, init=False, repr=False)

    SCHEMA = "reconcile/audit/1"

    def __repr__(self) -> str:
        names = ", ".join(count.counter for count in self.run.counts)
        return f"Audit({self.run.model['object']}: {names})"

    @cached_property
    def _sides(self) -> Mapping[str, Side]:
        counts = [count for count in self.run.counts if count.status == "ok" and count.total is not None]
        return {count.counter: side_from_count(count, self.question) for count in counts}

    def side(self, counter: str, metric: str = OPERATIONS) -> Side:
        """One counter's answer taken apart; claims and saved runs may be named too."""
        if metric == OPERATIONS and counter in self._sides:
            return self._sides[counter]
        answered = self.run.count(counter)
        if answered is not None and answered.status == "ok":
            return side_from_count(answered, self.question, metric)
        failed = self.run.count(counter)
        if failed is not None:
            raise UsageError(
                phrase(
                    "{counter} failed, so its number cannot be explained: {reason}",
                    counter=counter,
                    reason=failed.reason,
                )
            )
        if not counter.startswith(("claim:", "run:")):
            raise UsageError(
                phrase(
                    "{counter!r} is not part of this audit; it has {sides}", counter=counter, sides=commas(self._sides)
                )
            )
        return sides(self.question, [counter], metric)[counter]

    def claimed(self, claim: Claim) -> Side:
        """A claim about this very model and input, read against the audit's own reference."""
        return side_of_claim(claim, self.side(reference.NAME))

    def explanation(self, left: str, right: str, metric: str = OPERATIONS) -> Explanation:
        """Why `left` minus `right` is what it is, in operations, `params`, `memory`, `memread` or `memwrite`."""
        if (left, right, metric) not in self._explained:
            self._explained[left, right, metric] = explain(self.side(left, metric), self.side(right, metric))
        return self._explained[left, right, metric]

    def explain(self, left: str, right: str, metric: str = OPERATIONS) -> Why:
        """Why `left` minus `right` is what it is, as tables."""
        return Why(self.explanation(left, right, metric))

    @cached_property
    def explanations(self) -> tuple[Explanation, ...]:
        """Every counter against the reference, then every pair of counters."""
        names = [name for name in self._sides if name != reference.NAME]
        pairs = [(name, reference.NAME) for name in names if reference.NAME in self._sides]
        return tuple(self.explanation(left, right) for left, right in [*pairs, *combinations(names, 2)])

    @property
    def explained(self) -> bool:
        """Whether every counter answered and nothing is left unexplained."""
        return self.run.explained and all(self.explanations)

    def totals(self) -> pandas.DataFrame:
        """One row for each counter: raw integers, nothing rounded."""
        import pandas

        rows = [
            {
                "counter": count.counter,
                "version": count.version,
                "unit": count.unit,
                "status": count.status,
                "total": count.total,
                "params": count.params,
                "explained": count.explained,
                "reason": count.reason,
            }
            for count in self.run.counts
        ]
        return pandas.DataFrame(rows).astype({"total": "Int64", "params": "Int64"})

    def layers(self) -> pandas.DataFrame:
        """One row for each counter and layer: raw integers, nothing where a counter told nothing."""
        import pandas

        rows = [
            {
                "counter": count.counter,
                "layer": layer.layer,
                "type": layer.type,
                "told": layer.told,
                "state": layer.state,
                "predicted": layer.predicted,
                "residual": layer.residual,
                "params": layer.params,
            }
            for count in self.run.counts
            for layer in count.layers
        ]
        frame = pandas.DataFrame(rows, columns=[*_LAYER_COLUMNS])
        return frame.astype({"told": "Int64", "predicted": "Int64", "residual": "Int64", "params": "Int64"})

    def document(self) -> dict[str, Any]:
        """The audit as plain JSON values: the run and every explanation."""
        explanations = [item.to_json() for item in self.explanations]
        return {"schema": self.SCHEMA, "run": self.run.to_json(), "explanations": explanations}

    def to_json(self, path: str) -> None:
        """Write the whole audit as JSON."""
        from reconcile.render.files import write_json

        write_json(path, self.document())

    def to_markdown(self, path: str | None = None) -> str:
        """The report as Markdown; written to `path` if one is given."""
        from reconcile.render.files import write_text
        from reconcile.render.report import report

        text = report(self)
        if path is not None:
            write_text(path, text)
        return text

    def to_html(self, path: str) -> None:
        """Write the report as one self-contained HTML page."""
        from reconcile.render.files import write_text
        from reconcile.render.html import page
        from reconcile.topic import topic

        write_text(path, page(topic(self)))


_LAYER_COLUMNS = ("counter", "layer", "type", "told", "state", "predicted", "residual", "params")


def audit_question(question: Question, counters: Sequence[str] | None = None) -> Audit:
    """Run counters (all that are installed, if none are named) and the reference on a model."""
    named = list(counters) if counters else list(installed(question.adapters))
    if not named:
        raise UsageError(phrase("no counter is installed; pip install 'flop-reconcile[all]' brings them"))
    names = [*(name for name in named if name != reference.NAME), reference.NAME]
    return Audit(question, ask(question, names))


def audit(
    model: object,
    inputs: Sequence[object] = (),
    counters: Sequence[str] | None = None,
    *,
    arguments: Mapping[str, Any] | None = None,
    paddle: str | None = None,
    adapters: Sequence[str] = (),
    context: Context | None = None,
    real: bool = False,
    timeout: float = TIMEOUT,
    memory: int | None = None,
    cache: bool = True,
    jobs: int | None = None,
    checkout: str | Path | None = None,
) -> Audit:
    """Run counters on a model, each in a process of its own.

    `model` is `package.module:attr`, `file.py:attr`, or a live `torch.nn.Module` or `paddle.nn.Layer`; a live model is
    copied into the workers and left as it was.  `inputs` are tensors (for a live model) or texts as on the command line
    (`"1,3,224,224"`), batch first.  A PyTorch model is executed by shape unless `real` asks to compute everything.
    Each counter may take `timeout` seconds and hold `memory` bytes.
    Answers about a model that is named are kept and taken from the cache, unless `cache` is false.
    A counter whose library stands in the folder `checkout` is taken from there.
    Raises `UsageError` when the model, an input or a counter cannot be used.
    """
    inputs = (inputs,) if isinstance(inputs, str) or hasattr(inputs, "shape") else tuple(inputs)
    counters = (counters,) if isinstance(counters, str) else counters
    question = Question(
        model=parse_object(model, arguments) if isinstance(model, str) else None,
        inputs=_inputs(inputs),
        context=context or Context(),
        paddle=None if paddle is None else parse_object(paddle),
        adapters=tuple(adapters),
        payload=b"" if isinstance(model, str) else payload(model, tuple(inputs)),
        shown=model if isinstance(model, str) else f"a live {type(model).__name__}",
        real=real,
        timeout=timeout,
        memory=memory,
        cached=cache,
        jobs=jobs,
        checkout=None if checkout is None else Path(checkout).resolve(),
    )
    return audit_question(question, counters)


def _inputs(inputs: Sequence[object]) -> tuple[Input, ...]:
    from reconcile.inputs import parse_input

    found = []
    for item in inputs:
        shape, dtype = getattr(item, "shape", None), getattr(item, "dtype", None)
        if isinstance(item, str):
            found.append(parse_input(item))
        elif shape is not None:
            found.append(Input(shape=tuple(int(size) for size in shape), dtype=str(dtype).rpartition(".")[2]))
        else:
            raise UsageError(
                phrase(
                    "the input {item} is neither a tensor nor sizes such as '1,3,224,224'",
                    item=" ".join(reprlib.repr(item).split()),
                )
            )
    return tuple(found)
