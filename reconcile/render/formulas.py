"""Published formulas beside each other: what each counts of one transformer, and by which causes it departs."""

from __future__ import annotations

from collections.abc import Sequence

from reconcile.causes import CAUSES
from reconcile.explain import Explanation
from reconcile.published.formula import PREFIX
from reconcile.render.markdown import table
from reconcile.render.tables import Table
from reconcile.render.text import number, readable, signed

COLUMNS = ("formula", "unit", "total", "multiply-adds", "cause", "amount")


def rows(found: Sequence[Explanation]) -> list[tuple[str | int, ...]]:
    """One row for each cause of each formula."""
    return [
        (_name(item), item.left.unit, item.left.total, item.right.total, cause.cause, cause.amount)
        for item in found
        for cause in item.causes
    ]


def overview(found: Sequence[Explanation]) -> Table:
    """One row for each formula, with a column for each cause that one of them has."""
    causes = [name for name in CAUSES if any(cause.cause == name for item in found for cause in item.causes)]
    body = []
    for item in found:
        amounts = {cause.cause: _short(cause.amount) for cause in item.causes}
        share = f"{item.left.total / item.right.total:.3f}"
        body.append((_name(item), readable(item.left.total), share, *(amounts.get(name, "0") for name in causes)))
    columns = ("formula", "total", "of multiply-adds", *causes)
    return Table(columns=columns, rows=tuple(body), numeric=frozenset(columns[1:]))


def formulas_page(found: Sequence[Explanation], command: str) -> str:
    """All formulas as Markdown: the overview, what the causes mean, and the parts of each."""
    executed = found[0].right.total
    parts = [
        "# What formulas for transformers count",
        f"The network executes {number(executed)} multiply-adds ({readable(executed)}); a total is that many, and what "
        "each cause adds to it, and nothing is left.\n"
        "Parts of a formula are matched with what the network executed by the role that it plays.",
        f"Written by `{command}`.",
        table(overview(found)),
    ]
    parts += [_formula(item) for item in found]
    return "\n\n".join(parts) + "\n"


def _formula(item: Explanation) -> str:
    causes = "\n".join(f"- {signed(cause.amount)} `{cause.cause}`: {cause.because}" for cause in item.causes)
    notes = "\n".join(f"- {note.removeprefix(f'{item.left.counter}: ')}" for note in item.notes)
    return f"## {_name(item)}\n\n{number(item.left.total)} {item.left.unit}.\n\n{causes}\n\nIts parts:\n\n{notes}"


def _short(amount: int) -> str:
    return f"{'+' if amount > 0 else ''}{readable(amount)}"


def _name(item: Explanation) -> str:
    return item.left.counter.removeprefix(PREFIX)
