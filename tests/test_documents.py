"""Documents: they validate against the published schemas, and survive a round trip."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import jsonschema
import pytest

from reconcile import ledger
from reconcile.audit import Audit
from reconcile.errors import LedgerError
from reconcile.render import tables
from reconcile.schema import Count, Layer, Run
from reconcile.work import Work


def _schema(name: str) -> Any:
    return json.loads(resources.files("reconcile.schemas").joinpath(f"{name}.json").read_text("utf-8"))


def test_a_run_validates_against_its_schema(article: Audit) -> None:
    jsonschema.validate(article.run.to_json(), _schema("run"))


def test_every_explanation_validates_against_its_schema(article: Audit) -> None:
    schema = _schema("explain")
    assert len(article.explanations) == 8 + 28
    for explanation in article.explanations:
        jsonschema.validate(explanation.to_json(), schema)


def test_a_schema_refuses_what_is_no_run(article: Audit) -> None:
    document = article.run.to_json()
    document["counts"][0]["total"] = "many"
    with pytest.raises(jsonschema.ValidationError, match="'many' is not of type"):
        jsonschema.validate(document, _schema("run"))


def test_a_run_survives_a_round_trip(article: Audit) -> None:
    text = json.dumps(article.run.to_json())
    assert Run.from_json(json.loads(text)) == article.run


def test_a_ledger_survives_a_round_trip(article: Audit) -> None:
    for count in article.run.counts:
        assert count.ledger is not None
        assert ledger.from_json(json.loads(json.dumps(ledger.to_json(count.ledger)))) == count.ledger


def test_the_terms_in_a_document_are_those_that_the_ledger_is_priced_with(article: Audit) -> None:
    for count in article.run.counts:
        assert count.ledger is not None
        written = [op["terms"] for op in count.to_json()["ledger"]["ops"]]
        priced = Work(count.ledger).prices
        assert written == [None if terms is None else {k: v.value for k, v in terms.items()} for terms in priced]


def test_rows_that_do_not_sum_to_the_total_are_refused() -> None:
    row = Layer(layer="fc", type="Linear", told=12, predicted=12)
    with pytest.raises(LedgerError, match="the rows of thop sum to 12, its total is 13"):
        Count(counter="thop", version=None, unit="MAC", status="ok", total=13, layers=(row,))


def test_a_document_of_another_schema_is_refused() -> None:
    with pytest.raises(LedgerError, match="expected the schema 'reconcile/run/1', got 'other'"):
        Run.from_json({"schema": "other"})


def test_every_row_sums_to_the_total_for_every_counter(article: Audit) -> None:
    for count in article.run.counts:
        assert sum(row.told or 0 for row in count.layers) == count.total


def test_tables_keep_integers_as_integers(article: Audit) -> None:
    frame = article.explain("thop", "torch").layers
    assert {str(frame[name].dtype) for name in ("from", "to", "difference", "residual", "amount")} == {"Int64"}
    assert {str(article.totals()[name].dtype) for name in ("total", "params")} == {"Int64"}


def test_a_wide_table_is_split_and_keeps_its_first_columns(article: Audit) -> None:
    whole = tables.layers(article.run)
    parts = tables.split(whole, 80)
    assert len(parts) > 1
    assert all(part.columns[:2] == ("layer", "type") for part in parts)
    assert [column for part in parts for column in part.columns[2:]] == list(whole.columns[2:])
