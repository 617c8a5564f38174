"""The pytest plugin: what passes, what fails and with which words, tried in test sessions of their own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from importlib import util
from pathlib import Path

import pytest
import torch  # noqa: F401  (once for every inner session, which would import it anew)
import yaml

import pytest_reconcile  # noqa: F401
from reconcile.conformance.accepted import read_accepted
from reconcile.pytest_kit import budget, cases, macs, snapshot, summary  # noqa: F401
from tests.shared import ROOT

KIT = ROOT / "docs" / "example-kit"

GUIDE = (ROOT / "docs" / "pytest-kit.md").read_text(encoding="utf-8")


def _blocks(kind: str) -> list[str]:
    """The blocks of one kind in the guide."""
    found = re.findall(rf"```{kind}\n(.*?)```", GUIDE, re.DOTALL)
    assert found
    return found


def _shows(result: pytest.RunResult, block: str) -> None:
    """Each line of a block of the guide stands in what a session printed."""
    printed = result.stdout.str()
    for line in block.splitlines():
        assert line.strip() in printed


MODELS = """
from torch import nn

def small(width=4):
    return nn.Sequential(nn.Conv2d(3, width, 3, bias=False), nn.Flatten(), nn.Linear(width * 36, 5))
"""

CONV, FC = 4 * 6 * 6 * 3 * 3 * 3, 5 * 4 * 36
"""Multiply-adds of the small network's two layers on 1x3x8x8."""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """An empty project with one network."""
    pytester.makepyfile(networks=MODELS)
    return pytester


def _run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_inprocess("-p", "pytest_reconcile", "-p", "no:cacheprovider", *arguments)


