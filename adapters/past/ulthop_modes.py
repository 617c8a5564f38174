"""How ultralytics-thop counted before its present rules: May 2024 to October 2026.

Until July 2026 it is thop 0.1.1 with one thing after another put right.  From then on rules hold for subclasses and
every module is walked; that part is told backwards from the present.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconcile.adapter import Counter, Place, Release, Row, Subject, Told, whole
from reconcile.errors import CannotAskError
from reconcile.language import later
from reconcile.resources.census import Census
from reconcile.rules import Rule, Rules

from .. import thop_hooks as thop

Table = Mapping[str, Rule]

_HOOKS = "thop/vision/basic_hooks.py"
_TRANSPOSED = "ConvTranspose1d ConvTranspose2d ConvTranspose3d"


def _each(names: str, function: str, weights: Mapping[str, int] | None = None) -> Table:
    return {f"torch.nn.{name}": Rule(source=f"{_HOOKS}:{function}", weights=weights or {}) for name in names.split()}


def _without(table: Table, names: str) -> Table:
    left_out = names.split()
    return {name: rule for name, rule in table.items() if name.rpartition(".")[2] not in left_out}


def _recurrent(table: Table, variants: Mapping[str, str]) -> Table:
    """The recurrent layers of a table, with weights on other sizes of the same work."""
    kinds = {f"torch.nn.{kind}{cell}" for kind in ("RNN", "GRU", "LSTM") for cell in ("", "Cell")}
    return {
        name: replace(rule, weights={variants[term]: weight for term, weight in rule.weights.items()})
        for name, rule in table.items()
        if name in kinds
    }


def _variants(mac: str, way: str) -> Mapping[str, str]:
    return {"mac": mac} | {term: f"{term}.{way}" for term in ("bias", "recurrent", "recurrent.state")}


def _flatten(tree: Mapping[str, Any], module: Any, known: set[int], above: str = "") -> Iterator[tuple[str, Any, Any]]:
    """What the library adds up: every module at the first place where it meets it."""
    for name, (ops, params, below) in tree.items():
        path, child = f"{above}.{name}" if above else name, module._modules[name]
        if below:
            yield from _flatten(below, child, known, path)
        elif id(child) not in known:
            yield path, ops, params
        known.add(id(child))


def _run(subject: Subject) -> Told:
    """Run a release that counts a shared module once, and read its tree as the library adds it up."""
    import thop as package
    from thop import profile as library

    if subject.kwargs:
        raise CannotAskError(later("thop.profile takes positional inputs only"))
    modules = dict(subject.model.named_modules(remove_duplicate=False))
    # A lazy module becomes another type in its first call; thop looks at the type before.
    types = {path: type(module) for path, module in modules.items()}
    with subject.recording(own_code=[str(Path(package.__file__).parent)]):
        total, params, tree = library(subject.model, subject.args, verbose=False, ret_layer_info=True)
    rules = library.__globals__["register_hooks"]
    first = {id(module): path for path, module in subject.model.named_modules()}
    rows = []
    for path, ops, own in _flatten(tree, subject.model, set()):
        place = first[id(modules[path])]
        seen = types[path] in rules and place in subject.ledger.called
        rows.append(Row(target=Place(path=place), told=whole(ops, path) if seen else None, params=whole(own, path)))
    told, held = whole(total, later("the total")), whole(params, later("the parameters"))
    if not tree and type(subject.model) in rules:
        rows.append(Row(target=Place(path=""), told=told, params=held))
    return Told(rows=rows, total=told, params=held)


_OWN = Census(source=f"{_HOOKS}:count_parameters", executed=True, ruled=True, alone=True)
_OWN_ONCE = replace(_OWN, source="thop/profile.py:profile")


def releases(now: Counter) -> tuple[Release, ...]:
    """Every release before the present rules, in the order in which they came."""
    return (*_of_thop(), *_walked(now))


def _of_thop() -> Iterator[Release]:
    """The releases whose rules hold for exact types."""
    rules = thop.RULES
    modes = {**rules.modules["torch.nn.Upsample"].weights, "resample.trilinear": 31}
    resampled = {**rules.modules, **_each("Upsample", "count_upsample", modes)}
    by_input = {**resampled, **_each(_TRANSPOSED, "count_convtNd", {"mac.by-input": 1})}
    once = replace(rules, modules=by_input, hooks_per_place=False, rows_per_place=False)

    def release(specifier: str, table: Table, census: Census) -> Release:
        made = replace(rules, modules=table)
        return Release(specifier=specifier, rules=made, run=thop.run, measures={"params": census})

    yield release(">=0.0.1,<=2.0.14", rules.modules, thop.PARAMETERS)
    yield release("==2.0.15", resampled, thop.PARAMETERS)
    yield release(">=2.0.16,<=2.0.18", by_input, thop.PARAMETERS)
    yield release(">=2.0.19,<=2.0.21", by_input, _OWN)
    yield Release(specifier=">=2.0.22,<=2.1.1", rules=once, run=_run, measures={"params": _OWN_ONCE})


def _walked(now: Counter) -> Iterator[Release]:
    """The releases whose rules hold for subclasses, back from the present to July 2026."""
    rules = now.rules
    of_september = _without(rules.functions, "linear multi_head_attention_forward")
    before = _without(of_september, "einsum")
    lists = "ModuleList ModuleDict ParameterList ParameterDict"
    open_ = frozenset(name for name in rules.open if name.rpartition(".")[2] not in lists.split())
    listed = _without(rules.modules, f"{lists} _MaxUnpoolNd Embedding")
    padded = {**listed, **_recurrent(listed, _variants("mac.by-padded-hidden", "by-padded"))}
    yield _release(now, "==2.2.2", replace(rules, functions=of_september))
    yield _release(now, ">=2.2.0,<=2.2.1", replace(rules, functions=before))
    bare = replace(rules, functions={}, outside=False)
    yield _release(now, "==2.1.6", bare)
    yield _release(now, ">=2.1.4,<=2.1.5", replace(bare, modules=padded, open=open_))
    yield _release(now, "==2.1.3", replace(bare, modules=_without(padded, "Bilinear"), open=open_))
    yield _release(now, "==2.1.2", replace(bare, modules=_of_july(padded), open=open_))


def _of_july(later_: Table) -> Table:
    """The first rules that hold for subclasses: unbatched inputs are measured by wrong dimensions."""
    kept = _without(
        later_,
        "Bilinear MultiheadAttention LogSoftmax Softmin Softmax2d _ReflectionPadNd _ReplicationPadNd _CircularPadNd "
        "FractionalMaxPool2d FractionalMaxPool3d Identity Flatten Unflatten Unfold PixelUnshuffle ChannelShuffle",
    )
    leading = {"mac.by-padded-hidden": "mac.by-hidden"}
    leading |= {f"{term}.by-padded": f"{term}.by-leading" for term in ("bias", "recurrent", "recurrent.state")}
    return {
        **kept,
        **_recurrent(kept, leading),
        **_each("Conv1d Conv2d Conv3d", "count_convNd", {"mac.by-output": 1}),
        **_each(_TRANSPOSED, "count_convtNd", {"mac.by-input": 1}),
        **_each("AvgPool1d AvgPool2d AvgPool3d", "count_avgpool", {"pool.output": 1}),
        **_each(
            "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d",
            "count_adap_avgpool",
            {"pool.window-after-two": 1, "pool.output": 1},
        ),
    }


def _release(now: Counter, specifier: str, rules: Rules) -> Release:
    return Release(specifier=specifier, rules=rules, measures=now.measures)
