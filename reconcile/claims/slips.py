"""Slips of digits: how one printed number turns into another by a small mistake of the hand."""

from __future__ import annotations

_TWO_SLIPS_FROM = 7
"""A number must have this many digits before two slips are worth more than chance."""

_ONE_SLIP_FROM = 4


def slips(printed: int, meant: int) -> int:
    """How many digits must be changed, added, left out or swapped with a neighbour to get from one to the other.

    >>> slips(3211254, 3211264), slips(32111254, 3211264), slips(12, 21)
    (1, 2, 1)
    """
    a, b = str(abs(printed)), str(abs(meant))
    rows = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) + 1):
        for j in range(len(b) + 1):
            rows[i][j] = _step(rows, a, b, i, j)
    return rows[-1][-1]


def _step(rows: list[list[int]], a: str, b: str, i: int, j: int) -> int:
    if i == 0 or j == 0:
        return i + j
    best = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]))
    if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
        best = min(best, rows[i - 2][j - 2] + 1)
    return best


def is_slip(printed: int, meant: int) -> bool:
    """Whether a number is so close to another that a slip of digits is likelier than chance.

    >>> is_slip(3211254, 3211264), is_slip(10240, 1024), is_slip(12, 13)
    (True, True, False)
    """
    digits = min(len(str(abs(printed))), len(str(abs(meant))))
    if digits < _ONE_SLIP_FROM or printed == meant:
        return False
    return slips(printed, meant) <= (2 if digits >= _TWO_SLIPS_FROM else 1)
