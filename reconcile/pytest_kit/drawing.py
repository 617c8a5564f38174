"""Tables as the text of a failed check."""

from __future__ import annotations

import io

import rich.console

from reconcile.render import terminal
from reconcile.render.tables import Table

_WIDTH = 118
_MOST = 20


def drawn(table: Table, most: int = _MOST) -> str:
    """A table as plain text, with its first rows and how many there are besides."""
    text = io.StringIO()
    kept = Table(columns=table.columns, rows=table.rows[:most], numeric=table.numeric)
    terminal.show(kept, to=rich.console.Console(file=text, width=_WIDTH, highlight=False, color_system=None))
    left = len(table.rows) - most
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    return "\n".join([*filter(None, lines), *([f" and {left} rows more"] if left > 0 else [])])
