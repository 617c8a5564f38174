"""thop 0.1.1 (Lyken17): forward hooks, looked up by the exact type of a module.

The hooks' sums are read with `ret_layer_info=True`, which gives a tree by `named_children`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconcile.adapter import Counter, Place, Release, Row, Subject, Told, whole
from reconcile.amounts import in_single_precision
from reconcile.census import Census
from reconcile.errors import CannotAskError
from reconcile.rules import Finish, Rule, Rules

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
        raise CannotAskError("thop.profile takes positional inputs only")
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
        rows.append(Row(target=Place(path=""), told=whole(total, "the total"), params=whole(params, "the parameters")))
    return Told(rows=rows, total=whole(total, "the total"), params=whole(params, "the parameters"))


_HOOKS_2019 = "thop/count_hooks.py"
_WINDOW = {"pool.window-as-given": 1}


def _in_single_precision(rows: Sequence[int]) -> int:
    """The rows added up one after another in single precision, as a tensor of one number does it."""
    total = 0
    for value in rows:
        total = in_single_precision(total + value)
    return total


RULES_2019 = Rules(
    modules={
        **_each(
            Rule(source=f"{_HOOKS_2019}:count_convNd", weights={"mac": 1, "bias.by-channels": 1}),
            "Conv1d Conv2d Conv3d",
        ),
        **_each(
            Rule(source=f"{_HOOKS_2019}:count_convtranspose2d", weights={"mac.by-output": 1, "bias": 1}),
            "ConvTranspose2d",
        ),
        **_each(
            Rule(source=f"{_HOOKS_2019}:count_bn", weights={"norm": 4}),
            "BatchNorm1d BatchNorm2d BatchNorm3d",
        ),
        **_each(Rule(source=f"{_HOOKS_2019}:count_relu", weights={"activation": 1}), "ReLU ReLU6 LeakyReLU"),
        **_each(Rule(source=f"{_HOOKS_2019}:count_maxpool", weights=_WINDOW), "MaxPool1d MaxPool2d MaxPool3d"),
        **_each(
            Rule(source=f"{_HOOKS_2019}:count_avgpool", weights=_WINDOW | {"pool.output": 1}),
            "AvgPool1d AvgPool2d AvgPool3d",
        ),
        **_each(
            Rule(source=f"{_HOOKS_2019}:count_adap_maxpool", weights={"pool.floor-ratio": 1, "pool.output": -1}),
            "AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d",
        ),
        **_each(
            Rule(source=f"{_HOOKS_2019}:count_adap_avgpool", weights={"pool.floor-ratio": 1}),
            "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d",
        ),
        **_each(Rule(source=f"{_HOOKS_2019}:count_linear", weights={"mac": 2, "first-add": -1}), "Linear"),
    },
    childless=True,
    last_call=True,
    single=True,
    finish=Finish(source="thop/profile.py:profile", cause="rounding", add_up=_in_single_precision),
)


def _without(word: str, rules: Rules) -> Rules:
    """Rules without those of the modules that have a word in their names."""
    return replace(rules, modules={name: rule for name, rule in rules.modules.items() if word not in name})


def run_2019(subject: Subject) -> Told:
    """Run `thop.profile` of July 2019, which keeps its counts in buffers of the leaf modules, in single precision."""
    import thop

    if subject.kwargs:
        raise CannotAskError("thop.profile takes positional inputs only")
    with subject.recording(own_code=[str(Path(thop.__file__).parent)]):
        total, params = thop.profile(subject.model, subject.args, verbose=False)
    rules = thop.profile.__globals__["register_hooks"]
    rows = []
    for path, module in subject.model.named_modules():
        if not list(module.children()):
            seen = rules.get(type(module)) is not None and path in subject.ledger.called
            told = whole(module.total_ops.item(), path) if seen else None
            rows.append(Row(target=Place(path=path), told=told, params=whole(module.total_params.item(), path)))
    return Told(rows=rows, total=whole(total, "the total"), params=whole(params, "the parameters"))


_HELD_2019 = {"params": Census(source="thop/profile.py:profile", childless=True)}

RELEASES = (
    Release(specifier="==0.0.23.post1907011323", rules=RULES_2019, run=run_2019, measures=_HELD_2019),
    # Two weeks later the maximum pools lost their rules.
    Release(
        specifier="==0.0.23.post1907171430",
        rules=_without("MaxPool", RULES_2019),
        run=run_2019,
        measures=_HELD_2019,
    ),
    Release(specifier="==0.1.0.post2207010342", rules=_without("PixelShuffle", RULES), measures={"params": PARAMETERS}),
)

COUNTERS = (
    Counter(
        id="thop",
        unit="MAC",
        framework="torch",
        distribution="thop",
        imports="thop",
        sees="module calls, by exact type",
        rules=RULES,
        run=run,
        measures={"params": PARAMETERS},
        releases=RELEASES,
        # The release of July 2022 differs in one thing: it fails on a LayerNorm.
        read=">=0.1.1.post2207130030,<=0.1.1.post2209072238",
    ),
)
