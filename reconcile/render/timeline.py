"""Timelines and bisections as text: the answer first, then the releases, then why the number moved."""

from __future__ import annotations

from collections.abc import Sequence

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
    told = dict.fromkeys(moment.total for moment in timeline.ran)
    what = "" if timeline.metric == OPERATIONS else f" of {timeline.metric}"
    sizes = " and ".join(str(item) for item in _inputs(timeline)) or "no input"
    about = f"{timeline.run.model['object']} on {sizes}"
    if not timeline.ran:
        return f"No release of {timeline.counter} among {len(timeline.moments)} can run on {about}."
    many = f"{len(told)} numbers{what}" if len(told) > 1 else f"one number{what}"
    ends = f"{number(timeline.ran[0].total)} {timeline.unit} at {timeline.ran[0].version}"
    if len(timeline.ran) > 1:
        ends = f"from {ends} to {number(timeline.ran[-1].total)} at {timeline.ran[-1].version}"
    failed = f"; {len(timeline.failed)} cannot run" if timeline.failed else ""
    ran = f"{len(timeline.ran)} release{'s' if len(timeline.ran) > 1 else ''}"
    return f"{timeline.counter} tells {many} for {about} over {ran}, {ends}{failed}. {_end(timeline)}"


def _inputs(timeline: Timeline) -> Sequence[object]:
    inputs = timeline.run.model["inputs"]
    return inputs if isinstance(inputs, list) else ()


def _end(timeline: Timeline) -> str:
    wrong = [moment.version for moment in timeline.ran if not moment.explained]
    if wrong:
        return f"Not everything is explained: {', '.join(wrong)} depart from their rules."
    if timeline.run.reference is not None and timeline.run.reference.partial:
        return f"No price is known for {', '.join(timeline.run.reference.unpriced)}."
    return "Every change is explained to the last operation."


def timeline_table(timeline: Timeline) -> Table:
    """One row for each group of neighbouring releases that tell the same, or fail alike."""
    body = []
    for group in timeline.groups:
        first = group[0]
        told = (number(first.total), readable(first.total)) if first.total is not None else ("-", "-")
        body.append((_span(group), str(len(group)), *told, _difference(first), _why(first)))
    columns = ("releases", "how many", timeline.unit, "reads as", "difference", "why")
    return Table(columns=columns, rows=tuple(body), numeric=frozenset(columns[1:5]))


def _span(group: tuple[Moment, ...]) -> str:
    ends = dict.fromkeys((group[0].version, group[-1].version))
    return " to ".join(ends)


def _difference(moment: Moment) -> str:
    return "-" if moment.since is None else signed(moment.since.difference)


def _why(moment: Moment) -> str:
    """The causes of a change with their amounts, or why the release could not run."""
    if moment.total is None:
        return f"cannot run: {moment.reason}"
    if moment.since is None:
        return "the first"
    parts = [f"{signed(cause.amount)} {cause.cause}" for cause in moment.since.causes]
    parts += [f"residual {signed(moment.since.residual)}"] if moment.since.residual else []
    return ", ".join(parts) or "the same for every layer"


def timeline_report(timeline: Timeline, command: str) -> str:
    """The whole timeline in Markdown."""
    parts = [headline(timeline), f"Written by `{command}`."]
    parts += [f"## {timeline.counter} on {object_of(timeline.run)}", table(timeline_table(timeline))]
    parts += ["Releases stand in the order of their versions, which is not always that of their dates."]
    for moment in timeline.moments:
        if moment.since is not None and moment.moved:
            parts += [f"### {moment.version}", tables.headline(moment.since)]
            parts += [table(tables.causes(moment.since)), sources(moment.since)]
    return page([*parts, context_of(timeline.run)])


def answer(found: Bisection) -> str:
    """Where the number moved, in one sentence or two."""
    after, before = found.explanation.left, found.explanation.right
    moved = f"{number(before.total)} to {number(after.total)} {after.unit} ({signed(found.explanation.difference)})"
    tried = f"{len(found.tried)} of {found.among} releases were run."
    if not found.skipped:
        return f"{found.counter} moved at {after.version}: from {moved}, {before.version} being before it; {tried}"
    skipped = ", ".join(str(count.version) for count in found.skipped)
    return f"{found.counter} moved between {before.version} and {after.version}: {moved}; {skipped} cannot run; {tried}"


def bisection_report(found: Bisection, command: str) -> str:
    """The bisection in Markdown."""
    explanation = found.explanation
    parts = [answer(found), f"Written by `{command}`.", tables.headline(explanation)]
    parts += [table(tables.causes(explanation)), sources(explanation), table(tables.formulas(explanation))]
    parts += [f"- {count.version} cannot run: {count.reason}" for count in found.skipped]
    return page(parts)
