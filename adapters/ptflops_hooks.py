"""ptflops 0.7.5, its default backend: forward hooks by exact type, and functions patched by name.

A hook adds to `module.__flops__`, for the whole batch; a patch appends to a list.  The total is the hooks' sum divided
by the batch, plus the lists, rounded down: what it does to the rows on the way is the `::total` row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

from reconcile.adapter import (
    AtFunction,
    Counter,
    Measured,
    Place,
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
from reconcile.errors import CounterError
from reconcile.language import later
from reconcile.ledger import Ledger, Tensor, Value
from reconcile.pricing.calls import asked_fraction
from reconcile.resources.census import Census
from reconcile.rules import Finish, Mechanism, Rule, Rules

from .past import ptflops_hooks as past

_OPS = "ptflops/pytorch_ops.py"


def _rules(owner: str, table: Mapping[str, tuple[str, Mapping[str, int]]]) -> dict[str, Rule]:
    """Rules by full name, from names inside an owner to a function of ptflops and the weights."""
    return {
        f"{owner}.{name}": Rule(source=f"{_OPS}:{function}", weights=weights)
        for names, (function, weights) in table.items()
        for name in names.split()
    }


def _recurrent(kind: str, state: int) -> dict[str, tuple[str, Mapping[str, int]]]:
    weights = {"mac.by-gates": 1, "bias.by-leading": 1, "recurrent.by-leading": 1, "recurrent.state.by-leading": state}
    return {kind: ("rnn_flops_counter_hook", weights), f"{kind}Cell": ("rnn_cell_flops_counter_hook", weights)}


_MODULES = _rules(
    "torch.nn",
    {
        "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d": (
            "conv_flops_counter_hook",
            {"mac.by-batch": 1, "bias.by-batch": 1},
        ),
        "Linear": ("linear_flops_counter_hook", {"mac": 1, "bias": 1}),
        "BatchNorm1d BatchNorm2d BatchNorm3d InstanceNorm1d InstanceNorm2d InstanceNorm3d GroupNorm": (
            "bn_flops_counter_hook",
            {"norm": 1, "norm.affine": 1},
        ),
        # The hook looks for `affine`; a LayerNorm has `elementwise_affine` instead.
        "LayerNorm": ("bn_flops_counter_hook", {"norm": 1}),
        "ReLU PReLU ELU LeakyReLU ReLU6 GELU": ("relu_flops_counter_hook", {"activation": 1}),
        "MaxPool1d MaxPool2d MaxPool3d AvgPool1d AvgPool2d AvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d "
        "AdaptiveMaxPool3d AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d": (
            "pool_flops_counter_hook",
            {"pool.input": 1},
        ),
        # The hook measures `output[0]`, the first row of the batch.
        "Upsample": ("upsample_flops_counter_hook", {"resample.one-row": 1}),
        **_recurrent("RNN", 0),
        **_recurrent("GRU", 4),
        **_recurrent("LSTM", 6),
        "MultiheadAttention": (
            "multihead_attention_counter_hook",
            {"mac.by-widths": 1, "bias.by-widths": 1, "softmax.by-inputs": 1, "attention.scale": 1},
        ),
    },
)

# timm's attention, if timm is installed.  Its projections are children, and nothing below a hook is added up.
_MODULES |= _rules(
    "timm.layers.attention",
    {"Attention": ("timm_attention_counter_hook", {"mac": 1, "softmax": 1, "attention.scale": 1})},
)

_NUMEL = "_numel_functional_flops_hook"
_FUNCTIONAL = _rules(
    "torch.nn.functional",
    {
        "relu prelu elu relu6 gelu silu": (_NUMEL, {"activation": 1}),
        "max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d adaptive_max_pool1d adaptive_max_pool2d "
        "adaptive_max_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d": (_NUMEL, {"pool.input": 1}),
        "softmax": (_NUMEL, {"softmax": 1}),
        "upsample interpolate": ("_interpolate_functional_flops_hook", {"resample.by-arguments": 1}),
    },
)

_PRODUCT = ("_matmul_tensor_flops_hook", {"mac.by-first-operand": 1})
_ADDED = ("_addmm_tensor_flops_hook", {"mac": 1, "bias.by-operand": 1})
_ELEMENTWISE = ("_elementwise_tensor_flops_hook", {"elementwise.left-aligned": 1})
_TENSOR_OPS = {
    **_rules("torch", {"matmul mm bmm": _PRODUCT, "addmm baddbmm": _ADDED, "add mul": _ELEMENTWISE}),
    **_rules("torch.Tensor", {"matmul mm bmm": _PRODUCT, "addmm": _ADDED, "add mul": _ELEMENTWISE}),
}


def _average(sums: Mapping[Mechanism, int], ledger: Ledger) -> int:
    """The total without the sum of the rows: the hooks' sum is divided by the batch, and the total is rounded down."""
    batch = sum(_length(call.arguments) for call in ledger.calls if call.module == "")
    patches = sums["patch"] + sum(map(asked_fraction, ledger.functions))
    return int(sums["hook"] / batch + patches) - sums["hook"] - sums["patch"]


def _length(arguments: tuple[Value, ...]) -> int:
    """The length of the model's first positional input, and 1 where it has none."""
    first = arguments[0] if arguments else (None,)
    if isinstance(first, Tensor):
        return first.shape[0]
    return len(first) if isinstance(first, (tuple, str, Mapping)) else 1


RULES = Rules(
    modules=_MODULES,
    functions=_FUNCTIONAL | _TENSOR_OPS,
    rows_per_place=True,
    hides_children=True,
    finish=Finish(source="ptflops/pytorch_engine.py:compute_average_flops_cost", cause="batch", adjust=_average),
)


