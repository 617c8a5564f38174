"""A snapshot: what a counter told of a model, saved with the work that it rests on, so that a change is explained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

from reconcile.errors import UsageError
from reconcile.explain import Explanation, LayerDifference, explain
from reconcile.pytest_kit.budget import ACCEPTING
from reconcile.pytest_kit.counting import Counted, Options, count, told_at_the_call
from reconcile.pytest_kit.drawing import drawn
from reconcile.pytest_kit.snapshot_file import read_snapshot, snapshot_document
from reconcile.render import tables
from reconcile.render.files import make_folder, write_json
from reconcile.render.tables import Table
from reconcile.render.text import names, number, signed
from reconcile.schema import Run


@told_at_the_call
def assert_counts(
    model: object,
    inputs: Any,
    file: str | Path,
    *,
    counter: str,
    update: bool = False,
    project: Path | None = None,
    **options: Unpack[Options],
) -> None:
    """Fail if a counter tells another number than the saved run, in any layer; say which causes the change has.

    With `update` the run is saved anew.
    """
    file = Path(file)
    if not update and not file.is_file():
        raise AssertionError(f"there is no snapshot {str(file)!r} yet; pytest --reconcile-update writes it")
    counted = count(model, inputs, counter, options, project)
    now = counted.audit.side(counter)
    if update:
        make_folder(file.parent)
        write_json(file, snapshot_document(counted.run, now))
        return
    saved, before = read_snapshot(file)
    _refuse_another_subject(saved, counted, file)
    change = explain(replace(now, name="now"), replace(before, name="before"))
    changed = tuple(layer for layer in change.layers if layer.left != layer.right)
    if changed:
        raise AssertionError("\n".join([*_failure(counted, file, change, changed), ACCEPTING]))


def _refuse_another_subject(saved: Run, counted: Counted, file: Path) -> None:
    """A snapshot holds for the very model, inputs and counter that it was taken of."""
    asked = counted.run
    for name in ("object", "arguments", "inputs"):
        if saved.model[name] != asked.model[name]:
            raise UsageError(f"the snapshot {str(file)!r} is about {saved.model[name]!r}, not {asked.model[name]!r}")
    if saved.counts[0].counter != counted.count.counter:
        raise UsageError(f"the snapshot {str(file)!r} is of {saved.counts[0].counter}, not of {counted.count.counter}")


def _failure(counted: Counted, file: Path, change: Explanation, changed: tuple[LayerDifference, ...]) -> Iterator[str]:
    before, now = change.right, change.left
    yield (
        f"{counted.count.counter} tells {number(now.total)} {now.unit} for {counted.subject}; "
        f"{file.name} holds {number(before.total)} ({signed(change.difference)})"
    )
    if before.version != now.version:
        yield f"That was release {before.version}, this is {now.version}"
    if change.causes or change.residual:
        yield drawn(tables.causes(change))
    reasoned = tables.formulas(replace(change, layers=changed))
    yield drawn(reasoned if reasoned.rows else _states(changed))
    for side, rows in change.unexplained.items():
        if rows:
            yield f"What {counted.count.counter} told {side} is not what its rules say in {names(rows)}"


def _states(changed: tuple[LayerDifference, ...]) -> Table:
    """Rows whose number stayed 0 and whose state did not: nothing told before, and 0 now, or the reverse."""
    rows = tuple((layer.layer, layer.type, number(layer.left), number(layer.right)) for layer in changed)
    return Table(columns=("layer", "type", "now", "before"), rows=rows, numeric=frozenset({"now", "before"}))
