"""A counter that somebody else adds: by a file, and by an entry point of their own distribution."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconcile.cli import run_cli
from reconcile.conformance.checkout import checkout_at, release_at
from reconcile.registry import entries
from tests.shared import ROOT

KIT = ROOT / "docs" / "example-kit"
ADAPTER = KIT / "layercount" / "reconcile_adapter.py"
GUIDE = (ROOT / "docs" / "adding-a-counter.md").read_text(encoding="utf-8")

_COMMANDS = re.findall(r"```sh\nPYTHONPATH=docs/example-kit reconcile (.*?)\n```", GUIDE, re.DOTALL)

LENET = ["reconcile.models:LeNet", "-i", "1,1,28,28"]


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example's package can be imported, by workers too."""
    monkeypatch.syspath_prepend(str(KIT))
    yield
    sys.modules.pop("layercount", None)


@pytest.fixture
def offered(library: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example as an installed distribution with its entry point."""
    about = tmp_path / "layercount-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: layercount\nVersion: 1.0\n", encoding="utf-8")
    point = re.search(r"^(layercount) = \"([\w.]+)\"$", (KIT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert point is not None
    (about / "entry_points.txt").write_text(f"[reconcile.adapters]\n{point[1]} = {point[2]}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    entries.cache_clear()
    yield
    entries.cache_clear()


def test_the_example_is_under_forty_lines_and_stands_in_the_guide_as_it_is() -> None:
    text = ADAPTER.read_text(encoding="utf-8")
    assert text.count("\n") < 40
    assert f"```python\n{text}```" in GUIDE


def _explained(capsys: pytest.CaptureFixture[str], *adapter: str, code: int = 0) -> dict[str, int]:
    ask = ["explain", *LENET, "--from", "layercount", "--to", "reference", "--json", *adapter]
    assert run_cli(ask) == code
    document = json.loads(capsys.readouterr().out)
    assert document["complete"] == (code == 0)
    return {cause["cause"]: cause["amount"] for cause in document["causes"]} | {"residual": document["residual"]}


BIASES = {"bias": 120 + 84 + 10, "residual": 0}
"""What the example counts in LeNet beside multiply-adds: the biases of its three linear layers."""


@pytest.mark.usefixtures("library")
def test_a_counter_of_a_file_is_explained_to_the_last_operation(capsys: pytest.CaptureFixture[str]) -> None:
    assert _explained(capsys, "--adapter", str(ADAPTER)) == BIASES


@pytest.mark.usefixtures("offered")
def test_a_counter_of_an_entry_point_is_explained_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert _explained(capsys) == BIASES
    assert "layercount" not in sys.modules, "to find the adapter, its package was imported"


@pytest.mark.usefixtures("library")
def test_a_rule_that_is_wrong_leaves_a_residual(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text(ADAPTER.read_text(encoding="utf-8").replace(', "bias": 1', ""), encoding="utf-8")
    assert _explained(capsys, "--adapter", str(wrong), code=1) == {"residual": BIASES["bias"]}


@pytest.mark.usefixtures("offered")
def test_an_adapter_that_is_broken_is_listed_and_harms_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = tmp_path / "layercount-1.0.dist-info" / "entry_points.txt"
    points.write_text("[reconcile.adapters]\nlayercount = layercount.no_such_module\n", encoding="utf-8")
    assert run_cli(["counters", "--json"]) == 0
    found = {row["counter"]: row["reason"] for row in json.loads(capsys.readouterr().out)["counters"]}
    assert "layercount.no_such_module' that offers it does not exist" in found["layercount"]
    assert found["reference"] is None


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    "block", re.findall(r"```sh\nPYTHONPATH=docs/example-kit reconcile (.*?)\n```", GUIDE, re.DOTALL)
)
def test_the_commands_of_the_guide_do_what_it_says(
    block: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert run_cli(shlex.split(block.replace("\\\n", ""))) == 0
    assert "layercount" in capsys.readouterr().out


def test_a_checkout_is_found_in_both_layouts_and_knows_only_the_release_that_was_installed_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checkout_at(tmp_path, "layercount") is None
    shutil.copytree(KIT / "layercount", tmp_path / "src" / "layercount")
    folder = checkout_at(tmp_path, "layercount")
    assert folder == tmp_path / "src"
    assert release_at(folder, "layercount") is None
    site = tmp_path / "site" / "layercount-1.2.dist-info"
    site.mkdir(parents=True)
    (site / "METADATA").write_text("Metadata-Version: 2.1\nName: layercount\nVersion: 1.2\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(site.parent))
    assert release_at(folder, "layercount") is None, "an ordinary installation is another copy"
    origin = {"url": tmp_path.as_uri(), "dir_info": {"editable": True}}
    (site / "direct_url.json").write_text(json.dumps(origin), encoding="utf-8")
    assert release_at(folder, "layercount") == "1.2"
