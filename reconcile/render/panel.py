"""The answer to one question between two numbers, as the report page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from reconcile.causes import CAUSES
from reconcile.explain import End, Explanation
from reconcile.language import phrase, retold
from reconcile.render import tables
from reconcile.render.bars import Picture, waterfall_picture
from reconcile.render.text import fraction, names, number, readable, signed
from reconcile.samples import samples
from reconcile.topic import Topic
from reconcile.waterfall import waterfall

_TOLD = 2
"""Causes that the answer tells in a sentence each; the table of causes has all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseRow:
    """One cause of a difference; `width` is its part of the largest one, in per cent."""

    name: str
    family: str
    amount: str
    reads: str
    width: float
    down: bool
    layers: str
    because: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A question, the sentences of its answer, whether anything is left, the waterfall and the causes."""

    left: str
    right: str
    question: str
    answer: tuple[str, ...]
    complete: bool
    state: str
    picture: Picture
    causes: tuple[CauseRow, ...]


def panels(topic: Topic, words: Mapping[str, str]) -> tuple[Panel, ...]:
    """A panel for every pair of numbers of a topic, in the order of its explanations."""
    return tuple(_panel(item, topic, words) for item in topic.explanations)


def question(topic: Topic, words: Mapping[str, str]) -> str:
    """What the page asks."""
    if topic.question or topic.focus is None:
        return topic.question or words["question_none"].format(model=topic.audit.run.model["object"])
    return _question(topic.focus, words)


def _panel(explanation: Explanation, topic: Topic, words: Mapping[str, str]) -> Panel:
    own = explanation is topic.focus
    return Panel(
        left=explanation.left.counter,
        right=explanation.right.counter,
        question=question(topic, words) if own else _question(explanation, words),
        answer=(topic.answer if own else ()) or _answer(explanation),
        complete=explanation.complete,
        state=_state(explanation, words),
        picture=waterfall_picture(waterfall(explanation), words),
        causes=_causes(explanation, words),
    )


def _question(explanation: Explanation, words: Mapping[str, str]) -> str:
    left, right = explanation.left, explanation.right
    kind = "question" if explanation.difference else "question_same"
    return words[kind].format(
        left=left.counter, right=right.counter, left_total=_total(left), right_total=_total(right)
    )


def _total(end: End) -> str:
    return f"{readable(end.total)} {end.unit}"


def _answer(explanation: Explanation) -> tuple[str, ...]:
    """The answer in one sentence, then what the largest causes are, then what is to be said of the work."""
    reasons = tuple(retold(cause.because) for cause in explanation.causes[:_TOLD])
    return (
        tables.headline(explanation),
        *reasons,
        *(phrase("{note}.", note=retold(note)) for note in explanation.notes),
    )


def _state(explanation: Explanation, words: Mapping[str, str]) -> str:
    if explanation.complete:
        return words["complete"]
    return words["incomplete"].format(missing=tables.missing(explanation))


def _causes(explanation: Explanation, words: Mapping[str, str]) -> tuple[CauseRow, ...]:
    largest = max((abs(cause.amount) for cause in explanation.causes), default=0)
    largest = max(largest, abs(explanation.residual), 1)
    rows = [
        CauseRow(
            name=cause.cause,
            family=CAUSES[cause.cause].family,
            amount=signed(cause.amount),
            reads=readable(cause.amount),
            width=round(100 * abs(cause.amount) / largest, 3),
            down=cause.amount < 0,
            layers=retold(names(cause.layers)),
            because=retold(cause.because),
            sources=cause.sources,
        )
        for cause in explanation.causes
    ]
    return (*rows, *_residual(explanation, largest, words))


def _residual(explanation: Explanation, largest: int, words: Mapping[str, str]) -> tuple[CauseRow, ...]:
    if not explanation.residual:
        return ()
    unexplained = dict.fromkeys(row for rows in explanation.unexplained.values() for row in rows)
    row = CauseRow(
        name=words["residual"],
        family="residual",
        amount=signed(explanation.residual),
        reads=readable(explanation.residual),
        width=round(100 * abs(explanation.residual) / largest, 3),
        down=explanation.residual < 0,
        layers=retold(names(tuple(unexplained))),
        because=words["no_rule"],
        sources=(),
    )
    return (row,)


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterRow:
    """One counter, or claim, in the table of totals; `width` is its part of the largest total, in per cent.

    `sample` is what one sample of a batch takes, and empty where there is one only.
    `state` is `whole` where every row equals the counter's own rules, `open` where not, and empty for a claim.
    """

    name: str
    version: str
    unit: str
    total: str
    reads: str
    sample: str
    width: float
    departs: str
    made_of: tuple[tuple[str, str], ...]
    params: str
    verdict: str
    state: str


def counter_rows(topic: Topic, words: Mapping[str, str]) -> tuple[CounterRow, ...]:
    """One row for each number that can be compared."""
    largest = max((side.total for side in topic.sides.values()), default=0) or 1
    ones = samples(topic.audit)
    return tuple(_counter(name, largest, topic, words, ones.get(name)) for name in topic.sides)


def _counter(name: str, largest: int, topic: Topic, words: Mapping[str, str], one: Fraction | None) -> CounterRow:
    side, count = topic.sides[name], topic.audit.run.count(name)
    against = topic.against_reference(name)
    return CounterRow(
        name=name,
        version=side.version or "",
        unit=side.unit,
        total=number(side.total),
        reads=readable(side.total),
        sample="" if one is None else phrase("{amount} per sample", amount=fraction(one)),
        width=round(100 * max(side.total, 0) / largest, 3),
        departs="" if against is None else signed(against.difference),
        made_of=() if against is None else tuple((cause.cause, signed(cause.amount)) for cause in against.causes),
        params=number(count.params) if count is not None else "-",
        verdict=words["stated"] if count is None else tables.verdict(count),
        state="" if count is None else "whole" if count.explained else "open",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of the matrix: how much the row tells more than the column; `pair` is the number of their panel.

    `shade` is how large the difference is, from 0 to 4, by orders of magnitude below the larger total.
    """

    amount: str
    reads: str
    pair: int | None
    sign: str
    shade: int
    complete: bool


def matrix(topic: Topic) -> tuple[tuple[str, tuple[Cell, ...]], ...]:
    """One row for each number, with a cell for each number."""
    found = {}
    for index, item in enumerate(topic.explanations):
        found[item.left.counter, item.right.counter] = _cell(item, index, item.difference)
        found[item.right.counter, item.left.counter] = _cell(item, index, -item.difference)
    itself = Cell(amount="", reads="", pair=None, sign="itself", shade=0, complete=True)
    return tuple((row, tuple(found.get((row, column), itself) for column in topic.sides)) for row in topic.sides)


def _cell(explanation: Explanation, pair: int, difference: int) -> Cell:
    larger = max(abs(explanation.left.total), abs(explanation.right.total), 1)
    part = abs(difference) / larger
    shade = sum(part > limit for limit in (0, 0.001, 0.01, 0.1))
    return Cell(
        amount=signed(difference),
        reads=f"{'+' if difference > 0 else ''}{readable(difference)}",
        pair=pair,
        sign="more" if difference > 0 else "less" if difference else "equal",
        shade=shade,
        complete=explanation.complete,
    )
