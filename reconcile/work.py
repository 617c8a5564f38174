"""A ledger with its prices: what each layer executed, by definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from reconcile.ledger import Ledger, Module, Op
from reconcile.live import live_ops
from reconcile.pricing.amounts import Amount, total
from reconcile.pricing.calls import priced
from reconcile.pricing.formulas import Terms
from reconcile.pricing.operators import label
from reconcile.pricing.ops import price
from reconcile.pricing.terms import DEFINITION

ROOT = "(model)"
"""The row of a model that is itself one leaf layer; its path is empty."""


def is_layer(module: Module) -> bool:
    """Whether a module is a row of its own: a leaf, or a layer's subclass that has children beside its own work."""
    return module.leaf or any(priced(kind) for kind in (module.type, *module.bases))


@dataclass(frozen=True, eq=False)
class Work:
    """One ledger, priced.  `layers` keeps the order of execution."""

    ledger: Ledger

    @cached_property
    def prices(self) -> tuple[Terms | None, ...]:
        """The terms of every op, composites included; None where there is no price."""
        return tuple(price(op) for op in self.ledger.ops)

    @cached_property
    def unpriced(self) -> tuple[str, ...]:
        """Names of executed ops without a price, each once, in order of execution."""
        missing = (index for index in self.ledger.executed if self.prices[index] is None)
        return tuple(dict.fromkeys(self.ledger.ops[index].name for index in missing))

    @cached_property
    def live(self) -> frozenset[int]:
        """Indices of the ops that a trace of the model keeps."""
        return live_ops(self.ledger)

    def layer_of(self, op: Op) -> str:
        """The row that an op belongs to: its leaf module, or the innermost layer, or `path::kind` outside any layer."""
        call = op.call
        while call is not None:
            module = self.ledger.places[self.ledger.calls[call].module]
            if module.leaf:
                return module.path or ROOT
            call = self.ledger.calls[call].parent
        owner = self.ledger.module(op.call)
        return (owner.path or ROOT) if is_layer(owner) else f"{owner.path}::{label(op.name)}"

    @cached_property
    def layers(self) -> Mapping[str, tuple[int, ...]]:
        """Executed ops by row: every leaf module that was called, and every kind of op outside them.

        Ops that only move data open no row of their own.
        """
        rows: dict[str, list[int]] = {}
        opened = 0
        for index in self.ledger.executed:
            op = self.ledger.ops[index]
            opened = self._open(opened, op.call, rows)
            name = self.layer_of(op)
            if name in rows or self.prices[index] != {}:
                rows.setdefault(name, []).append(index)
        self._open(opened, len(self.ledger.calls) - 1, rows)
        return {name: tuple(ops) for name, ops in rows.items()}

    def _open(self, first: int, last: int | None, rows: dict[str, list[int]]) -> int:
        """Open rows for leaf modules from one call to another, so that a layer without ops stands in its place."""
        end = first if last is None else max(first, last + 1)
        for call in range(first, end):
            module = self.ledger.places[self.ledger.calls[call].module]
            if module.leaf and not self._inside_leaf(call):
                rows.setdefault(module.path or ROOT, [])
        return end

    def _inside_leaf(self, call: int) -> bool:
        parent = self.ledger.calls[call].parent
        while parent is not None:
            if self.ledger.places[self.ledger.calls[parent].module].leaf:
                return True
            parent = self.ledger.calls[parent].parent
        return False

    def amount(self, term: str, ops: tuple[int, ...]) -> Amount:
        """How much of a term some ops executed."""
        found = (self.prices[index] for index in ops)
        return total(terms[term] for terms in found if terms and term in terms)

    @cached_property
    def reference(self) -> Mapping[str, Amount]:
        """The definition's own count of each row, in multiply-adds."""
        (term,) = DEFINITION
        return {name: self.amount(term, ops) for name, ops in self.layers.items()}
