"""calflops 0.3.2 and DeepSpeed's flops profiler 0.19.8, of one ancestry: functions patched by name.

Both count by spelling: what is called by another name, or was bound before the patch, is not seen.
A patch computes FLOPs and MACs from the arguments, before the call, and puts them on the list of the innermost module
with hooks; recurrent layers have hooks of their own instead.  Where the two depart from each other, the later one has
mended what the earlier one still does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from reconcile.adapter import Counter, Subject, Told, whole
from reconcile.errors import CounterError
from reconcile.frames import Notes, Reading, parameters, rows_of, watched
from reconcile.language import later
from reconcile.resources.census import Census
from reconcile.rules import Rule, Rules

_CALFLOPS_OVERLAY = (
    "calflops==0.3.2",
    # calflops imports transformers, accelerate and huggingface_hub and declares none of them.
    "transformers==5.23.0",
    "accelerate==1.15.0",
    "huggingface-hub==2.4.0",
    "tokenizers==0.23.3",
    "safetensors==0.8.0",
    "regex==2026.11.15",
    "pyyaml==6.0.3",
    "tqdm==4.70.1",
    "packaging==26.3",
    "httpx2==2.16.2",
    "httpcore2==2.16.2",
    "h11==0.16.0",
    "idna==3.20",
    "truststore==0.10.5",
)

_DEEPSPEED_OVERLAY = (
    "deepspeed==0.19.8",
    "einops==0.8.2",
    "hjson==3.1.0",
    "msgpack==1.2.4",
    "packaging==26.3",
    "psutil==7.2.2",
    "pydantic==2.14.3",
    "pydantic-core==2.50.4",
    "annotated-types==0.8.0",
    "typing-inspection==0.4.5",
    "tqdm==4.70.1",
)

_CALFLOPS, _DEEPSPEED = "calflops/pytorch_ops.py", "deepspeed/profiling/flops_profiler/profiler.py"

Weights = Mapping[str, int]
Entry = tuple[str, Weights, Weights]
Table = Mapping[str, Entry]
"""Functions by name, several apart by spaces: who computes them, the weights of the FLOPs and those of the MACs."""

_ZERO: Weights = {}
_PRODUCT = ("_matmul_flops_compute", {"mac.by-first-operand": 2}, {"mac.by-first-operand": 1})
_ADDED: tuple[Weights, Weights] = ({"mac": 2, "bias.by-operand-given": 1}, {"mac": 1})
_EINSUM = {"mac.by-printed-operations": 2, "mac.odd-operation": 1}
_NORM = {"norm": 4, "norm.affine": 1}


def _each(pattern: str) -> str:
    return " ".join(f"torch.nn.functional.{pattern.format(rank)}" for rank in (1, 2, 3))


def _functional(names: str) -> str:
    return " ".join(f"torch.nn.functional.{name}" for name in names.split())


_SHARED: dict[str, Entry] = {
    _functional("linear"): (
        "_linear_flops_compute",
        {"mac.by-first-operand": 2},
        {"mac.by-first-operand": 1},
    ),
    _each("conv{}d"): ("_conv_flops_compute", {"mac.by-arguments": 2, "bias.by-arguments": 1}, {"mac.by-arguments": 1}),
    **{
        _functional(name): (f"_{name}_flops_compute", {"activation": 1}, _ZERO)
        for name in ("relu", "prelu", "elu", "leaky_relu", "relu6", "silu", "gelu")
    },
    _functional("batch_norm"): ("_batch_norm_flops_compute", {"norm": 1, "norm.affine": 1, "norm.batch": 3}, _ZERO),
    **{
        _functional(f"{name}_norm"): (f"_{name}_norm_flops_compute", _NORM, _ZERO)
        for name in ("layer", "instance", "group")
    },
    **{
        _each(f"{kind}_pool{{}}d"): ("_pool_flops_compute", {"pool.input": 1}, _ZERO)
        for kind in ("avg", "max", "adaptive_avg", "adaptive_max")
    },
    _functional("softmax"): ("_softmax_flops_compute", {"softmax": 1}, _ZERO),
    _functional("embedding"): ("_embedding_flops_compute", _ZERO, _ZERO),
    "torch.matmul torch.Tensor.matmul": _PRODUCT,
    "torch.addmm": ("_addmm_flops_compute", *_ADDED),
    "torch.Tensor.addmm torch.baddbmm": ("_tensor_addmm_flops_compute", *_ADDED),
    "torch.einsum": ("_einsum_flops_compute", _EINSUM, _ZERO),
}

_EARLIER: dict[str, Entry] = {
    _each("conv_transpose{}d"): (
        "_conv_trans_flops_compute",
        {"mac.by-groups-twice": 2, "bias.by-forward-arguments": 1},
        {"mac.by-groups-twice": 1},
    ),
    _functional("upsample interpolate"): ("_upsample_flops_compute", {"resample.by-size-or-input": 1}, _ZERO),
    "torch.mul torch.Tensor.mul": ("_mul_flops_compute", {"elementwise.left-aligned": 1}, _ZERO),
    "torch.add torch.Tensor.add": ("_add_flops_compute", {"elementwise.left-aligned": 1}, _ZERO),
}

_LATER: dict[str, Entry] = {
    _each("conv_transpose{}d"): ("_conv_trans_flops_compute", {"mac": 2, "bias.by-arguments": 1}, {"mac": 1}),
    _functional("upsample interpolate"): ("_upsample_flops_compute", {"resample.by-size-or-scale": 1}, _ZERO),
    "torch.mul torch.Tensor.mul": ("_mul_flops_compute", {"elementwise": 1}, _ZERO),
    "torch.add torch.Tensor.add": ("_add_flops_compute", {"elementwise": 1}, _ZERO),
    "torch.Tensor.__matmul__ torch.mm torch.Tensor.mm torch.bmm torch.Tensor.bmm": _PRODUCT,
    "einops.einsum": ("_einops_einsum_flops_compute", _EINSUM, _ZERO),
    _functional("scaled_dot_product_attention"): ("_attn_flops_compute", {"mac.by-query": 2}, {"mac.by-query": 1}),
}


def _recurrent(file: str, *, macs: bool) -> dict[str, Rule]:
    """Both products of every gate without their first additions, biases, and operations on elements of the state."""
    found = {}
    for kind, state in (("RNN", 1), ("GRU", 7), ("LSTM", 10)):
        gates = {"mac.by-gates": 2, "bias.by-leading": 1, "recurrent.by-leading": -2}
        weights = _ZERO if macs else gates | {"recurrent.state.by-leading": state}
        for name, hook in ((kind, "_rnn_forward_hook"), (f"{kind}Cell", "_rnn_cell_forward_hook")):
            found[f"torch.nn.{name}"] = Rule(source=f"{file}:{hook}", weights=weights)
    return found


def _rules(file: str, table: Table, *, macs: bool, per_place: bool) -> Rules:
    functions = {
        name: Rule(source=f"{file}:{function}", weights=weights[macs])
        for names, (function, *weights) in table.items()
        for name in names.split()
    }
    return Rules(
        modules=_recurrent(file, macs=macs),
        functions=functions,
        rows_per_place=per_place,
        functions_per_place=per_place,
    )


def _calflops(subject: Subject, macs: bool, rules: Rules) -> Told:
    """Run `calflops.calculate_flops`, which switches the model to eval and needs a parameter to find its device."""
    from calflops import calculate_flops, calculate_pipline
    from calflops.pytorch_ops import MODULE_HOOK_MAPPING

    reading, attribute = Reading(), "__macs__" if macs else "__flops__"
    methods = (calculate_pipline.CalFlopsPipline, "start_flops_calculate", "end_flops_calculate")
    with subject.recording() as recorder:
        notes = Notes(recorder=recorder, macs=macs)
        read = partial(reading.read, hooked=MODULE_HOOK_MAPPING, attribute=attribute)
        with watched(calculate_pipline, methods, notes, tuple(rules.functions), read):
            try:
                totals = calculate_flops(
                    subject.model,
                    args=list(subject.args),
                    kwargs=dict(subject.kwargs),
                    print_results=False,
                    output_as_string=False,
                )
            except StopIteration as error:
                if next(subject.model.parameters(), None) is not None:
                    raise
                raise CounterError(
                    later("it asks the first parameter for its device, and the model has none")
                ) from error
    rows = [*rows_of(subject, notes, reading, rules)]
    held = parameters(subject, reading, totals[2])
    return Told(rows=rows, total=whole(totals[macs], later("the total")), params=totals[2], measures={"params": held})


def _deepspeed(subject: Subject, macs: bool, rules: Rules) -> Told:
    """Run DeepSpeed's `FlopsProfiler` around one call, in the mode that the model is in."""
    from deepspeed.profiling.flops_profiler import profiler as library

    reading, attribute = Reading(), "__macs__" if macs else "__flops__"
    methods = (library.FlopsProfiler, "start_profile", "end_profile")
    with subject.recording() as recorder:
        notes = Notes(recorder=recorder, macs=macs)
        read = partial(reading.read, hooked=library.MODULE_HOOK_MAPPING, attribute=attribute)
        with watched(library, methods, notes, tuple(rules.functions), read):
            profiler = library.FlopsProfiler(subject.model)
            profiler.start_profile()
            subject.model(*subject.args, **subject.kwargs)
            total = profiler.get_total_macs() if macs else profiler.get_total_flops()
            params = profiler.get_total_params()
            profiler.end_profile()
    rows = [*rows_of(subject, notes, reading, rules)]
    held = parameters(subject, reading, params)
    return Told(rows=rows, total=whole(total, later("the total")), params=params, measures={"params": held})


