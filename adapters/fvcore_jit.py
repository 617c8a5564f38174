"""fvcore's `FlopCountAnalysis`: handles for the operators of a graph that `torch.jit` traces.

Nothing may watch the trace: any dispatch mode makes it lose its convolutions.  What ran is recorded in a clean pass
before, with a hook on every module, because fvcore puts one there and a hook switches some fused paths off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from reconcile.adapter import AtOp, Counter, Measured, Outside, Place, Row, Subject, Told, whole
from reconcile.errors import CannotAskError
from reconcile.language import later
from reconcile.ledger import Shape
from reconcile.resources.census import Census
from reconcile.rules import Rule, Rules, op_layer, visible
from reconcile.traces import UNRECORDED, node_kind, seen_by_layer, with_aliases
from reconcile.work import ROOT, Work

from .past import fvcore_jit as past

_HANDLES = "fvcore/nn/jit_handles.py"
_COUNTS = "fvcore/nn/flop_count.py:_DEFAULT_SUPPORTED_OPS"
_NORM = {"norm": 4, "norm.affine": 1}
_IGNORED = """
    __and__ arange bitwise_not cat chunk clamp clamp_ constant_pad_nd contiguous copy_ detach dropout empty eq expand
    flatten floor floor_divide full full_like gather ge gt index index_put_ masked_fill max narrow new_empty new_full
    new_zeros nonzero ones permute relu relu_ remainder reshape roll select slice split split_with_sizes squeeze stack t
    to transpose type_as unbind unsqueeze unsqueeze_ view zeros zeros_like
"""
_OPS = {
    **dict.fromkeys(_IGNORED.split(), Rule(source="fvcore/nn/jit_analysis.py:_IGNORED_OPS")),
    "_convolution": Rule(source=f"{_HANDLES}:conv_flop_jit", weights={"mac": 1}),
    "linear": Rule(source=f"{_HANDLES}:linear_flop_jit", weights={"mac": 1}),
    "addmm": Rule(source=f"{_HANDLES}:addmm_flop_jit", weights={"mac": 1}),
    "bmm": Rule(source=f"{_HANDLES}:bmm_flop_jit", weights={"mac": 1}),
    **dict.fromkeys(("matmul", "mm"), Rule(source=f"{_HANDLES}:matmul_flop_jit", weights={"mac.by-first-operand": 1})),
    "einsum": Rule(source=f"{_HANDLES}:einsum_flop_jit", weights={"mac.by-printed-cost": 1}),
    "batch_norm": Rule(source=f"{_HANDLES}:batchnorm_flop_jit", weights={"norm": 1, "norm.affine": 1, "norm.batch": 3}),
    **dict.fromkeys(
        ("layer_norm", "group_norm", "instance_norm"), Rule(source=f"{_HANDLES}:norm_flop_counter", weights=_NORM)
    ),
    "upsample_nearest2d": Rule(source=_COUNTS, weights={"resample": 1}),
    **dict.fromkeys(("upsample_bilinear2d", "grid_sampler"), Rule(source=_COUNTS, weights={"resample": 4})),
    "adaptive_avg_pool2d": Rule(source=_COUNTS, weights={"pool.input": 1}),
}

RULES = Rules(
    ops=with_aliases(_OPS),
    transparent=UNRECORDED,
    in_place=False,
    live=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """One node of the trace that a handle counted: where it ran, what it was, what it gave."""

    path: str
    operator: str
    shape: Shape
    told: int


def _written(kind: str, handle: Callable[..., Any], nodes: list[_Node]) -> Callable[..., Any]:
    """A handle that writes down what it tells of each node."""

    def written(inputs: list[Any], outputs: list[Any]) -> Any:
        told = handle(inputs, outputs)
        value = sum(told.values()) if isinstance(told, Mapping) else told
        path = outputs[0].node().scopeName().split("/")[-1]
        shape = tuple(outputs[0].type().sizes() or ())
        nodes.append(_Node(path=path, operator=kind, shape=shape, told=whole(value, f"{path or ROOT} {kind}")))
        return told

    return written


@contextmanager
def _hooked(model: Any) -> Iterator[None]:
    """Hooks that do nothing on every module, as fvcore's scopes are."""
    modules = list(model.modules())
    hooks = [module.register_forward_pre_hook(lambda *given: None) for module in modules]
    hooks += [module.register_forward_hook(lambda *given: None) for module in modules]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _rows(analysis: Any, nodes: list[_Node], work: Work) -> Iterator[Row]:
    """What every node told, at the op that it stands for; and the rows that hold nothing but ignored operators."""
    ops = work.ledger.ops
    seen = tuple(visible(RULES, work))
    places = {
        (work.ledger.module(ops[index].call).path, node_kind(ops[index]), ops[index].out): index for index in seen
    }
    counted = set()
    for node in nodes:
        index = places.get((node.path, node.operator, node.shape))
        target = Outside(path=node.path, op=node.operator) if index is None else AtOp(index=index)
        counted.add(None if index is None else op_layer(work, index))
        yield Row(target=target, told=node.told)
    for layer, found in seen_by_layer(RULES, work).items():
        kinds = {node_kind(ops[index]) for index in found}
        if layer in work.layers and layer not in counted and _all_ignored(analysis, layer, kinds):
            yield Row(target=AtOp(index=found[0]), told=0)


