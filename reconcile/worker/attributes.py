"""The attributes of a layer as the ledger keeps them: numbers, flags, short texts and short lists of these."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from reconcile.ledger import Value

_LONGEST_TEXT = 40
_LONGEST_LIST = 8


def _plain(value: Any) -> tuple[bool, Value]:
    if value is None or isinstance(value, (bool, int, float)):
        return True, value
    if isinstance(value, str):
        return len(value) <= _LONGEST_TEXT, value
    if isinstance(value, (tuple, list)) and len(value) <= _LONGEST_LIST:
        parts = [_plain(item) for item in value]
        return all(kept for kept, _ in parts), tuple(part for _, part in parts)
    return False, None


def plain_attributes(values: Mapping[str, Any], internal: Collection[str]) -> dict[str, Value]:
    """The plain ones of an object's attributes, without those that its framework keeps for itself."""
    found = {}
    for name, value in values.items():
        if name not in internal:
            kept, plain = _plain(value)
            if kept:
                found[name] = plain
    return found
