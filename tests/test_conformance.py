"""The conformance cases are true, verdicts are given where they belong, and the committed matrix is theirs."""

from __future__ import annotations

import ast
import json
from collections import Counter
from functools import cache
from pathlib import Path

import jsonschema
import pytest
import yaml

from reconcile.ask import CounterId, Question
from reconcile.claims.arithmetic import evaluate
from reconcile.cli import run_cli
from reconcile.conformance.accepted import accepted_text, read_accepted, review
from reconcile.conformance.conform import Conformance, Suite, conform
from reconcile.conformance.corpus import Case, call, chosen, corpus, read_case
from reconcile.errors import LedgerError, UsageError
from reconcile.launching.launch import stream
from reconcile.ledger import from_json as ledger_from_json
from reconcile.render.conformance import conformance_report
from reconcile.schema import Reference
from reconcile.schemas import schema
from tests.shared import ROOT

FAKE = str(Path(__file__).parent / "fakes" / "sabotaged.py")

BROKEN = str(Path(__file__).parent / "fakes" / "broken.py")

SOME = (
    "conv2d",
    "conv2d-batch",
    "transposed2d-stride",
    "linear-1d",
    "relu",
    "two-parents",
    "keyword-conv2d",
    "conv2d-float64",
)

LINEAR = ("linear", "linear-3d", "linear-root", "called-twice", "keyword-linear", "packed-projection")
"""Cases in which thop's rule for `nn.Linear` is used."""

OTHERS = ("conv2d", "relu", "bilinear", "forward-direct", "subclass-linear", "linear-functional", "lstm", "softmax")
"""Cases in which it is not."""


@cache
def _suite() -> Suite:
    return conform(chosen(SOME), ("thop", "torch", "ptflops", "paddle"))


@cache
def _answers() -> dict[str, dict[str, object]]:
    """The answer of a clean run of every case."""
    questions = [Question(model=case.model, inputs=case.inputs, context=case.context) for case in corpus()]
    requests = [question.request(CounterId(name="reference")) for question in questions]
    return dict(zip((case.name for case in corpus()), stream(requests), strict=True))


def test_there_are_more_than_two_hundred_cases_with_names_of_their_own() -> None:
    names = [case.name for case in corpus()]
    assert len(names) >= 200
    assert [name for name, times in Counter(names).items() if times > 1] == []


@pytest.mark.parametrize("subject", dict.fromkeys(case.subject for case in corpus()))
def test_the_ledger_of_every_case_holds_the_product_that_the_case_states(subject: str) -> None:
    for case in corpus():
        if case.subject == subject:
            answer = _answers()[case.name]
            assert answer["status"] == "ok", (case.name, answer.get("reason"))
            executed = Reference.of(ledger_from_json(answer["ledger"]))
            assert (case.name, executed.total) == (case.name, case.reference)
            assert not executed.partial, (case.name, executed.unpriced)
            if case.params is not None:
                assert (case.name, answer["parameters"]) == (case.name, evaluate(case.params))


def _factors(formula: str) -> set[int]:
    return {node.value for node in ast.walk(ast.parse(formula)) if isinstance(node, ast.Constant)}


@pytest.mark.parametrize("case", corpus(), ids=lambda case: case.name)
def test_a_product_is_made_of_sizes_and_is_no_bare_number(case: Case) -> None:
    sizes = {size for item in case.inputs for size in item.shape}
    assert all(factor <= 100 or factor in sizes for factor in _factors(case.macs))
    assert set(case.macs) & set("*+") or case.reference < 10


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"name": "a", "macs": "1", "layer": "Linear(8, open('x'))"}, "no call of plain values"),
        ({"name": "a", "macs": "1", "layer": "Linear(8, 5)", "function": "torch.mm"}, "must name one of"),
        ({"name": "a", "layer": "ReLU()"}, "unknown or missing keys"),
        ({"name": "a", "macs": "1", "layer": "ReLU()", "colour": "red"}, "colour"),
    ],
)
def test_a_case_that_contradicts_itself_is_refused(entry: dict[str, str], why: str) -> None:
    with pytest.raises(LedgerError, match=why):
        read_case(entry, "none")


def test_a_call_is_taken_apart_and_never_executed() -> None:
    assert call("Conv2d(6, (3, 5), bias=False)") == ("Conv2d", [6, (3, 5)], {"bias": False})


