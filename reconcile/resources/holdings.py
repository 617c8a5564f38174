"""What a model holds: every parameter and buffer of its modules, and which of them is met for the first time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from reconcile.ledger import Ledger, Module, Parameter
from reconcile.pricing.amounts import Amount, amount
from reconcile.work import ROOT

STATISTICS = frozenset({"running_mean", "running_var", "_mean", "_variance"})
"""Names of the buffers that hold running statistics, in PyTorch and in Paddle."""

_BYTES = {"bool": 1, "uint8": 1, "int8": 1, "int16": 2, "float16": 2, "bfloat16": 2, "int32": 4, "float32": 4}
_BYTES |= {"int64": 8, "float64": 8, "complex64": 8, "complex128": 16, "quint8": 1, "qint8": 1, "qint32": 4}


def item_size(dtype: str) -> int:
    """The bytes of one element of a dtype.

    >>> item_size("float32"), item_size("complex64")
    (4, 8)
    """
    return _BYTES.get(dtype, 1 if "float8" in dtype else 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One parameter or buffer of one module; `first` is false where an earlier module holds the same tensor."""

    module: Module
    tensor: Parameter
    buffer: bool
    first: bool

    @property
    def layer(self) -> str:
        """The row that it belongs to: the module that holds it itself."""
        return self.module.path or ROOT

    @property
    def elements(self) -> Amount:
        """How many elements it has."""
        return amount(self.tensor.shape) if self.tensor.shape else Amount(1, "1")

    @property
    def bytes(self) -> Amount:
        """How many bytes its elements take."""
        size = item_size(self.tensor.dtype)
        return Amount(prod(self.tensor.shape) * size, f"{size} * ({self.elements.formula})")


def holdings(ledger: Ledger) -> Iterator[Holding]:
    """Every parameter and buffer in the order of the modules, a shared module at its first place only."""
    seen: set[int] = set()
    for module in ledger.modules:
        if module.alias is None:
            for tensor in module.parameters:
                yield Holding(module=module, tensor=tensor, buffer=False, first=tensor.key not in seen)
                seen.add(tensor.key)
            for tensor in module.buffers:
                yield Holding(module=module, tensor=tensor, buffer=True, first=True)
