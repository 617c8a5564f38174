"""Numbers as they stand in print: a value, and how coarse its last digit is; both exact."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from reconcile.errors import UsageError
from reconcile.language import phrase

SCALES = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}
"""Letters that may follow a printed number, and what they stand for."""

_FORM = re.compile(r"(?P<digits>[+-]?\d+(?:[,_]\d{3})*)(?P<point>\.\d*)?\s*(?P<scale>[kKMGTP]?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A number in print: `step` is the worth of one unit of its last digit, 1 for a number with all its digits."""

    text: str
    value: Fraction
    step: Fraction

    @property
    def exact(self) -> int | None:
        """The number itself, where no digit of it was rounded away; None where one may have been."""
        return int(self.value) if self.step <= 1 and self.value.denominator == 1 else None

    @property
    def nearest(self) -> int:
        """The whole number that is nearest to what is printed."""
        return round(self.value)

    def prints(self, amount: Fraction | int) -> bool:
        """Whether an amount, rounded to the nearest at the last printed digit, is what is printed.

        >>> parse_printed("6.357G").prints(6357098496), parse_printed(6357).prints(6358)
        (True, False)
        """
        off = 2 * abs(amount - self.value)
        return off < self.step or (off == self.step and self.step > 1)

    def by_chance(self) -> float:
        """How likely an amount of the same order of magnitude prints these digits although nothing relates the two.

        >>> round(parse_printed("16.5").by_chance(), 4)
        0.0026
        """
        size = abs(self.value) or Fraction(1)
        return min(1.0, float(self.step / size) / math.log(10))

    def times(self, factor: int) -> Printed:
        """The same digits in a unit that is `factor` times as small."""
        return Printed(text=self.text, value=self.value * factor, step=self.step * factor)


def _no_number(value: object) -> str:
    if isinstance(value, float):
        return phrase(
            "{value!r} is no printed number such as 10240, '6.357G' or '33.04'; "
            "put it between quotes, so that every printed digit is kept",
            value=value,
        )
    return phrase("{value!r} is no printed number such as 10240, '6.357G' or '33.04'", value=value)


def parse_printed(value: object) -> Printed:
    """Read a whole number, or a text such as `6.357G`, `8,660,042` or `33.04`, whose every digit was printed.

    >>> parse_printed("6.357G").nearest, parse_printed(10240).exact, parse_printed("2914598912.0").exact
    (6357000000, 10240, 2914598912)
    """
    if type(value) is int:
        return Printed(text=str(value), value=Fraction(value), step=Fraction(1))
    found = _FORM.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise UsageError(_no_number(value))
    places = len((found["point"] or ".")[1:])
    scale = SCALES[found["scale"]]
    digits = re.sub(r"[,_]", "", found["digits"] + (found["point"] or "")).rstrip(".")
    return Printed(text=str(value).strip(), value=Fraction(digits) * scale, step=Fraction(scale, 10**places))