PARAMETERS = Census(source="ptflops/pytorch_engine.py:get_model_parameters_number", trainable=True, once="total")


class _Collector:
    """Stands in for a list that ptflops appends to, and notes which call each count belongs to."""

    def __init__(self, collector: list[Any], recorder: Recorder, rows: list[Row]) -> None:
        self._collector = collector
        self._recorder = recorder
        self._rows = rows

    def append(self, flops: Any) -> None:
        """Note one count and pass it on; the fraction that a scale leaves in it is rounded down in the total only."""
        if self._recorder.function is not None:
            self._rows.append(Row(target=AtFunction(index=self._recorder.function), told=int(flops)))
        self._collector.append(flops)


Walk = Callable[[Any, Callable[[Any], bool]], Iterator[tuple[str, Any]]]
"""The modules that a release adds up, by path, from a model and what tells whether a module has a hook."""


@contextmanager
def _watched(engine: Any, walk: Walk, recorder: Recorder, names: Sequence[str], rows: list[Row]) -> Iterator[None]:
    """Read the counts where ptflops makes them, because it keeps none of them.

    A module without a hook was never seen by it; one that was never called has counted nothing.
    """
    average = engine.compute_average_flops_cost

    def functional(collector: list[Any]) -> None:
        patch_functional(_Collector(collector, recorder, rows))

    def tensor_ops(collector: list[Any]) -> None:
        patch_tensor_ops(_Collector(collector, recorder, rows))
        # ptflops finds the functions that it patches by identity, so they may be wrapped only after it is done.
        stack.enter_context(recorder.functions(names))

    def averaged(model: Any) -> Any:
        for path, module in walk(model, engine.is_supported_instance):
            params = getattr(module, "__params__", None)
            rows.append(Row(target=Place(path=path), told=whole(module.__flops__, path), params=params))
        return average(model)

    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(engine, "compute_average_flops_cost", averaged))
        if names:
            patch_functional, patch_tensor_ops = engine.patch_functional, engine.patch_tensor_ops
            stack.enter_context(mock.patch.object(engine, "patch_functional", functional))
            stack.enter_context(mock.patch.object(engine, "patch_tensor_ops", tensor_ops))
        yield


def added_up(module: Any, supported: Callable[[Any], bool], path: str = "") -> Iterator[tuple[str, Any]]:
    """The modules that ptflops adds up, by its own walk: one for each owner, and none below a module with a hook."""
    if supported(module):
        yield path, module
        return
    for name, child in module.named_children():
        yield from added_up(child, supported, f"{path}.{name}" if path else name)


def _asked(subject: Subject) -> Mapping[str, Any]:
    """The arguments that hand the real inputs over."""
    alone = len(subject.args) == 1 and not subject.kwargs
    batch = subject.args[0] if alone else named_inputs(subject)
    return {"input_res": (1,), "input_constructor": lambda _: batch}


def running(
    names: Sequence[str],
    *,
    asked: Callable[[Subject], Mapping[str, Any]] = _asked,
    walk: Walk = added_up,
    held: bool = False,
) -> Callable[[Subject], Told]:
    """The way to run `ptflops.get_model_complexity_info` of a release that patches the functions of these names.

    With `held` it counts the parameters that its modules hold, and not those of the whole model.
    """

    def run(subject: Subject) -> Told:
        import ptflops

        engine, hooks = _modules_of(ptflops)
        rows: list[Row] = []
        printed, traced, given = StringIO(), StringIO(), asked(subject)
        # Only the hooks execute ops of their own; the patches stand between the model and its ops.
        with (
            subject.recording(own_code=[str(Path(hooks.__file__))]) as recorder,
            redirect_stdout(printed),
            redirect_stderr(traced),
        ):
            with _watched(engine, walk, recorder, names, rows):
                total, params = ptflops.get_model_complexity_info(
                    subject.model, as_strings=False, print_per_layer_stat=False, **given
                )
        if total is None:
            raise CounterError(printed_reason(printed.getvalue()) + printed_place(traced.getvalue(), "ptflops"))
        warnings = [line for line in printed.getvalue().splitlines() if line.startswith("Warning")]
        return Told(
            rows=[_as_called(row, subject.ledger) for row in rows],
            total=whole(total, later("the total")),
            params=params,
            warnings=list(dict.fromkeys(warnings)),
            measures={} if held else {"params": parameters(subject.model, params)},
        )

    return run


def _modules_of(library: Any) -> tuple[Any, Any]:
    """The modules of a release that hold its engine and its hooks; before 0.6.8 both were one."""
    first = library.flops_counter
    return getattr(library, "pytorch_engine", first), getattr(library, "pytorch_ops", first)


def _as_called(row: Row, ledger: Ledger) -> Row:
    """The row of a module that was called, or one that tells nothing."""
    counted = not isinstance(row.target, Place) or row.target.path in ledger.called
    return row if counted else replace(row, told=None)


def parameters(model: Any, total: int) -> Measured:
    """The parameters of the whole model, as ptflops counts them, and what its function tells of each module alone."""
    import ptflops

    return Measured(rows=asked_alone(model, _modules_of(ptflops)[0].get_model_parameters_number), total=total)


NOW = Counter(
    id="ptflops",
    unit="MAC",
    framework="torch",
    distribution="ptflops",
    imports="ptflops",
    brings=("timm", "torchvision"),
    sees=later("module calls, by exact type, and calls of named functions"),
    rules=RULES,
    run=running(tuple(RULES.functions)),
    measures={"params": PARAMETERS},
    read="==0.7.5",
)

COUNTERS = (replace(NOW, releases=past.releases(NOW, running)),)
