"""A claim as one side of an explanation: for each number, the one reading of the work that gives it.

Readings are tried from the simplest on; each departs from the executed work by one thing at a time, and a slip of
digits is looked for only where no reading gives the number itself, and in readings of all rows only: one row and a slip
would be two free factors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconcile.claims.arithmetic import evaluate
from reconcile.claims.claim import Claim, ClaimRow
from reconcile.claims.printed import parse_printed
from reconcile.claims.slips import is_slip
from reconcile.errors import UsageError
from reconcile.fold import flow, sayings
from reconcile.language import commas, later, phrase
from reconcile.pricing.amounts import Amount
from reconcile.pricing.terms import TERMS
from reconcile.rules import TOTAL
from reconcile.side import Item, Side
from reconcile.work import Work

_ALONE = ("activation", "pool.window", "pool.input", "pool.output", "norm", "softmax", "elementwise", "resample")
"""Terms that a hand calculation counts once for each element of a layer without multiply-adds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to read the work of a layer: the number that it gives and how it departs from the definition.

    It is `mistaken` where no work gives the number, but a slip of digits or another row does.
    """

    value: int
    items: tuple[Item, ...]
    says: str
    folded: bool = False
    mistaken: bool = False


@dataclass(frozen=True, eq=False)
class _Layer:
    """One layer with its work, as the readings need it."""

    claim: Claim
    name: str
    work: Work
    rows: int

    def amount(self, term: str) -> Amount:
        return self.work.amount(term, self.work.layers[self.name])

    def item(self, cause: str, term: str, weight: int, definition: int, amount: Amount) -> Item:
        return Item(
            layer=self.name,
            cause=cause,
            term=term,
            weight=weight,
            definition=definition,
            amount=amount,
            source=self.claim.id,
        )

    def one_row(self, amount: Amount) -> Amount:
        """The same amount for one row where the ledger has `rows`."""
        return Amount(amount.value // self.rows, f"({amount.formula}) // {self.rows}")


def claim_side(claim: Claim, work: Work, types: Mapping[str, str]) -> Side:
    """Read a claim against the work that its model executed."""
    for name in claim.rows:
        if name not in work.layers:
            raise UsageError(
                phrase(
                    "the claim file {file!r} has a row {row!r}, which is no layer; layers are {layers}",
                    file=claim.file,
                    row=name,
                    layers=commas(list(work.layers)[:12]),
                )
            )
    moved = flow(work)
    layers = [_Layer(claim, name, work, int(moved.layers.get(name, 1))) for name in work.layers]
    stated = claim.rows or _assumed(claim, layers)
    told, items, residuals, notes = _rows(layers, stated, claim)
    notes += sayings(work) if any(item.cause == "folded-batch" for item in items) else []
    total = claim.total.value if claim.total is not None else sum(row.value for row in stated.values())
    rest = total - sum(row.value for row in stated.values())
    if rest and claim.rows:
        amount = Amount(rest, f"{total} - {total - rest}")
        items.append(
            Item(layer=TOTAL, cause="arithmetic", term="total", weight=1, definition=0, amount=amount, source=claim.id)
        )
        notes.append(
            later(
                "the rows of {claim} sum to {sum}, not to the stated {total}",
                claim=claim.id,
                sum=total - rest,
                total=total,
            )
        )
    told[TOTAL] = rest
    residuals[TOTAL] = 0 if claim.rows else rest
    return Side(
        name=claim.id,
        version=None,
        unit=claim.unit,
        total=total,
        told=told,
        reference=work.reference,
        items=tuple(items),
        residuals=residuals,
        mismatches=(),
        types=types,
        work=work,
        inputs=tuple(str(item) for item in claim.inputs),
        notes=tuple(notes),
    )


def _rows(
    layers: list[_Layer], stated: Mapping[str, ClaimRow], claim: Claim
) -> tuple[dict[str, int | None], list[Item], dict[str, int], list[str]]:
    told: dict[str, int | None] = {}
    items: list[Item] = []
    residuals: dict[str, int] = {}
    notes: list[str] = []
    for layer in layers:
        row = stated.get(layer.name)
        told[layer.name], residuals[layer.name] = None if row is None else row.value, 0
        if row is None:
            items += _left_out(layer)
            continue
        reading = read(layer.claim, layer.work, layer.name, row.value, layer.rows)
        if reading.value != row.value:
            reading = _misplaced(layer, stated, reading)
        items += reading.items
        residuals[layer.name] = row.value - reading.value
        if reading.mistaken:
            notes.append(later("{layer}: {says}", layer=layer.name, says=reading.says))
        notes += _formula_note(layer.name, row)
    return told, items, residuals, notes


def _misplaced(layer: _Layer, stated: Mapping[str, ClaimRow], reading: Reading) -> Reading:
    """A number that nothing gives for its layer, where the row before or after it states the same one."""
    names, value = list(stated), stated[layer.name].value
    place = names.index(layer.name)
    for other in names[max(0, place - 1) : place + 2]:
        if value and other != layer.name and stated[other].value == value:
            other_amount = Amount(value - reading.value, f"{value} - {reading.value}")
            item = layer.item("misplaced", "digits", 1, 0, other_amount)
            says = later(
                "{value} is printed, which is the number of {other}; nothing that this layer does gives it",
                value=value,
                other=other,
            )
            return Reading(value=value, items=(*reading.items, item), says=says, mistaken=True)
    return reading


def _left_out(layer: _Layer) -> list[Item]:
    amount = layer.amount("mac")
    return [layer.item("left-out", "mac", 0, 1, amount)] if amount.value else []


def _formula_note(name: str, row: ClaimRow) -> list[str]:
    if row.formula is None or evaluate(row.formula) == row.value:
        return []
    said = later(
        "{layer}: the printed formula {formula} gives {value}, not the printed {printed}",
        layer=name,
        formula=row.formula,
        value=evaluate(row.formula),
        printed=row.value,
    )
    return [said]


def read(claim: Claim, work: Work, name: str, value: int, rows: int) -> Reading:
    """The simplest reading of a layer that gives `value`; without one, the plain reading, which leaves a residual."""
    layer = _Layer(claim, name, work, rows)
    readings = list(_readings(layer))
    for reading in readings:
        if reading.value == value:
            return reading
    for reading in readings:
        if reading.value and not reading.folded and is_slip(value, reading.value):
            slip = Amount(value - reading.value, f"{value} - {reading.value}")
            item = layer.item("typo", "digits", 1, 0, slip)
            says = later(
                "{value} is printed where {meant} ({reading}) belongs",
                value=value,
                meant=reading.value,
                reading=reading.says,
            )
            return Reading(value=value, items=(*reading.items, item), says=says, mistaken=True)
    return readings[0]


def _readings(layer: _Layer) -> Iterator[Reading]:
    """Every reading of one layer, the simplest first."""
    yield _products(layer, folded=False, bias=False)
    yield _products(layer, folded=False, bias=True)
    if _divides(layer):
        yield _products(layer, folded=True, bias=False)
        yield _products(layer, folded=True, bias=True)
    if layer.amount("mac").value == 0:
        for term in _ALONE:
            yield from _elements(layer, term)


def _divides(layer: _Layer) -> bool:
    """Whether the work of a layer is that of one row, several times over."""
    return layer.rows > 1 and not any(layer.amount(term).value % layer.rows for term in ("mac", "bias"))


def _products(layer: _Layer, *, folded: bool, bias: bool) -> Reading:
    mac, weight = layer.amount("mac"), layer.claim.weight
    items = []
    if folded:
        missing = Amount(mac.value - mac.value // layer.rows, f"{layer.rows - 1} * {mac.value // layer.rows}")
        items += [layer.item("folded-batch", "mac", 0, 1, missing)] if missing.value else []
        mac = layer.one_row(mac)
    items += [layer.item("mac-weight", "mac", weight, 1, mac)] if weight != 1 and mac.value else []
    value = weight * mac.value
    if bias:
        added = layer.one_row(layer.amount("bias")) if folded else layer.amount("bias")
        items += [layer.item("bias", "bias", 1, 0, added)] if added.value else []
        value += added.value
    return Reading(value=value, items=tuple(items), says=_PRODUCTS[folded, bias], folded=folded)


_PRODUCTS = {
    (False, False): later("multiply-adds"),
    (True, False): later("multiply-adds of one row"),
    (False, True): later("multiply-adds and bias"),
    (True, True): later("multiply-adds of one row and bias"),
}
"""What the readings of products are called, for the whole work or one row of it, without biases or with them."""


def _elements(layer: _Layer, term: str) -> Iterator[Reading]:
    amount = layer.amount(term)
    if not amount.value:
        return
    for weight in (1, 2, 4) if term == "norm" else (1,):
        folded = layer.rows > 1 and amount.value % layer.rows == 0
        for rows, part in ((1, amount), (layer.rows, layer.one_row(amount)))[: 1 + folded]:
            item = layer.item(TERMS[term].cause, term, weight, 0, part)
            fields = {"weight": weight, "unit": TERMS[term].unit, "formula": part.formula}
            says = later("{weight} for each {unit}, {formula}", **fields)
            if rows > 1:
                says = later("{weight} for each {unit} of one row, {formula}", **fields)
            yield Reading(value=weight * part.value, items=(item,), says=says, folded=rows > 1)


def _assumed(claim: Claim, layers: list[_Layer]) -> dict[str, ClaimRow]:
    """Rows for a claim that states a total only: the first reading of all layers alike that gives the total."""
    plain: dict[str, ClaimRow] | None = None
    for folded in (False, True):
        for bias in (False, True):
            readings = {
                layer.name: _products(layer, folded=folded and _divides(layer), bias=bias)
                for layer in layers
                if layer.amount("mac").value
            }
            rows = {name: ClaimRow(printed=parse_printed(reading.value)) for name, reading in readings.items()}
            if claim.total is not None and sum(row.value for row in rows.values()) == claim.total.value:
                return rows
            plain = plain or rows
    return plain or {}
