"""Twins of other names or another structure are aligned by what they execute, certified, or told what is missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.ask import Question
from reconcile.audit import Audit, audit_question
from reconcile.inputs import parse_inputs
from reconcile.objects import parse_object
from reconcile.worker.alignment import Unit, align_units, named
from tests.shared import ROOT

TWINS = str(ROOT / "tests" / "cases" / "paddle_twins.py")


def _units(kinds: str, prefix: str = "") -> list[Unit]:
    """Layers of one letter each; capitals own a tensor of their own shape."""
    return [
        Unit(path=f"{prefix}{place}", kind=kind, shapes=((ord(kind),),) if kind.isupper() else ())
        for place, kind in enumerate(kinds)
    ]


@given(st.lists(st.sampled_from("ABCabc"), max_size=12))
def test_equal_layers_are_aligned_one_by_one(kinds: list[str]) -> None:
    text = "".join(kinds)
    assert align_units(_units(text), _units(text, "t")) == {f"t{place}": str(place) for place in range(len(text))}


@given(st.text("ABCDabc", max_size=10), st.text("ABCDabc", max_size=10))
def test_no_layer_stands_for_two_and_aligned_layers_own_tensors_of_the_same_shapes(left: str, right: str) -> None:
    found = align_units(_units(left), _units(right, "t"))
    assert len(set(found.values())) == len(found)
    for theirs, ours in found.items():
        assert left[int(ours)].upper() == right[int(theirs[1:])].upper()
    for kind in "ABCD":
        matched = sum(right[int(theirs[1:])] == kind for theirs in found)
        assert matched == min(left.count(kind), right.count(kind))


@given(st.text("ABCDabc", max_size=10), st.text("ABCDabc", max_size=10))
def test_every_path_gets_a_name_of_its_own(left: str, right: str) -> None:
    ours, theirs = _units(left), _units(right)
    found = align_units(ours, theirs)
    names = named(["", *(unit.path for unit in theirs)], ["", *(unit.path for unit in ours)], found)
    assert len(set(names.values())) == len(names) == len(right) + 1
    assert names[""] == ""


def test_a_layer_that_one_side_lacks_leaves_its_neighbours_aligned() -> None:
    assert align_units(_units("AaBaC"), _units("ABC", "t")) == {"t0": "0", "t1": "2", "t2": "4"}
    assert align_units(_units("AB"), _units("BA", "t")) == {"t0": "1", "t1": "0"}


def test_containers_are_named_like_those_that_hold_the_counterparts() -> None:
    found = {"a.x": "block.0.conv", "a.y": "block.0.norm", "b": "fc"}
    names = named(["", "a", "a.x", "a.y", "b", "c", "fc"], ["", "block", "block.0", "fc"], found)
    assert (names["a"], names["c"], names["fc"]) == ("block.0", "c", "fc (twin)")


def _audit(model: str, twin: str, **arguments: object) -> Audit:
    question = Question(
        model=parse_object(model),
        inputs=parse_inputs(["1,1,28,28"]),
        paddle=parse_object(twin, arguments),
    )
    return audit_question(question, ["paddle", "thop"])


@pytest.fixture(scope="module")
def flat() -> Audit:
    return _audit("reconcile.models:LeNet", f"{TWINS}:FlatLeNet")


def test_a_twin_of_other_names_is_certified_and_told_under_the_models_paths(flat: Audit) -> None:
    count = flat.run.count("paddle")
    assert count is not None
    assert count.explained
    assert count.certificate is not None
    assert count.certificate["status"] == "certified"
    told = {layer.layer: layer.told for layer in count.layers}
    convolutions = {"features.0": 28 * 28 * 6 * (9 + 1), "features.3": 10 * 10 * 16 * (150 + 1)}
    assert {name: value for name, value in told.items() if value} == convolutions | {
        "fc.0": 400 * 120,
        "fc.1": 120 * 84,
        "fc.2": 84 * 10,
    }


def test_rows_of_an_aligned_twin_stand_beside_those_of_the_model(flat: Audit) -> None:
    explanation = flat.explanation("paddle", "thop")
    assert explanation.complete
    rows = {row["layer"]: row for row in explanation.to_json()["layers"]}
    assert rows["features.0"]["from"] == 28 * 28 * 6 * 10
    assert rows["features.0"]["to"] == 28 * 28 * 6 * 9
    assert rows["features.1"]["from"] is None, "the twin's activation is a function, so its row stays unmatched"


def test_a_twin_with_a_layer_more_is_counted_and_said_to_be_uncertified() -> None:
    count = _audit("reconcile.models:LeNet", f"{TWINS}:FlatLeNet", more=True).run.count("paddle")
    assert count is not None
    assert count.certificate is not None
    assert count.certificate["status"] == "not certified"
    assert count.certificate["why"] == (
        "the Paddle model has more (linear of 10, 10x10) that nothing in the PyTorch model stands for"
    )
    assert [layer.layer for layer in count.layers][-1] == "more"


def test_layers_of_other_shapes_are_named_on_both_sides() -> None:
    count = _audit("reconcile.models:LeNet", f"{TWINS}:FlatLeNet", hidden=7).run.count("paddle")
    assert count is not None
    assert count.certificate is not None
    assert count.certificate["why"] == (
        "the PyTorch model has fc.0 (linear of 120, 120x400) and 1 more that nothing in the Paddle model stands for "
        "and the Paddle model has body.0 (linear of 7, 7x400) and 1 more that nothing in the PyTorch model stands for"
    )


def test_a_twin_that_is_aligned_and_computes_something_else_is_refused() -> None:
    count = _audit("reconcile.models:LeNet", f"{TWINS}:Scaled").run.count("paddle")
    assert count is not None
    assert count.status == "failed"
    assert "the twin computes something else: outputs differ by" in str(count.reason)


def test_published_twins_of_other_names_and_another_structure_are_certified() -> None:
    question = Question(
        model=parse_object("torchvision.models:shufflenet_v2_x0_5"),
        inputs=parse_inputs(["1,3,64,64"]),
        paddle=parse_object("paddle.vision.models:shufflenet_v2_x0_5"),
    )
    audit = audit_question(question, ["paddle", "thop"])
    count = audit.run.count("paddle")
    assert count is not None
    assert count.certificate is not None
    assert count.certificate["relative"] <= 1e-4
    rows = audit.explanation("paddle", "thop").to_json()["layers"]
    both = [row for row in rows if row["from"] is not None and row["to"] is not None]
    assert audit.explanation("paddle", "thop").complete
    assert sum(row["type"].lower() == "conv2d" for row in both) == 56
