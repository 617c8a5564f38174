"""Reports in Markdown: the answer first, then the numbers that it rests on."""

from __future__ import annotations

from collections.abc import Iterable

from reconcile.audit import Audit
from reconcile.explain import Explanation
from reconcile.language import clauses, commas, later, phrase, retold, together
from reconcile.render import tables
from reconcile.render.markdown import table
from reconcile.render.tables import Table
from reconcile.render.text import names, number, readable, signed
from reconcile.samples import samples
from reconcile.schema import Run
from reconcile.side import Side


def page(parts: Iterable[str]) -> str:
    """Paragraphs as one page."""
    return "\n\n".join(part for part in parts if part) + "\n"


def object_of(run: Run) -> str:
    """The model and its inputs, as a title says them."""
    inputs = run.model["inputs"]
    known = isinstance(inputs, list) and inputs
    given = {
        "model": run.model["object"],
        "inputs": together(f"`{text}`" for text in inputs) if known else phrase("no input"),
    }
    if run.model["arguments"]:
        return phrase("`{model}` with {arguments} on {inputs}", arguments=run.model["arguments"], **given)
    return phrase("`{model}` on {inputs}", **given)


def context_of(run: Run) -> str:
    """The context in one line."""
    context = run.context.to_json()
    return phrase(
        "Context: {mode}, gradients {grad}, {dtype}, {device}.",
        **{name: context[name] for name in ("mode", "grad", "dtype", "device")},
    )


def run_report(run: Run, totals: Table, rows: Table) -> str:
    """One run: totals, and layers or groups of them."""
    return page(
        [
            f"# {object_of(run)}",
            _reference(run),
            table(totals),
            phrase("## Layers"),
            table(rows),
            *_left_behind(run),
            context_of(run),
            _notes(run),
        ]
    )


def _reference(run: Run) -> str:
    if run.reference is None:
        return ""
    total = number(run.reference.total)
    if run.reference.partial:
        return phrase(
            "By definition the model executes {total} multiply-adds (partial: no price is known for {ops}).",
            total=total,
            ops=names(run.reference.unpriced),
        )
    return phrase("By definition the model executes {total} multiply-adds.", total=total)


def _left_behind(run: Run) -> list[str]:
    given = tables.side_effects(run)
    return [phrase("## What the counters left behind"), table(given)] if given.rows else []


def _notes(run: Run) -> str:
    lines = [f"- {note}" for note in tables.work_notes(run)]
    lines += [f"- {note}" for count in run.counts for note in tables.state_notes(count)]
    lines += [f"- {note}" for note in tables.warning_notes(run)]
    return "\n".join([phrase("## Notes"), "", *dict.fromkeys(lines)]) if lines else ""


def difference_report(explanation: Explanation) -> str:
    """One difference: the answer, the causes and the formulas."""
    title = phrase("# {left} against {right}", left=explanation.left.counter, right=explanation.right.counter)
    parts = [title, tables.headline(explanation)]
    if explanation.causes or explanation.residual:
        parts += [phrase("## Causes"), table(tables.causes(explanation)), sources(explanation)]
        parts += [phrase("## Layer by layer"), table(tables.formulas(explanation))]
    parts += map(retold, explanation.notes)
    return page(parts)


def sources(explanation: Explanation) -> str:
    """Where in the code of the counters each cause was read."""
    lines = [
        f"- {cause.cause}: {', '.join(f'`{text}`' for text in cause.sources)}"
        for cause in explanation.causes
        if cause.sources
    ]
    return "\n".join([phrase("Sources:"), "", *lines]) if lines else ""


def report(audit: Audit, command: str = "") -> str:
    """The whole audit: the counters, why each departs from the definition, and every pair."""
    run = audit.run
    to_reference = [item for item in audit.explanations if item.right.counter == "reference"]
    pairs = [item for item in audit.explanations if item.right.counter != "reference"]
    parts = [
        phrase("# Audit of {object}", object=object_of(run)),
        _answer(audit),
        _reference(run),
        table(_departures(to_reference)),
    ]
    parts += [phrase("Written by `{command}`.", command=command)] if command else []
    parts += [phrase("## The counters"), table(tables.totals(run, samples(audit)))]
    parts += [phrase("## Why each counter departs from the definition")]
    for explanation in to_reference:
        parts += [f"### {explanation.left.counter}", tables.headline(explanation)]
        parts += [table(tables.causes(explanation))] if explanation.causes or explanation.residual else []
    if pairs:
        parts += [phrase("## Every pair of counters"), table(_pairs(pairs))]
    parts += [phrase("## Layers"), table(tables.layers(run)), *_left_behind(run), context_of(run), _notes(run)]
    return page(parts)


def _answer(audit: Audit) -> str:
    counts = [count for count in audit.run.counts if count.status == "ok" and count.counter != "reference"]
    failed = [count.counter for count in audit.run.counts if count.status == "failed"]
    told = len({count.total for count in counts})
    if audit.explained:
        found = later(
            "{n} counters tell {told} different numbers, and every difference is explained to the last operation",
            n=len(counts),
            told=told,
        )
    else:
        found = later(
            "{n} counters tell {told} different numbers, and not everything is explained", n=len(counts), told=told
        )
    parts = [found, *([later("{counters} failed", counters=commas(failed))] if failed else [])]
    return phrase("{clauses}.", clauses=clauses(parts))


def _departures(explanations: Iterable[Explanation]) -> Table:
    """One row for each counter: its number, how far it is from the definition, and what that is made of."""
    rows = []
    for item in explanations:
        told = f"{number(item.left.total)} {item.left.unit}"
        rows.append((item.left.counter, told, readable(item.left.total), signed(item.difference), _made_of(item)))
    columns = (later("counter"), later("tells"), later("reads as"), later("against the definition"), later("made of"))
    return Table(columns=columns, rows=tuple(rows), numeric=frozenset(columns[1:4]))


def _made_of(explanation: Explanation) -> str:
    parts = [f"{signed(cause.amount)} {cause.cause}" for cause in explanation.causes]
    parts += [later("residual {residual}", residual=signed(explanation.residual))] if explanation.residual else []
    return retold(commas(parts)) if parts else phrase("no difference")


def _pairs(explanations: Iterable[Explanation]) -> Table:
    rows = []
    for item in explanations:
        pair = f"{item.left.counter} - {item.right.counter}"
        rows.append((pair, signed(item.difference), _made_of(item)))
    return Table(
        columns=(later("pair"), later("difference"), later("made of")),
        rows=tuple(rows),
        numeric=frozenset({"difference"}),
    )


def derivations(side: Side) -> Table:
    """The formula that reproduces a counter's number for each layer."""
    rows = [
        (name, number(side.told[name]), given.formula, ", ".join(given.sources))
        for name, given in side.derivations.items()
        if name in side.told
    ]
    tells = phrase("{counter} tells", counter=side.name)
    columns = (later("layer"), tells, later("formula"), later("rule"))
    return Table(columns=columns, rows=tuple(rows), numeric=frozenset({tells}))
