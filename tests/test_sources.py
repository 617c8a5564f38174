"""Every rule and every cause names a source that exists in the installed counter."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path

import pytest

from reconcile.releases.overlay import make
from reconcile.rules import Rules
from tests.shared import EIGHT, HOLDERS, MORE, PROFILERS, ROOT, entry_at


def _sources(rules: Rules) -> Iterator[str]:
    for table in (rules.modules, rules.names, rules.functions, rules.ops):
        yield from (rule.source for rule in table.values())
    if rules.finish is not None:
        yield rules.finish.source


def _of_conventions(value: object) -> Iterator[str]:
    """Every source that a convention of another metric names, at any depth."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _of_conventions(item)
    elif is_dataclass(value):
        yield from (str(getattr(value, item.name)) for item in fields(value) if item.name == "source")
        for item in fields(value):
            yield from _of_conventions(getattr(value, item.name))


@cache
def _names(file: Path) -> frozenset[str]:
    """Every function, class and assigned name of a file, methods included."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return frozenset(found)


def _file(path: str) -> Path:
    package = path.split("/")[0]
    if package == "reconcile":
        return ROOT / path.replace("reconcile/adapters/", "adapters/")
    spec = importlib.util.find_spec(package)
    assert spec is not None, package
    assert spec.origin is not None, package
    return Path(spec.origin).parent.parent / path


@pytest.mark.parametrize("counter", [*EIGHT, *MORE, *PROFILERS, *HOLDERS, "reference"])
def test_every_source_is_a_function_that_stands_in_the_counters_file(counter: str) -> None:
    entry = entry_at(counter)
    sources = {*_sources(entry.counter.rules), *_of_conventions(entry.counter.measures)}
    overlay = None if entry.overlay is None else make(entry.overlay)
    assert sources
    for source in sources:
        path, _, name = source.partition(":")
        assert name.rpartition(".")[2] in _names(_file(path) if overlay is None else overlay / path), source


def test_a_source_that_does_not_exist_is_found_out() -> None:
    assert "count_conv_nd" not in _names(_file("thop/vision/basic_hooks.py"))
