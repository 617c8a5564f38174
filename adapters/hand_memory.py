"""The memory of a model as it is worked out by hand: 4 bytes for each parameter and each element of a feature map.

Two ways of one often copied article: what one image takes, and what training with a batch takes, where parameters
count twice (with what Adam keeps of them) and feature maps twice (forward and backward).  A feature map is what a layer
gives out in four sizes, samples x channels x height x width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from reconcile.adapter import Counter, Measured, Place, Row, Subject, Told
from reconcile.language import later
from reconcile.resources.census import Census
from reconcile.resources.footprint import Footprint
from reconcile.rules import Rules

_ONE_IMAGE = "reconcile/adapters/hand_memory.py:_one_image"
_TRAINING = "reconcile/adapters/hand_memory.py:_training"
_FLOAT = 4

IMAGE = Footprint(
    source=_ONE_IMAGE,
    inputs=False,
    width=_FLOAT,
    per_sample=True,
    rank=4,
    census=Census(source=_ONE_IMAGE, once="rows"),
)
TRAINING = Footprint(
    source=_TRAINING,
    inputs=False,
    width=_FLOAT,
    doubled=True,
    rank=4,
    census=Census(source=_TRAINING, once="rows"),
    states=2,
)


def _one_image(sizes: tuple[int, ...]) -> int:
    """`Fw x Fh x C` in bytes."""
    _, channels, height, width = sizes
    return width * height * channels * _FLOAT


def _training(sizes: tuple[int, ...]) -> int:
    """The same for every sample of the batch, forward and backward."""
    return 2 * sizes[0] * _one_image(sizes)


def _maps(model: Any, given: Callable[[], Any]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The sizes of what every call of a layer gives out, where there are four."""
    found: list[tuple[str, tuple[int, ...]]] = []

    def note(path: str) -> Callable[[Any, Any, Any], None]:
        def hook(module: Any, inputs: Any, output: Any) -> None:
            several = output if isinstance(output, (tuple, list)) else (output,)
            found.extend((path, tuple(item.shape)) for item in several if len(getattr(item, "shape", ())) == 4)

        return hook

    leaves = [(path, module) for path, module in model.named_modules() if next(module.children(), None) is None]
    hooks = [module.register_forward_hook(note(path)) for path, module in leaves]
    try:
        given()
    finally:
        for hook in hooks:
            hook.remove()
    yield from found


def _run(size: Callable[[tuple[int, ...]], int], states: int) -> Callable[[Subject], Told]:
    def run(subject: Subject) -> Told:
        """Run the model once and work the bytes out from the sizes of its feature maps and parameters."""
        with subject.recording():
            maps = list(_maps(subject.model, lambda: subject.model(*subject.args, **subject.kwargs)))
        rows = [Row(target=Place(path=path), told=size(sizes)) for path, sizes in maps]
        seen: set[int] = set()
        for path, module in subject.model.named_modules():
            fresh = [item for item in module.parameters(recurse=False) if id(item) not in seen]
            seen.update(map(id, fresh))
            held = sum(item.numel() for item in fresh)
            rows.append(Row(target=Place(path=path), told=states * held * _FLOAT))
        return Told(
            rows=[],
            total=None,
            measures={"memory": Measured(rows=rows, total=sum(row.told or 0 for row in rows))},
        )

    return run


def _counter(name: str, sees: str, memory: Footprint, size: Callable[[tuple[int, ...]], int], states: int) -> Counter:
    return Counter(
        id=name,
        unit="MAC",
        framework="torch",
        distribution=None,
        imports="torch",
        sees=sees,
        rules=Rules(),
        run=_run(size, states),
        measures={"memory": memory},
    )


COUNTERS = (
    _counter(
        "hand:image", later("feature maps of one image and parameters, by hand; memory only"), IMAGE, _one_image, 1
    ),
    _counter(
        "hand:training", later("feature maps and parameters of training, by hand; memory only"), TRAINING, _training, 2
    ),
)
