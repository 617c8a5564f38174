"""torchinfo's `summary`: forward hooks on every module, and one formula over the names and sizes of parameters.

It has no rule for any kind of layer: what a layer executes is taken from its weights, its biases, the shape that it
gave out, and whether the name of its class contains "Conv".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconcile.adapter import Counter, Place, Row, Subject, Told, named_inputs, whole
from reconcile.errors import CounterError
from reconcile.rules import Rule, Rules

_SOURCE = "torchinfo/layer_info.py:LayerInfo.calculate_macs"

RULES = Rules(
    names={
        "Conv": Rule(
            source=_SOURCE, weights={"mac.by-parameters-at-positions": 1, "bias.by-parameters-at-positions": 1}
        ),
        "": Rule(source=_SOURCE, weights={"mac.by-parameters": 1, "bias.by-parameters": 1}),
    },
    # WRAPPER_MODULES in torchinfo/torchinfo.py: listed before the model runs, and never hooked.
    ignored=frozenset({"torch.jit._script.ScriptModule"}),
    childless=True,
)


def _summary(subject: Subject) -> Any:
    """What torchinfo sums up, in the mode that the model is in; without one it would switch the model to eval."""
    from torchinfo import summary

    inputs: Mapping[str, Any] | Sequence[Any] = named_inputs(subject) if subject.kwargs else list(subject.args)
    mode = "train" if subject.model.training else "eval"
    try:
        with subject.recording():
            return summary(subject.model, input_data=inputs, mode=mode, col_names=("mult_adds",), verbose=0)
    except RuntimeError as error:
        cause = error.__cause__
        if cause is None:
            raise
        raise CounterError(f"{type(cause).__name__}: {cause}") from error


def _rows(calls: Sequence[Any], paths: Mapping[int, str]) -> Iterator[Row]:
    """A row for each call of a layer without children; a layer's parameters stand at its first call."""
    for info in calls:
        if info.is_leaf_layer and info.executed:
            path = paths[info.layer_id]
            params = None if info.is_recursive else info.num_params
            yield Row(target=Place(path=path), told=whole(info.macs, path), params=params)


def run(subject: Subject) -> Told:
    """Run `torchinfo.summary` and read every call that it lists."""
    paths = {id(module): path for path, module in subject.model.named_modules()}
    found = _summary(subject)
    rows = [*_rows(found.summary_list, paths)]
    return Told(rows=rows, total=whole(found.total_mult_adds, "the total"), params=found.total_params)


COUNTERS = (
    Counter(
        id="torchinfo",
        unit="MAC",
        framework="torch",
        distribution="torchinfo",
        imports="torchinfo",
        sees="module calls, by the layer's parameters",
        rules=RULES,
        run=run,
        read="==1.8.0",
    ),
)
