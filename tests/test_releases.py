"""Rules by release: an old release is explained by the rules that were read from its own source."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconcile.registry import entries
from tests.shared import audit_of

LAYERS = str(Path(__file__).parent / "cases" / "layers.py")

RELEASES = ("0.0.23.post1907011323", "0.0.23.post1907171430", "0.1.0.post2207010342", "0.1.1.post2207130030")


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("net", ["activations", "pools"])
def test_an_old_release_equals_its_own_rules(release: str, net: str) -> None:
    count = audit_of(f"{LAYERS}:{net}", "2,4,8,8", (f"thop=={release}",)).run.count(f"thop=={release}")
    assert count is not None
    assert count.status == "ok", count.reason
    assert count.version == release
    assert count.ruled
    assert count.explained


def test_the_rules_of_a_release_differ_where_its_source_does() -> None:
    thop = entries()["thop"].counter
    ruled = {release: thop.at(release).rules.modules.keys() for release in RELEASES}
    first, second, third, fourth = (ruled[release] for release in RELEASES)
    assert "torch.nn.MaxPool2d" in first - second
    assert fourth - third == {"torch.nn.PixelShuffle"}
    assert not thop.written("0.0.22")
    assert thop.written(None)


def test_a_release_that_cannot_be_imported_says_why() -> None:
    counter = "thop==0.1.0.post2206102148"
    count = audit_of("reconcile.models:LeNet", "1,1,28,28", (counter,)).run.count(counter)
    assert count is not None
    assert count.status == "failed"
    assert count.reason == "ModuleNotFoundError: No module named 'onnx' (thop/onnx_profile.py:3)"
