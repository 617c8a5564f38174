"""Published formulas beside each other: what each counts of one transformer, and by which causes it departs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconcile.causes import CAUSES
from reconcile.explain import Explanation
from reconcile.language import later, phrase, retold
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
    columns = (later("formula"), later("total"), later("of multiply-adds"), *causes)
    return Table(columns=columns, rows=tuple(body), numeric=frozenset(columns[1:]))


def formulas_page(found: Sequence[Explanation], command: str) -> str:
    """All formulas as Markdown: the overview, what the causes mean, and the parts of each."""
    executed = found[0].right.total
    parts = [
        phrase("# What formulas for transformers count"),
        "\n".join(_about(executed)),
        phrase("Written by `{command}`.", command=command),
        table(overview(found)),
    ]
    parts += [_formula(item) for item in found]
    return "\n\n".join(parts) + "\n"


def _about(executed: int) -> Iterator[str]:
    yield phrase(
        "The network executes {total} multiply-adds ({readable}); a total is that many, and what each cause adds to "
        "it, and nothing is left.",
        total=number(executed),
        readable=readable(executed),
    )
    yield phrase("Parts of a formula are matched with what the network executed by the role that it plays.")


def _formula(item: Explanation) -> str:
    causes = [
        phrase(
            "- {amount} `{cause}`: {because}",
            amount=signed(cause.amount),
            cause=cause.cause,
            because=retold(cause.because),
        )
        for cause in item.causes
    ]
    notes = [f"- {retold(note).removeprefix(f'{item.left.counter}: ')}" for note in item.notes]
    total = phrase("{total} {unit}.", total=number(item.left.total), unit=item.left.unit)
    return "\n\n".join([f"## {_name(item)}", total, "\n".join(causes), phrase("Its parts:"), "\n".join(notes)])


def _short(amount: int) -> str:
    return f"{'+' if amount > 0 else ''}{readable(amount)}"


def _name(item: Explanation) -> str:
    return item.left.counter.removeprefix(PREFIX)