def test_verdicts_are_given_where_they_belong() -> None:
    verdicts = {
        item.counter: {result.case: (result.verdict, result.note) for result in item.results}
        for item in _suite().counters
    }
    assert verdicts["thop"]["conv2d"] == ("as-ruled", "")
    assert verdicts["thop"]["transposed2d-stride"] == ("departs", f"formula +{6 * 80 * 10 * 4 - 6 * 20 * 10 * 4}")
    assert verdicts["thop"]["two-parents"] == ("departs", f"double-count +{(4 - 1) * 2 * 8 * 8}")
    assert verdicts["thop"]["keyword-conv2d"] == (
        "crashes",
        "IndexError: tuple index out of range (thop/vision/basic_hooks.py:23)",
    )
    assert verdicts["torch"]["conv2d"] == ("departs", f"mac-weight +{10 * 7 * 5 * 6 * 3 * 3}")
    assert verdicts["ptflops"]["conv2d-batch"][0] == "departs"
    assert verdicts["paddle"]["conv2d-float64"] == (
        "not run",
        "paddle: a model is mirrored in float32 only, not in float64; name the twin",
    )
    assert {verdict for counter in verdicts.values() for verdict, _ in counter.values()} == {
        "as-ruled",
        "departs",
        "crashes",
        "not run",
    }


def test_a_departure_is_the_sum_of_its_causes() -> None:
    for item in _suite().counters:
        for result in item.results:
            if result.verdict in ("as-ruled", "departs"):
                assert result.told == result.predicted == result.reference + sum(result.causes.values())
                assert bool(result.causes) == (result.verdict == "departs")


def test_a_sabotaged_rule_drifts_at_exactly_the_cases_that_use_it() -> None:
    suite = conform(chosen((*LINEAR, *OTHERS)), ("thop:seven-more", "thop:no-linear-rule", "thop"), adapters=(FAKE,))
    more, without, healthy = suite.counters
    assert {result.case for result in more.of("drifted")} == set(LINEAR)
    assert {result.case for result in without.of("drifted")} == set(LINEAR)
    assert healthy.of("drifted") == ()
    assert "fc: told 142, its rules say 128" in next(item.note for item in more.results if item.case == "called-twice")
    assert suite.drifted


def test_counters_that_break_crash_each_in_its_own_way() -> None:
    suite = conform(chosen(("linear",)), ("fake:raises", "fake:exits", "fake:fraction"), adapters=(BROKEN,))
    notes = [counter.results[0].note for counter in suite.counters]
    assert [counter.results[0].verdict for counter in suite.counters] == ["crashes"] * 3
    assert notes[0] == "ZeroDivisionError: a layer without outputs"
    assert "exit code 3" in notes[1]


def test_an_accepted_file_covers_what_it_was_written_from(tmp_path: Path) -> None:
    file = tmp_path / "accepted.yaml"
    file.write_text(accepted_text(_suite()), encoding="utf-8")
    assert review(_suite(), read_accepted(str(file)))


