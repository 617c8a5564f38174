"""Errors, typed by whose fault they are."""

from __future__ import annotations


class ReconcileError(Exception):
    """Base of every error that this package raises on purpose."""


class UsageError(ReconcileError):
    """The caller asked for something that cannot be done as asked; the command line exits with 2."""


class CounterError(ReconcileError):
    """The counter, or what it was given to count, failed; the run is kept as a failed row."""


class LedgerError(ReconcileError):
    """A ledger or a document contradicts itself; this is a defect of this package."""


class ValuesReadError(BaseException):
    """What a run by shape does next depends on values, which it does not have; the run is to be done for real.

    No `Exception`: neither a model nor a counter may catch it and go on with a wrong number.
    """


class CannotAskError(CounterError):
    """The counter cannot be asked at all: no model of its framework is at hand, or its call takes no such inputs."""
