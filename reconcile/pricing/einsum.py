"""The size of an einsum as numpy's `einsum_path` prints it: four digits of an operation count.

fvcore reads its count from that text, so its number is neither exact nor the multiply-adds that were executed.
Dimensions are sets of labels here; a label stands once for all the operands that share it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod

from reconcile.ledger import Function, Shape, Tensor
from reconcile.pricing.amounts import Amount, amount

Labels = frozenset[str]

_AS_PRODUCTS = {"abc,abd->acd": -1, "abc,adc->adb": 1}
"""Equations that fvcore prices as a product: the elements of the first operand times this dimension of the last."""


def operands(function: Function) -> list[Shape]:
    """The shapes of what a call of `einsum` multiplies; its operands may come as one list, too."""
    listed = next((item for item in function.arguments if isinstance(item, tuple)), function.arguments)
    return [item.shape for item in listed if isinstance(item, Tensor)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """An equation with the size of every label."""

    operands: tuple[Labels, ...]
    out: Labels
    sizes: Mapping[str, int]

    def elements(self, labels: Labels) -> int:
        """The elements of a tensor that has these labels."""
        return prod(self.sizes[label] for label in labels)

    def cost(self, chosen: Sequence[Labels], rest: Sequence[Labels]) -> tuple[int, Labels]:
        """Operations that contract the chosen operands at once, and the labels of what that gives.

        Every element costs one operation for each operand after the first, and one more if a label is summed away.
        """
        joined = frozenset().union(*chosen)
        kept = joined & self.out.union(*rest)
        factor = max(1, len(chosen) - 1) + (kept != joined)
        return self.elements(joined) * factor, kept


def parse_equation(equation: str, shapes: Sequence[Shape]) -> Equation:
    """Read an equation; dimensions under `...` get digits as labels, from the right.

    >>> parsed = parse_equation("...ij,jk", [(2, 3, 4), (4, 5)])
    >>> sorted(parsed.out), parsed.sizes["0"]
    (['0', 'i', 'k'], 2)
    """
    left, arrow, right = equation.replace(" ", "").partition("->")
    sizes: dict[str, int] = {}
    terms = []
    for term, shape in zip(left.split(","), shapes, strict=True):
        hidden = "".join(str(index) for index in reversed(range(len(shape) - len(term.replace("...", "")))))
        labels = term.replace("...", hidden)
        for label, size in zip(labels, shape, strict=True):
            sizes[label] = max(size, sizes.get(label, size)) if size != 0 else 0
        terms.append(labels)
    digits = "".join(label for label in sizes if label.isdigit())
    if arrow:
        out = right.replace("...", digits)
    else:
        letters = "".join(terms)
        out = digits + "".join(label for label in sizes if letters.count(label) == 1)
    return Equation(operands=tuple(frozenset(term) for term in terms), out=frozenset(out), sizes=sizes)


def best_cost(equation: Equation) -> int:
    """Operations of the cheapest order of contractions in which no result is larger than an operand or the output."""
    operands = equation.operands
    if len(operands) <= 2 or frozenset().union(*operands) == equation.out:
        return equation.cost(operands, ())[0]
    largest = max(equation.elements(labels) for labels in (*operands, equation.out))
    orders: list[tuple[int, tuple[Labels, ...]]] = [(0, operands)]
    for _ in range(len(operands) - 1):
        longer = [order for spent, left in orders for order in _steps(equation, spent, left, largest)]
        if not longer:
            break
        orders = longer
    spent, left = min(orders, key=lambda order: order[0])
    return spent if len(left) == 1 else spent + equation.cost(left, ())[0]


def _steps(
    equation: Equation, spent: int, left: tuple[Labels, ...], largest: int
) -> list[tuple[int, tuple[Labels, ...]]]:
    """Every contraction of two operands whose result is small enough: what is spent then, and what is left."""
    found = []
    for pair in combinations(range(len(left)), 2):
        rest = tuple(labels for index, labels in enumerate(left) if index not in pair)
        cost, kept = equation.cost([left[index] for index in pair], rest)
        if equation.elements(kept) <= largest:
            found.append((spent + cost, (*rest, kept)))
    return found


def index_products(equation: str, shapes: Sequence[Shape]) -> Amount:
    """The sizes of all labels of an einsum multiplied, the last operand's where they differ; 0 for an ellipsis.

    >>> index_products("ij,jk->ik", [(2, 3), (3, 4)])
    Amount(value=24, formula='2*3*4')
    """
    if "..." in equation or not shapes:
        return Amount(0, "0")
    labels = equation.partition("->")[0].replace(" ", "").split(",")
    sizes = {
        label: size for text, shape in zip(labels, shapes, strict=True) for label, size in zip(text, shape, strict=True)
    }
    return amount(sizes.values())


def printed_cost(equation: str, shapes: Sequence[Shape]) -> Amount:
    """Half of the operation count of an einsum, rounded down, after it was printed with four digits.

    >>> printed_cost("ij,jk->ik", [(97, 89), (89, 53)])
    Amount(value=457550, formula='915100 // 2')
    """
    bare = equation.replace(" ", "")
    letters = dict.fromkeys(label for label in bare if label.isalpha())
    renamed = bare.translate({ord(label): ord("a") + index for index, label in enumerate(letters)})
    if renamed in _AS_PRODUCTS:
        return amount(shapes[0], (shapes[-1][_AS_PRODUCTS[renamed]],))
    printed = printed_operations(bare, shapes)
    return Amount(printed // 2, f"{printed} // 2")


def printed_operations(equation: str, shapes: Sequence[Shape]) -> int:
    """The operation count of an einsum after numpy printed it with four digits; numpy starts to count at 1.

    >>> printed_operations("ij,jk->ik", [(2, 3), (3, 4)])
    49
    """
    return int(float(f"{best_cost(parse_equation(equation, shapes)) + 1:.3e}"))
