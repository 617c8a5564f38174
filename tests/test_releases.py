"""Rules by release: an old release is explained by the rules that were read from its own source."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from packaging.version import Version

from reconcile.registry import entries
from reconcile.rules import Rules
from reconcile.worker import shims
from tests.shared import ROOT, audit_of

LAYERS = str(Path(__file__).parent / "cases" / "layers.py")

RUN = (
    ("thop==0.0.22", "Layers"),
    ("thop==0.0.23.post1907011323", "activations"),
    ("thop==0.0.23.post1907011323", "pools"),
    ("thop==0.0.31.post2005241907", "Layers"),
    ("thop==0.1.0.post2207010342", "activations"),
    ("ptflops==0.2", "convolutions"),
    ("ptflops==0.6.5", "sequences"),
    ("ptflops==0.7.3", "Functions"),
    ("ptflops:aten==0.7.3", "Functions"),
    ("fvcore==0.1.5.post20210415", "Layers"),
    ("fvcore==0.1.3.post20210310", "Layers"),
    ("fvcore==0.1.3.post20210224", "sequences"),
    ("fvcore==0.1.3.post20210218", "sequences"),
    ("torchinfo==0.0.2", "Layers"),
    ("torchinfo==1.7.2", "Layers"),
    ("ultralytics-thop==2.0.15", "resampling"),
    ("ultralytics-thop==2.0.18", "convolutions"),
    ("ultralytics-thop==2.0.22", "Layers"),
    ("ultralytics-thop==2.1.2", "pools"),
    ("ultralytics-thop==2.1.4", "sequences"),
    ("ultralytics-thop==2.2.1", "Functions"),
)
"""Releases that are run, each on a network that uses what has changed since; all overlays are made by pip."""


def _model(net: str) -> tuple[str, str]:
    return ("reconcile.models:Layers", "2,3,32,32") if net == "Layers" else (f"{LAYERS}:{net}", "2,4,8,8")


@pytest.mark.parametrize(("counter", "net"), RUN, ids=[f"{counter}-{net}" for counter, net in RUN])
def test_an_old_release_equals_its_own_rules(counter: str, net: str) -> None:
    model, inputs = _model(net)
    count = audit_of(model, inputs, (counter,)).run.count(counter)
    assert count is not None
    assert count.status == "ok", count.reason
    assert count.version == counter.partition("==")[2]
    assert count.ruled
    assert [(row.layer, row.told, row.predicted) for row in count.layers if row.residual or row.mismatch] == []
    assert count.explained


def _told(report: str) -> Iterator[str]:
    """The releases that a committed timeline names as ends of its groups."""
    for line in (ROOT / "reports" / report).read_text(encoding="utf-8").splitlines():
        cell = line.split("|")[1].strip() if line.startswith("| ") else ""
        yield from (text for text in cell.split(" to ") if text[:1].isdigit())


@pytest.mark.parametrize("name", ["thop", "ptflops", "fvcore", "torchinfo", "ultralytics-thop"])
def test_rules_are_written_for_every_release_of_the_timelines(name: str) -> None:
    counter = entries()[name].counter
    releases = set(_told(f"timeline-{name}.md"))
    assert len(releases) >= 6
    for release in releases:
        assert counter.written(release), release


def test_a_release_that_nobody_has_read_has_no_rules_of_its_own() -> None:
    counters = {
        name: entries()[name].counter for name in ("thop", "ptflops", "fvcore", "torchinfo", "ultralytics-thop")
    }
    assert not counters["thop"].written("0.0.21")
    assert not counters["ptflops"].written("0.8")
    assert not counters["fvcore"].written("0.1.3.post20210213")
    assert not counters["torchinfo"].written("1.9")
    assert not counters["ultralytics-thop"].written("2.3")
    assert all(counter.written(None) for counter in counters.values())


def _weights(rules: Rules, name: str) -> dict[str, int]:
    return dict(rules.modules[f"torch.nn.{name}"].weights)


def test_the_rules_of_a_release_differ_where_its_source_does() -> None:
    thop, ptflops = entries()["thop"].counter, entries()["ptflops"].counter
    bilinear = {release: thop.at(release).rules for release in ("0.0.31.post1909230639", "0.0.31.post1910280903")}
    assert [_weights(rules, "Upsample")["resample.bilinear"] for rules in bilinear.values()] == [13, 11]
    assert "torch.nn.PixelShuffle" not in thop.at("0.1.0.post2207010342").rules.modules
    assert _weights(ptflops.at("0.5.1").rules, "Linear") == {"mac.by-two-sizes": 1}
    assert _weights(ptflops.at("0.7.1").rules, "Linear") == {"mac": 1, "bias.one-vector": 1}
    assert "torch.nn.functional.linear" in ptflops.at("0.7.1").rules.functions
    assert "torch.nn.functional.linear" not in ptflops.at("0.7.1.1").rules.functions
    assert not ptflops.at("0.6.9").rules.functions
    assert ptflops.at("0.3").rules.subclasses
    assert not ptflops.at("0.4").rules.subclasses


def test_the_rules_of_more_counters_differ_where_their_source_does() -> None:
    torchinfo, modes = entries()["torchinfo"].counter, entries()["ultralytics-thop"].counter
    convolved = {release: torchinfo.at(release).rules.names["Conv"].weights for release in ("0.0.8", "0.0.9", "1.6.1")}
    assert list(convolved["0.0.8"]) == ["mac.by-elements-at-positions"]
    assert list(convolved["0.0.9"]) == ["mac.by-names-at-positions"]
    assert list(convolved["1.6.1"]) == ["mac.by-parameters-at-positions", "bias.by-parameters-at-positions"]
    assert [torchinfo.at(release).rules.childless for release in ("0.1.1", "0.1.2")] == [False, True]
    assert "resample.trilinear" not in _weights(modes.at("2.0.14").rules, "Upsample")
    assert _weights(modes.at("2.0.16").rules, "ConvTranspose2d") == {"mac.by-input": 1}
    assert [modes.at(release).rules.rows_per_place for release in ("2.0.21", "2.0.22")] == [True, False]
    assert [modes.at(release).rules.subclasses for release in ("2.1.1", "2.1.2")] == [False, True]
    fvcore = entries()["fvcore"].counter
    kinds = {release: fvcore.at(f"0.1.3.post2021{release}").rules.ops for release in ("0223", "0225", "0310", "0311")}
    assert ["linear" in kinds["0223"], "linear" in kinds["0225"]] == [False, True]
    assert ["batch_norm" in kinds["0310"], "batch_norm" in kinds["0311"]] == [False, True]
    assert dict(kinds["0225"]["matmul"].weights) == {"mac.by-first-size": 1}
    assert [len(modes.at(release).rules.functions) for release in ("2.1.6", "2.2.0", "2.2.2", "2.2.3")] == [0, 6, 7, 9]


def test_a_release_of_torchinfo_that_knows_no_mode_refuses_another_one() -> None:
    counter = "torchinfo==1.6.3@train"
    count = audit_of("reconcile.models:LeNet", "1,1,28,28", (counter,)).run.count(counter)
    assert count is not None
    assert count.reason == "this release of torchinfo runs every model in evaluation mode"


def test_a_release_that_cannot_be_imported_says_why() -> None:
    counter = "thop==0.0.23.post1907171426"
    count = audit_of("reconcile.models:LeNet", "1,1,28,28", (counter,)).run.count(counter)
    assert count is not None
    assert count.status == "failed"
    assert count.reason == "NameError: name 'count_maxpool' is not defined (thop/profile.py:23)"


def test_a_release_that_imports_what_the_environment_lacks_brings_it_in_its_overlay() -> None:
    overlay = entries()["thop"].at("0.1.0.post2206102148").overlay
    assert overlay is not None
    assert overlay.requirements == ("thop==0.1.0.post2206102148", "onnx==1.17.0", "protobuf==5.29.5")


def test_a_release_of_before_a_backend_says_so() -> None:
    counter = "ptflops:aten==0.6.5"
    count = audit_of("reconcile.models:LeNet", "1,1,28,28", (counter,)).run.count(counter)
    assert count is not None
    assert count.reason == "this release of ptflops has no backend `aten`; 0.7.3 was the first that had it"


def test_the_network_of_2019_changed_its_number_and_its_parameters_did_not() -> None:
    old = "thop==0.0.23.post1907011323"
    audit = audit_of("torchvision.models:densenet121", "1,3,224,224", (old, "thop"))
    told = [audit.run.count(counter) for counter in (old, "thop")]
    assert [(count.total, count.params) for count in told if count is not None] == [
        (2914598912, 7978856),
        (2897007104, 7978856),
    ]
    operations, params = audit.explanation(old, "thop"), audit.explanation(old, "thop", "params")
    assert operations.complete
    assert params.complete
    assert (operations.difference, operations.residual) == (2914598912 - 2897007104, 0)
    assert {cause.cause for cause in operations.causes} == {
        "activation", "pool", "mac-weight", "first-add", "formula", "rounding",
    }  # fmt: skip
    assert (params.difference, params.residual) == (0, 0)


def test_a_python_without_distutils_gives_an_old_release_what_it_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    find = shims.importlib.util.find_spec
    monkeypatch.setattr(shims.importlib.util, "find_spec", lambda name: None if name == "distutils" else find(name))
    for name in ("distutils", "distutils.version"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(shims, "_revived", [])
    shims._distutils()
    try:
        version = sys.modules["distutils.version"]
        assert isinstance(version, ModuleType)
        assert version.LooseVersion("2.13.0+cpu") > version.LooseVersion("1.9.0")
        assert version.LooseVersion("1.10") == Version("1.10")
        assert shims.used({}) == [
            "names that Python no longer has were given back for it: distutils.version.LooseVersion"
        ]
    finally:
        for name in ("distutils", "distutils.version"):
            sys.modules.pop(name, None)
