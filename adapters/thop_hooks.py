"""thop 0.1.1 (Lyken17): forward hooks, looked up by the exact type of a module.

The hooks' sums are read with `ret_layer_info=True`, which gives a tree by `named_children`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconcile.adapter import Counter, Place, Row, Subject, Told, whole
from reconcile.errors import CannotAskError
from reconcile.language import later
from reconcile.resources.census import Census
from reconcile.rules import Rule, Rules

from .past import thop_hooks as past

_HOOKS = "thop/vision/basic_hooks.py"


def _each(rule: Rule, names: str) -> dict[str, Rule]:
    return {f"torch.nn.{name}": rule for name in names.split()}


def _recurrent(function: str, kind: str, state: int) -> dict[str, Rule]:
    """Multiply-adds, biases and sums of gates, and as many elementwise operations on each element of the state."""
    weights = {"mac.by-hidden": 1, "bias.by-leading": 1, "recurrent.by-leading": 1, "recurrent.state.by-leading": state}
    layer = Rule(source=f"thop/rnn_hooks.py:count_{function}", weights=weights)
    cell = Rule(source=f"thop/rnn_hooks.py:count_{function}_cell", weights=weights)
    return _each(layer, kind) | _each(cell, f"{kind}Cell")


RULES = Rules(
    modules={
        **_each(
            Rule(source=f"{_HOOKS}:count_convNd", weights={"mac.by-output": 1}),
            "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d",
        ),
        **_each(Rule(source=f"{_HOOKS}:count_linear", weights={"mac": 1}), "Linear"),
        **_each(
            Rule(source=f"{_HOOKS}:count_normalization", weights={"norm": 2, "norm.affine": 2}),
            "BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm LayerNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d",
        ),
        **_each(Rule(source=f"{_HOOKS}:count_prelu", weights={"activation": 1}), "PReLU"),
        **_each(Rule(source=f"{_HOOKS}:count_relu"), "LeakyReLU"),
        **_each(Rule(source=f"{_HOOKS}:count_softmax", weights={"softmax": 3, "softmax.row": -1}), "Softmax"),
        **_each(Rule(source=f"{_HOOKS}:count_avgpool", weights={"pool.output": 1}), "AvgPool1d AvgPool2d AvgPool3d"),
        **_each(
            Rule(source=f"{_HOOKS}:count_adap_avgpool", weights={"pool.mean-ratio": 1}),
            "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d",
        ),
        **_each(
            Rule(
                source=f"{_HOOKS}:count_upsample",
                weights={"resample.nearest": 1, "resample.linear": 5, "resample.bilinear": 11, "resample.bicubic": 259},
            ),
            "Upsample",
        ),
        **_each(Rule(source=f"{_HOOKS}:count_upsample", weights={"resample.nearest": 1}), "UpsamplingNearest2d"),
        **_each(Rule(source=f"{_HOOKS}:count_upsample", weights={"resample.bilinear": 11}), "UpsamplingBilinear2d"),
        **_recurrent("rnn", "RNN", 0),
        **_recurrent("gru", "GRU", 4),
        **_recurrent("lstm", "LSTM", 4),
        **_each(
            Rule(source=f"{_HOOKS}:zero_ops"),
            "Sequential ZeroPad2d ReLU ReLU6 MaxPool1d MaxPool2d MaxPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d "
            "AdaptiveMaxPool3d Dropout PixelShuffle",
        ),
    },
    hooks_per_place=True,
    rows_per_place=True,
    hides_children=True,
    open=frozenset({"torch.nn.Sequential"}),
)


PARAMETERS = Census(source=f"{_HOOKS}:count_parameters", executed=True, ruled=True, root=False)


def _flatten(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any, Any]]:
    for name, (ops, params, below) in tree.items():
        path = f"{above}.{name}" if above else name
        if below:
            yield from _flatten(below, path)
        else:
            yield path, ops, params


def run(subject: Subject) -> Told:
    """Run `thop.profile` and read its tree; a module whose type thop does not list was never seen by it."""
    import thop
    from thop import profile as library

    if subject.kwargs:
        raise CannotAskError(later("thop.profile takes positional inputs only"))
    # A lazy module becomes another type in its first call; thop looks at the type before.
    types = {path: type(module) for path, module in subject.model.named_modules(remove_duplicate=False)}
    with subject.recording(own_code=[str(Path(thop.__file__).parent)]):
        total, params, tree = thop.profile(subject.model, subject.args, verbose=False, ret_layer_info=True)
    rules = library.__globals__["register_hooks"]
    rows = []
    for path, ops, own in _flatten(tree):
        seen = types[path] in rules and path in subject.ledger.called
        rows.append(Row(target=Place(path=path), told=whole(ops, path) if seen else None, params=whole(own, path)))
    if not tree and type(subject.model) in rules:
        rows.append(
            Row(
                target=Place(path=""),
                told=whole(total, later("the total")),
                params=whole(params, later("the parameters")),
            )
        )
    return Told(rows=rows, total=whole(total, later("the total")), params=whole(params, later("the parameters")))


NOW = Counter(
    id="thop",
    unit="MAC",
    framework="torch",
    distribution="thop",
    imports="thop",
    sees=later("module calls, by exact type"),
    rules=RULES,
    run=run,
    measures={"params": PARAMETERS},
    # The release of July 2022 differs in one thing: it fails on a LayerNorm.
    read=">=0.1.1.post2207130030,<=0.1.1.post2209072238",
)

COUNTERS = (replace(NOW, releases=past.releases(NOW)),)