def test_a_session_that_does_not_use_the_kit_imports_nothing_of_the_toolkit(tmp_path: Path) -> None:
    test = "import sys\ndef test_it():\n    assert not [name for name in sys.modules if name.startswith('reconcile')]\n"
    (tmp_path / "test_it.py").write_text(test, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "pytest_reconcile", "-p", "no:cacheprovider", "test_it.py"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_model_that_costs_what_is_expected_passes_in_every_way_of_saying_it(project: pytest.Pytester) -> None:
    project.makepyfile(
        f"""
        import torch
        from networks import small

        class Doubled(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = torch.nn.Linear(8, 5)

            def forward(self, x):
                return self.fc(self.fc.weight @ x.T @ x)

        def test_all(assert_macs):
            assert_macs("networks.py:small", "1,3,8,8", {CONV + FC})
            assert_macs("networks.py:small", ("1,3,8,8",), "4*6*6 * 3*3*3 + 5 * 4*36", arguments={{"width": 4}})
            assert_macs("networks.py:small", "2,3,8,8", {{"0": 2 * {CONV}, "2": "2*5 * 4*36"}})
            assert_macs("networks.py:small", "1,3,8,8", "2 * (4*6*6 * 3*3*3 + 5*4*36)", counter="torch")
            assert_macs(small(), torch.zeros(1, 3, 8, 8), {CONV + FC})
            assert_macs(Doubled(), torch.zeros(1, 8), "5*8 + 5*8 + 5 * 8*5")
        """
    )
    _run(project).assert_outcomes(passed=1)


def test_a_model_that_costs_something_else_fails_at_the_line_of_the_test_with_its_layers(
    project: pytest.Pytester,
) -> None:
    project.makepyfile(
        """
        SMALL = "networks.py:small"
        def test_total(assert_macs):
            assert_macs(SMALL, "1,3,8,8", 4000)
        def test_counter(assert_macs):
            assert_macs(SMALL, "1,3,8,8", 1, counter="ptflops")
        def test_row(assert_macs):
            assert_macs(SMALL, "1,3,8,8", {"0": "4*6*6 * 3*3*3", "2": 7})
        def test_no_such_row(assert_macs):
            assert_macs(SMALL, "1,3,8,8", {"fc": 7})
        def test_fraction(assert_macs):
            assert_macs(SMALL, "1,3,8,8", 1.5)
        def test_nothing(assert_macs):
            assert_macs(SMALL, "1,3,8,8", {})
        def test_input(assert_macs):
            assert_macs(SMALL, "1,4,8,8", 1)
        def test_unknown(assert_macs):
            assert_macs(SMALL, "1,3,8,8", 1, counter="thopp")
        def test_failed(assert_macs):
            assert_macs(SMALL, "1,3,8,8", 1, counter="torchsummary")
        """
    )
    result = _run(project)
    result.assert_outcomes(failed=9)
    result.stdout.fnmatch_lines(
        [
            f"*AssertionError: reference tells {CONV + FC:,} MAC for the model, expected 4,000 (+608)",
            "*The rows of networks.py:small on 1,3,8,8, the largest first:",
            f"* 0 *Conv2d * {CONV:,}",
            f"* 2 *Linear * {FC:,}",
            "*.py:3: AssertionError",
            f"*ptflops tells {CONV + FC + 5:,} MAC for the model, expected 1 (*",
            "*the difference of +5 is +5 bias, and nothing is left.",
            f"*reference tells {FC:,} MAC for 2, expected 7 (+{FC - 7})",
            "*networks.py:small on 1,3,8,8 has no row 'fc'; it has 0, *",
            "*UsageError: the expected number is 1.5; write a whole number, or its formula as text",
            "*UsageError: nothing is expected: name a number, or at least one row with its number",
            "*UsageError: the model fails on the input 1,4,8,8: *",
            "*UsageError: the counter 'thopp' is unknown; known are *",
        ]
    )
    assert "reconcile/pytest_kit" not in result.stdout.str()


BUDGET = """
def test_budget(assert_budget):
    assert_budget("networks.py:small", "1,3,8,8", "budgets/small.yaml")
def test_headroom(assert_budget):
    assert_budget("networks.py:small", "1,3,8,8", "budgets/small.yaml", headroom_percent=100)
"""


def test_a_model_over_its_budget_fails_with_the_layers_that_grew(project: pytest.Pytester) -> None:
    project.makepyfile(BUDGET)
    missing = _run(project)
    missing.assert_outcomes(failed=2)
    missing.stdout.fnmatch_lines(["*there is no budget *small.yaml' yet; pytest --reconcile-update writes it"])
    _run(project, "--reconcile-update").assert_outcomes(passed=2)
    written = yaml.safe_load((project.path / "budgets" / "small.yaml").read_text(encoding="utf-8"))
    assert written["operations"] == CONV + FC
    assert written["layers"]["2"] == {"operations": FC, "params": FC + 5}
    _run(project).assert_outcomes(passed=2)
    project.makepyfile(networks=MODELS.replace("3, bias=False", "5, bias=False").replace("width * 36", "width * 16"))
    result = _run(project)
    result.assert_outcomes(failed=1, passed=1)
    grown = 4 * 4 * 4 * 3 * 5 * 5
    result.stdout.fnmatch_lines(
        [
            "*networks.py:small on 1,3,8,8 is over its budget small.yaml",
            f"*operations: {grown + 5 * 4 * 16:,}, allowed are {CONV + FC:,} (*",
            "*layer that grew *budget *now *more",
            f"* 0 *{CONV:,} *{grown:,} *+{grown - CONV:,}",
            "*If that is meant: pytest --reconcile-update",
        ]
    )
    assert f"{5 * 4 * 16:,} " not in result.stdout.str(), "the classifier shrank"
    _shows(result, _blocks("text")[0])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"operations": 1}, f"contradicts itself: its operations are 1, those of its layers sum to {CONV + FC}"),
        ({"model": "networks.py:other"}, "is about the model 'networks.py:other', not 'networks.py:small'"),
        ({"inputs": ["2,3,8,8"]}, "is about the inputs ('2,3,8,8',), not ('1,3,8,8',)"),
        ({"layers": {}}, "is none: $.layers: *"),
    ],
)
def test_a_budget_that_holds_for_something_else_is_refused(
    project: pytest.Pytester, change: dict[str, object], why: str
) -> None:
    layers = {"0": {"operations": CONV, "params": CONV // 36}, "2": {"operations": FC, "params": FC + 5}}
    totals = {"operations": CONV + FC, "params": CONV // 36 + FC + 5}
    head = {"model": "networks.py:small", "inputs": ["1,3,8,8"], "counter": "reference", "unit": "MAC"}
    project.mkdir("budgets").joinpath("small.yaml").write_text(
        yaml.safe_dump(head | totals | {"layers": layers} | change), encoding="utf-8"
    )
    project.makepyfile(BUDGET.partition("def test_headroom")[0])
    result = _run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*UsageError: the budget *small.yaml' {why}".replace("[", "[[]")])


@pytest.fixture
def thop(pytester: pytest.Pytester) -> pytest.Pytester:
    """The project of thop, as far as the kit is concerned: a checkout of the package, and one test."""
    spec = util.find_spec("thop")
    assert spec is not None
    assert spec.origin is not None
    shutil.copytree(Path(spec.origin).parent, pytester.path / "thop", ignore=shutil.ignore_patterns("__pycache__"))
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.reconcile("thop", accept="accepted.yaml", cases=["linear", "transposed2d-s*", "keyword-conv2d"])
        def test_thop(reconcile_case):
            reconcile_case()
        """
    )
    return pytester


ACCEPTED = """
thop:
  transposed2d-stride: {verdict: departs, causes: [formula], told: 19200}
  keyword-conv2d: {verdict: crashes}
"""


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_checkout_that_counts_as_its_rules_say_passes_with_its_accepted_departures(thop: pytest.Pytester) -> None:
    thop.path.joinpath("accepted.yaml").write_text(ACCEPTED, encoding="utf-8")
    _run(thop, "--junitxml=report.xml").assert_outcomes(passed=4)
    report = ET.parse(thop.path / "report.xml")
    found = {
        case.get("name"): {item.get("name"): item.get("value") for item in case.iter("property")}
        for case in report.iter("testcase")
    }
    assert found["test_thop[transposed2d-stride]"] == {
        "reconcile.counter": "thop",
        "reconcile.case": "transposed2d-stride",
        "reconcile.verdict": "departs",
        "reconcile.told": "19,200",
        "reconcile.definition": "4,800",
        "reconcile.causes": "formula +14400",
    }


def test_the_files_that_the_maintainer_edits_are_tested_and_no_installed_ones(
    thop: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    thop.path.joinpath("accepted.yaml").write_text(ACCEPTED, encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(thop.path / "summary.md"))
    rules = thop.path / "thop" / "vision" / "basic_hooks.py"
    _edit(rules, "def count_linear(m, x, y):\n", "def count_linear(m, x, y):\n    m.total_ops += 7\n")
    result = _run(thop)
    result.assert_outcomes(passed=3, failed=1)
    why = "thop tells something else than its rules say: layer: told 47, its rules say 40"
    result.stdout.fnmatch_lines([why])
    page = thop.path.joinpath("summary.md").read_text(encoding="utf-8")
    assert "| thop | 3 | 0 | 1 | 1 | 1 | 0 | 1 |" in page
    assert f"| thop | linear | 47 | 40 | {why} |" in page


def test_what_nobody_accepted_and_what_holds_no_longer_fails_until_it_is_accepted(thop: pytest.Pytester) -> None:
    accepted = thop.path / "accepted.yaml"
    accepted.write_text(
        "thop:\n"
        "  linear: {verdict: departs, causes: [bias], told: 45}\n"
        "  conv2d: {verdict: crashes}\n"
        "  keyword-conv2d: {verdict: departs, causes: [bias]}\n"
        "  conv9d: {verdict: crashes}\n"
        "ptflops:\n  relu: {verdict: crashes}\n",
        encoding="utf-8",
    )
    result = _run(thop)
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines_random(
        [
            "a line of accepted.yaml holds no longer: accepted was `departs`, now it is `as-ruled`",
            "thop departs, which accepted.yaml does not accept: told 19,200, by definition 4,800 (formula +14400)",
            "a line of accepted.yaml holds no longer: accepted was `departs`, now it is `crashes`",
            "conv9d: there is no such case",
        ]
    )
    _run(thop, "--reconcile-update", "-k", "transposed2d or linear").assert_outcomes(passed=2, deselected=2)
    lines = {(line.counter, line.case): line for line in read_accepted(str(accepted))}
    kept = {("thop", "conv2d"), ("thop", "keyword-conv2d"), ("thop", "transposed2d-stride"), ("ptflops", "relu")}
    assert set(lines) == kept, "lines of cases that did not run stay, those of no case and of no departure go"
    assert lines["thop", "transposed2d-stride"].told == 6 * 80 * 10 * 4
    _run(thop, "--reconcile-update").assert_outcomes(passed=4)
    _run(thop).assert_outcomes(passed=4)


def test_a_drift_is_never_accepted(thop: pytest.Pytester) -> None:
    rules = thop.path / "thop" / "vision" / "basic_hooks.py"
    _edit(rules, "def count_linear(m, x, y):\n", "def count_linear(m, x, y):\n    m.total_ops += 7\n")
    _run(thop, "--reconcile-update", "-k", "linear").assert_outcomes(failed=1, deselected=3)


@pytest.mark.parametrize(
    ("mark", "why"),
    [
        ('"thop", accept="none.yaml"', "the accepted departures *none.yaml' cannot be read: *"),
        ('"thopp"', "the counter 'thopp' is unknown; *"),
        ('"fvcore"', "no fvcore/ stands in *; name its folder by checkout=, or say installed=True"),
        ('"thop", cases=["conv9d"]', "no conformance case fits 'conv9d'; *"),
        ('"thop", cases="linear"', "the mark `reconcile` takes cases as a list of texts, not 'linear'"),
        ('"thop", colour="red"', "the mark `reconcile` takes one counter and *; nothing else"),
        ('"thop", adapters=["none.py"]', "the adapter *none.py' does not exist"),
    ],
)
def test_a_mark_that_cannot_be_answered_is_one_sentence(thop: pytest.Pytester, mark: str, why: str) -> None:
    thop.makepyfile(
        f"import pytest\n\n@pytest.mark.reconcile({mark})\ndef test_it(reconcile_case):\n    reconcile_case()\n"
    )
    result = _run(thop)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{why}"])


def test_a_test_that_never_runs_its_case_fails(thop: pytest.Pytester) -> None:
    thop.makepyfile(
        'import pytest\n\n@pytest.mark.reconcile("thop", cases=["linear"])\ndef test_it(reconcile_case):\n    pass\n'
    )
    result = _run(thop)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*the test never called reconcile_case(), so it checks nothing"])


@pytest.fixture
def example(pytester: pytest.Pytester) -> pytest.Pytester:
    """The example of the documentation."""
    shutil.copytree(KIT, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return pytester


SLICE = "numbers or costs or budget or depthwise or padding-same] or unbatched or accepted-lines"


def test_the_example_of_the_documentation_passes_as_it_is_committed(example: pytest.Pytester) -> None:
    outcomes = _run(example, "-k", SLICE).parseoutcomes()
    assert outcomes.get("failed", 0) == outcomes.get("errors", 0) == 0
    assert outcomes["passed"] >= 8


def test_a_changed_number_is_explained_by_its_cause_and_layer(example: pytest.Pytester) -> None:
    package = example.path / "layercount"
    _edit(package / "__init__.py", "(module.in_features + (module.bias is not None))", "module.in_features")
    _edit(package / "reconcile_adapter.py", '{"mac": 1, "bias": 1}', '{"mac": 1}')
    result = _run(example, "-k", "numbers_of_the_small")
    result.assert_outcomes(failed=1, deselected=result.parseoutcomes()["deselected"])
    total = 16 * 8 * 8 * 3 * 3 * 3 + 10 * 16 * 8 * 8
    result.stdout.fnmatch_lines(
        [
            f"*layercount tells {total:,} MAC for tests/models.py:small on 1,3,8,8; *holds {total + 10:,} (-10)",
            "* bias *-10 *4 *now counts * before counts *",
            "* 4 *10,240 *10,250 *bias *-10 *",
            "*If that is meant: pytest --reconcile-update",
        ]
    )
    assert "is not what its rules say" not in result.stdout.str()
    _shows(result, _blocks("text")[1])


def test_a_changed_number_that_no_rule_explains_says_so(example: pytest.Pytester) -> None:
    _edit(example.path / "layercount" / "__init__.py", "return output.numel() * (", "return 3 + output.numel() * (")
    result = _run(example, "-k", "numbers_of_the_small")
    result.stdout.fnmatch_lines(
        [
            "* residual *+3 *no rule accounts for this",
            "*What layercount told now is not what its rules say in 4",
        ]
    )
    _run(example, "-k", "numbers_of_the_small", "--reconcile-update").assert_outcomes(
        passed=1, deselected=result.parseoutcomes()["deselected"]
    )
    _run(example, "-k", "numbers_of_the_small").assert_outcomes(
        passed=1, deselected=result.parseoutcomes()["deselected"]
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"schema": "other"}, "$.schema: *"),
        ({"run": {}}, "$: 'schema' is a required property"),
        ({"departures": [{"layer": "4"}]}, "$.departures*"),
    ],
)
def test_a_snapshot_that_is_none_is_refused(example: pytest.Pytester, change: dict[str, object], why: str) -> None:
    file = example.path / "tests" / "snapshots" / "small.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | change), encoding="utf-8")
    result = _run(example, "-k", "numbers_of_the_small")
    result.stdout.fnmatch_lines([f"*UsageError: *small.json' is no snapshot: {why}".replace("[", "[[]")])


def test_a_snapshot_of_something_else_is_refused(example: pytest.Pytester) -> None:
    _edit(example.path / "tests" / "test_numbers.py", '"1,3,8,8", "snapshots', '"2,3,8,8", "snapshots')
    result = _run(example, "-k", "numbers_of_the_small")
    result.stdout.fnmatch_lines(["*UsageError: the snapshot *small.json' is about [[]'1,3,8,8'], not [[]'2,3,8,8']"])


def test_the_programs_of_the_guide_run(thop: pytest.Pytester) -> None:
    thop.makepyfile("\n\n".join(_blocks("python")))
    thop.path.joinpath("accepted.yaml").write_text(_blocks("yaml")[0], encoding="utf-8")
    some = "cost or budget or numbers or transposed2d-stride] or keyword-conv2d] or accepted-lines"
    for update in (["--reconcile-update"], []):
        outcomes = _run(thop, "-k", some, *update).parseoutcomes()
        assert outcomes["passed"] == 6
        assert outcomes.get("failed", 0) == outcomes.get("errors", 0) == 0
