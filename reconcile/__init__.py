"""reconcile: run the real FLOP counters, and explain every difference between their numbers."""

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