def _all_ignored(analysis: Any, layer: str, kinds: set[str]) -> bool:
    """Whether fvcore met a row, and nothing in it that it has no handle for.

    Arithmetic on sizes is listed as unsupported too; it is no op of the model.
    """
    if "::" in layer:
        return all(kind in _ignored(analysis) for kind in kinds)
    path = "" if layer == ROOT else layer
    unsupported = set(_either(analysis, "unsupported_ops", "skipped_ops")(path))
    scripted = {kind for kind in unsupported if kind.startswith("prim::")}
    uncalled = analysis.uncalled_modules() if hasattr(analysis, "uncalled_modules") else set()
    return path not in uncalled and not unsupported & kinds and not scripted


def _either(analysis: Any, name: str, before: str) -> Any:
    """An attribute by its name, or by the one that it had until March 2021."""
    return getattr(analysis, name) if hasattr(analysis, name) else getattr(analysis, before)


def _ignored(analysis: Any) -> Any:
    return _either(analysis, "_ignored_ops", "ignored_ops")


def _silenced(analysis: Any) -> Any:
    """The analysis with every warning that it knows turned off."""
    _either(analysis, "unsupported_ops_warnings", "skipped_ops_warnings")(False)
    if hasattr(analysis, "uncalled_modules_warnings"):
        analysis.uncalled_modules_warnings(False)
    analysis.tracer_warnings("none")
    return analysis


def run(subject: Subject) -> Told:
    """Trace the model as fvcore's documentation does, and read every node as its handle tells it."""
    from fvcore.nn import FlopCountAnalysis, parameter_count

    if subject.kwargs:
        raise CannotAskError(
            later("fvcore traces a model with positional tensors only; it cannot be given inputs by name")
        )
    with _hooked(subject.model):
        subject.twin()
    analysis = _silenced(FlopCountAnalysis(subject.model, subject.args))
    nodes: list[_Node] = []
    for kind, handle in list(analysis._op_handles.items()):
        analysis.set_op_handle(kind, _written(kind, handle, nodes))
    total = whole(analysis.total(), later("the total"))
    params, work = parameter_count(subject.model), Work(subject.ledger)
    rows = [*_rows(analysis, nodes, work)]
    held = [
        Row(target=Place(path=name.rpartition(".")[0]), told=params[name])
        for name, _ in subject.model.named_parameters()
    ]
    return Told(
        rows=rows,
        total=total,
        params=params[""],
        measures={"params": Measured(rows=held, total=params[""])},
    )


PARAMETERS = Census(source="fvcore/nn/parameter_count.py:parameter_count", once="rows")


NOW = Counter(
    id="fvcore",
    unit="MAC",
    framework="torch",
    distribution="fvcore",
    imports="fvcore",
    sees=later("operators of a traced graph"),
    rules=RULES,
    run=run,
    measures={"params": PARAMETERS},
    read=">=0.1.5.post20220119,<=0.1.5.post20221221",
)

COUNTERS = (replace(NOW, releases=past.releases(NOW)),)
