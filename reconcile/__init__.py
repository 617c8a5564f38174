"""reconcile: run the real FLOP counters, and explain every difference between their numbers.

The names are imported when they are first asked for, so that a command starts at once and can be interrupted at once.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconcile.audit import Audit, Why, audit
    from reconcile.errors import CounterError, LedgerError, ReconcileError, UsageError
    from reconcile.explain import Explanation, explain

__version__ = "0.1.0"

__all__ = [
    "Audit",
    "CounterError",
    "Explanation",
    "LedgerError",
    "ReconcileError",
    "UsageError",
    "Why",
    "audit",
    "explain",
]

_HOMES = {
    "reconcile.audit": ("Audit", "Why", "audit"),
    "reconcile.errors": ("CounterError", "LedgerError", "ReconcileError", "UsageError"),
    "reconcile.explain": ("Explanation", "explain"),
}
"""The modules in which the names are at home."""


def _attribute(home: str, name: str) -> property:
    """An attribute of the package that is always the one of its module.

    Two functions have the name of their module, and the import system sets a module as an attribute of its package;
    that is let pass without effect.
    """

    def get(package: ModuleType) -> object:
        return getattr(importlib.import_module(home), name)

    def leave(package: ModuleType, module: object) -> None:
        pass

    return property(get, leave)


class _Package(ModuleType):
    """The package, whose names are looked up late."""


for _home, _names in _HOMES.items():
    for _name in _names:
        setattr(_Package, _name, _attribute(_home, _name))

sys.modules[__name__].__class__ = _Package
