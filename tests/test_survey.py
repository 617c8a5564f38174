"""A survey: read from a file or refused, run to the end or resumed, and reported with every gap."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reconcile.cli import run_cli
from reconcile.errors import UsageError
from reconcile.progress import nobody, watched
from reconcile.render.survey import survey_report
from reconcile.schema import Count, Measure
from reconcile.schemas import schema
from reconcile.surveys import survey as survey_module
from reconcile.surveys.survey import run_survey
from reconcile.surveys.survey_file import Published, read_survey
from tests.shared import audit_of

SMALL = """
title: Small networks
counters: [thop, torch]
limit: {gmac: 1, because: too large to compute for real}
nearest: [{counter: thop, says: positional, works: inputs by position}]
groups:
  - name: small
    published_by: This test says so.
    object: reconcile.models:{name}
    models:
      - {name: LeNet, inputs: ['1,1,28,28'], published: {gmac: '0.000341', parameters: 61610}}
      - {name: LeNet by name, inputs: ['x=1,1,28,28']}
      - {name: ArticleNet, inputs: ['1,3,224,224'], published: {gmac: '6.5', exception: A fold.}}
      - {name: TestNet, inputs: ['1,2,32,32'], not_run: left out by this test}
"""


def _file(folder: Path, text: str = SMALL) -> str:
    file = folder / "small.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    survey = read_survey(_file(tmp_path_factory.mktemp("survey")))
    return run_survey(survey, models=survey.models, command="reconcile survey small.yaml")


def _cells(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    models = [model for group in document["groups"] for model in group["models"]]
    return {(model["name"], cell["counter"]): cell for model in models for cell in model["cells"]}


def test_every_counter_has_an_outcome_on_every_model(document: dict[str, Any]) -> None:
    outcomes = {key: cell["outcome"] for key, cell in _cells(document).items()}
    assert outcomes == {
        ("LeNet", "thop"): "explained",
        ("LeNet", "torch"): "explained",
        ("LeNet by name", "thop"): "failed",
        ("LeNet by name", "torch"): "explained",
        ("ArticleNet", "thop"): "not run",
        ("ArticleNet", "torch"): "not run",
        ("TestNet", "thop"): "not run",
        ("TestNet", "torch"): "not run",
    }


def test_every_run_that_is_not_explained_has_its_reason(document: dict[str, Any]) -> None:
    cells = _cells(document)
    assert cells["LeNet by name", "thop"]["reason"] == "thop.profile takes positional inputs only"
    assert cells["ArticleNet", "torch"]["reason"] == "too large to compute for real"
    assert cells["TestNet", "torch"]["reason"] == "left out by this test"
    assert all(bool(cell.get("reason")) == (cell["outcome"] != "explained") for cell in cells.values())


def test_work_by_shape_equals_work_that_was_executed(document: dict[str, Any]) -> None:
    lenet, _, article, _ = document["groups"][0]["models"]
    assert (
        lenet["by_shape"] == lenet["reference"] == 6 * 28 * 28 * 9 + 16 * 10 * 10 * 150 + 400 * 120 + 120 * 84 + 84 * 10
    )
    assert (article["by_shape"], article["reference"]) == (6_357_098_496, None)


def _seven_more(measure: Measure) -> Measure:
    first, *rest = measure.layers
    return replace(measure, layers=(replace(first, predicted=(first.predicted or 0) + 7), *rest))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda count: {"measures": tuple(map(_seven_more, count.measures))}, "its params departs from its rules"),
        (lambda count: {"ruled": False}, "no rules are written for release {version}"),
    ],
)
def test_a_run_that_is_not_explained_says_why(change: Callable[[Count], dict[str, Any]], reason: str) -> None:
    audit = audit_of("reconcile.models:LeNet", "1,1,28,28", ("thop",))
    count = audit.run.count("thop")
    assert count is not None
    assert survey_module.cell_of(audit, count).outcome == "explained"
    cell = survey_module.cell_of(audit, replace(count, **change(count)))
    assert (cell.outcome, cell.reason) == ("residual", reason.format(version=count.version))


def test_published_numbers_are_compared_with_executed_work_or_with_work_by_shape(document: dict[str, Any]) -> None:
    lenet, _, article, _ = (model["published"] for model in document["groups"][0]["models"])
    assert (lenet["holds"], article["holds"]) == (True, False)
    assert article["exception"] == "A fold."


def test_the_report_opens_with_the_outcomes_and_names_every_reason(document: dict[str, Any]) -> None:
    text = survey_report(document)
    title, answer = text.split("\n\n")[:2]
    assert title == "# Small networks"
    assert answer == "**8 runs, 2 counters on 4 models: 3 explained, 0 residual, 1 failed, 4 not run.**"
    assert "| 1 | thop | 1 | thop.profile takes positional inputs only | inputs by position; " in text
    assert "on these models torch are explained | LeNet by name |" in text
    assert "equals the printed number, to the printed digit, for 1 of 2 models, and" in text
    assert "the parameters equal the printed ones for 1 of the 1 models that were run." in text
    assert "| ArticleNet | 1,3,224,224 | 6.5 | 6.357 | A fold. |" in text


def test_the_document_validates_against_its_schema(document: dict[str, Any]) -> None:
    jsonschema.validate(json.loads(json.dumps(document)), schema("survey"))


def test_an_interrupted_survey_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    survey = read_survey(_file(tmp_path))
    said: list[str] = []

    def interrupted(text: str) -> None:
        said.append(text)
        if len(said) == 1:
            raise KeyboardInterrupt

    given: dict[str, Any] = {"models": survey.models[:2], "command": "", "cache": str(tmp_path / "kept")}
    with pytest.raises(KeyboardInterrupt), watched(nobody, interrupted):
        run_survey(survey, **given)
    assert said == ["1/2 LeNet: 2 explained"]
    ran: list[str] = []
    original = survey_module.audit_question

    def asking(question: Any, counters: Any) -> Any:
        ran.append(str(question.inputs[0]))
        return original(question, counters)

    monkeypatch.setattr(survey_module, "audit_question", asking)
    whole = run_survey(survey, resume=True, **given)
    assert ran == ["x=1,1,28,28"]
    assert _cells(whole)["LeNet", "thop"]["outcome"] == "explained"
    run_survey(survey, **given)
    assert ran == ["x=1,1,28,28", "1,1,28,28", "x=1,1,28,28"]


def test_what_is_finished_is_reported_and_the_rest_is_said_to_be_not_reached(tmp_path: Path) -> None:
    given: dict[str, Any] = {"command": "", "cache": str(tmp_path / "kept")}
    survey = read_survey(_file(tmp_path))
    run_survey(survey, models=survey.models[:1], **given)
    cells = _cells(run_survey(survey, models=survey.models[:2], finished=True, **given))
    assert cells["LeNet", "thop"]["outcome"] == "explained"
    assert cells["LeNet by name", "thop"]["reason"].startswith("not reached when this report was written")


def test_a_counter_that_is_added_later_runs_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {"command": "", "cache": str(tmp_path / "kept"), "resume": True}
    survey = read_survey(_file(tmp_path))
    run_survey(survey, models=survey.models[:1], **given)
    more = read_survey(_file(tmp_path, SMALL.replace("[thop, torch]", "[thop, torch, torchinfo]")))
    asked: list[list[str]] = []
    original = survey_module.audit_question

    def asking(question: Any, counters: Any) -> Any:
        asked.append(list(counters))
        return original(question, counters)

    monkeypatch.setattr(survey_module, "audit_question", asking)
    document = run_survey(more, models=more.models[:1], **given)
    assert asked == [["torchinfo"]]
    assert [cell["counter"] for cell in document["groups"][0]["models"][0]["cells"]] == ["thop", "torch", "torchinfo"]


def test_the_command_writes_the_report_and_its_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "small.md"
    arguments = ["survey", _file(tmp_path), "--model", "LeNet", "--cache", str(tmp_path / "kept")]
    assert run_cli([*arguments, "--output", str(report)]) == 0
    printed = capsys.readouterr()
    assert printed.out == "2 runs, 2 counters on 1 models: 2 explained, 0 residual, 0 failed, 0 not run.\n"
    assert printed.err == ""
    document = json.loads(report.with_suffix(".json").read_text(encoding="utf-8"))
    assert report.read_text(encoding="utf-8") == survey_report(document)


@pytest.mark.parametrize(
    ("gmac", "macs", "holds"),
    [
        ("1.814", 1_814_073_344, True),
        ("1.814", 1_814_500_001, False),
        ("3.36", 3_359_843_328, True),
        ("0.04", 39_601_392, True),
        ("0.8", 799_999_999, True),
        ("0.8", 851_000_000, False),
    ],
)
def test_a_printed_number_holds_to_its_last_digit(gmac: str, macs: int, holds: bool) -> None:
    assert Published(gmac=gmac).holds(macs) is holds


REFUSED = {
    "groups: 3": "has no list 'groups'",
    "groups: []": "names no model",
    "- 1": "is list, not a mapping",
    "{": "is no YAML",
    "groups: [{name: a, models: [b]}]": "has no object",
    "groups: [{name: a, object: 'x:y', models: [{name: b, colour: red}]}]": "has the unknown field 'colour'",
    "groups: [{name: a, object: 'x', models: [b]}]": "the object 'x' is not understood",
    "groups: [{name: a, object: 'x:y', models: [b, b]}]": "names 'b' of 'a' twice",
    "groups: [{name: a, object: 'x:y', models: [{name: b, context: {grad: maybe}}]}]": "the grad mode 'maybe'",
    "groups: [{name: a, object: 'x:y', models: [{name: b, published: {gmac: 1.2}}]}]": "write gmac as a quoted number",
    "groups: [{name: a, object: 'x:y', models: [{name: b, published: {gmac: 'x'}}]}]": "'x', which is no number",
    "limit: 3\ngroups: [{name: a, object: 'x:y', models: [b]}]": "the limit of",
    "nearest: [3]\ngroups: [{name: a, object: 'x:y', models: [b]}]": "a nearest thing of",
    "groups: [{name: a, object: 'x:y', inputs: ['1,a'], models: [b]}]": "the input '1,a' has sizes",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_file_that_is_not_understood_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=REFUSED[text].replace("(", r"\(")):
        read_survey(_file(tmp_path, text))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--model", "nothing*"], "no model of .* matches 'nothing*'"),
        (["--output", "report.html"], "must end in .md"),
        (["--timeout", "0"], "the timeout 0 must be"),
    ],
)
def test_a_survey_that_cannot_be_done_as_asked_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    assert run_cli(["survey", _file(tmp_path), *more]) == 2
    assert said.partition(" of ")[0] in capsys.readouterr().err
