"""Counters as a notebook calls them: one after another in one process, everything computed, nobody watching."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconcile.adapter import Counter
from reconcile.registry import entries
from reconcile.schema import Context
from reconcile.worker import shims
from reconcile.worker.answer import SilentSubject, imported
from reconcile.worker.build import build
from reconcile.worker.stopwatch import Stopwatch


def plain(request: Mapping[str, Any], payload: bytes) -> dict[str, Any]:
    """Call the counters of a request in turn, each on a model that no other one has touched, and measure them."""
    known = entries(tuple(request["adapters"]))
    shims.apply()
    rows = [_called(known[name].counter, request, payload) for name in request["counters"]]
    return {"status": "ok", "rows": rows}


def _called(counter: Counter, request: Mapping[str, Any], payload: bytes) -> dict[str, Any]:
    watch = Stopwatch()
    row: dict[str, Any] = {"counter": counter.id, "total": None, "reason": None}
    try:
        imported(counter)
        with watch.measuring("building"):
            built = build(request, payload, counter, Context.from_json(request["context"]))
        with watch.measuring("counting"), built.grad_context():
            row["total"] = counter.run(SilentSubject(built)).total
    except Exception as error:
        row["reason"] = f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]
    return row | watch.to_json()
