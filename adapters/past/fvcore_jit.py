"""How fvcore counted before its present rules, February to October 2021, told backwards from the present.

Releases before 0.1.3.post20210311 count products only, and those before 0.1.3.post20210218 keep no number for a module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconcile.adapter import Counter, Release
from reconcile.rules import Rule

Table = Mapping[str, Rule]

_HANDLES = "fvcore/nn/jit_handles.py"
_CONVOLVED = Rule(source=f"{_HANDLES}:conv_flop_jit", weights={"mac.by-weight-at-output": 1})
_NORMED = Rule(source=f"{_HANDLES}:norm_flop_counter", weights={"norm": 4, "norm.affine": 1})

_MULTIPLIED = Rule(source=f"{_HANDLES}:matmul_flop_jit", weights={"mac.by-first-size": 1})
_NOT_PRODUCTS = """
    batch_norm group_norm layer_norm instance_norm
    upsample_nearest2d upsample_bilinear2d adaptive_avg_pool2d grid_sampler
"""


def _without(table: Table, names: str) -> Table:
    return {name: rule for name, rule in table.items() if name not in names.split()}


def releases(now: Counter) -> tuple[Release, ...]:
    """The releases before the present rules that tell a number for every module."""
    of_october = {**now.rules.ops, "_convolution": _CONVOLVED, "convolution": _CONVOLVED}
    of_september = _without(of_october, "bitwise_not gather masked_fill new_full new_zeros ones roll")
    of_august = _without(of_september, "new_empty")
    of_july = _without(of_august, "mm")
    of_june = {**of_july, "batch_norm": _NORMED}
    of_march = _without(of_june, "type_as")
    products = _without(of_march, _NOT_PRODUCTS)
    of_winter = _without(products, "narrow unbind full_like")
    of_february = {**of_winter, "matmul": _MULTIPLIED}
    first = _without(of_february, "linear")

    def release(specifier: str, table: Table) -> Release:
        return Release(specifier=specifier, rules=replace(now.rules, ops=table), measures=now.measures)

    return (
        release(">=0.1.5.post20210924,<=0.1.5.post20211023", of_october),
        release(">=0.1.5.post20210915,<=0.1.5.post20210923", of_september),
        release(">=0.1.5.post20210727,<=0.1.5.post20210825", of_august),
        release(">=0.1.5.post20210617,<=0.1.5.post20210630", of_july),
        release(">=0.1.4.post20210324,<=0.1.5.post20210518", of_june),
        release(">=0.1.3.post20210311,<=0.1.3.post20210317", of_march),
        release(">=0.1.3.post20210306,<=0.1.3.post20210310", products),
        release(">=0.1.3.post20210226,<=0.1.3.post20210305", of_winter),
        release(">=0.1.3.post20210224,<=0.1.3.post20210225", of_february),
        release(">=0.1.3.post20210218,<=0.1.3.post20210223", first),
    )