def test_a_line_that_holds_no_longer_is_stale_and_what_is_not_accepted_is_named(tmp_path: Path) -> None:
    document = yaml.safe_load(accepted_text(_suite()))
    document["thop"]["conv2d"] = {"verdict": "departs", "causes": ["bias"]}
    document["thop"]["transposed2d-stride"]["told"] += 1
    document["thop"]["two-parents"]["causes"] = ["formula"]
    document["torch"]["no-such-case"] = {"verdict": "crashes"}
    del document["torch"]["conv2d"]
    document["calflops"] = {"conv2d": {"verdict": "crashes"}}
    file = tmp_path / "accepted.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    found = review(_suite(), read_accepted(str(file)))
    assert not found
    assert {(line.counter, line.case): line.why for line in found.stale} == {
        ("thop", "conv2d"): "accepted was `departs`, now it is `as-ruled`",
        ("thop", "transposed2d-stride"): "accepted was 19201, now 19200 is told",
        ("thop", "two-parents"): "accepted was formula, now it is double-count",
        ("torch", "no-such-case"): "there is no such case",
    }
    unaccepted = {(counter, result.case) for counter, result in found.unaccepted}
    assert unaccepted == {("torch", "conv2d"), ("thop", "transposed2d-stride"), ("thop", "two-parents")}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("thop: [", "are no YAML"),
        ("- thop", "must hold, by counter, lines by case"),
        ("thop: {conv2d: {verdict: drifted}}", "only departs and crashes can be accepted"),
        ("thop: {conv2d: {verdict: departs, causes: bias}}", "which is no list of names"),
        ("thop: {conv2d: {verdict: departs, told: 1.5}}", "which is no whole number"),
        ("thop: {conv2d: {verdict: departs, amount: 1}}", "and nothing else"),
    ],
)
def test_a_broken_file_of_accepted_departures_is_refused_in_one_sentence(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "accepted.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=why):
        read_accepted(str(file))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["conform"], "name the counters to check, or give --all"),
        (["conform", "thop", "--all"], "name the counters to check, or give --all"),
        (["conform", "thopp"], "the counter 'thopp' is unknown"),
        (["conform", "thop", "--case", "conv9d"], "no conformance case fits 'conv9d'"),
        (["conform", "thop", "--accept", "nowhere.yaml"], "'nowhere.yaml' cannot be read"),
        (["conform", "thop", "--timeout", "0"], "must be a number of seconds above 0"),
        (["conform", "thop", "--adapter", "nowhere.py"], "the adapter 'nowhere.py' does not exist"),
    ],
)
def test_a_question_that_cannot_be_answered_is_one_sentence(
    arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_cli(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert why in printed.err


def test_the_command_writes_reviews_and_fails_as_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accepted, report = tmp_path / "accepted.yaml", tmp_path / "report.csv"
    ask = ["conform", "thop", "--case", "transposed2d-s*", "--json"]
    assert run_cli([*ask, "--write-accept", str(accepted), "--output", str(report)]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("conform"))
    assert Conformance.from_json(document).to_json() == document
    assert report.read_text(encoding="utf-8").splitlines()[1].startswith("thop,transposed2d-stride,departs,19200,")
    assert run_cli([*ask, "--accept", str(accepted)]) == 0
    assert json.loads(capsys.readouterr().out)["stale"] == []
    accepted.write_text("thop: {}\n", encoding="utf-8")
    assert run_cli([*ask, "--accept", str(accepted)]) == 1
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("conform"))
    assert [line["case"] for line in document["unaccepted"]] == ["transposed2d-stride"]


def test_a_drifted_counter_makes_the_command_fail(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["conform", "thop:seven-more", "--case", "linear", "--adapter", FAKE]) == 1
    assert "drifted" in capsys.readouterr().out


def test_a_suite_validates_against_its_schema_and_survives_a_round_trip() -> None:
    document = json.loads(json.dumps(_suite().to_json()))
    jsonschema.validate(document, schema("conformance"))
    assert Suite.from_json(document).to_json() == document
    with pytest.raises(LedgerError, match="expected the schema"):
        Suite.from_json({"schema": "other"})


def _committed() -> Suite:
    text = (ROOT / "reports" / "conformance.json").read_text(encoding="utf-8")
    document = json.loads(text)
    jsonschema.validate(document, schema("conformance"))
    return Suite.from_json(document)


def test_the_committed_matrix_is_the_rendering_of_the_committed_document() -> None:
    command = "reconcile conform --all --output reports/conformance.md --output reports/conformance.json"
    report = (ROOT / "reports" / "conformance.md").read_text(encoding="utf-8")
    assert report == conformance_report(_committed(), command)


def test_the_committed_document_holds_every_case_and_nothing_that_drifted() -> None:
    committed = _committed()
    assert [case.case for case in committed.cases] == [case.name for case in corpus()]
    assert [case.macs for case in committed.cases] == [case.macs for case in corpus()]
    for counter in committed.counters:
        assert [result.case for result in counter.results] == [case.name for case in corpus()]
        assert counter.of("drifted") == ()


def test_every_paddle_twin_that_was_written_for_a_case_is_run() -> None:
    committed = next(counter for counter in _committed().counters if counter.counter == "paddle")
    named = {case.name for case in corpus() if case.paddle is not None}
    assert named
    assert not [result.case for result in committed.of("not run") if result.case in named]


def test_some_cases_run_again_are_what_the_committed_document_holds() -> None:
    committed = {counter.counter: {item.case: item for item in counter.results} for counter in _committed().counters}
    for counter in _suite().counters:
        for result in counter.results:
            assert committed[counter.counter][result.case] == result
