"""The tables that terminal, Markdown and HTML share: columns and rows of text, made from finished values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from reconcile.explain import Explanation
from reconcile.fold import sayings
from reconcile.language import commas, later, phrase, retold
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
    columns = (
        later("counter"),
        later("release"),
        later("unit"),
        later("total"),
        later("reads as"),
        later("parameters"),
        later("against its own rules"),
    )
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
        spare=("release", "parameters", "reads as"),
    )
    return given if not samples else _with_samples(given, samples)


def _with_samples(given: Table, samples: Mapping[str, Fraction]) -> Table:
    place = given.columns.index("reads as") + 1
    rows = ((*row[:place], fraction(samples[row[0]]) if row[0] in samples else "-", *row[place:]) for row in given.rows)
    return Table(
        columns=(*given.columns[:place], later("per sample"), *given.columns[place:]),
        rows=tuple(rows),
        numeric=given.numeric | {"per sample"},
        spare=given.spare,
    )


def verdict(count: Count) -> str:
    """What a count is worth, in a few words."""
    if count.status == "failed":
        return phrase("failed: {reason}", reason=retold(count.reason or ""))
    if count.explained:
        return phrase("residual {residual}", residual=0)
    departing = [measure for measure in count.measures if not measure.explained]
    if departing and not any(layer.residual or layer.mismatch for layer in count.layers):
        metrics = names(tuple(measure.metric for measure in departing))
        return phrase("its {metrics} departs from its rules", metrics=metrics)
    wrong = [layer for layer in count.layers if layer.residual or layer.mismatch]
    if not count.ruled:
        return phrase(
            "no rules for this release; residual {residual} by those of another", residual=number(count.residual)
        )
    layers = names(tuple(layer.layer for layer in wrong))
    return phrase("residual {residual} in {layers}", residual=number(count.residual), layers=layers)


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
    columns = (later("layer"), later("type"), *(count.counter for count in counts))
    return Table(columns=columns, rows=tuple(body), numeric=frozenset(columns[2:]))


def groups(given: Sequence[Group]) -> Table:
    """One row for each group of rows, one column for each counter that answered."""
    counters = tuple(given[0].told) if given else ()
    rows = tuple(
        (group.name, group.type, str(group.rows), *(number(group.told[name]) for name in counters)) for group in given
    )
    columns = (later("group"), later("type"), later("rows"), *counters)
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
    rows = [
        (cause.cause, signed(cause.amount), retold(names(cause.layers)), retold(cause.because))
        for cause in explanation.causes
    ]
    if explanation.residual:
        rows.append((phrase("residual"), signed(explanation.residual), "", phrase("no rule accounts for this")))
    columns = (later("cause"), later("amount"), later("layers"), later("because"))
    return Table(columns=columns, rows=tuple(rows), numeric=frozenset({"amount"}))


def formulas(explanation: Explanation) -> Table:
    """One row for each cause of each layer, with its formula."""
    rows = []
    for layer in explanation.layers:
        told = (layer.layer, number(layer.left), number(layer.right))
        rows += [(*told, cause.cause, signed(cause.amount), cause.formula) for cause in layer.causes]
        if layer.residual:
            rows.append((*told, phrase("residual"), signed(layer.residual), phrase("no rule accounts for this")))
    columns = (
        later("layer"),
        explanation.left.counter,
        explanation.right.counter,
        later("cause"),
        later("amount"),
        later("formula"),
    )
    ends = columns[1:3]
    return Table(columns=columns, rows=tuple(rows), numeric=frozenset({*ends, "amount"}), spare=ends)


def headline(explanation: Explanation) -> str:
    """The answer in one sentence."""
    left, right = explanation.left, explanation.right
    ends = {
        "left": left.counter,
        "told": number(left.total),
        "unit": left.unit,
        "right": right.counter,
        "other": number(right.total),
        "other_unit": right.unit,
    }
    if not explanation.complete:
        return phrase(
            "{left} tells {told} {unit}, {right} {other} {other_unit}: the difference of {difference} is not fully "
            "explained, {missing}.",
            **ends,
            difference=signed(explanation.difference),
            missing=missing(explanation),
        )
    if not explanation.causes:
        return phrase(
            "{left} tells {told} {unit}, {right} {other} {other_unit}: they agree in every layer, and each side equals "
            "its own rules.",
            **ends,
        )
    return phrase(
        "{left} tells {told} {unit}, {right} {other} {other_unit}: the difference of {difference} is {causes}, and "
        "nothing is left.",
        **ends,
        difference=signed(explanation.difference),
        causes=commas(f"{signed(cause.amount)} {cause.cause}" for cause in explanation.causes),
    )


def missing(explanation: Explanation) -> str:
    """What keeps an explanation from being complete."""
    parts = [later("residual {residual}", residual=signed(explanation.residual))] if explanation.residual else []
    for side, rows in explanation.unexplained.items():
        if UNREAD in rows:
            parts.append(later("no rules are written for this release of {side}", side=side))
        wrong = tuple(row for row in rows if row != UNREAD)
        if wrong:
            parts.append(later("{side} departs from its rules in {layers}", side=side, layers=names(wrong)))
    if explanation.partial:
        parts.append(later("no price is known for {ops}", ops=names(explanation.partial)))
    return retold(commas(parts))


def side_effects(run: Run) -> Table:
    """What each counter left behind on the model or in its process."""
    rows = [(count.counter, retold(effect)) for count in run.counts for effect in count.side_effects]
    return Table(columns=(later("counter"), later("left behind")), rows=tuple(rows))


def work_notes(run: Run) -> Sequence[str]:
    """What is to be said of the work itself: folds, and the certificates of mirrored models."""
    ledgers = [count.ledger for count in run.counts if count.ledger is not None]
    folds = sayings(Work(ledgers[0])) if ledgers else ()
    notes = [phrase("Folded batch: {fold}.", fold=fold) for fold in folds]
    return notes + [certificate_note(count) for count in run.counts if count.certificate is not None]


def certificate_note(count: Count) -> str:
    """How well the two sides of an equivalent model agree."""
    given = count.certificate or {}
    if "relative" not in given:
        why = retold(given["why"]) if "why" in given else phrase("no reason is known")
        return phrase("{counter}: the twin is not certified: {why}.", counter=count.counter, why=why)
    return phrase(
        "{counter}: the equivalent model gives the same outputs; the largest difference is {relative:.1e} of the "
        "largest output (limit {limit:.0e}, {outputs:,} values).",
        counter=count.counter,
        relative=given["relative"],
        limit=given["limit"],
        outputs=given["outputs"],
    )


def warning_notes(run: Run) -> Sequence[str]:
    """What the counters, or their workers, warned of: each warning once, with all that it came from."""
    warned: dict[str, list[str]] = {}
    for count in run.counts:
        for text in dict.fromkeys(count.warnings):
            warned.setdefault(text, []).append(count.counter)
    return [
        phrase("{counter}: {warning}", counter=retold(commas(counters)), warning=retold(text))
        for text, counters in warned.items()
    ]


def state_notes(count: Count) -> Sequence[str]:
    """Rows in which a counter told something where its rules say nothing, or the reverse."""
    return [
        phrase(
            "{counter} told {told} for {layer}, its rules say {predicted}",
            counter=count.counter,
            told=number(row.told),
            layer=row.layer,
            predicted=number(row.predicted),
        )
        for row in count.layers
        if row.mismatch
    ]
