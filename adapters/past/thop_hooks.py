"""How thop counted before its present rules: June 2019 to July 2022, in the order in which it changed.

Until January 2020 counts are kept in single precision, in buffers of the modules without children.  From April 2020 on
they are kept in double precision and added up by a walk from parents to children.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from reconcile.adapter import Counter, Place, Release, Row, Subject, Told, whole
from reconcile.errors import CannotAskError
from reconcile.language import later
from reconcile.pricing.amounts import in_single_precision
from reconcile.resources.census import Census
from reconcile.resources.measures import Convention
from reconcile.rules import Finish, Rule, Rules

Table = Mapping[str, Rule]
Buffers = Mapping[str, Any]

_FIRST, _LATER = "thop/count_hooks.py", "thop/vision/basic_hooks.py"


def _each(names: str, function: str, weights: Mapping[str, int] | None = None) -> Table:
    """One rule for several types; `Conv#d` stands for the kinds of one, two and three dimensions."""
    rule = Rule(source=f"{_FIRST}:{function}", weights=weights or {})
    return {f"torch.nn.{name.replace('#', size)}": rule for name in names.split() for size in "123"}


def _upsampled(bilinear: int) -> Table:
    modes = {"resample.linear": 5, "resample.bilinear": bilinear, "resample.bicubic": 259}
    return {
        **_each("Upsample", "count_upsample", modes),
        **_each("UpsamplingBilinear2d", "count_upsample", {"resample.bilinear": bilinear}),
        **_each("UpsamplingNearest2d", "count_upsample"),
    }


def _without(word: str, table: Table) -> Table:
    return {name: rule for name, rule in table.items() if word not in name}


_WINDOW = {"pool.window-as-given": 1}

JUNE_2019 = {
    **_each("Conv#d", "count_convNd", {"mac": 1, "bias.by-channels": 1}),
    **_each("ConvTranspose2d", "count_convtranspose2d", {"mac.at-output": 1, "bias": 1}),
    **_each("BatchNorm#d", "count_bn", {"norm": 4}),
    **_each("ReLU ReLU6 LeakyReLU", "count_relu", {"activation": 1}),
    **_each("MaxPool#d", "count_maxpool", _WINDOW),
    **_each("AvgPool#d", "count_avgpool", _WINDOW | {"pool.output": 1}),
    **_each("AdaptiveMaxPool#d", "count_adap_maxpool", {"pool.floor-ratio": 1, "pool.output": -1}),
    **_each("AdaptiveAvgPool#d", "count_adap_avgpool", {"pool.floor-ratio": 1}),
    **_each("Linear", "count_linear", {"mac": 2, "first-add": -1}),
}
JULY_2019 = _without("MaxPool", JUNE_2019)
AUGUST_2019 = {**JULY_2019, **_each("MaxPool#d AdaptiveMaxPool#d Dropout", "zero_ops")}
# For five minutes of 2 August the average pools had no rule.
MINUTES = _without("nn.AvgPool", AUGUST_2019)
CONVOLVED = {
    **AUGUST_2019,
    **_each("Conv#d ConvTranspose#d", "count_convNd", {"mac.at-output": 1, "bias": 1}),
    **_each("ReLU ReLU6", "zero_ops"),
}
RESAMPLED = {**CONVOLVED, **_upsampled(13)}
OCTOBER_2019 = {
    **RESAMPLED,
    **_upsampled(11),
    **_each("Linear", "count_linear", {"mac": 2, "first-add": -1, "bias": 1}),
}
JANUARY_2020 = {
    **OCTOBER_2019,
    **_each("BatchNorm#d", "count_bn", {"norm": 2}),
    **_each("AvgPool#d", "count_avgpool", {"pool.output": 1}),
}
_THEN = {**JANUARY_2020, **_each("Linear", "count_linear", {"mac": 1}), **_each("ZeroPad2d", "zero_ops")}
APRIL_2020 = {name: replace(rule, source=rule.source.replace(_FIRST, _LATER)) for name, rule in _THEN.items()}


def _single(rows: Sequence[int]) -> int:
    """The rows added up one after another in single precision, as a tensor of one number does it."""
    total = 0
    for value in rows:
        total = in_single_precision(total + value)
    return total


_LAST = Rules(
    childless=True,
    last_call=True,
    single=True,
    finish=Finish(source="thop/profile.py:profile", cause="rounding", add_up=_single),
)
_SUMS = replace(_LAST, last_call=False, hooks_per_place=True)
_DOUBLE = replace(_SUMS, single=False, finish=None)
_WALK = Rules(root=False, hooks_per_place=True, rows_per_place=True, hides_children=True)

_HELD = Census(source="thop/profile.py:profile", childless=True, single=True)
_OF_RULED = Census(source="thop/profile.py:profile", ruled=True, root=False)

_ONNX = ("onnx==1.17.0", "protobuf==5.29.5")
"""What three releases of June 2022 import."""


def _leaves(model: Any, rules: Mapping[type, Any]) -> Iterator[tuple[str, Buffers]]:
    """What is added up until April 2020: each module without children, once."""
    yield from ((path, dict(module._buffers)) for path, module in model.named_modules() if not list(module.children()))


def _below(model: Any, rules: Mapping[type, Any], above: str = "") -> Iterator[tuple[str, Buffers]]:
    """What is added up from then on: the modules with a rule and none below them, each at every place."""
    for name, module in model.named_children():
        path = f"{above}.{name}" if above else name
        if type(module) in rules:
            yield path, dict(module._buffers)
        else:
            yield from _below(module, rules, path)


def _with_root(model: Any, rules: Mapping[type, Any]) -> Iterator[tuple[str, Buffers]]:
    """What is added up in September 2021: the count of a model that is one layer, too, but not its parameters."""
    yield from _below(model, rules)
    if type(model) in rules:
        yield "", {"total_ops": model._buffers["total_ops"]}


def _run(walk: Callable[..., Iterator[tuple[str, Buffers]]], *, by_size: bool = False) -> Callable[[Subject], Told]:
    """The way to run a release that tells no rows: its buffers are taken when it sets the model's mode back."""

    def run(subject: Subject) -> Told:
        import thop

        model, given = subject.model, _given(subject, by_size)
        rules = thop.profile.__globals__["register_hooks"]
        # A lazy module becomes another type in its first call; thop looks at the type before.
        types = {path: type(module) for path, module in model.named_modules(remove_duplicate=False)}
        kept: dict[str, Buffers] = {}

        def train(mode: bool = True) -> Any:
            kept.update(walk(model, rules))
            return type(model).train(model, mode)

        with subject.recording(own_code=[str(Path(thop.__file__).parent)]), mock.patch.object(model, "train", train):
            total, params = thop.profile(model, given, verbose=False)
        rows = []
        for path, buffers in kept.items():
            seen = rules.get(types[path]) is not None and path in subject.ledger.called
            counted, held = (_number(buffers, name, path) for name in ("total_ops", "total_params"))
            rows.append(Row(target=Place(path=path), told=counted if seen else None, params=held))
        return Told(rows=rows, total=whole(total, "the total"), params=whole(params, "the parameters"))

    return run


