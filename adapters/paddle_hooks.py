"""paddle.flops of Paddle 3: forward hooks on leaf layers, looked up by the exact type of a layer.

It returns a number and prints a table; the rows are taken where they are put into that table.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reconcile.adapter import Counter, Place, Row, Subject, Told, whole
from reconcile.language import later
from reconcile.resources.census import Census
from reconcile.resources.holdings import STATISTICS
from reconcile.rules import Rule, Rules

_HOOKS = "paddle/hapi/dynamic_flops.py"
_BUFFERS = frozenset({"total_ops", "total_params", "input_shape", "output_shape"})
"""What its hooks leave in a layer; a layer without all four gets no row."""

_BEHIND = later(
    "paddle.flops takes the size of one float32 input; the function behind it was called with the inputs given"
)


def _each(rule: Rule, names: str) -> dict[str, Rule]:
    return {f"paddle.nn.{name}": rule for name in names.split()}


RULES = Rules(
    modules={
        **_each(
            Rule(source=f"{_HOOKS}:count_convNd", weights={"mac.by-output": 1, "bias": 1}),
            "Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose",
        ),
        **_each(Rule(source=f"{_HOOKS}:count_linear", weights={"mac": 1}), "Linear"),
        **_each(Rule(source=f"{_HOOKS}:count_bn", weights={"norm": 2}), "BatchNorm2D BatchNorm"),
        **_each(Rule(source=f"{_HOOKS}:count_leaky_relu", weights={"activation": 1}), "LeakyReLU"),
        **_each(Rule(source=f"{_HOOKS}:count_avgpool", weights={"pool.output": 1}), "AvgPool1D AvgPool2D AvgPool3D"),
        **_each(
            Rule(source=f"{_HOOKS}:count_adap_avgpool", weights={"pool.floor-ratio": 1}),
            "AdaptiveAvgPool1D AdaptiveAvgPool2D AdaptiveAvgPool3D",
        ),
        **_each(Rule(source=f"{_HOOKS}:count_zero_ops"), "ReLU ReLU6 Dropout"),
    },
    childless=True,
    root=False,
    hooks_per_place=True,
)


# `parameters()` of a Paddle BatchNorm holds its running statistics too.
PARAMETERS = Census(
    source=f"{_HOOKS}:count_parameters", statistics=STATISTICS, executed=True, childless=True, root=False
)


def _counted(model: Any) -> Iterator[tuple[str, Any]]:
    """The layers that get a row, in the order of the rows."""
    for path, layer in model.named_sublayers():
        if not list(layer.children()) and set(layer._buffers) >= _BUFFERS:
            yield path, layer


class _Asked:
    """A model that is called with all of its inputs, whatever single one it is given."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    def __getattr__(self, name: str) -> Any:
        return getattr(self._subject.model, name)

    def __call__(self, given: None) -> Any:
        return self._subject.model(*self._subject.args, **self._subject.kwargs)


def _plain(subject: Subject) -> bool:
    """Whether the documented function can be asked: it makes one random float32 input of the size that it is given."""
    import paddle

    if subject.kwargs or len(subject.args) != 1:
        return False
    return isinstance(subject.args[0], paddle.Tensor) and subject.args[0].dtype == paddle.float32


def _call(subject: Subject) -> int:
    """Call the documented function, or the one behind it, which takes the model's inputs themselves."""
    import paddle
    from paddle.hapi.dynamic_flops import dynamic_flops

    if _plain(subject):
        return whole(paddle.flops(subject.model, list(subject.args[0].shape)), later("the total"))
    return whole(dynamic_flops(_Asked(subject), inputs=None), later("the total"))


def run(subject: Subject) -> Told:
    """Run `paddle.flops` and take its rows; a layer whose type it does not list was never counted by it."""
    from paddle.hapi import dynamic_flops as library
    from paddle.hapi.static_flops import Table

    rules, own_code = library.register_hooks, [str(Path(library.__file__).parent)]
    layers: list[tuple[str, Any]] = []
    told: list[tuple[Any, Any]] = []

    def add_row(table: Table, row: list[Any]) -> None:
        if not layers:
            layers.extend(_counted(subject.model))
        told.append((row[-2], row[-1]))

    original, Table.add_row = Table.add_row, add_row
    try:
        with contextlib.redirect_stdout(io.StringIO()), subject.recording(own_code=own_code):
            total = _call(subject)
    finally:
        Table.add_row = original
    rows = [
        Row(
            target=Place(path=path),
            told=whole(ops, path) if type(layer) in rules else None,
            params=whole(params, path),
        )
        for (path, layer), (params, ops) in zip(layers, told, strict=True)
    ]
    warnings = () if _plain(subject) else (_BEHIND,)
    return Told(rows=rows, total=total, params=sum(row.params or 0 for row in rows), warnings=warnings)


COUNTERS = (
    Counter(
        id="paddle",
        unit="MAC",
        framework="paddle",
        distribution="paddlepaddle",
        imports="paddle",
        brings=("paddle",),
        sees=later("calls of leaf layers, by exact type"),
        rules=RULES,
        run=run,
        measures={"params": PARAMETERS},
    ),
)
