"""Every weight of every rule matters: changed by one, it breaks what a real run of some network told.

The predictions are made from recorded ledgers alone; the counters are not asked again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from reconcile.rules import Rule, Rules, predict
from reconcile.schema import Count
from reconcile.work import Work
from tests.shared import EIGHT, EVERYTHING, MORE, PROFILERS, audit_of, entry_at

LAYERS = str(Path(__file__).parent / "cases" / "layers.py")

MODES = str(Path(__file__).parent / "cases" / "mode_layers.py")

PADDLE = str(Path(__file__).parent / "cases" / "paddle_layers.py")

NETS = (
    "convolutions",
    "norms",
    "activations",
    "pools",
    "resampling",
    "sequences",
    "images",
    "Functions",
    "Pairs",
    "Shared",
)

KINDS = ("modules", "names", "functions", "ops")

_CUDA = "the op exists on a GPU only"
_INSIDE = "no dispatcher of a CPU hands this name to a mode or a trace; `convolution` stands for it"

UNREACHABLE: Mapping[str, str] = {
    "fvcore ops _convolution mac": _INSIDE,
    "torchprofile ops _convolution mac.by-matched-channels": _INSIDE,
    "ptflops:aten ops _convolution mac.by-batch": _INSIDE,
    "ptflops:aten ops _convolution bias.by-batch": _INSIDE,
    "torch ops _convolution mac": _INSIDE,
    "torch ops convolution_overrideable mac": _INSIDE,
    "ultralytics-thop functions torch.Tensor.__matmul__ mac": "PyTorch hands `Tensor.matmul` to a mode for @ too",
    **{
        f"torch ops {name} mac": _CUDA
        for name in (
            "_scaled_mm",
            "cudnn_convolution",
            "_slow_conv2d_forward",
            "_scaled_dot_product_efficient_attention",
            "_scaled_dot_product_flash_attention",
            "_scaled_dot_product_cudnn_attention",
            "_flash_attention_forward",
            "_efficient_attention_forward",
        )
    },
}
"""Weights that no network on a CPU can reach, by `counter kind name term`, each with its reason."""

IN_CONTEXT = (
    ("fvcore@train", f"{LAYERS}:norms", "2,4,8,8"),
    ("ptflops", f"{LAYERS}:tokens", "2,5,8"),
    ("ptflops:aten@inference_mode", f"{LAYERS}:Functions", "2,4,8,8"),
    ("torchinfo", f"{LAYERS}:Pruned", "2,4,8,8"),
    ("torchprofile", f"{LAYERS}:Traced", "2,4,8,8"),
    ("ultralytics-thop", f"{MODES}:Modes", "2,4,8,8"),
    ("ultralytics-thop", f"{MODES}:Shaped", "2,4,8,8"),
)
"""Runs of their own, in a context or of a network, for rules that only hold there."""


def _counts(counter: str) -> Iterator[Count]:
    if counter in PROFILERS:
        networks = ((EVERYTHING, "2,4,8,8"), ("reconcile.models:LeNet", "1,1,28,28"))
        found = [audit_of(model, inputs, PROFILERS).run.count(counter) for model, inputs in networks]
    else:
        found = _counts_of_each_bag(counter)
    yield from (count for count in found if count is not None and count.status == "ok")


def _counts_of_each_bag(counter: str) -> list[Count | None]:
    models = [(f"{LAYERS}:{net}", "2,4,8,8") for net in NETS]
    models += [("reconcile.models:LeNet", "1,1,28,28"), (f"{LAYERS}:Fused", "2,5,8")]
    asked = EIGHT if counter in EIGHT else (counter,)
    found = [audit_of(model, inputs, asked).run.count(counter) for model, inputs in models]
    for name, model, inputs in IN_CONTEXT:
        if name.partition("@")[0] == counter:
            found.append(audit_of(model, inputs, (name,)).run.count(name))
    if counter == "paddle":
        found.append(audit_of(f"{PADDLE}:Plain", "2,4,8,8", ("paddle",)).run.count("paddle"))
    return found


def _weights(rules: Rules) -> Iterator[tuple[str, str, str]]:
    """Every weight of a set of rules, by kind, name and term."""
    for kind in KINDS:
        for name, rule in getattr(rules, kind).items():
            yield from ((kind, name, term) for term in rule.weights)


def _changed(rules: Rules, kind: str, name: str, term: str) -> Rules:
    """The rules with one weight one larger."""
    rule: Rule = getattr(rules, kind)[name]
    more = replace(rule, weights={**rule.weights, term: rule.weights[term] + 1})
    return replace(rules, **{kind: {**getattr(rules, kind), name: more}})


def _matches(rules: Rules, count: Count, work: Work) -> bool:
    told = {row.layer: row.told for row in count.layers}
    predicted = {name: item.value for name, item in predict(rules, work).items()}
    names = {name for name in told.keys() | predicted.keys() if name != "::total"}
    return all(told.get(name) == predicted.get(name) for name in names)


@pytest.mark.parametrize("counter", [*EIGHT, *MORE, *PROFILERS])
def test_every_counter_equals_its_rules_on_every_kind_of_layer(counter: str) -> None:
    counts = list(_counts(counter))
    assert len(counts) >= 2
    for count in counts:
        wrong = [(row.layer, row.told, row.predicted) for row in count.layers if row.residual or row.mismatch]
        assert not wrong


@pytest.mark.parametrize("counter", [*EIGHT, *MORE, *PROFILERS])
def test_every_weight_changed_by_one_breaks_a_case(counter: str) -> None:
    rules = entry_at(counter).counter.rules
    counts = [(count, Work(count.ledger)) for count in _counts(counter) if count.ledger is not None]
    assert all(_matches(rules, count, work) for count, work in counts)
    idle = []
    for kind, name, term in _weights(rules):
        if f"{counter} {kind} {name} {term}" in UNREACHABLE:
            continue
        changed = _changed(rules, kind, name, term)
        if all(_matches(changed, count, work) for count, work in counts):
            idle.append(f"{counter} {kind} {name} {term}")
    assert not idle
