"""Timelines and bisections as text: the answer first, then the releases, then why the number moved."""

from __future__ import annotations

from collections.abc import Sequence

from reconcile.claims.wording import SUBJECTS_SAID, unit_said
from reconcile.language import clauses, commas, later, phrase, retold, sentences, together
from reconcile.releases.bisection import Bisection
from reconcile.releases.timeline import Moment, Timeline
from reconcile.render import tables
from reconcile.render.markdown import table
from reconcile.render.report import context_of, object_of, page, sources
from reconcile.render.tables import Table
from reconcile.render.text import number, readable, signed
from reconcile.resources.metrics import OPERATIONS

COLUMNS = ("release", "status", "total", "difference", "cause", "amount", "because")


def rows(timeline: Timeline) -> tuple[tuple[str | int | None, ...], ...]:
    """One row for each release and cause, for a table that a program reads."""
    found: list[tuple[str | int | None, ...]] = []
    for moment in timeline.moments:
        since = moment.since
        head = (moment.version, moment.count.status, moment.total, None if since is None else since.difference)
        causes = () if since is None else since.causes
        found += [(*head, cause.cause, cause.amount, cause.because) for cause in causes]
        found += [] if causes else [(*head, None, None, moment.reason)]
    return tuple(found)


def headline(timeline: Timeline) -> str:
    """The answer in one sentence or two."""
    fields = {
        "counter": timeline.counter,
        "object": timeline.run.model["object"],
        "inputs": together(str(item) for item in _inputs(timeline)) or later("no input"),
    }
    if not timeline.ran:
        return phrase(
            "No release of {counter} among {n} can run on {object} on {inputs}.", n=len(timeline.moments), **fields
        )
    ran = len(timeline.ran)
    releases = later("{n} releases", n=ran) if ran > 1 else later("{n} release", n=ran)
    parts = [
        later(
            "{counter} tells {numbers} for {object} on {inputs} over {releases}, {ends}",
            numbers=_numbers(timeline),
            releases=releases,
            ends=_ends(timeline),
            **fields,
        )
    ]
    parts += [later("{n} cannot run", n=len(timeline.failed))] if timeline.failed else []
    return sentences([phrase("{clauses}.", clauses=clauses(parts)), _end(timeline)])


def _numbers(timeline: Timeline) -> str:
    """How many numbers there are, and of what if it is not operations."""
    told = len(dict.fromkeys(moment.total for moment in timeline.ran))
    if timeline.metric == OPERATIONS:
        return later("{n} numbers", n=told) if told > 1 else later("one number")
    if told > 1:
        return later("{n} numbers of {metric}", n=told, metric=SUBJECTS_SAID[timeline.metric])
    return later("one number of {metric}", metric=SUBJECTS_SAID[timeline.metric])


def _ends(timeline: Timeline) -> str:
    """The first number and the last one."""
    first, last = timeline.ran[0], timeline.ran[-1]
    fields = {"first": number(first.total), "unit": unit_said(timeline.unit), "release": first.version}
    if first is last:
        return later("{first} {unit} at {release}", **fields)
    return later(
        "from {first} {unit} at {release} to {last} at {other}",
        last=number(last.total),
        other=last.version,
        **fields,
    )


def _inputs(timeline: Timeline) -> Sequence[object]:
    inputs = timeline.run.model["inputs"]
    return inputs if isinstance(inputs, list) else ()


def _end(timeline: Timeline) -> str:
    wrong = [moment.version for moment in timeline.ran if not moment.explained]
    if wrong:
        return phrase("Not everything is explained: {releases} depart from their rules.", releases=commas(wrong))
    if timeline.run.reference is not None and timeline.run.reference.partial:
        return phrase("No price is known for {ops}.", ops=commas(timeline.run.reference.unpriced))
    return phrase("Every change is explained to the last operation.")


def timeline_table(timeline: Timeline) -> Table:
    """One row for each group of neighbouring releases that tell the same, or fail alike."""
    body = []
    for group in timeline.groups:
        first = group[0]
        told = (number(first.total), readable(first.total)) if first.total is not None else ("-", "-")
        body.append((_span(group), str(len(group)), *told, _difference(first), _why(first)))
    columns = (
        *(later("releases"), later("how many"), timeline.unit),
        *(later("reads as"), later("difference"), later("why")),
    )
    return Table(columns=columns, rows=tuple(body), numeric=frozenset(columns[1:5]))


def _span(group: tuple[Moment, ...]) -> str:
    first, last = group[0].version, group[-1].version
    return first if first == last else phrase("{first} to {last}", first=first, last=last)


def _difference(moment: Moment) -> str:
    return "-" if moment.since is None else signed(moment.since.difference)


def _why(moment: Moment) -> str:
    """The causes of a change with their amounts, or why the release could not run."""
    if moment.total is None:
        return phrase("cannot run: {reason}", reason=retold(moment.reason or ""))
    if moment.since is None:
        return phrase("the first")
    parts = [f"{signed(cause.amount)} {cause.cause}" for cause in moment.since.causes]
    if moment.since.residual:
        parts.append(later("residual {residual}", residual=signed(moment.since.residual)))
    return retold(commas(parts)) or phrase("the same for every layer")


def timeline_report(timeline: Timeline, command: str) -> str:
    """The whole timeline in Markdown."""
    title = phrase("## {counter} on {object}", counter=timeline.counter, object=object_of(timeline.run))
    parts = [headline(timeline), phrase("Written by `{command}`.", command=command)]
    parts += [title, table(timeline_table(timeline))]
    parts += [phrase("Releases stand in the order of their versions, which is not always that of their dates.")]
    for moment in timeline.moments:
        if moment.since is not None and moment.moved:
            parts += [f"### {moment.version}", tables.headline(moment.since)]
            parts += [table(tables.causes(moment.since)), sources(moment.since)]
    return page([*parts, context_of(timeline.run)])


def answer(found: Bisection) -> str:
    """Where the number moved, in one sentence or two."""
    after, before = found.explanation.left, found.explanation.right
    fields = {
        "counter": found.counter,
        "before": before.version,
        "after": after.version,
        "first": number(before.total),
        "last": number(after.total),
        "unit": unit_said(after.unit),
        "difference": signed(found.explanation.difference),
        "tried": len(found.tried),
        "n": found.among,
    }
    if not found.skipped:
        return phrase(
            "{counter} moved at {after}: from {first} to {last} {unit} ({difference}), {before} being before it; "
            "{tried} of {n} releases were run.",
            **fields,
        )
    return phrase(
        "{counter} moved between {before} and {after}: {first} to {last} {unit} ({difference}); {skipped} cannot run; "
        "{tried} of {n} releases were run.",
        skipped=commas(str(count.version) for count in found.skipped),
        **fields,
    )


def bisection_report(found: Bisection, command: str) -> str:
    """The bisection in Markdown."""
    explanation = found.explanation
    parts = [answer(found), phrase("Written by `{command}`.", command=command), tables.headline(explanation)]
    parts += [table(tables.causes(explanation)), sources(explanation), table(tables.formulas(explanation))]
    parts += [
        phrase("- {release} cannot run: {reason}", release=count.version, reason=retold(count.reason or ""))
        for count in found.skipped
    ]
    return page(parts)
