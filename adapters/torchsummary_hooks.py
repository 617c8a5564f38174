"""torchsummary 1.5.1: forward hooks on every module but the model, `Sequential` and `ModuleList`; no operations.

It runs random images of its own in a batch of two, and prints what it tells; the numbers are read where it prints.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any
from unittest import mock

from reconcile.adapter import Counter, Measured, Named, Place, Recorder, Row, Subject, Told
from reconcile.errors import CannotAskError
from reconcile.language import later
from reconcile.resources.census import Census
from reconcile.resources.footprint import INPUTS, Footprint
from reconcile.rules import Rules

_SOURCE = "torchsummary/torchsummary.py:summary"

PARAMETERS = Census(
    source=_SOURCE,
    executed=True,
    root=False,
    names=frozenset({"weight", "bias"}),
    skipped=frozenset({"torch.nn.Sequential", "torch.nn.ModuleList"}),
    each_call=True,
)

MEMORY = Footprint(
    source=_SOURCE,
    width=4,
    per_sample=True,
    doubled=True,
    containers=True,
    root=False,
    skipped=PARAMETERS.skipped,
    joined=True,
    hooks_per_place=True,
    census=PARAMETERS,
)

MEGABYTE = 2**20


class _Kept(dict[str, Any]):
    """The dictionary that torchsummary fills in its hooks; it notes which module each entry is about."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder
        self.places: dict[str, str] = {}

    def __setitem__(self, key: str, value: Any) -> None:
        self.places[key] = self.recorder.path
        super().__setitem__(key, value)


@contextlib.contextmanager
def _read(recorder: Recorder) -> Iterator[tuple[list[Any], list[float]]]:
    """Keep the dictionary that torchsummary makes first, and the three sizes that it takes the absolute value of."""
    from torchsummary import torchsummary as library

    made: list[Any] = []
    sizes: list[float] = []

    def ordered() -> Any:
        made.append(_Kept(recorder) if not made else {})
        return made[-1]

    def absolute(value: float) -> float:
        sizes.append(abs(float(value)))
        return sizes[-1]

    with (
        mock.patch.object(library, "OrderedDict", ordered),
        mock.patch.object(library, "abs", absolute, create=True),
    ):
        yield made, sizes


def run(subject: Subject) -> Told:
    """Call `torchsummary.summary` with the sizes of the inputs; it makes its own images, two of them."""
    import torchsummary
    from torchsummary import torchsummary as library

    if subject.kwargs:
        raise CannotAskError(later("torchsummary.summary takes positional inputs only"))
    shapes = [tuple(given.shape[1:]) for given in subject.args]
    with (
        subject.recording(own_code=[str(library.__file__)]) as recorder,
        _read(recorder) as (made, sizes),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        torchsummary.summary(subject.model, shapes, device="cpu")
    (lines, *_), (inputs, outputs, parameters) = made, (round(size * MEGABYTE) for size in sizes)
    held, given = [], [Row(target=Named(row=INPUTS), told=inputs)]
    for key, line in lines.items():
        place, own = Place(path=lines.places[key]), int(line["nb_params"])
        held.append(Row(target=place, told=own))
        given.append(Row(target=place, told=_output(line["output_shape"]) + 4 * own))
    return Told(
        rows=[],
        total=None,
        params=parameters // 4,
        warnings=[later("it counts no operations, and runs two random images whatever the batch")],
        measures={
            "params": Measured(rows=held, total=parameters // 4),
            "memory": Measured(rows=given, total=inputs + outputs + parameters),
        },
    )


def _output(shape: Any) -> int:
    """The bytes of a line: its sizes multiplied, the batch standing as -1, in 4 bytes, twice."""
    product = 1
    for size in _flat(shape):
        product *= size
    return -2 * 4 * product


def _flat(shape: Any) -> Iterator[int]:
    for size in shape:
        if isinstance(size, int):
            yield size
        else:
            yield from _flat(size)


COUNTERS = (
    Counter(
        id="torchsummary",
        unit="MAC",
        framework="torch",
        distribution="torchsummary",
        imports="torchsummary",
        sees=later("module calls; parameters and memory only"),
        rules=Rules(),
        run=run,
        measures={"params": PARAMETERS, "memory": MEMORY},
    ),
)
