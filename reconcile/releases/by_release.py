"""What the releases of one counter tell of one model, each from an overlay of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconcile.ask import CounterId, Question, ask, count_failed, entry_of, parse_counter
from reconcile.ends import side_from_count
from reconcile.errors import UsageError
from reconcile.language import phrase
from reconcile.releases.offered import in_order, offered
from reconcile.releases.overlay import make
from reconcile.resources.metrics import OPERATIONS
from reconcile.schema import Count, Run
from reconcile.side import Side


def releases_of(question: Question, name: str, named: Sequence[str] = ()) -> tuple[str, ...]:
    """The releases of a counter in their order: those that are named, or else every one that pip offers."""
    item = parse_counter(name)
    if item.release is not None:
        raise UsageError(
            phrase(
                "{counter!r} is one release already; name the counter alone, and releases with --releases",
                counter=name,
            )
        )
    distribution = entry_of(item, question.adapters).counter.distribution
    if distribution is None:
        raise UsageError(phrase("{counter} has no releases of its own", counter=item.name))
    return in_order(named) if named else offered(distribution)


def run_releases(question: Question, name: str, versions: Sequence[str]) -> Run:
    """One run of several releases of a counter, in the order given.

    A release whose overlay cannot be made is a failed count, as one that breaks when it runs; no other is harmed.
    """
    item = parse_counter(name)
    ids = [replace(item, release=version) for version in versions]
    missing = {found: reason for found in ids if (reason := _missing(question, found)) is not None}
    run = ask(replace(question, once=True), [str(found) for found in ids if found not in missing] or ["reference"])
    counts = [_unmade(question, found, missing[found]) if found in missing else run.count(str(found)) for found in ids]
    return replace(run, counts=tuple(count for count in counts if count is not None))


def _missing(question: Question, item: CounterId) -> str | None:
    """Why the overlay of a release cannot be made; None if it stands, or none is needed."""
    try:
        overlay = entry_of(item, question.adapters).overlay
        if overlay is not None:
            make(overlay)
    except UsageError as error:
        return str(error)
    return None


def _unmade(question: Question, item: CounterId, reason: str) -> Count:
    known = entry_of(item, question.adapters)
    return replace(count_failed(item, known, reason, item.within(question.context)), version=item.release)


def side_of_release(question: Question, count: Count, metric: str = OPERATIONS) -> Side | None:
    """What a release told, taken apart; None if it could not run."""
    return None if count.status == "failed" else side_from_count(count, question, metric)
