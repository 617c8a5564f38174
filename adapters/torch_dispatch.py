"""PyTorch's own `torch.utils.flop_counter.FlopCounterMode`: a dispatch mode with a formula for each operator.

The mode keeps sums by module name, in which modules of one name are merged; its rows are read op by op instead, as
the growth of its global sum.
"""

from __future__ import annotations

from typing import Any

from reconcile.adapter import AtOp, Counter, Row, Subject, Told, whole
from reconcile.language import later
from reconcile.rules import Rule, Rules

_FILE = "torch/utils/flop_counter.py"


def _each(function: str, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), Rule(source=f"{_FILE}:{function}", weights={"mac": 2}))


RULES = Rules(
    ops={
        **_each("mm_flop", "mm"),
        **_each("addmm_flop", "addmm"),
        **_each("bmm_flop", "bmm"),
        **_each("baddbmm_flop", "baddbmm"),
        **_each("_scaled_mm_flop", "_scaled_mm"),
        **_each(
            "conv_flop", "convolution _convolution convolution_overrideable cudnn_convolution _slow_conv2d_forward"
        ),
        **_each(
            "sdpa_flop",
            "_scaled_dot_product_efficient_attention _scaled_dot_product_flash_attention "
            "_scaled_dot_product_cudnn_attention",
        ),
        **_each("_flash_attention_forward_flop", "_flash_attention_forward"),
        **_each("_efficient_attention_forward_flop", "_efficient_attention_forward"),
    },
    in_place=False,
)


def run(subject: Subject) -> Told:
    """Run the model inside the mode; an op whose packet is not in the mode's registry gets no row."""
    from torch.utils.flop_counter import FlopCounterMode

    rows: list[Row] = []

    class Read(FlopCounterMode):
        """The mode, with every op that it counts written down beside its sums."""

        def _count_flops(self, func_packet: Any, out: Any, args: Any, kwargs: Any) -> Any:
            before = self.get_total_flops()
            counted = super()._count_flops(func_packet, out, args, kwargs)  # type: ignore[no-untyped-call]
            if func_packet in self.flop_registry and recorder.last_op is not None:
                told = whole(self.get_total_flops() - before, str(func_packet))
                rows.append(Row(target=AtOp(index=recorder.last_op), told=told))
            return counted

    with subject.recording() as recorder, Read(display=False) as counter:
        subject.model(*subject.args, **subject.kwargs)
    return Told(rows=rows, total=whole(counter.get_total_flops(), later("the total")))


COUNTERS = (
    Counter(
        id="torch",
        unit="FLOP",
        framework="torch",
        distribution="torch",
        imports="torch",
        sees=later("dispatched ops with a formula"),
        rules=RULES,
        run=run,
    ),
)
