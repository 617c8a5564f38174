"""What one sample of a batch takes: a counter's total over the batch, which some counters average themselves."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from reconcile.rules import TOTAL
from reconcile.side import Side

if TYPE_CHECKING:
    from reconcile.audit import Audit


def per_sample(side: Side) -> Fraction | None:
    """A side's total over its batch; None where no batch is known.

    A counter that averages over the batch says so in its rule for the total; its rows hold the whole batch.
    """
    batch = side.work.ledger.batch
    if not batch:
        return None
    averaged = sum(item.value for item in side.items if item.layer == TOTAL and item.cause == "batch")
    return Fraction(side.total - averaged, batch)


def samples(audit: Audit) -> Mapping[str, Fraction]:
    """What one sample takes by each counter that answered; nothing for a batch of one."""
    counts = [count for count in audit.run.counts if count.status == "ok" and count.total is not None]
    if all(count.ledger is None or count.ledger.batch in (None, 1) for count in counts):
        return {}
    found = {count.counter: per_sample(audit.side(count.counter)) for count in counts}
    return {name: value for name, value in found.items() if value is not None}
