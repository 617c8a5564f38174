"""A counter that lives in an overlay: it tells the number that stands in its library."""

from __future__ import annotations

from reconcile.adapter import Counter, Place, Row, Subject, Told
from reconcile.rules import Rules


def run(subject: Subject) -> Told:
    """Tell the library's number for the whole model."""
    import tinycounter

    with subject.recording():
        subject.model(*subject.args)
    return Told(rows=[Row(target=Place(path=""), told=tinycounter.TOLD)], total=tinycounter.TOLD)


COUNTERS = (
    Counter(
        id="tiny",
        unit="MAC",
        framework="torch",
        distribution="tinycounter",
        imports="tinycounter",
        sees="nothing",
        rules=Rules(),
        run=run,
        overlay=("tinycounter==1.0",),
        read="==1.0",
    ),
)
