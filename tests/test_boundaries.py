"""What may import what, and what an installation puts where."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shared import ROOT

COUNTERS = {
    "thop",
    "torchstat",
    "ptflops",
    "fvcore",
    "torchinfo",
    "torchprofile",
    "torchsummary",
    "calflops",
    "deepspeed",
}
FRAMEWORKS = {"torch", "paddle", "torchvision", "numpy"}
WORKER_SIDE = ("reconcile/worker/", "reconcile/models/", "reconcile/idioms/", "reconcile/zoo/")


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def _files(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found
    return found


def test_the_toolkit_imports_no_counter_anywhere() -> None:
    for file in _files("reconcile"):
        assert not COUNTERS & set(_imports(file)), file


def test_only_the_worker_side_imports_a_framework() -> None:
    for file in _files("reconcile"):
        if not file.relative_to(ROOT).as_posix().startswith(WORKER_SIDE):
            assert not FRAMEWORKS & set(_imports(file)), file


_ABSENT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
{code}
"""


def _without(absent: set[str], code: str) -> str:
    """What a program prints in a Python in which some packages do not exist."""
    program = _ABSENT.format(absent=absent, code=code)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_prediction_is_made_where_no_counter_and_no_framework_can_be_imported(tmp_path: Path) -> None:
    from reconcile.render.files import write_json
    from tests.shared import audit_of

    run = audit_of("reconcile.models:ArticleNet", "1,3,224,224").run
    write_json(tmp_path / "run.json", run.to_json())
    code = f"""
import json
from reconcile.schema import Run
from reconcile.ends import saved_side
from reconcile.explain import explain
run = Run.from_json(json.load(open({str(tmp_path / "run.json")!r})))
sides = [saved_side(count, run) for count in run.counts]
print(sum(explain(a, b).complete for a in sides for b in sides))
"""
    counters = COUNTERS | FRAMEWORKS
    assert _without(counters, code).strip() == str(len(run.counts) ** 2)


def test_the_command_lists_counters_where_none_is_installed() -> None:
    printed = _without(COUNTERS | FRAMEWORKS, "from reconcile.cli import run_cli\nsys.exit(run_cli(['counters']))")
    assert "thop" in printed
    assert "pip install" in printed


def test_the_listed_packages_are_the_folders() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {file.parent.relative_to(ROOT).as_posix().replace("/", ".") for file in _files("reconcile")}
    adapters = {file.parent.relative_to(ROOT).as_posix().replace("/", ".") for file in _files("adapters")}
    assert set(settings["packages"]) == folders | {f"reconcile.{name}" for name in adapters}
    assert settings["package-dir"] == {"reconcile": "reconcile", "reconcile.adapters": "adapters"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = folder.glob("*.whl")
    return zipfile.ZipFile(file).namelist()


def test_a_wheel_installs_nothing_called_adapters(wheel: list[str]) -> None:
    top = {name.partition("/")[0] for name in wheel if ".dist-info" not in name}
    assert top == {"reconcile", "pytest_reconcile.py"}


def test_a_wheel_carries_adapters_claims_schemas_and_the_page(wheel: list[str]) -> None:
    expected = {
        *(f"reconcile/{file.relative_to(ROOT)}" for file in (ROOT / "adapters").rglob("*.py")),
        *(f"reconcile/claims/{file.name}" for file in (ROOT / "reconcile" / "claims").glob("*.yaml")),
        *(f"reconcile/conformance/{file.name}" for file in (ROOT / "reconcile" / "conformance").glob("*.yaml")),
        *(f"reconcile/schemas/{file.name}" for file in (ROOT / "reconcile" / "schemas").glob("*.json")),
        *(f"reconcile/render/page/{file.name}" for file in (ROOT / "reconcile" / "render" / "page").iterdir()),
        "reconcile/py.typed",
    }
    assert expected <= set(wheel)
