"""How a table fits a terminal: which columns it keeps, how wide each is, and where a heading is folded.

Numbers are never broken, and no word is that is short; columns that can be spared go where there is no room for all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

from reconcile.language import phrase
from reconcile.render.tables import Table

FOLDABLE = (16, 12)
"""Letters that a word keeps together where there is no room for all of them, first tried first; a path of modules is
often longer."""

NARROWEST = 12
"""How wide a column is at least in a language that may break its lines behind any character."""

_BETWEEN, _EDGES = 3, -1
"""What stands between two columns, and beside the outer ones less than between two."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it is drawn."""

    heading: str
    cells: tuple[str, ...]
    numeric: bool

    @property
    def whole(self) -> int:
        """How wide the column is if no line of it is broken."""
        return max(map(cell_len, (*self.heading.splitlines(), *self.cells)))

    def least(self, most: int | None = None) -> int:
        """How wide it must be so that no number and no word is broken; words longer than `most` may be."""
        if self.numeric:
            return self.whole
        texts = (self.heading, *self.cells)
        words = [len(word) for text in texts for word in _WORD.findall(text)]
        kept = words if most is None else [min(word, most) for word in words]
        anywhere = [min(cell_len(text), NARROWEST) for text in texts if cell_len(text) > len(text)]
        return max(1, *kept, *anywhere, 0)

    def folded(self) -> Column:
        """The column with its heading in lines that are as short as its numbers and the parts of a name allow."""
        if not self.numeric:
            return self
        parts = _PART.findall(self.heading) or [self.heading]
        room = max(map(cell_len, (*(part.rstrip() for part in parts), *self.cells)))
        lines = [""]
        for part in parts:
            if cell_len((lines[-1] + part).rstrip()) > room:
                lines.append("")
            lines[-1] += part
        return replace(self, heading="\n".join(line.rstrip() for line in lines))


_WORD = re.compile(r"[^\s\u2e80-\uffef]+")
"""What no line is broken in; one may end behind any character of Chinese."""

_PART = re.compile(r"[^\s:@=-]+[:@=-]*\s*|[:@=-]+\s*")
"""What no line of a heading is broken in; `torchstat:madd` and `per sample` have two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A table as it fits: its columns with their widths, and the names of those that were left out."""

    columns: tuple[Column, ...]
    widths: tuple[int, ...]
    left_out: tuple[str, ...] = ()


def fitted(given: Table, width: int) -> Fit | None:
    """How a table fits a width; None if it does not, however many of its columns are spared."""
    columns = columns_of(given)
    if _taken([column.whole for column in columns]) <= width:
        return Fit(columns=columns, widths=tuple(column.whole for column in columns))
    left_out = []
    for spare in given.spare:
        if _taken(_leasts(_folded(columns))) <= width:
            break
        given = given.without(spare)
        columns = columns_of(given)
        left_out.append(spare)
    folded = _folded(columns)
    for tried, most in ((columns, None), (folded, None), *((folded, letters) for letters in FOLDABLE)):
        least = _leasts(tried, most)
        if _taken(least) <= width:
            return Fit(columns=tried, widths=_narrowed(tried, least, width), left_out=tuple(left_out))
    return None


def _folded(columns: Sequence[Column]) -> tuple[Column, ...]:
    return tuple(column.folded() for column in columns)


def columns_of(given: Table) -> tuple[Column, ...]:
    """The columns of a table with their headings in the language in use."""
    return tuple(
        Column(phrase(name), tuple(row[index] for row in given.rows), name in given.numeric)
        for index, name in enumerate(given.columns)
    )


def _leasts(columns: Sequence[Column], most: int | None = None) -> list[int]:
    return [column.least(most) for column in columns]


def _taken(widths: Sequence[int]) -> int:
    """How wide a table is whose columns have these widths."""
    return sum(widths) + _BETWEEN * len(widths) + _EDGES


def _narrowed(columns: Sequence[Column], least: Sequence[int], width: int) -> tuple[int, ...]:
    """The widths of columns in a table of a width: the widest give way, each down to its least."""
    found = [max(floor, min(column.whole, width)) for column, floor in zip(columns, least, strict=True)]
    for _ in range(_taken(found) - width):
        widest = max((index for index in range(len(found)) if found[index] > least[index]), key=found.__getitem__)
        found[widest] -= 1
    return tuple(found)
