"""The file of a snapshot: a run of one counter, and its departures from the definition by the rules of that day.

A saved run alone would be explained by today's rules, and a counter under work changes together with its rules.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema

from reconcile.errors import LedgerError, UsageError
from reconcile.pricing.amounts import Amount
from reconcile.rules import Rules
from reconcile.schema import Count, Run
from reconcile.schemas import schema
from reconcile.side import UNREAD, Item, Side, side_of

SCHEMA = "reconcile/snapshot/1"


def snapshot_document(run: Run, side: Side) -> dict[str, Any]:
    """The document of a run of one counter and of that counter's side."""
    return {"schema": SCHEMA, "run": run.to_json(), "departures": [_departure(item) for item in side.items]}


def _departure(item: Item) -> dict[str, Any]:
    names = ("layer", "cause", "term", "weight", "definition", "source")
    amount = {"amount": item.amount.value, "formula": item.amount.formula, "hidden_by": list(item.hidden_by)}
    return {name: getattr(item, name) for name in names} | amount


def _item(document: Mapping[str, Any]) -> Item:
    fields = {name: part for name, part in document.items() if name != "formula"}
    amount = Amount(document["amount"], document["formula"])
    return Item(**{**fields, "amount": amount, "hidden_by": tuple(document["hidden_by"])})


def read_snapshot(file: Path) -> tuple[Run, Side]:
    """The run of a file, and its one counter's side as it was explained then."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        jsonschema.validate(document, schema("snapshot"))
        jsonschema.validate(document["run"], schema("run"))
        run = Run.from_json(document["run"])
        (count,) = run.counts
        return run, _side(count, tuple(map(_item, document["departures"])))
    except OSError as error:
        raise UsageError(f"the snapshot {str(file)!r} cannot be read: {error.strerror or error}") from error
    except jsonschema.ValidationError as error:
        raise UsageError(f"{str(file)!r} is no snapshot: {error.json_path}: {error.message[:200]}") from error
    except (ValueError, LedgerError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise UsageError(f"{str(file)!r} is no snapshot: {error}") from error


def _side(count: Count, items: tuple[Item, ...]) -> Side:
    """The side of a count by what is saved of it; no adapter has a part in it."""
    wrong = tuple(layer.layer for layer in count.layers if layer.mismatch)
    return replace(
        side_of(count, Rules()),
        items=items,
        residuals={layer.layer: layer.residual for layer in count.layers},
        mismatches=wrong if count.ruled else (*wrong, UNREAD),
    )
