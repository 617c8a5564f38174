"""The parts of a transformer, told from what it executed: which product plays which role, and its sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Literal

from reconcile.errors import UsageError
from reconcile.language import phrase
from reconcile.ledger import Op
from reconcile.pricing.operators import FAST_PATHS, operator
from reconcile.resources.holdings import Holding, holdings
from reconcile.work import Work

Role = Literal["projections", "attention", "output", "feed-forward", "logits", "other"]
ROLES: tuple[Role, ...] = ("projections", "attention", "output", "feed-forward", "logits", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One layer of a transformer: the products of its attention, and the path of the module that makes them."""

    owner: str
    attention: tuple[int, ...]

    @property
    def path(self) -> str:
        """The path of the whole layer: up to its number, or the parent of the attention if it has none.

        >>> Block(owner="encoder.layer.0.attention.self", attention=()).path
        'encoder.layer.0'
        """
        parts = self.owner.split(".")
        numbered = next((index for index, part in enumerate(parts) if part.isdigit()), len(parts) - 2)
        return ".".join(parts[: numbered + 1])


@dataclass(frozen=True, eq=False)
class Transformer:
    """The executed work of one transformer, by roles.

    Products of two activations are attention.  Those of weights are projections where they stand before it inside the
    module that makes it, the output where they follow it, and the feed-forward network in the rest of its layer.
    """

    work: Work

    @cached_property
    def _products(self) -> tuple[int, ...]:
        prices = self.work.prices
        return tuple(index for index in self.work.ledger.executed if "mac" in (prices[index] or {}))

    def _operator(self, index: int) -> str:
        return operator(self.work.ledger.ops[index].name)

    def _path(self, op: Op) -> str:
        return self.work.ledger.module(op.call).path

    def _weighs(self, index: int) -> bool:
        """Whether a product has a weight, which is a tensor of the shape of a parameter of the module that makes it."""
        op = self.work.ledger.ops[index]
        path = self._path(op)
        own = (item for item in self.work.ledger.modules if _within(item.path, path))
        shapes = {parameter.shape for item in own for parameter in item.parameters if len(parameter.shape) > 1}
        return any(tensor.shape in shapes or tensor.shape[::-1] in shapes for tensor in op.tensors)

    @cached_property
    def _weighted(self) -> tuple[int, ...]:
        return tuple(index for index in self._products if self._weighs(index))

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The layers in the order of their execution, one for each call that makes products of activations."""
        fused = [name for name in map(self._operator, self._products) if name in FAST_PATHS]
        if fused:
            raise UsageError(
                phrase(
                    "the model took the fused kernel {kernel}, which hides its parts; run it with --grad grad",
                    kernel=fused[0],
                )
            )
        found: dict[int | None, list[int]] = {}
        for index in self._products:
            if index not in self._weighted:
                found.setdefault(self.work.ledger.ops[index].call, []).append(index)
        if not found:
            raise UsageError(
                phrase("the model executes no attention as an operation of its own, so no formula can be matched")
            )
        ledger = self.work.ledger
        return tuple(Block(owner=ledger.module(call).path, attention=tuple(ops)) for call, ops in found.items())

    @cached_property
    def roles(self) -> Mapping[int, Role]:
        """The role of every product."""
        found: dict[int, Role] = {index: "attention" for block in self.blocks for index in block.attention}
        for index in self._weighted:
            found[index] = self._role(index)
        return found

    def _role(self, index: int) -> Role:
        path = self._path(self.work.ledger.ops[index])
        after = next((block for block in self.blocks if block.attention[0] > index), None)
        before = next((block for block in reversed(self.blocks) if block.attention[-1] < index), None)
        if after is not None and _within(path, after.owner):
            return "projections"
        if before is not None and _within(path, before.path):
            first = next(other for other in self._weighted if other > before.attention[-1])
            return "output" if index == first else "feed-forward"
        return "logits" if self.work.ledger.ops[index].out[-1:] == (self._table_rows,) else "other"

    def ops_of(self, role: Role) -> tuple[int, ...]:
        """The products that play a role, in the order of their execution."""
        return tuple(index for index, own in sorted(self.roles.items()) if own == role)

    @cached_property
    def _tables(self) -> tuple[Op, ...]:
        ops = (self.work.ledger.ops[index] for index in self.work.ledger.executed)
        return tuple(op for op in ops if operator(op.name) == "embedding")

    @property
    def _table_rows(self) -> int | None:
        """The rows of the first table that is looked up, which is that of the tokens."""
        return self._tables[0].shape(0)[0] if self._tables else None

    @cached_property
    def held(self) -> tuple[Holding, ...]:
        """Every parameter once, at the place where a product takes it if there is one."""
        chosen: dict[int, Holding] = {}
        for item in holdings(self.work.ledger):
            known = chosen.get(item.tensor.key)
            if not item.buffer and (known is None or (not self._multiplies(known) and self._multiplies(item))):
                chosen[item.tensor.key] = item
        return tuple(chosen.values())

    def _multiplies(self, item: Holding) -> bool:
        return item.layer in self.work.reference and self.work.reference[item.layer].value > 0

    @cached_property
    def tables(self) -> frozenset[int]:
        """The keys of the tensors that are looked up."""
        modules = {self._path(op) for op in self._tables}
        return frozenset(x.tensor.key for x in holdings(self.work.ledger) if x.module.path in modules and not x.buffer)

    def rows_and_sizes(self, index: int) -> tuple[int, int, int]:
        """Rows, inner size and columns of a product with a weight."""
        op = self.work.ledger.ops[index]
        rows, columns = prod(op.out[:-1]), op.out[-1]
        return rows, self.work.amount("mac", (index,)).value // (rows * columns), columns

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """The sizes that formulas speak of; those that the work does not show are missing."""
        tokens, width, _ = (
            self.rows_and_sizes(self.ops_of("projections")[0]) if self.ops_of("projections") else (0, 0, 0)
        )
        found = dict(self._attention_sizes(tokens))
        hidden = [self.rows_and_sizes(index)[2] for index in self.ops_of("feed-forward")]
        found |= {"hidden": max(hidden)} if hidden else {}
        found |= {"tokens": tokens, "width": width, "layers": len(self.blocks)}
        found |= {"vocabulary": self._table_rows} if self._table_rows else {}
        inner = [item for item in self.held if item.tensor.key not in self.tables]
        found["parameters"] = sum(item.elements.value for item in self.held)
        found["inner"] = sum(item.elements.value for item in inner)
        return {name: value for name, value in found.items() if value}

    def _attention_sizes(self, tokens: int) -> Iterator[tuple[str, int]]:
        """Sizes from the queries, which are (batch, heads, length, head size) or (batch * heads, length, head size)."""
        queries = self.work.ledger.ops[self.blocks[0].attention[0]].shape(0)
        length, size = queries[-2:]
        batch = queries[0] if len(queries) == 4 else max(tokens // length, 1)
        heads = queries[1] if len(queries) == 4 else queries[0] // batch
        yield from {"batch": batch, "length": length, "heads": heads, "attention": heads * size}.items()


def _within(path: str, above: str) -> bool:
    return above in ("", path) or path.startswith(f"{above}.")
