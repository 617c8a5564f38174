"""The pytest plugin of `reconcile`: fixtures, one mark and one option.

It is loaded in every test session of an environment that has the toolkit, so nothing of the toolkit is imported before
a test asks for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from reconcile.pytest_kit.cases import Asked

_ASKED = pytest.StashKey["Asked"]()
_OUTCOME = pytest.StashKey[dict[str, Any]]()

_MARK = (
    "reconcile(counter, *, accept, adapters, cases, checkout, installed, timeout): run the test, which calls the "
    "fixture `reconcile_case`, once for each small case of conformance"
)

_CHECKS = ("assert_macs", "assert_budget", "assert_counts")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one option."""
    group = parser.getgroup("reconcile", "counts of operations")
    group.addoption(
        "--reconcile-update",
        action="store_true",
        help="write budgets, snapshots and accepted departures as they are now, instead of failing",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known, and gather what the kit finds."""
    config.addinivalue_line("markers", _MARK)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Gathered(config), "reconcile-gathered")


def _updating(config: pytest.Config) -> bool:
    return bool(config.getoption("reconcile_update"))


@pytest.fixture
def assert_macs(request: pytest.FixtureRequest) -> Callable[..., None]:
    """The function `assert_macs(model, inputs, expected, counter="reference")`: a model costs what is expected."""
    from reconcile.pytest_kit.macs import assert_macs as check

    return partial(check, project=request.config.rootpath)


@pytest.fixture
def assert_budget(request: pytest.FixtureRequest) -> Callable[..., None]:
    """The function `assert_budget(model, inputs, file, headroom_percent=0)`: what a model may cost."""
    from reconcile.pytest_kit.budget import assert_budget as check

    return _beside(request, check)


@pytest.fixture
def assert_counts(request: pytest.FixtureRequest) -> Callable[..., None]:
    """The function `assert_counts(model, inputs, file, counter="thop")`: a counter tells what a saved run holds."""
    from reconcile.pytest_kit.snapshot import assert_counts as check

    return _beside(request, check)


def _beside(request: pytest.FixtureRequest, check: Callable[..., None]) -> Callable[..., None]:
    """A check whose file is found from the folder of the test."""

    def checked(model: object, inputs: Any, file: str | Path, **options: Any) -> None:
        __tracebackhide__ = True
        given = {"update": _updating(request.config), "project": request.config.rootpath} | options
        check(model, inputs, request.path.parent / file, **given)

    return checked


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each case that a mark asks for."""
    if "reconcile_case" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("reconcile")
    if mark is None:
        raise pytest.UsageError(
            "the fixture `reconcile_case` needs the mark: @pytest.mark.reconcile(counter, accept=...)"
        )
    from reconcile.errors import ReconcileError
    from reconcile.pytest_kit.cases import asked

    try:
        found = asked(mark.args, mark.kwargs, folder=metafunc.definition.path.parent, project=metafunc.config.rootpath)
        found.accepted(needed=not _updating(metafunc.config))
        metafunc.parametrize("reconcile_case", [(found, name) for name in found.names], ids=found.names, indirect=True)
    except ReconcileError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.fixture
def reconcile_case(request: pytest.FixtureRequest) -> Iterator[Callable[[], None]]:
    """The function that runs the counter on one case and fails, skips or passes by what it gave."""
    asked, name = request.param
    called = False

    def case() -> None:
        __tracebackhide__ = True
        nonlocal called
        called = True
        _check_case(request.node, asked, name)

    yield case
    if not called:
        pytest.fail("the test never called reconcile_case(), so it checks nothing", pytrace=False)


def _check_case(node: pytest.Item, asked: Asked, name: str) -> None:
    __tracebackhide__ = True
    from reconcile.pytest_kit.cases import LINES, outcome, unknown

    update = _updating(node.config)
    lines = asked.accepted(needed=not update)
    if name == LINES:
        wrong = "" if update else unknown(asked, lines)
    else:
        found = outcome(asked, name, lines, update=update)
        node.stash[_OUTCOME] = found.to_json()
        # The fixture `record_property` warns that the newest JUnit family has no place for them; readers have.
        node.user_properties += found.properties().items()
        if found.result.verdict == "not run":
            pytest.skip(found.result.note)
        wrong = found.wrong
    if wrong:
        pytest.fail(wrong, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let an outcome travel with the report of its test, also from a process of pytest-xdist."""
    report = yield
    if call.when == "call":
        checks = not set(_CHECKS).isdisjoint(getattr(item, "fixturenames", ()))
        vars(report).update(reconcile=item.stash.get(_OUTCOME, None), reconcile_check=checks)
    return report


class _Gathered:
    """What the kit found in the whole session."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._outcomes: list[dict[str, Any]] = []
        self._failures: list[tuple[str, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what belongs to the kit."""
        outcome = getattr(report, "reconcile", None)
        if outcome is not None:
            self._outcomes.append(outcome)
        elif getattr(report, "reconcile_check", False) and report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            self._failures.append((report.nodeid, crash.message if crash is not None else report.longreprtext))

    def pytest_sessionfinish(self) -> None:
        """Write what was asked for: accepted departures, and the summary of the job."""
        if _updating(self._config):
            self._accept()
        page = os.environ.get("GITHUB_STEP_SUMMARY")
        if page and (self._outcomes or self._failures):
            from reconcile.pytest_kit.summary import summary

            with open(page, "a", encoding="utf-8") as file:
                file.write(summary(self._outcomes, self._failures))

    def _accept(self) -> None:
        from reconcile.pytest_kit.cases import rewrite
        from reconcile.pytest_kit.summary import results_by_counter

        files = dict.fromkeys(item["accept"] for item in self._outcomes if item["accept"] is not None)
        for file in files:
            mine = [item for item in self._outcomes if item["accept"] == file]
            rewrite(Path(file), results_by_counter(mine))
