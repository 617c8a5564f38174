"""Citing a number: one or two sentences and a row of a LaTeX table that say what it counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconcile.ask import Question, ask
from reconcile.ends import side_from_count
from reconcile.errors import UsageError
from reconcile.language import clauses, later, listed, phrase, retold, together
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
        """The sentences in English, which `retold` says in the language in use."""
        first = later(
            "{model} takes {total} {unit}s ({readable}) on an input of {inputs}, as counted by {counter} in {context}.",
            model=self.model,
            total=number(self.total),
            unit=self.unit,
            readable=readable(self.total),
            inputs=together(self.inputs) or later("its own"),
            counter=self._counter,
            context=self._context,
        )
        return later("{first} {second}", first=first, second=self._second)

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
            _escaped("; ".join(self._counts)),
        )
        return " & ".join(cells) + r" \\"

    @property
    def _counts(self) -> Iterator[str]:
        """What the number counts and where it departs, for a cell of a table."""
        yield from (item.says for item in self.scope.counted)
        yield from (item.says.strip() for item in self.scope.departures)

    @property
    def _counter(self) -> str:
        return f"{self.counter} {self.version}" if self.version and "==" not in self.counter else self.counter

    @property
    def _context(self) -> str:
        shown = self.context.to_json()
        if self.context.grad is None:
            return later("{mode} mode and {dtype}", mode=shown["mode"], dtype=shown["dtype"])
        return later(
            "{mode} mode with {grad} and {dtype}", mode=shown["mode"], grad=shown["grad"], dtype=shown["dtype"]
        )

    @property
    def _second(self) -> str:
        scope = self.scope
        counted = listed([item.says for item in scope.counted]) or later("nothing")
        parts = [later("It counts {work}", work=counted)]
        if scope.uncounted:
            parts.append(later("it leaves out {work}", work=listed(scope.uncounted)))
        if scope.departures:
            parts.append(later("it{departures}", departures=_in_a_row([item.says for item in scope.departures])))
        if not self.explained:
            parts.append(later("not every row of it is explained by the rules of the counter"))
        return later("{clauses}.", clauses=clauses(parts))

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
        raise UsageError(
            phrase(
                "{counter} failed, so there is no number to cite: {reason}",
                counter=count.counter,
                reason=retold(str(count.reason)),
            )
        )
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


def _in_a_row(departures: Sequence[str]) -> str:
    """What a number does, with one subject before all of it; every part begins with a blank.

    >>> _in_a_row([" repeats work", " misses work", " ran twice"])
    ' repeats work, misses work and ran twice'
    """
    *others, last = departures
    text = ""
    for part in others:
        text = later("{before},{part}", before=text, part=part) if text else part
    return later("{before} and{part}", before=text, part=last) if text else last


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
