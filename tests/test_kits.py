"""What counters would have to accept: the committed report, the kit run with its files, and the action that runs it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib import util
from pathlib import Path

import jsonschema
import pytest
import torch  # noqa: F401  (once for every inner session, which would import it anew)
import yaml

import pytest_reconcile  # noqa: F401
from reconcile.cli import run_cli
from reconcile.conformance.accepted import read_accepted, review
from reconcile.conformance.kit import kit_of, picked, read_suite
from reconcile.pytest_kit import cases, summary  # noqa: F401
from reconcile.schemas import schema
from tests.shared import ROOT

FOUR = ("thop", "ptflops", "fvcore", "torchinfo")
RESULTS = ROOT / "reports" / "conformance.json"
EXAMPLE = ROOT / "docs" / "example-kit"


def test_the_committed_report_and_its_files_are_what_their_command_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "reports").mkdir()
    shutil.copy(RESULTS, tmp_path / "reports")
    monkeypatch.chdir(tmp_path)
    committed = (ROOT / "reports" / "kits.md").read_text(encoding="utf-8")
    command = re.search(r"^Written by `reconcile ([^`]+)`", committed, re.MULTILINE)
    assert command is not None
    assert run_cli(shlex.split(command[1])) == 0, capsys.readouterr().err
    for file in ("kits.md", *(f"kits/{name}.yaml" for name in FOUR)):
        assert (tmp_path / "reports" / file).read_text("utf-8") == (ROOT / "reports" / file).read_text("utf-8")
    assert {file.stem for file in (ROOT / "reports" / "kits").iterdir()} == set(FOUR)


@pytest.mark.parametrize("name", FOUR)
def test_the_accepted_lines_cover_every_departure_and_nothing_drifted(name: str) -> None:
    suite = picked(read_suite(str(RESULTS)), (name,))
    assert review(suite, read_accepted(str(ROOT / "reports" / "kits" / f"{name}.yaml")))
    kit = kit_of(suite.counters[0])
    assert kit.drifted == ()
    assert kit.lines == len({case for demand in kit.demands for case in demand.cases}) > 0


def test_a_demand_holds_exactly_the_cases_and_amounts_of_its_cause() -> None:
    suite = picked(read_suite(str(RESULTS)), ("thop",)).only({"two-parents", "conv2d", "keyword-conv2d", "lstm"})
    found = {
        (demand.verdict, demand.why): dict(zip(demand.cases, demand.amounts, strict=True))
        for demand in kit_of(suite.counters[0]).demands
    }
    assert found == {
        ("departs", "double-count"): {"two-parents": (4 - 1) * 2 * 8 * 8},
        ("departs", "recurrent"): {"lstm": 5 * 4 * 4 * 2},
        ("departs", "bias"): {"lstm": 5 * 4 * 4 * 2},
        ("crashes", "IndexError: tuple index out of range (thop/vision/basic_hooks.py:23)"): {"keyword-conv2d": 0},
    }


def test_the_command_runs_the_cases_itself_and_its_document_validates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_cli(["kits", "thop", "--case", "two-parents", "--json", "--out", str(tmp_path)]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("kits"))
    assert document["kits"][0]["demands"][0]["why"] == "double-count"
    assert (tmp_path / "thop.yaml").read_text("utf-8") == (
        "thop:\n  two-parents: {verdict: departs, causes: [double-count], told: 512}\n"
    )


def test_a_drift_makes_the_command_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(RESULTS.read_text(encoding="utf-8"))
    thop = next(counter for counter in document["counters"] if counter["counter"] == "thop")
    thop["cases"][0] |= {"verdict": "drifted", "note": "told 7 more"}
    results = tmp_path / "results.json"
    results.write_text(json.dumps(document), encoding="utf-8")
    assert run_cli(["kits", "thop", "--from", str(results), "--output", str(tmp_path / "kits.md")]) == 1
    assert "1 answers drifted, which nobody can accept" in (tmp_path / "kits.md").read_text(encoding="utf-8")
    assert f"Drifted: {thop['cases'][0]['case']}." in (tmp_path / "kits.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["kits"], "Missing argument 'NAME...'"),
        (["kits", "thopp", "--from", str(RESULTS)], "the results hold nothing of 'thopp'; they hold"),
        (["kits", "thop", "--from", "nowhere.json"], "the results 'nowhere.json' cannot be read"),
        (["kits", "thop", "--from", str(ROOT / "reports" / "zoo.json")], "holds no results of several counters"),
        (["kits", "thop", "--case", "conv9d", "--from", str(RESULTS)], "no conformance case fits 'conv9d'"),
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


SLICE = ("conv2d-padding-same", "mha", "keyword-conv2d")


def test_the_kit_passes_on_a_checkout_of_each_counter_with_the_committed_lines(pytester: pytest.Pytester) -> None:
    tests = ["import pytest"]
    for name in FOUR:
        spec = util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        shutil.copytree(Path(spec.origin).parent, pytester.path / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "reports" / "kits" / f"{name}.yaml", pytester.path)
        mark = f'@pytest.mark.reconcile("{name}", accept="{name}.yaml", cases={list(SLICE)})'
        tests += [mark, f"def test_{name}(reconcile_case):", "    reconcile_case()"]
    pytester.makepyfile("\n".join(tests))
    result = pytester.runpytest_inprocess("-p", "pytest_reconcile", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=len(FOUR) * (len(SLICE) + 1))


def test_the_example_carries_the_action_as_it_is() -> None:
    copy = EXAMPLE / ".github" / "actions" / "reconcile" / "action.yml"
    assert copy.read_text(encoding="utf-8") == (ROOT / "action.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("kind", "file"),
    [("actions", ROOT / "action.yml"), ("workflows", EXAMPLE / ".github" / "workflows" / "counts.yml")],
    ids=["action", "workflow"],
)
def test_the_action_and_the_workflow_fit_the_published_schemas(kind: str, file: Path, tmp_path: Path) -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.github-{kind}"]
    assert subprocess.run([*check, str(file)], capture_output=True, check=False).returncode == 0
    broken = yaml.safe_load(file.read_text(encoding="utf-8"))
    del broken["runs" if kind == "actions" else "jobs"]
    (tmp_path / "broken.yml").write_text(yaml.safe_dump(broken), encoding="utf-8")
    assert subprocess.run([*check, str(tmp_path / "broken.yml")], capture_output=True, check=False).returncode == 1


def test_every_input_of_the_action_is_used_and_every_used_one_is_declared() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(yaml.safe_load(text)["inputs"])
    scripts = [step["run"] for step in yaml.safe_load(text)["runs"]["steps"] if "run" in step]
    assert not [script for script in scripts if "${{" in script], (
        "inputs go through the environment, never into a script"
    )


def test_the_script_of_the_action_tests_the_example_and_writes_the_page_of_the_job(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("__pycache__"))
    steps = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
    (script,) = (step["run"] for step in steps if step.get("name") == "Test")
    page = tmp_path / "page.md"
    given = {
        "PROJECT": str(project),
        "TESTS": "tests",
        "REPORT": "reconcile.xml",
        "ARGUMENTS": "-q -p pytest_reconcile -k depthwise",
        "GITHUB_STEP_SUMMARY": str(page),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        ["bash", "-e", "-c", script], env=os.environ | given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| layercount | 2 | 2 | 0 | 0 | 0 | 0 | 0 |" in page.read_text(encoding="utf-8")
    assert (project / "reconcile.xml").is_file()
