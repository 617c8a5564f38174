"""Hypotheses: a number is told from the work by one free factor at most, and a random number by none."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import cache, partial

import pytest

from reconcile.ask import Question
from reconcile.claims.hypotheses import (
    Counted,
    Fit,
    Hypothesis,
    Tried,
    count,
    departing,
    elsewhere,
    fit,
    plain,
    slipped,
)
from reconcile.claims.identify import counted_of
from reconcile.claims.printed import parse_printed
from reconcile.claims.variants import Departure, likely_sizes, map_size
from reconcile.claims.ways import ways
from reconcile.claims.works import Works, traced
from reconcile.errors import LedgerError, UsageError
from reconcile.inputs import parse_input, parse_inputs
from reconcile.objects import parse_object
from tests.shared import audit_of

ARTICLE = "reconcile.models:ArticleNet"

CONV1, CONV2, CONV3, CONV4 = 64 * 64 * 64 * 27, 64 * 64 * 64 * 576, 128 * 32 * 32 * 576, 128 * 32 * 32 * 1152
FC1, FC2 = 8192 * 1024, 1024 * 10
ROWS = 4 * 4
MAC = CONV1 + CONV2 + CONV3 + CONV4 + ROWS * (FC1 + FC2)


@pytest.fixture(scope="module")
def counted() -> tuple[Counted, ...]:
    work = audit_of(ARTICLE, "1,3,64,64", ("thop",)).side("reference").work
    return count(ways("operations", "torch"), Works(clean=work))


def _fit(counted: tuple[Counted, ...], value: object, unit: str | None, layer: str | None = None) -> Fit | Tried:
    return fit(parse_printed(value), [plain(counted, layer, unit), departing(counted, layer, unit)])


def _found(counted: tuple[Counted, ...], value: object, unit: str | None, layer: str | None = None) -> tuple[str, ...]:
    found = _fit(counted, value, unit, layer)
    assert isinstance(found, Fit)
    return (found.hypothesis.way.name, *(departure.cause for departure in found.hypothesis.departures))


@pytest.mark.parametrize(
    ("value", "unit", "layer", "expected"),
    [
        (MAC, "MAC", None, ("definition",)),
        (2 * MAC, "FLOP", None, ("torch",)),
        (MAC, "FLOP", None, ("definition", "unit")),
        (MAC, None, None, ("definition",)),
        ("0.519G", "MAC", None, ("definition",)),
        (FC1, "MAC", "fc1", ("definition", "folded-batch")),
        (MAC - (ROWS - 1) * (FC1 + FC2), "MAC", None, ("definition", "folded-batch")),
        (8 * MAC, "MAC", None, ("definition", "batch")),
        (CONV1 + 64 * 64 * 64, "MAC", "conv1", ("ptflops:aten",)),
    ],
)
def test_a_number_is_told_by_its_simplest_hypothesis(
    counted: tuple[Counted, ...], value: object, unit: str | None, layer: str | None, expected: tuple[str, ...]
) -> None:
    assert _found(counted, value, unit, layer) == expected


@pytest.mark.parametrize(
    ("model", "inputs", "arguments"),
    [
        ("torchvision.models:resnet18", "1,3,64,64", {}),
        ("torch.nn:TransformerEncoderLayer", "1,5,8", {"d_model": 8, "nhead": 2, "batch_first": True}),
        ("torch.nn:LSTM", "5,1,6", {"input_size": 6, "hidden_size": 4}),
    ],
    ids=["resnet", "encoder", "lstm"],
)
def test_the_rules_of_a_counter_that_traces_give_what_it_tells_without_running_it(
    model: str, inputs: str, arguments: dict[str, object]
) -> None:
    tracing = ("fvcore", "torchprofile")
    told = {item.counter: item.total for item in audit_of(model, inputs, tracing, arguments).run.counts}
    told.pop("reference")
    run = audit_of(model, inputs, ("thop",), arguments).run
    question = Question(model=parse_object(model, arguments), inputs=parse_inputs(inputs.split()))
    found = {
        one.way.name: one.value(None) for one in counted_of(run, "operations", (), cache(partial(traced, question)))
    }
    assert {name: found[name] for name in tracing} == told
    assert not {name for name in tracing if name in {one.way.name for one in counted_of(run, "operations")}}


def test_two_free_factors_never_fit_at_once(counted: tuple[Counted, ...]) -> None:
    one_row_doubled, one_row_in_a_batch = 2 * FC1, 4 * (MAC - (ROWS - 1) * (FC1 + FC2))
    assert isinstance(_fit(counted, one_row_doubled, "MAC", "fc1"), Tried)
    assert isinstance(_fit(counted, one_row_in_a_batch, "MAC"), Tried)
    one = Departure(cause="unit", says="doubled")
    with pytest.raises(LedgerError, match="2 free factors at once"):
        Hypothesis(way=counted[0].way, value=Fraction(1), free=(one, one))


def test_random_numbers_are_told_by_nothing(counted: tuple[Counted, ...]) -> None:
    generator = random.Random(5)
    values = [generator.randrange(10**8, 10**10) for _ in range(60)]
    assert all(isinstance(_fit(counted, value, None), Tried) for value in values)


def test_a_departure_that_fits_few_digits_is_not_believed(counted: tuple[Counted, ...]) -> None:
    found = _fit(counted, "1.6G", "MAC")
    assert isinstance(found, Tried)
    assert found.chance > 0.05
    doubled = _fit(counted, "4.2G", "MAC")
    assert isinstance(doubled, Tried)
    assert [hypothesis.free[0].cause for hypothesis in doubled.by_chance] == ["batch"] * len(doubled.by_chance) != []


def test_a_number_of_another_input_size_is_found_by_running_the_model_there(counted: tuple[Counted, ...]) -> None:
    larger = audit_of(ARTICLE, "1,3,96,96", ("thop",)).side("reference").work
    total = sum(part.value for part in larger.reference.values())
    there = list(likely_sizes(parse_printed(total), MAC, (parse_input("1,3,64,64"),)))
    assert (parse_input("1,3,96,96"),) in there
    again = count(ways("operations", "torch"), Works(clean=larger))
    found = fit(parse_printed(total), [plain(counted), departing(counted), elsewhere(again, "1,3,96,96")])
    assert isinstance(found, Fit)
    assert found.hypothesis.free[0].says == "at the input 1,3,96,96"


def test_a_slip_of_digits_is_looked_for_in_plain_numbers_only(counted: tuple[Counted, ...]) -> None:
    plain_ones = list(plain(counted, "fc1", "MAC"))
    departing_ones = list(departing(counted, "fc1", "MAC"))
    assert slipped(parse_printed(134217782), plain_ones) is not None
    assert slipped(parse_printed(8388806), [*plain_ones, *departing_ones]) is None


@pytest.mark.parametrize(
    ("printed", "amounts", "others"),
    [
        ("6.357G", (6356500000, 6357098496, 6357500000), (6356499999, 6357500001)),
        ("33.04", (Fraction(3304, 100), Fraction(33044, 1000)), (33,)),
        ("8,660,042", (8660042,), (8660041, 8660043)),
        ("2914598912.0", (2914598912,), (2914598913,)),
        (0, (0,), (1,)),
    ],
)
def test_printed_digits_stand_for_what_rounds_to_them(
    printed: object, amounts: tuple[int, ...], others: tuple[int, ...]
) -> None:
    number = parse_printed(printed)
    assert all(number.prints(amount) for amount in amounts)
    assert not any(number.prints(amount) for amount in others)


@pytest.mark.parametrize(
    ("value", "message"),
    [(0.5, "put it between quotes"), ("6.3e9", "is no printed number"), (True, "is no printed number")],
)
def test_what_is_no_printed_number_is_refused(value: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_printed(value)


def test_a_map_of_another_size_is_told_by_its_side() -> None:
    assert map_size(9 * 512 * 16, (10, 10), 9 * 512 * 100) == 4
    assert map_size(9 * 512 * 15, (10, 10), 9 * 512 * 100) is None
    assert map_size(9 * 512 * 100, (10, 10), 9 * 512 * 100) is None
