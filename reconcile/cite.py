"""Citing a number: one or two sentences and a row of a LaTeX table that say what it counts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconcile.ask import Question, ask
from reconcile.ends import side_from_count
from reconcile.errors import UsageError
from reconcile.render.text import number, readable
from reconcile.schema import Context, Count
from reconcile.scope import Scope, scope_of

SCHEMA = "reconcile/cite/1"

HEAD = ("model", "input", "count", "unit", "parameters", "counter", "context", "counts")
"""The columns of the LaTeX row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """One number with everything that a reader needs to take it for what it is."""

    model: str
    inputs: tuple[str, ...]
    context: Context
    counter: str
    version: str | None
    unit: str
    total: int
    params: int | None
    scope: Scope
    explained: bool

    @property
    def text(self) -> str:
        """The sentences."""
        first = (
            f"{self.model} takes {number(self.total)} {self.unit}s ({readable(self.total)}) on an input of "
            f"{' and '.join(self.inputs) or 'its own'}, as counted by {self._counter} in {self._context}."
        )
        return f"{first} {self._second}"

    @property
    def latex(self) -> str:
        """The row, whose columns are `HEAD`; it needs no package."""
        cells = (
            _escaped(self.model),
            " and ".join(_sizes(text) for text in self.inputs) or "--",
            _digits(self.total),
            self.unit,
            "--" if self.params is None else _digits(self.params),
            _escaped(self._counter),
            _escaped(self._context),
            _escaped("; ".join([*map(str, self.scope.counted), *map(str, self.scope.departures)])),
        )
        return " & ".join(cells) + r" \\"

    @property
    def _counter(self) -> str:
        return f"{self.counter} {self.version}" if self.version and "==" not in self.counter else self.counter

    @property
    def _context(self) -> str:
        shown = self.context.to_json()
        grad = "" if self.context.grad is None else f" with {shown['grad']}"
        return f"{shown['mode']} mode{grad} and {shown['dtype']}"

    @property
    def _second(self) -> str:
        scope = self.scope
        parts = [f"it counts {_listed([str(item) for item in scope.counted]) or 'nothing'}"]
        parts += [f"it leaves out {_listed(scope.uncounted)}"] if scope.uncounted else []
        parts += [f"it {_listed([str(item) for item in scope.departures])}"] if scope.departures else []
        parts += [] if self.explained else ["not every row of it is explained by the rules of the counter"]
        text = "; ".join(parts)
        return f"{text[:1].upper()}{text[1:]}."

    def to_json(self) -> dict[str, Any]:
        """The citation as plain JSON values."""
        return {
            "counter": self.counter,
            "version": self.version,
            "unit": self.unit,
            "total": self.total,
            "params": self.params,
            "context": self.context.to_json(),
            "explained": self.explained,
            "scope": self.scope.to_json(),
            "text": self.text,
            "latex": self.latex,
        }


def cite(question: Question, counters: Sequence[str]) -> tuple[Citation, ...]:
    """Count a model and cite what each counter told; a counter that fails has no number to cite."""
    run = ask(question, counters)
    return tuple(_citation(question, run.model, count) for count in run.counts)


def _citation(question: Question, model: Mapping[str, Any], count: Count) -> Citation:
    if count.status == "failed":
        raise UsageError(f"{count.counter} failed, so there is no number to cite: {count.reason}")
    side = side_from_count(count, question)
    arguments = ", ".join(f"{name}={value!r}" for name, value in model["arguments"].items())
    name = str(model["object"]).rpartition(":")[2]
    return Citation(
        model=f"{name}({arguments})" if arguments else name,
        inputs=tuple(str(item) for item in question.inputs),
        context=count.context,
        counter=count.counter,
        version=count.version,
        unit=count.unit,
        total=side.total,
        params=count.params,
        scope=scope_of(side),
        explained=count.explained,
    )


def document(question: Question, citations: Sequence[Citation]) -> dict[str, Any]:
    """The citations of one model as plain JSON values."""
    return {
        "schema": SCHEMA,
        "model": question.describe(),
        "columns": list(HEAD),
        "citations": [citation.to_json() for citation in citations],
    }


def _listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them.

    >>> _listed(["a"]), _listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


_SPECIAL = {char: f"\\{char}" for char in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def _escaped(text: str) -> str:
    r"""Text as LaTeX prints it.

    >>> _escaped("vit_b_16 & 100%")
    'vit\\_b\\_16 \\& 100\\%'
    """
    return "".join(_SPECIAL.get(char, char) for char in text)


def _digits(value: int) -> str:
    return number(value).replace(",", r"\,")


def _sizes(text: str) -> str:
    r"""An input as LaTeX prints it.

    >>> _sizes("1,3,224,224"), _sizes("ids=1,128:int64")
    ('$1\\times3\\times224\\times224$', 'ids=$1\\times128$:int64')
    """
    return re.sub(
        r"\d+(,\d+)*(?=$|:)", lambda found: f"${found[0].replace(',', chr(92) + 'times')}$", _escaped(text), count=1
    )
