"""Sizes of memory as people write them: `8G`, `512M`; the letters are powers of 1024."""

from __future__ import annotations

import re

from reconcile.errors import UsageError
from reconcile.language import phrase

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)


def parse_bytes(text: str) -> int:
    """Read a size in bytes.

    >>> parse_bytes("8G") == 8 * 1024**3, parse_bytes("1.5 MiB") == 3 * 512 * 1024, parse_bytes("4096")
    (True, True, 4096)
    """
    found = _SIZE.fullmatch(text.strip())
    size = int(float(found[1]) * _UNITS[found[2].upper()]) if found is not None else 0
    if size < 1:
        raise UsageError(phrase("the memory {text!r} is no size above 0; write 8G or 512M", text=text))
    return size


def show_bytes(size: int) -> str:
    """A size for people.

    >>> show_bytes(512), show_bytes(8 * 2**30), show_bytes(1_500_000)
    ('512 B', '8.0 GiB', '1.4 MiB')
    """
    amount, unit = float(size), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{size} B" if unit == "B" else f"{amount:.1f} {unit}"
