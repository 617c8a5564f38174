"""Exact amounts of work: an integer together with the product that it came from."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from reconcile.errors import LedgerError


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of one term was executed.

    `formula` is ordinary integer arithmetic that evaluates to `value`, so that a reader can check it by hand.
    """

    value: int
    formula: str

    def __post_init__(self) -> None:
        if type(self.value) is not int:
            raise LedgerError(f"an amount must be an int, got {self.value!r} ({type(self.value).__name__})")


def amount(*groups: Iterable[int]) -> Amount:
    """Multiply groups of factors and keep them visible.

    >>> amount((1, 64, 224, 224), (3, 3, 3))
    Amount(value=86704128, formula='1*64*224*224 * 3*3*3')
    >>> amount((2,), ())
    Amount(value=2, formula='2')
    """
    return _amount(tuple([tuple(map(int, group)) for group in groups]))


@lru_cache(maxsize=2**14)
def _amount(factors: tuple[tuple[int, ...], ...]) -> Amount:
    """The amount of groups of factors; a network repeats its layers, so most are asked for more than once."""
    texts = ["*".join(map(str, group)) for group in factors if group]
    return Amount(prod(prod(group) for group in factors), " * ".join(texts) or "1")


def total(amounts: Iterable[Amount]) -> Amount:
    """Add amounts; equal formulas are grouped, as when one layer is called several times.

    >>> total([amount((2, 3)), amount((2, 3)), amount((5,))])
    Amount(value=17, formula='2 * (2*3) + 5')
    """
    counted: dict[str, list[int]] = {}
    for item in amounts:
        counted.setdefault(item.formula, []).append(item.value)
    texts = []
    for formula, values in counted.items():
        texts.append(f"{len(values)} * ({formula})" if len(values) > 1 else formula)
    return Amount(sum(sum(values) for values in counted.values()), " + ".join(texts) or "0")


def in_single_precision(value: float) -> int:
    """The whole number nearest to a value that a 32-bit float can hold.

    >>> in_single_precision(2**24 + 1)
    16777216
    """
    return int(struct.unpack("f", struct.pack("f", value))[0])
