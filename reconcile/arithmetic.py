"""Evaluating printed formulas: whole numbers, + - * // and brackets, and nothing else."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

from reconcile.errors import UsageError

_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}


def evaluate(formula: str) -> int:
    """The value of a formula of whole numbers.

    >>> evaluate("(3*3*64*128) + 128")
    73856
    """
    try:
        return _value(ast.parse(formula.strip(), mode="eval").body, formula)
    except (SyntaxError, ZeroDivisionError, RecursionError) as error:
        raise UsageError(f"the formula {formula!r} cannot be evaluated: {error}") from None


def _value(node: ast.expr, formula: str) -> int:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, formula), _value(node.right, formula))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, formula)
    raise UsageError(f"the formula {formula!r} may hold whole numbers, + - * // and brackets only")