def _census(run: Callable[..., Told]) -> Census:
    """Each module keeps the number of its parameters, of which calflops takes those that need a gradient."""
    if run is _calflops:
        source = "calflops/calculate_pipline.py:CalFlopsPipline.start_flops_calculate"
        return Census(source=source, trainable=True, leaves=True, once="total")
    return Census(source=f"{_DEEPSPEED}:FlopsProfiler.start_profile", leaves=True, once="total")


def _counters(overlay: tuple[str, ...], file: str, table: Table, run: Callable[..., Told]) -> Iterator[Counter]:
    """A profiler's FLOPs and its MACs."""
    name, _, release = overlay[0].partition("==")
    for macs in (False, True):
        rules = _rules(file, table, macs=macs, per_place=run is _calflops)
        yield Counter(
            id=f"{name}:macs" if macs else name,
            unit="MAC" if macs else "FLOP",
            framework="torch",
            distribution=name,
            imports=name,
            sees=later("calls of named functions, and recurrent layers by exact type"),
            rules=rules,
            run=partial(run, macs=macs, rules=rules),
            measures={"params": _census(run)},
            overlay=overlay,
            read=f"=={release}",
        )


COUNTERS = (
    *_counters(_CALFLOPS_OVERLAY, _CALFLOPS, _SHARED | _EARLIER, _calflops),
    *_counters(_DEEPSPEED_OVERLAY, _DEEPSPEED, _SHARED | _LATER, _deepspeed),
)
