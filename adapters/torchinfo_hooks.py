"""torchinfo's `summary`: forward hooks on every module, and one formula over the names and sizes of parameters.

It has no rule for any kind of layer: what a layer executes is taken from its weights, its biases, the shape that it
gave out, and whether the name of its class contains "Conv".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconcile.adapter import Counter, Measured, Named, Place, Row, Subject, Told, named_inputs, whole
from reconcile.errors import CounterError
from reconcile.language import later
from reconcile.resources.footprint import INPUTS, Footprint
from reconcile.resources.listing import ListedCensus
from reconcile.rules import Rule, Rules

from .past import torchinfo_hooks as past

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


_TOTALS = "torchinfo/model_statistics.py:ModelStatistics.__init__"

# `sys.getsizeof` of a storage adds the 64 bytes of Python's own object to the bytes of its elements.
MEMORY = Footprint(
    source=_TOTALS,
    header=64,
    doubled=True,
    childless=True,
    bearing=True,
    first=True,
    census=ListedCensus(source=_TOTALS, leaves=True),
)


def _summary(subject: Subject, **mode: str) -> Any:
    """What torchinfo sums up; without a `mode` it switches the model to eval."""
    import torchinfo
    from torchinfo import summary

    inputs: Mapping[str, Any] | Sequence[Any] = named_inputs(subject) if subject.kwargs else list(subject.args)
    try:
        # Its hooks add up pruning masks.
        with subject.recording(own_code=[str(Path(torchinfo.__file__).parent)]):
            return summary(subject.model, input_data=inputs, col_names=("mult_adds",), verbose=0, **mode)
    except RuntimeError as error:
        cause = error.__cause__
        if cause is None:
            raise
        raise CounterError(f"{type(cause).__name__}: {cause}") from error


def _rows(calls: Sequence[Any], paths: Mapping[int, str]) -> Iterator[Row]:
    """A row for each call of a layer without children."""
    for info in calls:
        if info.is_leaf_layer and info.executed:
            path = paths[info.layer_id]
            yield Row(target=Place(path=path), told=whole(info.macs, path))


def _parameters(calls: Sequence[Any], paths: Mapping[int, str]) -> Iterator[Row]:
    """What each line adds to the total: a layer its own, a module with children what they leave over."""
    for info in calls:
        if not info.is_recursive:
            told = info.num_params if info.is_leaf_layer else max(info.leftover_params(), 0)
            yield Row(target=Place(path=paths[info.layer_id]), told=told)


def _bytes(found: Any, paths: Mapping[int, str]) -> Iterator[Row]:
    """The bytes of the inputs, of each layer's output with its gradient, and of each layer's parameters."""
    yield Row(target=Named(row=INPUTS), told=found.total_input)
    for info in found.summary_list:
        if info.is_leaf_layer:
            place = Place(path=paths[info.layer_id])
            yield Row(target=place, told=2 * info.output_bytes if info.num_params > 0 else 0)
            yield Row(target=place, told=None if info.is_recursive else info.param_bytes)


def run(subject: Subject) -> Told:
    """Run `torchinfo.summary` and read every call that it lists."""
    paths = {id(module): path for path, module in subject.model.named_modules()}
    found = _summary(subject, mode="train" if subject.model.training else "eval")
    rows = [*_rows(found.summary_list, paths)]
    held = [*_parameters(found.summary_list, paths)]
    size = found.total_input + found.total_output_bytes + found.total_param_bytes
    return Told(
        rows=rows,
        total=whole(found.total_mult_adds, later("the total")),
        params=found.total_params,
        measures={
            "params": Measured(rows=held, total=found.total_params),
            "memory": Measured(rows=[*_bytes(found, paths)], total=size),
        },
    )


NOW = Counter(
    id="torchinfo",
    unit="MAC",
    framework="torch",
    distribution="torchinfo",
    imports="torchinfo",
    sees=later("module calls, by the layer's parameters"),
    rules=RULES,
    run=run,
    measures={"params": ListedCensus(source=_TOTALS), "memory": MEMORY},
    read="==1.8.0",
)

COUNTERS = (replace(NOW, releases=past.releases(NOW, _summary)),)
