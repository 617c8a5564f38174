"""A counter that breaks is one failed row with its reason; the others still answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconcile.ask import Question, ask
from reconcile.inputs import parse_inputs
from reconcile.objects import parse_object
from reconcile.schema import Run

FAKES = str(Path(__file__).parent / "fakes" / "broken.py")

REASONS = {
    "fake:raises": "ZeroDivisionError: a layer without outputs",
    "fake:recurses": "RecursionError: maximum recursion depth exceeded",
    "fake:garbage": "SystemExit",
    "fake:exits": "it ended with exit code 3 and without an answer",
    "fake:hangs": "it did not answer within 20 seconds and was stopped",
    "fake:half": "its answer is no whole document",
    "fake:garbled": "its answer contradicts itself: KeyError",
    "fake:killed": "it was ended by signal 9 (SIGKILL)",
    "fake:nothing": "the adapter recorded nothing",
    "fake:fraction": "the total is 0.5, which is not a whole number",
}


@pytest.fixture(scope="module")
def run() -> Run:
    question = Question(
        model=parse_object("reconcile.models:LeNet"),
        inputs=parse_inputs(["1,1,28,28"]),
        adapters=(FAKES,),
        timeout=20,
    )
    return ask(question, [*REASONS, "thop"])


@pytest.mark.parametrize("counter", sorted(REASONS))
def test_a_broken_counter_is_a_failed_row_with_its_reason(run: Run, counter: str) -> None:
    count = run.count(counter)
    assert count is not None
    assert count.status == "failed"
    assert count.total is None
    assert count.reason is not None
    assert REASONS[counter] in count.reason


def test_too_deep_a_recursion_is_told_in_the_same_words_wherever_it_ends(run: Run) -> None:
    count = run.count("fake:recurses")
    assert count is not None
    assert count.reason == REASONS["fake:recurses"]


def test_the_other_counters_still_answer(run: Run) -> None:
    count = run.count("thop")
    assert count is not None
    assert count.status == "ok"
    assert count.total == 6 * 28 * 28 * 9 + 16 * 10 * 10 * 150 + 400 * 120 + 120 * 84 + 84 * 10


def test_a_run_with_a_failed_counter_is_not_fully_explained(run: Run) -> None:
    assert not run.explained
