"""What is raised where something has no Paddle counterpart."""

from __future__ import annotations

from reconcile.errors import CounterError


class RefusalError(CounterError):
    """Something has no Paddle counterpart here; the text says what."""
