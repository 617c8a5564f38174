"""A published formula as one side of an explanation: each part against the work that plays its role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconcile.claims.arithmetic import evaluate
from reconcile.language import commas, later
from reconcile.pricing.amounts import Amount
from reconcile.pricing.terms import TERMS
from reconcile.published.formula import Formula, Part
from reconcile.published.transformer import Role, Transformer
from reconcile.resources.holdings import Holding
from reconcile.rules import TOTAL
from reconcile.side import Item, Side
from reconcile.work import Work


@dataclass(frozen=True, kw_only=True, eq=False)
class _Reading:
    """What a formula says of the rows of a model, while it is put together part by part."""

    formula: Formula
    model: Transformer
    told: dict[str, int] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    covered: set[int] = field(default_factory=set)

    def add(
        self, row: str, cause: str, weight: int, amount: Amount, *, definition: int = 0, term: str = "part"
    ) -> None:
        """One departure from the definition, with what it makes of the row's number."""
        if (weight - definition) * amount.value:
            self.items.append(
                Item(
                    layer=row,
                    cause=cause,
                    term=term,
                    weight=weight,
                    definition=definition,
                    amount=amount,
                    source=self.formula.source,
                )
            )

    def tell(self, row: str, value: int) -> None:
        """A part of the number of a row."""
        self.told[row] = self.told.get(row, 0) + value

    def passes(self, part: Part) -> int:
        """How many passes are counted of a part."""
        return part.training if self.formula.training else 1

    def products(self, row: str, ops: Sequence[int], passes: int, *, halved: bool) -> int:
        """The products of a row, once by each part that stands for them; what a formula of the right sizes gives."""
        amount = self.model.work.amount("mac", tuple(ops))
        weight = self.formula.weight
        fresh = not self.covered.intersection(ops)
        self.covered.update(ops)
        self.add(row, "mac-weight", weight, amount, definition=1 if fresh else 0, term="mac")
        value = weight * amount.value
        if halved:
            half = Amount(value // 2, f"{weight} * ({amount.formula}) // 2")
            self.add(row, "half-attention", -1, half)
            value -= half.value
        self.add(row, "passes", passes - 1, Amount(value, str(value)))
        return value


def formula_side(formula: Formula, work: Work, types: Mapping[str, str], inputs: tuple[str, ...] = ()) -> Side:
    """Read a formula against the work that a transformer executed."""
    model = Transformer(work)
    reading = _Reading(formula=formula, model=model)
    sizes = {**model.sizes, **formula.sizes}
    notes = [
        f"{formula.id}: {formula.source}",
        later("sizes: {sizes}", sizes=commas(f"{name} {size}" for name, size in sizes.items())),
    ]
    for role in dict.fromkeys(part.role for part in formula.parts if part.role is not None):
        _role(reading, role, [part for part in formula.parts if part.role == role], sizes)
    for part in formula.parts:
        if part.term is not None:
            _term(reading, part, sizes)
        elif part.tensors is not None:
            _tensors(reading, part, sizes)
        notes.append(f"{part.part}: {reading.passes(part)} * ({part.filled(sizes)})")
    _left_out(reading)
    told: dict[str, int | None] = {name: reading.told.get(name) for name in work.layers}
    told |= {name: value for name, value in reading.told.items() if name not in told}
    return Side(
        name=formula.id,
        version=None,
        unit=formula.unit,
        total=sum(reading.told.values()),
        told=told,
        reference=work.reference,
        items=tuple(reading.items),
        residuals={name: _residual(reading, name) for name in told},
        mismatches=(),
        types=types,
        work=work,
        inputs=inputs,
        notes=tuple(notes),
    )


def _residual(reading: _Reading, row: str) -> int:
    """What the departures of a row do not account for."""
    reference = reading.model.work.reference.get(row)
    executed = 0 if reference is None else reference.value
    return reading.told.get(row, 0) - executed - sum(item.value for item in reading.items if item.layer == row)


def _role(reading: _Reading, role: Role, parts: Sequence[Part], sizes: Mapping[str, int]) -> None:
    """All parts of one role together against the products that play it, row by row."""
    halved = role == "attention" and (reading.formula.causal or any(part.halved for part in parts))
    passes = reading.passes(parts[0])
    text = " + ".join(part.filled(sizes) for part in parts)
    if reading.formula.causal and role == "attention":
        text = f"({text}) // 2"
    rows = _by_row(reading.model.work, reading.model.ops_of(role))
    if not rows:
        _absent(reading, passes, text)
        return
    right = {row: reading.products(row, ops, passes, halved=halved) for row, ops in rows.items()}
    excess = evaluate(text) - sum(right.values())
    for row, value, share in zip(right, right.values(), _shares(excess, list(right.values())), strict=True):
        more = Amount(share, f"({text} - {sum(right.values())}) * {value} // {sum(right.values())}")
        reading.add(row, "formula", passes, more if evaluate(more.formula) == share else Amount(share, str(share)))
        reading.tell(row, passes * (value + share))


def _absent(reading: _Reading, passes: int, text: str) -> None:
    """A part that stands for work which the model does not execute."""
    value = evaluate(text)
    reading.add(TOTAL, "absent", passes, Amount(value, text))
    reading.tell(TOTAL, passes * value)


def _by_row(work: Work, ops: Sequence[int]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for index in ops:
        rows.setdefault(work.layer_of(work.ledger.ops[index]), []).append(index)
    return rows


def _shares(whole: int, parts: Sequence[int]) -> Iterator[int]:
    """A whole number in shares in proportion to some parts; the last one takes what division leaves.

    >>> list(_shares(10, [1, 1, 1]))
    [3, 3, 4]
    """
    given = 0
    for index, part in enumerate(parts):
        share = whole - given if index == len(parts) - 1 else whole * part // sum(parts)
        given += share
        yield share


def _term(reading: _Reading, part: Part, sizes: Mapping[str, int]) -> None:
    """A part that stands for work besides products: a weight on a term, in the rows that executed it."""
    work, term, passes, text = reading.model.work, str(part.term), reading.passes(part), part.filled(sizes)
    rows = {name: work.amount(term, ops) for name, ops in work.layers.items() if work.amount(term, ops).value}
    if term == "embedding":
        # A formula has one table, that of the tokens, which is looked up first.
        rows = dict(list(rows.items())[:1])
    if not rows:
        _absent(reading, passes, text)
        return
    amounts = [amount.value for amount in rows.values()]
    weight = evaluate(text) // sum(amounts)
    for (row, amount), share in zip(
        rows.items(), _shares(evaluate(text) - weight * sum(amounts), amounts), strict=True
    ):
        reading.add(row, TERMS[term].cause, weight * passes, amount, term=term)
        reading.add(row, "formula", passes, Amount(share, str(share)))
        reading.tell(row, passes * (weight * amount.value + share))


def _tensors(reading: _Reading, part: Part, sizes: Mapping[str, int]) -> None:
    """A part that takes every parameter for a weight: products where there are some, and nothing executed elsewhere."""
    passes, tokens, rest = reading.passes(part), sizes["tokens"], evaluate(part.filled(sizes))
    weight = reading.formula.weight
    products = _by_row(reading.model.work, [i for role in _WEIGHTED for i in reading.model.ops_of(role)])
    for item in reading.model.held:
        if part.tensors == "inner" and item.tensor.key in reading.model.tables:
            continue
        share = weight * item.elements.value * tokens
        rest -= share
        reading.tell(item.layer, passes * share)
        if item.layer in products and len(item.tensor.shape) > 1:
            right = reading.products(item.layer, products[item.layer], passes, halved=False)
            other = Amount(share - right, f"{weight} * ({item.elements.formula}) * {tokens} - {right}")
            reading.add(item.layer, "formula", passes, other)
        else:
            reading.add(item.layer, "as-weight", weight * passes, _for_tokens(item, tokens))
    if rest:
        reading.add(TOTAL, "formula", passes, Amount(rest, str(rest)))
        reading.tell(TOTAL, passes * rest)


_WEIGHTED: tuple[Role, ...] = ("projections", "output", "feed-forward", "logits", "other")


def _for_tokens(item: Holding, tokens: int) -> Amount:
    return Amount(item.elements.value * tokens, f"{tokens} * ({item.elements.formula})")


def _left_out(reading: _Reading) -> None:
    """Products that no part stands for."""
    model = reading.model
    for row, ops in _by_row(model.work, [index for index in model.roles if index not in reading.covered]).items():
        reading.add(row, "left-out", 0, model.work.amount("mac", tuple(ops)), definition=1, term="mac")
