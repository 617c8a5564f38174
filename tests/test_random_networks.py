"""The law on random small networks: every counter that runs equals its own rules in every row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from reconcile.ask import Question, ask, installed
from reconcile.inputs import Input
from reconcile.objects import parse_object
from reconcile.schema import Count
from tests.cases.random_nets import IMAGE, ROWS

NETS = str(Path(__file__).parent / "cases" / "random_nets.py")


def _steps(kinds: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Lists of steps, some of them residual, branched or called twice."""
    plain = st.tuples(st.sampled_from(kinds), st.integers(1, 9)).map(list)
    wrapped = st.one_of(
        st.tuples(st.just("residual"), st.just(0), plain).map(list),
        st.tuples(st.just("twice"), st.just(0), plain).map(list),
        st.tuples(st.just("branches"), st.just(0), plain, plain).map(list),
    )
    return st.lists(st.one_of(plain, plain, wrapped), min_size=1, max_size=5)


NETWORKS = st.fixed_dictionaries(
    {
        "image": _steps(IMAGE),
        "rows": _steps(ROWS),
        "tokens": st.booleans(),
        "shape": st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(4, 9), st.integers(4, 9)).map(list),
    }
)


def wrong_rows(count: Count) -> list[tuple[str, int | None, int | None]]:
    """The rows in which a counter told something else than its rules say; none if it failed."""
    return [(row.layer, row.told, row.predicted) for row in count.layers if row.residual or row.mismatch]


@settings(max_examples=4, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(NETWORKS)
def test_every_counter_that_runs_equals_its_rules_on_random_networks(network: dict[str, Any]) -> None:
    question = Question(
        model=parse_object(f"{NETS}:Net", network), inputs=(Input(shape=tuple(network["shape"])),), timeout=120
    )
    run = ask(question, installed())
    assert run.reference is not None
    assert not run.reference.partial
    ran = [count for count in run.counts if count.status == "ok"]
    note(f"{len(ran)} counters ran")
    assert len(ran) >= 3
    assert {count.counter: wrong_rows(count) for count in ran if wrong_rows(count)} == {}
