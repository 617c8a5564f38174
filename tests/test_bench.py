"""A benchmark compares ways of counting that tell the same; nothing here depends on how long anything takes."""

from __future__ import annotations

import json

import jsonschema
import pytest

from reconcile.bench import WAYS, Bench, Cost
from reconcile.cli import run_cli
from reconcile.render.bench import bench_report, costs, growth, sayings
from reconcile.schemas import schema
from tests.shared import ROOT


def _bench(inputs: str, shape: float, bare_total: int = 7) -> Bench:
    seconds = {"shape": shape, "unwatched": 2.0, "real": 30.0, "bare": 20.0}
    return Bench(
        model={"object": "here:Net", "arguments": {}, "inputs": [inputs]},
        machine="a machine",
        costs=tuple(
            Cost(counter="thop", way=way, seconds=seconds[way], peak=2**20, total=bare_total if way == "bare" else 7)
            for way in WAYS
        ),
        audit=5.0,
        plain=25.0,
    )


def test_a_bench_says_what_its_numbers_come_to() -> None:
    said = " ".join(sayings(_bench("1,3,8,8", 3.0)))
    assert "the audit took 5.00 s, the bare counters one after another 25.00 s, a ratio of 0.20" in said
    assert "3.00 s by shape and 20.00 s in plain Python, a ratio of 0.15" in said
    assert "2.00 s by shape into 3.00 s, a ratio of 1.50" in said
    assert "Every counter told the same in every way" in said
    assert costs(_bench("1,3,8,8", 3.0)).rows[0] == ("thop", "3.00", "1", "2.00", "1", "30.00", "1", "20.00", "1")


def test_a_counter_that_tells_something_else_in_another_way_is_named() -> None:
    different = _bench("1,3,8,8", 3.0, bare_total=8)
    assert not different.agreed
    assert "Not every counter told the same" in " ".join(sayings(different))


def test_benches_on_several_inputs_say_how_counting_grew() -> None:
    benches = [_bench("1,3,8,8", 2.0), _bench("1,3,64,64", 2.5)]
    assert growth(benches) == "From 1,3,8,8 to 1,3,64,64 the counting by shape grew by a factor of 1.25."
    assert growth(benches[:1]) is None
    report = bench_report(benches, "reconcile bench")
    assert report.count("\n## ") == 2
    assert report.splitlines()[2].startswith("On 1,3,64,64 the audit of thop takes 5.00 s from the question")
    assert report.splitlines()[2].endswith(str(growth(benches)))


@pytest.mark.parametrize("counter", ["calflops", "paddle", "torch@no_grad"])
def test_a_counter_that_cannot_stand_beside_others_is_refused(counter: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["bench", "reconcile.models:LeNet", "-i", "1,1,28,28", "-c", counter]) == 2
    assert f"'{counter}' cannot be measured beside others" in capsys.readouterr().err


def test_a_bench_measures_every_counter_in_every_way(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["bench", "reconcile.models:LeNet", "-i", "1,1,28,28", "-c", "thop", "-c", "torch", "--json"]
    assert run_cli(command) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("bench"))
    (found,) = document["benches"]
    assert [(item["counter"], item["way"]) for item in found["costs"]] == [
        (counter, way) for way in WAYS for counter in ("thop", "torch")
    ]
    assert {item["reason"] for item in found["costs"]} == {None}


def test_the_committed_bench_names_its_command_and_machine() -> None:
    text = (ROOT / "reports" / "bench.md").read_text(encoding="utf-8")
    assert "Written by `reconcile bench torchvision.models:resnet" in text
    assert "Measured on " in text
    assert "Every counter told the same in every way" in text
    assert "Not every counter" not in text
