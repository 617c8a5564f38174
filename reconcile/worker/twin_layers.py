"""The layers of a PyTorch model and of a Paddle model as they are aligned, taken from one run of each."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import paddle
import torch

from reconcile.worker.alignment import Shape, Unit, align_units, named
from reconcile.worker.certificate import UNUSED, to_torch
from reconcile.worker.paddle_tree import own_tensors, to_paddle, walk

_SAME = {"simplernn": "rnn", "simplernncell": "rnncell", "swish": "silu"}
"""Kinds that have another name in Paddle."""

_ATTENTION = "multiheadattention"

Ran = dict[str, Shape | None]
"""The shape of what each module gave in its first call, in the order in which those calls began."""


def aligned_names(
    model: torch.nn.Module, twin: paddle.nn.Layer, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[dict[str, str], str]:
    """The path in the model of every path of the twin, and one sentence about what has no counterpart, or nothing.

    Both models run once; the PyTorch model itself is not touched.
    """
    model = copy.deepcopy(model).float().eval()
    twin.eval()
    ours = list(_torch_units(model, _ran_torch(model, args, kwargs)))
    theirs = list(_paddle_units(twin, _ran_paddle(twin, args, kwargs)))
    found = align_units(ours, theirs)
    taken = set(found.values())
    left = [unit for unit in ours if unit.shapes and unit.path not in taken]
    right = [unit for unit in theirs if unit.shapes and unit.path not in found]
    said = [_alone("PyTorch", left, "Paddle"), _alone("Paddle", right, "PyTorch")]
    names = named((path for path, _ in walk(twin)), (path for path, _ in model.named_modules()), found)
    return names, " and ".join(filter(None, said))


def _alone(here: str, units: list[Unit], there: str) -> str:
    if not units:
        return ""
    more = f" and {len(units) - 1} more" if len(units) > 1 else ""
    return f"the {here} model has {units[0]}{more} that nothing in the {there} model stands for"


def _kind(module: object) -> str:
    name = type(module).__name__.lower()
    return _SAME.get(name, name)


def _noted(ran: Ran, path: str) -> tuple[Callable[..., None], Callable[..., None]]:
    """Hooks that note when the first call of a module begins, and the shape of what it gives."""

    def begin(module: Any, given: Any) -> None:
        ran.setdefault(path, None)

    def end(module: Any, given: Any, output: Any) -> None:
        first = output[0] if isinstance(output, (tuple, list)) and output else output
        if ran[path] is None and hasattr(first, "shape"):
            ran[path] = tuple(int(size) for size in first.shape)

    return begin, end


def _ran_torch(model: torch.nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Ran:
    ran: Ran = {}
    handles = []
    for path, module in model.named_modules():
        begin, end = _noted(ran, path)
        handles += [module.register_forward_pre_hook(begin), module.register_forward_hook(end)]
    try:
        with torch.no_grad():
            model(*map(to_torch, args), **{name: to_torch(item) for name, item in kwargs.items()})
    finally:
        for handle in handles:
            handle.remove()
    return ran


def _ran_paddle(twin: paddle.nn.Layer, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Ran:
    ran: Ran = {}
    handles = []
    for path, layer in _places(twin):
        begin, end = _noted(ran, path)
        handles += [layer.register_forward_pre_hook(begin), layer.register_forward_post_hook(end)]
    try:
        with paddle.no_grad():
            twin(*map(to_paddle, args), **{name: to_paddle(item) for name, item in kwargs.items()})
    finally:
        for handle in handles:
            handle.remove()
    return ran


def _places(twin: paddle.nn.Layer) -> Iterator[tuple[str, paddle.nn.Layer]]:
    """Every layer at its first place."""
    seen: set[int] = set()
    for path, layer in walk(twin):
        if id(layer) not in seen:
            seen.add(id(layer))
            yield path, layer


def _in_order(places: Mapping[str, Any], ran: Ran) -> Iterator[tuple[str, Any]]:
    """What ran, in its order, and then what did not, in the order of ownership."""
    yield from ((path, places[path]) for path in ran)
    yield from ((path, module) for path, module in places.items() if path not in ran)


def _torch_units(model: torch.nn.Module, ran: Ran) -> Iterator[Unit]:
    places = dict(model.named_modules())
    inside = [path for path, module in places.items() if _kind(module) == _ATTENTION]
    for path, module in _in_order(places, ran):
        held = {**module._parameters, **module._buffers}
        shapes = [tuple(item.shape) for name, item in held.items() if item is not None and name not in UNUSED]
        leaf = next(module.children(), None) is None
        yield from _unit(path, module, shapes, leaf, inside, ran)


def _paddle_units(twin: paddle.nn.Layer, ran: Ran) -> Iterator[Unit]:
    places = dict(_places(twin))
    inside = [
        path for path, layer in places.items() if _kind(layer) == _ATTENTION or hasattr(layer, "state_components")
    ]
    for path, layer in _in_order(places, ran):
        held: dict[str, Any] = {}
        for part in own_tensors(layer):
            held |= part
        transposed = isinstance(layer, paddle.nn.Linear)
        shapes = [tuple(item.shape)[:: -1 if transposed else 1] for name, item in held.items() if name not in UNUSED]
        leaf = next(iter(layer.children()), None) is None
        yield from _unit(path, layer, shapes, leaf, inside, ran)


def _unit(path: str, module: Any, shapes: list[Shape], leaf: bool, inside: list[str], ran: Ran) -> Iterator[Unit]:
    """The unit of a layer, or of a container that owns tensors; what stands inside a whole layer is none of its own."""
    if any(path.startswith(f"{whole}." if whole else "") and path != whole for whole in inside):
        return
    if _kind(module) == _ATTENTION:
        shapes = [(module.embed_dim, module.kdim, module.vdim, module.num_heads)]
    if leaf or shapes:
        yield Unit(path=path, kind=_kind(module), shapes=tuple(sorted(shapes)), output=ran.get(path))
