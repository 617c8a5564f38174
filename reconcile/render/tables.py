"""The tables that terminal, Markdown and HTML share: columns and rows of text, made from finished values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from reconcile.explain import Explanation
from reconcile.fold import sayings
from reconcile.outline import Group
from reconcile.render.files import csv_text
from reconcile.render.text import fraction, names, number, readable, signed
from reconcile.rules import TOTAL
from reconcile.schema import Count, Run
from reconcile.side import UNREAD
from reconcile.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of text; its columns stand in English, and are said in the language in use where it is shown.

    `numeric` names the columns that are aligned to the right.
    `spare` names those that may be left out where there is no room for all, the first to go first.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[str] = frozenset()
    spare: tuple[str, ...] = ()

    def without(self, column: str) -> Table:
        """The table without one of its columns."""
        return _chosen(self, [index for index, name in enumerate(self.columns) if name != column])


def totals(run: Run, samples: Mapping[str, Fraction] | None = None) -> Table:
    """One row for each counter of a run; `samples` says what one sample of the batch takes, where that is known."""
    columns = ("counter", "release", "unit", "total", "reads as", "parameters", "against its own rules")
    rows = [
        (
            count.counter,
            count.version or "-",
            count.unit,
            number(count.total),
            readable(count.total),
            number(count.params),
            verdict(count),
        )
        for count in run.counts
    ]
    given = Table(
        columns=columns,
        rows=tuple(rows),
        numeric=frozenset({"total", "parameters", "reads as"}),
        spare=("release", "parameters"),
    )
    return given if not samples else _with_samples(given, samples)


def _with_samples(given: Table, samples: Mapping[str, Fraction]) -> Table:
    place = given.columns.index("reads as") + 1
    rows = ((*row[:place], fraction(samples[row[0]]) if row[0] in samples else "-", *row[place:]) for row in given.rows)
    return Table(
        columns=(*given.columns[:place], "per sample", *given.columns[place:]),
        rows=tuple(rows),
        numeric=given.numeric | {"per sample"},
        spare=given.spare,
    )


def verdict(count: Count) -> str:
    """What a count is worth, in a few words."""
    if count.status == "failed":
        return f"failed: {count.reason}"
    if count.explained:
        return "residual 0"
    departing = [measure for measure in count.measures if not measure.explained]
    if departing and not any(layer.residual or layer.mismatch for layer in count.layers):
        return f"its {names(tuple(measure.metric for measure in departing))} departs from its rules"
    wrong = [layer for layer in count.layers if layer.residual or layer.mismatch]
    if not count.ruled:
        return f"no rules for this release; residual {number(count.residual)} by those of another"
    return f"residual {number(count.residual)} in {names(tuple(layer.layer for layer in wrong))}"


def layers(run: Run) -> Table:
    """One row for each layer, one column for each counter that answered."""
    counts = [count for count in run.counts if count.status == "ok"]
    told = [{layer.layer: layer for layer in count.layers} for count in counts]
    order = dict.fromkeys(name for rows in told for name in rows if name != TOTAL)
    order |= dict.fromkeys(TOTAL for rows in told if TOTAL in rows and (rows[TOTAL].told or rows[TOTAL].predicted))
    body = []
    for name in order:
        kind = next(rows[name].type for rows in told if name in rows)
        cells = [number(rows[name].told) if name in rows else "-" for rows in told]
        if any(cell != "-" for cell in cells):
            body.append((name, kind, *cells))
    columns = ("layer", "type", *(count.counter for count in counts))
    return Table(columns=columns, rows=tuple(body), numeric=frozenset(columns[2:]))


def groups(given: Sequence[Group]) -> Table:
    """One row for each group of rows, one column for each counter that answered."""
    counters = tuple(given[0].told) if given else ()
    rows = tuple(
        (group.name, group.type, str(group.rows), *(number(group.told[name]) for name in counters)) for group in given
    )
    columns = ("group", "type", "rows", *counters)
    table = Table(columns=columns, rows=rows, numeric=frozenset(columns[2:]))
    return table.without("type") if all(group.name == group.type for group in given) else table


def groups_csv(given: Sequence[Group]) -> str:
    """One row for each group and counter, in raw integers."""
    rows = [
        (counter, group.name, group.type, group.rows, told) for group in given for counter, told in group.told.items()
    ]
    return csv_text(("counter", "group", "type", "rows", "told"), rows)


def split(given: Table, width: int, kept: int = 2) -> tuple[Table, ...]:
    """A table in parts that fit a width, the first columns standing in each part."""
    sizes = [max(len(cell) for cell in column) + 3 for column in zip(given.columns, *given.rows, strict=True)]
    parts: list[list[int]] = [[]]
    for index in range(kept, len(sizes)):
        taken = sum(sizes[:kept]) + sum(sizes[other] for other in parts[-1])
        if parts[-1] and taken + sizes[index] > width:
            parts.append([])
        parts[-1].append(index)
    return tuple(_chosen(given, [*range(kept), *part]) for part in parts)


def _chosen(given: Table, columns: list[int]) -> Table:
    return Table(
        columns=tuple(given.columns[index] for index in columns),
        rows=tuple(tuple(row[index] for index in columns) for row in given.rows),
        numeric=given.numeric,
        spare=given.spare,
    )


def causes(explanation: Explanation) -> Table:
    """One row for each cause of a difference, and the residual if there is one."""
    rows = [(cause.cause, signed(cause.amount), names(cause.layers), cause.because) for cause in explanation.causes]
    if explanation.residual:
        rows.append(("residual", signed(explanation.residual), "", "no rule accounts for this"))
    return Table(columns=("cause", "amount", "layers", "because"), rows=tuple(rows), numeric=frozenset({"amount"}))


def formulas(explanation: Explanation) -> Table:
    """One row for each cause of each layer, with its formula."""
    rows = []
    for layer in explanation.layers:
        told = (layer.layer, number(layer.left), number(layer.right))
        rows += [(*told, cause.cause, signed(cause.amount), cause.formula) for cause in layer.causes]
        if layer.residual:
            rows.append((*told, "residual", signed(layer.residual), "no rule accounts for this"))
    columns = ("layer", explanation.left.counter, explanation.right.counter, "cause", "amount", "formula")
    ends = columns[1:3]
    return Table(columns=columns, rows=tuple(rows), numeric=frozenset({*ends, "amount"}), spare=ends)


def headline(explanation: Explanation) -> str:
    """The answer in one sentence."""
    left, right = explanation.left, explanation.right
    ends = f"{left.counter} tells {number(left.total)} {left.unit}, {right.counter} {number(right.total)} {right.unit}"
    if not explanation.complete:
        gap = signed(explanation.difference)
        return f"{ends}: the difference of {gap} is not fully explained, {missing(explanation)}."
    if not explanation.causes:
        return f"{ends}: they agree in every layer, and each side equals its own rules."
    parts = ", ".join(f"{signed(cause.amount)} {cause.cause}" for cause in explanation.causes)
    return f"{ends}: the difference of {signed(explanation.difference)} is {parts}, and nothing is left."


def missing(explanation: Explanation) -> str:
    """What keeps an explanation from being complete."""
    parts = [f"residual {signed(explanation.residual)}"] if explanation.residual else []
    for side, rows in explanation.unexplained.items():
        if UNREAD in rows:
            parts.append(f"no rules are written for this release of {side}")
        wrong = tuple(row for row in rows if row != UNREAD)
        if wrong:
            parts.append(f"{side} departs from its rules in {names(wrong)}")
    if explanation.partial:
        parts.append(f"no price is known for {names(explanation.partial)}")
    return ", ".join(parts)


def side_effects(run: Run) -> Table:
    """What each counter left behind on the model or in its process."""
    rows = [(count.counter, effect) for count in run.counts for effect in count.side_effects]
    return Table(columns=("counter", "left behind"), rows=tuple(rows))


def work_notes(run: Run) -> Sequence[str]:
    """What is to be said of the work itself: folds, and the certificates of mirrored models."""
    ledgers = [count.ledger for count in run.counts if count.ledger is not None]
    notes = [f"Folded batch: {text}." for text in (sayings(Work(ledgers[0])) if ledgers else ())]
    return notes + [certificate_note(count) for count in run.counts if count.certificate is not None]


def certificate_note(count: Count) -> str:
    """How well the two sides of an equivalent model agree."""
    given = count.certificate or {}
    if "relative" not in given:
        return f"{count.counter}: the twin is not certified: {given.get('why', 'no reason is known')}."
    return (
        f"{count.counter}: the equivalent model gives the same outputs; the largest difference is "
        f"{given['relative']:.1e} of the largest output (limit {given['limit']:.0e}, {given['outputs']:,} values)."
    )


def state_notes(count: Count) -> Sequence[str]:
    """Rows in which a counter told something where its rules say nothing, or the reverse."""
    return [
        f"{count.counter} told {number(row.told)} for {row.layer}, its rules say {number(row.predicted)}"
        for row in count.layers
        if row.mismatch
    ]
