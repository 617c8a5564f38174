"""torchprofile's `profile_macs`: handlers for the operators of a graph that `torch.jit` traces.

Its nodes carry no module, so each is put to the op of the same kind and shape that has its turn in a clean pass.
A trace also holds the arithmetic on sizes, which this counter counts as one multiply-add for each product.
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from reconcile.adapter import AtOp, Counter, Outside, Row, Subject, Told, whole
from reconcile.errors import CannotAskError
from reconcile.language import later
from reconcile.ledger import Shape
from reconcile.rules import Rule, Rules, op_layer
from reconcile.traces import UNRECORDED, node_kind, seen_by_layer, with_aliases
from reconcile.work import Work

_FILE = "torchprofile/handlers.py"


def _each(function: str, names: str, weights: Mapping[str, int]) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), Rule(source=f"{_FILE}:{function}", weights=weights))


_ZERO = """
    abs adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d add add_ alpha_dropout arange cat chunk clamp clone
    constant_pad_nd contiguous copy_ cos detach div div_ dropout dropout_ embedding eq expand feature_dropout fft_fft
    flatten floor floor_divide gather ge gelu gt hardtanh hardtanh_ imag index le log2 log_softmax lt max max_pool1d
    max_pool1d_with_indices max_pool2d max_pool2d_with_indices max_pool3d max_pool3d_with_indices max_unpool2d
    max_unpool3d ne neg permute pow real reciprocal reflection_pad1d reflection_pad2d reflection_pad3d relu relu_
    replication_pad1d replication_pad2d replication_pad3d reshape rsub rsqrt select sigmoid sign silu sin slice softmax
    softshrink split split_with_sizes sqrt squeeze stack sub sum t tanh threshold to transpose unflatten unfold
    unsqueeze upsample_nearest2d view zeros
"""

RULES = Rules(
    ops=with_aliases(
        {
            **_each("_ZERO_COST_OPS", _ZERO, {}),
            **_each("_addmm", "addmm", {"mac": 1}),
            **_each("_addmv", "addmv", {"mac": 1}),
            **_each("_bmm", "bmm", {"mac": 1}),
            **_each("_baddbmm", "baddbmm", {"mac": 1}),
            **_each("_matmul", "linear matmul", {"mac": 1}),
            **_each("_mul", "mul mul_", {"elementwise": 1, "elementwise.number": 1}),
            **_each("_convolution", "_convolution", {"mac.by-matched-channels": 1}),
            **_each("_norm", "batch_norm instance_norm layer_norm group_norm", {"norm.affine": 1}),
            **_each(
                "_avg_pool_or_mean",
                "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d avg_pool1d avg_pool2d avg_pool3d",
                {"pool.output": 1},
            ),
            **_each("_avg_pool_or_mean", "mean", {"reduce.output": 1}),
            **_each("_leaky_relu", "leaky_relu", {"activation": 1}),
            **_each("_upsample_bilinear2d", "upsample_bilinear2d", {"resample": 4}),
            **_each("_lstm", "lstm", {"mac.by-states": 1}),
            **_each("_einsum", "einsum", {"mac.by-indices": 1}),
            **_each(
                "_grid_sampler",
                "grid_sampler",
                {"resample.bilinear": 4, "resample.trilinear": 4, "resample.bicubic": 16},
            ),
            **_each("_scaled_dot_product_attention", "scaled_dot_product_attention", {"mac.by-leading-batch": 1}),
        }
    ),
    transparent=UNRECORDED,
    in_place=False,
    live=True,
)


def _rows(counted: Mapping[Any, int], known: Collection[str], work: Work) -> Iterator[Row]:
    """What every node told, at the op whose turn it is; and the rows that hold nothing but operators told as zero."""
    ops, layers = work.ledger.ops, seen_by_layer(RULES, work)
    waiting: dict[tuple[str, Shape], deque[int]] = {}
    for index in sorted(index for found in layers.values() for index in found):
        waiting.setdefault((node_kind(ops[index]), ops[index].out), deque()).append(index)
    told = set()
    for node, value in counted.items():
        turn = waiting.get((node.operator, tuple(node.outputs[0].shape or ())))
        op = turn.popleft() if turn else None
        told.add(None if op is None else op_layer(work, op))
        target = Outside(path="", op=node.operator) if op is None else AtOp(index=op)
        yield Row(target=target, told=whole(value, node.operator))
    for layer, found in layers.items():
        zero = all(node_kind(ops[index]) in known for index in found)
        if zero and layer in work.layers and layer not in told:
            yield Row(target=AtOp(index=found[0]), told=0)


def run(subject: Subject) -> Told:
    """Trace the model as torchprofile's documentation does, and read every node that it lists."""
    from torchprofile import profile_macs
    from torchprofile.handlers import HANDLER_MAP

    if subject.kwargs:
        raise CannotAskError(
            later("torchprofile traces a model with positional tensors only; it takes no inputs by name")
        )
    subject.twin(sizes=True)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        counted: Any = profile_macs(subject.model, subject.args, reduction=None)
    skipped = sorted({str(item.message) for item in said if "No handlers found" in str(item.message)})
    rows = [*_rows(counted, HANDLER_MAP, Work(subject.ledger))]
    return Told(rows=rows, total=whole(sum(counted.values()), later("the total")), warnings=skipped)


COUNTERS = (
    Counter(
        id="torchprofile",
        unit="MAC",
        framework="torch",
        distribution="torchprofile",
        imports="torchprofile",
        sees=later("operators of a traced graph"),
        rules=RULES,
        run=run,
        read="==0.1.0",
    ),
)
