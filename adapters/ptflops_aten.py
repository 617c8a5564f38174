"""ptflops 0.7.5, backend `aten`: a dispatch mode with formulas for six operator packets, over the whole batch.

The mode keeps sums by packet for the model and for its first level of modules; the rows are the growth of the model's
sum with each op.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any
from unittest import mock

from reconcile.adapter import (
    AtOp,
    Counter,
    Measured,
    Recorder,
    Row,
    Subject,
    Told,
    asked_alone,
    named_inputs,
    printed_place,
    printed_reason,
    whole,
)
from reconcile.errors import CannotAskError, CounterError
from reconcile.language import later
from reconcile.resources.census import Census
from reconcile.rules import Rule, Rules

_OPS = "ptflops/aten_ops.py"

RULES = Rules(
    ops={
        **dict.fromkeys(("mm", "matmul"), Rule(source=f"{_OPS}:matmul_flop", weights={"mac.by-first-operand": 1})),
        "addmm": Rule(source=f"{_OPS}:addmm_flop", weights={"mac": 1, "bias.by-output": 1}),
        "bmm": Rule(source=f"{_OPS}:bmm_flop", weights={"mac": 1}),
        **dict.fromkeys(
            ("convolution", "_convolution"),
            Rule(source=f"{_OPS}:conv_flop", weights={"mac.by-batch": 1, "bias.by-batch": 1}),
        ),
    },
    in_place=False,
)


PARAMETERS = Census(source="ptflops/pytorch_engine.py:get_model_parameters_number", trainable=True, once="total")


def _reading(mode: Any, table: Mapping[Any, Any], recorder: Recorder, rows: list[Row]) -> Any:
    """The mode with a row for every op whose packet is in its table; our recorder stands outside and saw the op."""

    class Reading(mode):  # type: ignore[misc]
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            packet = func._overloadpacket
            before = self.flop_counts["Global"].get(packet, 0)
            output = super().__torch_dispatch__(func, types, args, kwargs)
            if packet in table and recorder.last_op is not None:
                told = self.flop_counts["Global"][packet] - before
                rows.append(Row(target=AtOp(index=recorder.last_op), told=whole(told, str(packet))))
            return output

    return Reading


def run(subject: Subject) -> Told:
    """Run `ptflops.get_model_complexity_info` with the `aten` backend on the real inputs."""
    import ptflops

    if not hasattr(ptflops, "aten_engine"):
        raise CannotAskError(later("this release of ptflops has no backend `aten`; 0.7.3 was the first that had it"))
    from ptflops import aten_engine, aten_ops
    from ptflops.pytorch_engine import get_model_parameters_number

    rows: list[Row] = []
    printed, traced, alone = StringIO(), StringIO(), len(subject.args) == 1 and not subject.kwargs
    batch = subject.args[0] if alone else named_inputs(subject)
    with subject.recording() as recorder, redirect_stdout(printed), redirect_stderr(traced):
        reading = _reading(aten_engine.FlopCounterMode, aten_ops.ATEN_OPS_MAPPING, recorder, rows)
        with mock.patch.object(aten_engine, "FlopCounterMode", reading):
            total, params = ptflops.get_model_complexity_info(
                subject.model,
                (1,),
                as_strings=False,
                print_per_layer_stat=False,
                input_constructor=lambda _: batch,
                backend="aten",
            )
    if total is None:
        raise CounterError(printed_reason(printed.getvalue()) + printed_place(traced.getvalue(), "ptflops"))
    told = asked_alone(subject.model, get_model_parameters_number)
    return Told(
        rows=rows,
        total=whole(total, later("the total")),
        params=params,
        measures={"params": Measured(rows=told, total=params)},
    )


COUNTERS = (
    Counter(
        id="ptflops:aten",
        unit="MAC",
        framework="torch",
        distribution="ptflops",
        imports="ptflops",
        brings=("timm", "torchvision"),
        sees=later("dispatched ops with a formula"),
        rules=RULES,
        run=run,
        measures={"params": PARAMETERS},
        # Before 0.7.3 there was no such backend.
        read="<=0.7.5",
    ),
)
