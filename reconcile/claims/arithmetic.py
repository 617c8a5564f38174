"""Evaluating printed formulas: numbers, named sizes, + - * / // ** and brackets, and nothing else."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

from reconcile.errors import UsageError
from reconcile.language import commas, phrase

_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda a, b: Fraction(a // b),
}

_MOST = 64
"""The highest power that a formula may ask for."""


def worth(formula: str, names: Mapping[str, int] | None = None) -> Fraction:
    """The exact value of a formula.

    >>> worth("138 * 3.8"), worth("2 * k**2 * Cin", {"k": 3, "Cin": 16})
    (Fraction(2622, 5), Fraction(288, 1))
    """
    try:
        return _value(ast.parse(formula.strip(), mode="eval").body, formula, names or {})
    except (SyntaxError, ZeroDivisionError, RecursionError, ValueError) as error:
        raise UsageError(
            phrase("the formula {formula!r} cannot be evaluated: {error}", formula=formula, error=error)
        ) from None


def evaluate(formula: str) -> int:
    """The value of a formula that gives a whole number.

    >>> evaluate("(3*3*64*128) + 128")
    73856
    """
    value = worth(formula)
    if value.denominator != 1:
        raise UsageError(
            phrase(
                "the formula {formula!r} gives {value:g}, which is no whole number", formula=formula, value=float(value)
            )
        )
    return int(value)


def _value(node: ast.expr, formula: str, names: Mapping[str, int]) -> Fraction:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return Fraction(ast.get_source_segment(formula.strip(), node) or str(node.value))
    if isinstance(node, ast.Name) and node.id in names:
        return Fraction(names[node.id])
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, formula, names), _value(node.right, formula, names))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return _power(_value(node.left, formula, names), _value(node.right, formula, names), formula)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, formula, names)
    if isinstance(node, ast.Name):
        raise UsageError(_unknown(formula, node.id, names))
    raise UsageError(
        phrase("the formula {formula!r} may hold numbers, + - * / // ** and brackets only", formula=formula)
    )


def _unknown(formula: str, name: str, names: Iterable[str]) -> str:
    known = commas(names)
    if not known:
        return phrase(
            "the formula {formula!r} has the name {name!r}, which stands for nothing here", formula=formula, name=name
        )
    return phrase(
        "the formula {formula!r} has the name {name!r}, which stands for nothing here; known are {known}",
        formula=formula,
        name=name,
        known=known,
    )


def _power(base: Fraction, power: Fraction, formula: str) -> Fraction:
    if power.denominator != 1 or not 0 <= power <= _MOST:
        raise UsageError(
            phrase(
                "the formula {formula!r} has a power that is no whole number from 0 to {most}",
                formula=formula,
                most=_MOST,
            )
        )
    return Fraction(base ** int(power))
