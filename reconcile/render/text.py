"""How numbers and names read in every report."""

from __future__ import annotations

from fractions import Fraction

from reconcile.language import commas, later

_SCALES = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))


def number(value: int | None) -> str:
    """A number with its digits in groups; nothing told is a dash.

    >>> number(6357098496), number(None)
    ('6,357,098,496', '-')
    """
    return "-" if value is None else f"{value:,}"


def fraction(value: Fraction) -> str:
    """A number that may be no whole one.

    >>> fraction(Fraction(3000)), fraction(Fraction(10001, 4))
    ('3,000', '2,500 1/4')
    """
    whole, rest = divmod(value.numerator, value.denominator)
    return number(whole) if not rest else f"{number(whole)} {rest}/{value.denominator}"


def readable(value: int | None) -> str:
    """A number as people say it, with three digits behind the point.

    >>> readable(6357098496), readable(-1996800), readable(12)
    ('6.357 G', '-1.997 M', '12')
    """
    if value is None:
        return "-"
    for scale, letter in _SCALES:
        if abs(value) >= scale:
            return f"{value / scale:.3f} {letter}"
    return str(value)


def signed(value: int) -> str:
    """A number with its sign."""
    return f"{value:+,}" if value else "0"


def names(layers: tuple[str, ...], most: int = 4) -> str:
    """Some layers by name, and how many more there are: in English, which `retold` says where they are shown.

    >>> names(("a", "b", "c"), most=2)
    'a, b and 1 more'
    """
    if len(layers) <= most:
        return commas(layers)
    return later("{names} and {n} more", names=commas(layers[:most]), n=len(layers) - most)
