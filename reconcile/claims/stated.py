"""A number as people state it: digits, a scale, and perhaps a unit, such as `4.09 GMACs` or `11.7M params`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from reconcile.claims.printed import SCALES, Printed, parse_printed
from reconcile.errors import UsageError
from reconcile.language import phrase
from reconcile.resources.metrics import OPERATIONS

_WORDS = {
    "MAC": ("mac", "macs", "macc", "maccs", "madd", "madds", "mult-adds", "multiply-adds", "mul-adds"),
    "FLOP": ("flop", "flops"),
    "parameter": ("param", "params", "parameter", "parameters"),
}
"""Words that people write behind a number, by the unit that they mean."""

UNITS = {word: unit for unit, words in _WORDS.items() for word in words}

_FORM = re.compile(
    rf"(?P<digits>[+-]?[\d,_]*\.?\d*)\s*(?P<scale>[kKMGTPB]?)\s*(?P<word>{'|'.join(map(re.escape, UNITS))})?",
    re.IGNORECASE,
)

_BILLION = "B"
"""What American papers write for G."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A stated number, as `text` has it; `unit` is None where none is stated, and operations are counted then."""

    text: str
    printed: Printed
    unit: str | None = None

    @property
    def metric(self) -> str:
        """What the number counts: operations, or parameters."""
        return "params" if self.unit == "parameter" else OPERATIONS

    def show(self, amount: Fraction | int) -> str:
        """An amount to the digits and in the scale in which this number is stated.

        >>> parse_stated("4.09 GMACs").show(4089184256)
        '4.09G'
        """
        letter = self.printed.text[-1:] if self.printed.text[-1:].isalpha() else ""
        scale = SCALES[letter]
        step = Decimal(self.printed.step.numerator) / Decimal(self.printed.step.denominator) / scale
        value = Decimal(Fraction(amount).numerator) / Decimal(Fraction(amount).denominator) / scale
        return f"{value.quantize(step, ROUND_HALF_EVEN)}{letter}"


def parse_stated(text: str) -> Stated:
    """Read a stated number.

    >>> parse_stated("4.09 GMACs").unit, parse_stated("11.7M params").metric, parse_stated("2914598912").unit
    ('MAC', 'params', None)
    """
    found = _FORM.fullmatch(text.strip())
    if found is None or not any(char.isdigit() for char in found["digits"]):
        raise UsageError(
            phrase(
                "the value {value!r} is no stated number; write it as 4.1G, '4.09 GMACs', 2914598912 or '11.7M params'",
                value=text,
            )
        )
    scale = found["scale"].upper().replace("K", "k").replace(_BILLION, "G")
    unit = UNITS.get((found["word"] or "").lower())
    return Stated(text=text.strip(), printed=parse_printed(found["digits"] + scale), unit=unit)
