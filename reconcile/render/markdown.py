"""Markdown from tables."""

from __future__ import annotations

from reconcile.language import phrase
from reconcile.render.tables import Table


def escape(text: str) -> str:
    """Text that stands in a cell as it is."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("\n", " ")


def table(given: Table) -> str:
    """A table in Markdown, numbers aligned to the right.

    >>> print(table(Table(columns=("a", "n"), rows=(("x", "1"),), numeric=frozenset({"n"}))))
    | a | n |
    |---|---:|
    | x | 1 |
    """
    marks = ["---:" if column in given.numeric else "---" for column in given.columns]
    lines = [f"| {' | '.join(escape(phrase(column)) for column in given.columns)} |", f"|{'|'.join(marks)}|"]
    lines += [f"| {' | '.join(escape(cell) for cell in row)} |" for row in given.rows]
    return "\n".join(lines)
