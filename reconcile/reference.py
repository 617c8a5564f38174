"""The reference as a counter: the definition's own answer, from a clean pass of the model."""

from __future__ import annotations

from reconcile.adapter import AtOp, Counter, Measured, Named, Row, Subject, Told
from reconcile.language import later
from reconcile.pricing.terms import DEFINITION
from reconcile.resources.measures import AsDefined, definition
from reconcile.resources.metrics import METRICS
from reconcile.rules import Rule, Rules
from reconcile.work import Work

NAME = "reference"


def run(subject: Subject) -> Told:
    """Execute the model once, record it, and price every op by the definition."""
    with subject.recording():
        subject.model(*subject.args, **subject.kwargs)
    work = Work(subject.ledger)
    told = {op: work.amount("mac", (op,)).value for ops in work.layers.values() for op in ops}
    rows = [Row(target=AtOp(index=op), told=part) for op, part in told.items()]
    return Told(rows=rows, total=sum(told.values()), measures={name: _measured(name, work) for name in METRICS})


def _measured(metric: str, work: Work) -> Measured:
    found = definition(metric, work)
    rows = [Row(target=Named(row=row), told=part.value) for row, part in found.items()]
    return Measured(rows=rows, total=sum(part.value for part in found.values()))


COUNTERS = (
    Counter(
        id=NAME,
        unit="MAC",
        framework="any",
        distribution=None,
        imports=None,
        sees=later("every executed op"),
        rules=Rules(ops={"*": Rule(source="reconcile/pricing/terms.py:DEFINITION", weights=DEFINITION)}),
        run=run,
        measures={name: AsDefined() for name in METRICS},
    ),
)
