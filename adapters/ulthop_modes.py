"""ultralytics-thop 2.2.3: hooks by the method resolution order, and a mode that sees products made by functions.

It installs the folder `thop/`, as thop does, so it stands in an overlay.  A module whose rule counts something accounts
for the functions called inside it; the mode switches the fused attention paths off, which the ledger shows.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any
from unittest import mock

from reconcile.adapter import AtFunction, Counter, Measured, Place, Recorder, Row, Subject, Told, asked_alone, whole
from reconcile.errors import CannotAskError
from reconcile.language import later
from reconcile.resources.census import Census
from reconcile.rules import Rule, Rules

from .past import ulthop_modes as past

_HOOKS, _PROFILE = "thop/vision/basic_hooks.py", "thop/profile.py"


def _each(source: str, weights: Mapping[str, int], names: str) -> dict[str, Rule]:
    return {f"torch.nn.{name}": Rule(source=source, weights=weights) for name in names.split()}


def _recurrent(function: str, kind: str, state: int) -> dict[str, Rule]:
    weights = {"mac": 1, "bias": 1, "recurrent": 1, **({"recurrent.state": state} if state else {})}
    layer = _each(f"thop/rnn_hooks.py:count_{function}", weights, kind)
    return layer | _each(f"thop/rnn_hooks.py:count_{function}_cell", weights, f"{kind}Cell")


_CONTAINERS = "Sequential ModuleList ModuleDict ParameterList ParameterDict"
_RESAMPLED = {"resample.linear": 5, "resample.bilinear": 11, "resample.bicubic": 259, "resample.trilinear": 31}
_ATTENTION = {"mac": 1, "softmax": 3, "softmax.row": -1}

_MODULES: Mapping[str, Rule] = {
    **_each(f"{_HOOKS}:count_convNd", {"mac": 1}, "Conv1d Conv2d Conv3d"),
    **_each(f"{_HOOKS}:count_convtNd", {"mac": 1}, "ConvTranspose1d ConvTranspose2d ConvTranspose3d"),
    **_each(f"{_HOOKS}:count_normalization", {"norm": 2, "norm.affine": 2}, "_NormBase LayerNorm GroupNorm RMSNorm"),
    **_each(f"{_HOOKS}:count_prelu", {"activation": 1}, "PReLU"),
    **_each(f"{_HOOKS}:count_softmax", {"softmax": 3, "softmax.row": -1}, "Softmax Softmax2d"),
    # The logarithm adds one for each row, which is what the sum of a row had left out.
    **_each(f"{_HOOKS}:count_softmax", {"softmax": 3}, "LogSoftmax"),
    **_each(f"{_HOOKS}:count_softmax", {"softmax": 4, "softmax.row": -1}, "Softmin"),
    **_each(f"{_HOOKS}:count_avgpool", {"pool.window-inside": 1, "pool.output": 1}, "AvgPool1d AvgPool2d AvgPool3d"),
    **_each(
        f"{_HOOKS}:count_adap_avgpool",
        {"pool.window": 1, "pool.output": 1},
        "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d",
    ),
    **_each(f"{_HOOKS}:count_upsample", _RESAMPLED, "Upsample"),
    **_each(f"{_HOOKS}:count_upsample", {"resample.bilinear": 11}, "UpsamplingBilinear2d"),
    **_each(f"{_HOOKS}:count_upsample", {"resample.nearest": 0}, "UpsamplingNearest2d"),
    **_each(f"{_HOOKS}:count_linear", {"mac": 1}, "Linear"),
    **_each(f"{_HOOKS}:count_bilinear", {"mac": 1}, "Bilinear"),
    **_each(f"{_HOOKS}:count_embedding", {"embedding": 0}, "Embedding"),
    **_each(f"{_HOOKS}:count_multihead_attention", _ATTENTION, "MultiheadAttention"),
    **_recurrent("rnn", "RNN", 0),
    **_recurrent("gru", "GRU", 4),
    **_recurrent("lstm", "LSTM", 4),
    **_each(
        f"{_HOOKS}:zero_ops",
        {},
        f"{_CONTAINERS} _ConstantPadNd _ReflectionPadNd _ReplicationPadNd _CircularPadNd _DropoutNd ReLU ReLU6 "
        "LeakyReLU MaxPool1d MaxPool2d MaxPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d "
        "FractionalMaxPool2d FractionalMaxPool3d _MaxUnpoolNd Identity Flatten Unflatten Unfold PixelShuffle "
        "PixelUnshuffle ChannelShuffle",
    ),
}

_PRODUCT = Rule(source=f"{_PROFILE}:_count_matmul", weights={"mac": 1})
_FUNCTIONS: Mapping[str, Rule] = {
    **{f"torch.{name}": _PRODUCT for name in ("matmul", "Tensor.matmul", "Tensor.__matmul__", "bmm", "Tensor.bmm")},
    "torch.einsum": Rule(source=f"{_PROFILE}:_count_einsum", weights={"mac.by-labels": 1}),
    "torch.nn.functional.linear": _PRODUCT,
    "torch.nn.functional.scaled_dot_product_attention": Rule(source=f"{_PROFILE}:_count_sdpa", weights={"mac": 1}),
    "torch.nn.functional.multi_head_attention_forward": Rule(
        source=f"{_PROFILE}:_count_multi_head_attention", weights=_ATTENTION
    ),
}

RULES = Rules(
    modules=_MODULES,
    functions=_FUNCTIONS,
    subclasses=True,
    open=frozenset(f"torch.nn.{name}" for name in _CONTAINERS.split()),
    outside=True,
)


@contextmanager
def _watched(library: Any, model: Any, recorder: Recorder, rows: list[Row], hooked: dict[int, Any]) -> Iterator[None]:
    """Read the counts where the library makes them: those of functions in its mode, those of modules at its end.

    Before September 2026 it has no mode.
    """
    import torch

    names = {attrgetter(name.removeprefix("torch."))(torch): name for name in _FUNCTIONS}
    mode, calculate = getattr(library, "_FunctionCounter", None), library.calculate_parameters
    counted: Any = None if mode is None else mode.__torch_function__

    def function(mode: Any, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func not in library.functional_hooks:
            return counted(mode, func, types, args, kwargs)
        before = mode.state["ops"]
        with recorder.inside(names.get(func) or torch.overrides.resolve_name(func), args, kwargs or {}) as output:
            output.append(counted(mode, func, types, args, kwargs))
            if not mode.state["depth"] and recorder.function is not None:
                told = whole(mode.state["ops"] - before, later("a function"))
                rows.append(Row(target=AtFunction(index=recorder.function), told=told))
        return output[0]

    def parameters(given: Any) -> Any:
        hooked.update({id(module): vars(module).get("total_ops", 0) for module in model.modules()})
        return calculate(given)

    with (
        nullcontext() if mode is None else mock.patch.object(mode, "__torch_function__", function),
        mock.patch.object(library, "calculate_parameters", parameters),
    ):
        yield


PARAMETERS = Census(source="thop/profile.py:profile", once="total")


def run(subject: Subject) -> Told:
    """Run `thop.profile`; a module for whose type it finds no rule was never seen by it."""
    import thop
    from thop import profile as call

    if subject.kwargs:
        raise CannotAskError(later("thop.profile takes positional inputs only"))
    library, folder = sys.modules[call.__module__], Path(thop.__file__).parent
    rows: list[Row] = []
    hooked: dict[int, Any] = {}
    # A lazy module becomes another type in its first call; thop looks at the type before.
    found = {path: library._resolve_rule(type(m), {}, {type(m)}, False, False) for path, m in _modules(subject.model)}
    # Only the hooks execute ops of their own; the mode stands between the model and its ops.
    with subject.recording(own_code=[str(folder / "rnn_hooks.py"), str(folder / "vision")]) as recorder:
        with _watched(library, subject.model, recorder, rows, hooked):
            total, params = call(subject.model, subject.args, verbose=False)
    for path, module in _modules(subject.model):
        container = bool(module._modules) and found[path] is library.zero_ops
        seen = found[path] is not None and not container and path in subject.ledger.called
        if seen or not module._modules:
            told = whole(hooked[id(module)], path) if seen else None
            rows.append(Row(target=Place(path=path), told=told))
    held = asked_alone(subject.model, lambda module: whole(library.calculate_parameters(module.parameters()), "it"))
    total_params = whole(params, later("the parameters"))
    return Told(
        rows=rows,
        total=whole(total, later("the total")),
        params=total_params,
        measures={"params": Measured(rows=held, total=total_params)},
    )


def _modules(model: Any) -> Iterator[tuple[str, Any]]:
    return iter(model.named_modules())


NOW = Counter(
    id="ultralytics-thop",
    unit="MAC",
    framework="torch",
    distribution="ultralytics-thop",
    imports="thop",
    sees=later("module calls, by class and subclass, and products made by functions"),
    rules=RULES,
    run=run,
    measures={"params": PARAMETERS},
    overlay=("ultralytics-thop==2.2.3",),
    read="==2.2.3",
)

COUNTERS = (replace(NOW, releases=past.releases(NOW)),)
