"""What one sample of a batch takes: a counter's total over the batch, which some counters average themselves."""

from __future__ import annotations

from fractions import Fraction

from reconcile.rules import TOTAL
from reconcile.side import Side


def per_sample(side: Side) -> Fraction | None:
    """A side's total over its batch; None where no batch is known.

    A counter that averages over the batch says so in its rule for the total; its rows hold the whole batch.
    """
    batch = side.work.ledger.batch
    if not batch:
        return None
    averaged = sum(item.value for item in side.items if item.layer == TOTAL and item.cause == "batch")
    return Fraction(side.total - averaged, batch)
