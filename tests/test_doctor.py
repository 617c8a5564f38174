"""The doctor names what is wrong with an environment, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reconcile.cli import run_cli
from reconcile.doctor import CHECKS, examine
from reconcile.environment import Environment, environment
from reconcile.schemas import schema

HEALTHY = Environment(
    python=(3, 11),
    installed={"torch": "2.13.0", "thop": "0.1.1.post2209072238", "numpy": "2.3.0", "pandas": "2.2.0"},
    owners={"thop": ("thop",), "paddle": ("paddlepaddle",)},
    packages=("torch", "paddle", "thop"),
)

WRONG = {
    "two-owners": {"owners": {"thop": ("thop", "ultralytics-thop")}},
    "no-framework": {"installed": {}},
    "numpy-for-paddle": {"installed": {"torch": "2.13.0", "numpy": "2.4.0"}},
    "operators-of-torchvision": {"repaired": "its names were declared"},
    "pandas-for-torchstat": {"installed": {"torch": "2.13.0", "pandas": "2.0.0", "torchstat": "0.0.7"}},
    "distutils-for-thop": {"distutils": False, "python": (3, 12)},
    "requirements": {"installed": {"torch": "2.1.0"}},
    "shadows": {"shadows": {"thop": "./thop.py"}},
    "broken-adapters": {"broken": ("mine is broken: ImportError",)},
    "changed-overlays": {"damaged": ("thop==0.0.31+py311",)},
    "cache": {"writable": False, "cache": "/nowhere"},
}


def test_every_check_has_an_environment_in_which_it_fails() -> None:
    assert set(WRONG) == {check.__name__.replace("_", "-") for check in CHECKS}


@pytest.mark.parametrize("check", WRONG)
def test_each_thing_that_is_wrong_is_found_alone_with_its_way_out(check: str) -> None:
    wrong: dict[str, Any] = WRONG[check]
    findings = examine(replace(HEALTHY, **wrong))
    assert [item.check for item in findings] == [check]
    assert findings[0].found
    assert findings[0].way_out


def test_a_healthy_environment_has_no_finding() -> None:
    assert examine(HEALTHY) == ()


def test_numpy_is_no_trouble_where_there_is_no_paddle() -> None:
    wrong: dict[str, Any] = WRONG["numpy-for-paddle"]
    assert examine(replace(HEALTHY, owners={}, **wrong)) == ()


def test_a_file_that_hides_a_library_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "thop.py").write_text("", encoding="utf-8")
    monkeypatch.setattr("reconcile.environment._repaired", lambda: "")
    assert environment().shadows == {"thop": "./thop.py"}


@pytest.mark.parametrize("wrong", [False, True])
def test_the_command_says_it_and_gives_the_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, wrong: bool
) -> None:
    here = replace(HEALTHY, distutils=not wrong)
    monkeypatch.setattr("reconcile.commands.doctor.environment", lambda: here)
    assert run_cli(["doctor", "--json"]) == int(wrong)
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("doctor"))
    assert [item["check"] for item in document["findings"]] == ["distutils-for-thop"] * wrong
    assert run_cli(["doctor"]) == int(wrong)
    assert ("setuptools" if wrong else "Nothing is wrong") in capsys.readouterr().out
