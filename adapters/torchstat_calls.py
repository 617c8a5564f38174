"""torchstat 0.0.7: `Class.__call__` of every leaf class is replaced, and the numbers are left in the modules' buffers.

It has two columns that it calls Flops (multiply-adds and biases, over the batch) and MAdd (multiplications and
additions, of one sample); each is a counter here.  A module that is called again overwrites its numbers.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, Literal
from unittest import mock

from reconcile.adapter import Counter, Measured, Place, Row, Subject, Told, whole
from reconcile.errors import CounterError
from reconcile.language import later
from reconcile.resources.census import Census
from reconcile.resources.footprint import Footprint
from reconcile.resources.measures import Convention
from reconcile.resources.traffic import Reading, Traffic
from reconcile.rules import Rule, Rules


def _rules(file: str, table: Mapping[str, tuple[str, Mapping[str, int]]]) -> Rules:
    """The rules of one column, from module names to a function of its file and the weights."""
    modules = {
        f"torch.nn.{name}": Rule(source=f"torchstat/{file}:{function}", weights=weights)
        for names, (function, weights) in table.items()
        for name in names.split()
    }
    return Rules(modules=modules, subclasses=True, childless=True, last_call=True)


FLOPS = _rules(
    "compute_flops.py",
    {
        "Conv2d": ("compute_Conv2d_flops", {"mac": 1, "bias": 1}),
        "BatchNorm2d": ("compute_BatchNorm2d_flops", {"norm": 1, "norm.affine": 1}),
        "AvgPool2d MaxPool2d": ("compute_Pool2d_flops", {"pool.input": 1}),
        "ReLU ReLU6 PReLU ELU LeakyReLU": ("compute_ReLU_flops", {"activation": 1}),
        "Upsample": ("compute_Upsample_flops", {"resample.no-channels": 1}),
        "Linear": ("compute_Linear_flops", {"mac": 1}),
    },
)

MADD = _rules(
    "compute_madd.py",
    {
        "Conv2d": ("compute_Conv2d_madd", {"mac.one-row": 2, "first-add.one-row": -1, "bias.one-row": 1}),
        "ConvTranspose2d": (
            "compute_ConvTranspose2d_madd",
            {"mac.one-row": 2, "first-add.by-input": -1, "bias.by-input": 1},
        ),
        # The function counts a scale and a shift for every element, whether the layer has them or not.
        "BatchNorm2d": ("compute_BatchNorm2d_madd", {"norm.one-row": 4}),
        "MaxPool2d": ("compute_MaxPool2d_madd", {"pool.window.one-row": 1, "pool.output.one-row": -1}),
        "AvgPool2d": ("compute_AvgPool2d_madd", {"pool.window.one-row": 1}),
        "ReLU ReLU6": ("compute_ReLU_madd", {"activation.one-row": 1}),
        "Softmax": ("compute_Softmax_madd", {"softmax.one-row": 3, "softmax.call": -1}),
        "Linear": ("compute_Linear_madd", {"mac.one-row": 2, "first-add.one-row": -1}),
        "Bilinear": ("compute_Bilinear_madd", {"mac.one-row": 2, "first-add.one-row": -1}),
    },
)


_CALL = "torchstat/model_hook.py:ModelHook._sub_module_call_hook"
_MEMORY = "torchstat/compute_memory.py"


def _traffic(of: Literal["memread", "memwrite"]) -> Traffic:
    read = {
        "ReLU ReLU6 ELU LeakyReLU": Reading(source=f"{_MEMORY}:compute_ReLU_memory"),
        "PReLU": Reading(source=f"{_MEMORY}:compute_PReLU_memory", parameters="trainable"),
        "Conv2d": Reading(source=f"{_MEMORY}:compute_Conv2d_memory", parameters="trainable"),
        "BatchNorm2d": Reading(source=f"{_MEMORY}:compute_BatchNorm2d_memory", parameters="two"),
        "Linear": Reading(source=f"{_MEMORY}:compute_Linear_memory", parameters="trainable"),
        "AvgPool2d MaxPool2d": Reading(source=f"{_MEMORY}:compute_Pool2d_memory"),
    }
    modules = {f"torch.nn.{name}": reading for names, reading in read.items() for name in names.split()}
    # Both numbers are multiplied by the bytes of an element as 32-bit integers.
    return Traffic(of=of, source=_CALL, modules=modules, last_call=True, wraps=True)


MEASURES: Mapping[str, Convention] = {
    "params": Census(source=_CALL, executed=True, childless=True),
    "memory": Footprint(source=_CALL, inputs=False, width=4, per_sample=True, childless=True, last_call=True),
    "memread": _traffic("memread"),
    "memwrite": _traffic("memwrite"),
}


@contextmanager
def _hooked(model: Any) -> Iterator[None]:
    """Let torchstat replace `Class.__call__` of the leaf classes, which it never puts back.

    `ModelHook.__init__` runs one random image of batch 1 at once, and `stat` needs a pandas of before 2.0; everything
    but that run is done here, so that the counter sees the real inputs.
    """
    from torchstat.model_hook import ModelHook

    hook = ModelHook.__new__(ModelHook)
    hook._model, hook._input_size, hook._origin_call = model, (), {}
    try:
        hook._hook_model()
        model.eval()
        yield
    except AssertionError as error:
        # Its assertions have no text; the line says which size it refuses.
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise CounterError(f"AssertionError in {place.name}: {place.line}") from error


@contextmanager
def _states(function: str) -> Iterator[dict[int, bool]]:
    """Whether torchstat has a formula for each module that it saw: it prints a line where it has none."""
    from torchstat import model_hook

    formula = getattr(model_hook, function)
    states: dict[int, bool] = {}

    def watched(module: Any, given: Any, output: Any) -> Any:
        with redirect_stdout(StringIO()) as printed:
            value = formula(module, given, output)
        states[id(module)] = "is not supported!" not in printed.getvalue()
        return value

    with mock.patch.object(model_hook, function, watched):
        yield states


_BUFFERS: Mapping[str, Callable[[Any], float]] = {
    "params": lambda module: float(module.parameter_quantity),
    # It is kept in units of 2**20 bytes.
    "memory": lambda module: float(module.inference_memory) * 2**20,
    "memread": lambda module: float(module.Memory[0]),
    "memwrite": lambda module: float(module.Memory[1]),
}
"""Where torchstat leaves what it tells of other metrics than operations."""


def _measured(leaves: list[tuple[str, Any]], read: Callable[[Any], float]) -> Measured:
    rows = [Row(target=Place(path=path), told=whole(read(module), path)) for path, module in leaves]
    return Measured(rows=rows, total=sum(row.told or 0 for row in rows))


def _run(column: str, function: str) -> Callable[[Subject], Told]:
    def run(subject: Subject) -> Told:
        """Run the model under torchstat's wrappers and read one column from the buffers of the leaf modules."""
        import torchstat

        # The wrappers detach the first input; that is their own work and not the model's.
        own_code = [str(Path(torchstat.__file__).parent)]
        with (
            subject.recording(own_code=own_code),
            _states(function) as states,
            redirect_stdout(StringIO()),
            _hooked(subject.model),
        ):
            subject.model(*subject.args, **subject.kwargs)
        leaves = [(path, module) for path, module in subject.model.named_modules() if not [*module.children()]]
        rows = [
            Row(target=Place(path=path), told=int(getattr(module, column)) if states.get(id(module)) else None)
            for path, module in leaves
        ]
        total = sum(int(getattr(module, column)) for _, module in leaves)
        measures = {name: _measured(leaves, read) for name, read in _BUFFERS.items()}
        return Told(rows=rows, total=total, params=measures["params"].total, measures=measures)

    return run


COUNTERS = (
    Counter(
        id="torchstat",
        unit="MAC",
        framework="torch",
        distribution="torchstat",
        imports="torchstat",
        brings=("pandas",),
        sees=later("calls of leaf modules, by class and subclass; the last call of each"),
        rules=FLOPS,
        run=_run("Flops", "compute_flops"),
        measures=MEASURES,
        read="==0.0.7",
    ),
    Counter(
        id="torchstat:madd",
        unit="FLOP",
        framework="torch",
        distribution="torchstat",
        imports="torchstat",
        brings=("pandas",),
        sees=later("calls of leaf modules, by class and subclass; the last call of each"),
        rules=MADD,
        run=_run("MAdd", "compute_madd"),
        measures=MEASURES,
        read="==0.0.7",
    ),
)