def _number(buffers: Buffers, name: str, path: str) -> int | None:
    """The number in a buffer; None where it is not added up, or was not made yet."""
    return whole(buffers[name].item(), path) if name in buffers else None


def _given(subject: Subject, by_size: bool) -> Any:
    """What `thop.profile` is given: the inputs, or until June 2019 the size of the only one."""
    if subject.kwargs:
        raise CannotAskError(later("thop.profile takes positional inputs only"))
    if not by_size:
        return subject.args
    if len(subject.args) != 1 or not subject.args[0].is_floating_point():
        raise CannotAskError(later("this release of thop takes the size of one input, and fills it with zeros itself"))
    return tuple(subject.args[0].shape)


def releases(now: Counter) -> tuple[Release, ...]:
    """Every release before the present rules; versions 0.0.4 and 0.0.5 came after 0.0.31."""
    rules, present = now.rules, now.rules.modules
    recurrent = {name: present[f"torch.nn.{name}"] for name in ("RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell")}
    may_2020 = {
        **APRIL_2020,
        **{f"torch.nn.{name}": rule for name, rule in recurrent.items()},
        "torch.nn.SyncBatchNorm": APRIL_2020["torch.nn.BatchNorm2d"],
    }
    of_2021 = replace(rules, modules={**may_2020, "torch.nn.Sequential": present["torch.nn.Sequential"]})
    june_2022 = {**of_2021.modules, **_normalised(present)}
    fused = _without("PixelShuffle", present)
    floored = {**fused, **{name: rule for name, rule in APRIL_2020.items() if "AdaptiveAvg" in name}}

    def alone(specifier: str, table: Table, base: Rules, *, by_size: bool = False) -> Release:
        held = replace(_HELD, single=base.single)
        run = _run(_leaves, by_size=by_size)
        return Release(specifier=specifier, rules=replace(base, modules=table), run=run, measures={"params": held})

    def walked(specifier: str, table: Table, measures: Mapping[str, Convention], *, root: bool = False) -> Release:
        run = _run(_with_root if root else _below)
        return Release(specifier=specifier, rules=replace(_WALK, modules=table, root=root), run=run, measures=measures)

    def told(specifier: str, table: Table, needs: tuple[str, ...] = ()) -> Release:
        return Release(specifier=specifier, rules=replace(rules, modules=table), measures=now.measures, needs=needs)

    return (
        alone(">=0.0.22,<=0.0.23.post1906241402", JUNE_2019, _LAST, by_size=True),
        alone("==0.0.23.post1907011323", JUNE_2019, _LAST),
        alone(">=0.0.23.post1907171426,<=0.0.23.post1908021457", JULY_2019, _LAST),
        alone("==0.0.23.post1908021517", MINUTES, _LAST),
        alone("==0.0.23.post1908021522", AUGUST_2019, _LAST),
        alone(">=0.0.23.post1908061459,<=0.0.30.post1908061501", CONVOLVED, _SUMS),
        alone(">=0.0.30.post1908281655,<=0.0.31.post1909230639", RESAMPLED, _SUMS),
        alone(">=0.0.31.post1910280903,<=0.0.31.post1912272122", OCTOBER_2019, _SUMS),
        alone("==0.0.31.post2001170342", JANUARY_2020, _SUMS),
        alone("==0.0.31.post2004070130", APRIL_2020, _DOUBLE),
        walked("==0.0.31.post2004101309", APRIL_2020, {"params": _OF_RULED}),
        walked(">=0.0.31.post2005141432,<=0.0.31.post2005141830", APRIL_2020, now.measures),
        walked("==0.0.31.post2005241907", may_2020, now.measures),
        walked(">=0.0.4.post2006032126,<=0.0.4.post2108202217", may_2020, now.measures),
        walked("==0.0.4.post2109101449", may_2020, now.measures, root=True),
        told(">=0.0.4.post2109101452,<=0.0.5.post2110061705", of_2021.modules),
        told("==0.0.5.post2206100352", june_2022, _ONNX),
        told("==0.0.5.post2206102148", floored, _ONNX),
        told("==0.1.0.post2206102148", floored, _ONNX),
        told("==0.1.0.post2207010342", fused),
    )


def _normalised(present: Table) -> Table:
    """What was added in June 2022; a softmax counts as it does now."""
    added = {
        **_each("LayerNorm", "count_ln", {"norm": 2}),
        **_each("InstanceNorm#d", "count_in", {"norm": 2}),
        **_each("PReLU", "count_prelu", {"activation": 1}),
    }
    later = {name: replace(rule, source=rule.source.replace(_FIRST, _LATER)) for name, rule in added.items()}
    return {**later, "torch.nn.Softmax": present["torch.nn.Softmax"]}
