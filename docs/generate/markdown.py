"""Pieces of Markdown pages: tables with escaped cells, and the line that says who wrote a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

WRITTEN = "<!-- Written by `make docs` from the adapters, the schemas and reports/conformance.json; do not edit. -->"
"""Stands at the head of every page that is written by a program."""


def page(title: str, *parts: str) -> str:
    """A whole page of a title and parts; empty parts are left out."""
    return "\n\n".join(filter(None, [WRITTEN, f"# {title}", *parts])) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """A table; the columns in `right` are numbers and stand at the right."""
    marks = ["---:" if index in right else "---" for index in range(len(head))]
    lines = [head, marks, *([_cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def console(command: str, printed: str = "") -> str:
    """A command as a reader types it, and what it prints."""
    body = f"$ {command}\n{printed}".rstrip()
    return f"```console\n{body}\n```"


def listed(words: Sequence[str], most: int) -> str:
    """Words in code, the first `most` of them and how many more there are."""
    shown = ", ".join(f"`{word}`" for word in words[:most])
    return f"{shown} and {len(words) - most} more" if len(words) > most else shown
