"""The module tree of a PyTorch model as the ledger keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch.nn.parameter import UninitializedTensorMixin  # type: ignore[attr-defined]

from reconcile.ledger import Module, Parameter
from reconcile.pricing.calls import priced
from reconcile.worker.attributes import plain_attributes

_INTERNAL = frozenset(vars(torch.nn.Module()))


def type_name(kind: type[Any]) -> str:
    """The qualified name of a class, without the submodule of torch.nn that defines it."""
    package = kind.__module__
    if package.startswith("torch.nn.modules.") or package == "torch.nn.modules":
        package = "torch.nn"
    return f"{package}.{kind.__qualname__}"


def _kept(module: torch.nn.Module, name: str) -> int | None:
    """How many elements of a parameter `torch.nn.utils.prune` keeps; None if it never pruned it."""
    mask = getattr(module, f"{name.removesuffix('_orig')}_mask", None) if name.endswith("_orig") else None
    return int(mask.sum()) if isinstance(mask, torch.Tensor) else None


def _own(module: torch.nn.Module, items: Any, keys: dict[int, int]) -> Iterator[Parameter]:
    for name, tensor in items:
        if tensor is None:
            continue
        shape = () if isinstance(tensor, UninitializedTensorMixin) else tuple(tensor.shape)
        yield Parameter(
            name=name,
            shape=shape,
            dtype=str(tensor.dtype).removeprefix("torch."),
            key=keys.setdefault(id(tensor), len(keys)),
            trainable=tensor.requires_grad,
            kept=_kept(module, name),
        )


def _derived(module: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """What pruning, `weight_norm` or a parametrization shows as weight and bias; nothing is computed for it."""
    made: Any = dict(module.named_children()).get("parametrizations") or {}
    for name in ("weight", "bias"):
        shown = vars(module).get(name)
        if isinstance(shown, torch.Tensor):
            yield name, shown
        elif name in made:
            # Of several originals (size and direction of a weight norm) the largest has the shape of what is shown.
            yield name, max(made[name].parameters(), key=torch.numel)


def _is_layer(kind: type[Any]) -> bool:
    """Whether a class is a kind of layer that has a price, or a subclass of one."""
    return any(priced(type_name(base)) for base in kind.__mro__)


def _walk(
    model: torch.nn.Module, path: str = "", also: tuple[str, ...] = ()
) -> Iterator[tuple[str, torch.nn.Module, tuple[str, ...]]]:
    """Every place of a model with its module and the other names that the same parent has for it."""
    yield path, model, also
    for name, child in model.named_children():
        others = tuple(key for key, held in model._modules.items() if held is child and key != name)
        yield from _walk(child, f"{path}.{name}" if path else name, others)


def tree(model: torch.nn.Module) -> tuple[Module, ...]:
    """Every place of the module tree, in the order of ownership; shared modules stand at every place they have."""
    first: dict[int, str] = {}
    keys: dict[int, int] = {}
    places = []
    for path, module, also in _walk(model):
        alias = first.setdefault(id(module), path)
        children = next(module.children(), None) is not None
        kind = type_name(type(module))
        # A layer of PyTorch's own never calls its children: those of attention, and those that somebody added to it.
        leaf = not children or (kind.startswith("torch.nn.") and priced(kind))
        places.append(
            Module(
                path=path,
                type=kind,
                bases=tuple(type_name(base) for base in type(module).__mro__[1:-1] if base is not torch.nn.Module),
                children=children,
                leaf=leaf,
                training=module.training,
                alias=None if alias == path else alias,
                also=also,
                attributes=plain_attributes(vars(module), _INTERNAL) if leaf or _is_layer(type(module)) else {},
                parameters=tuple(_own(module, module._parameters.items(), keys)),
                buffers=tuple(_own(module, module._buffers.items(), keys)),
                derived=tuple(_own(module, _derived(module), keys)),
            )
        )
    return tuple(places)


def shaped(model: torch.nn.Module, places: tuple[Module, ...]) -> tuple[Module, ...]:
    """The places of a tree, with the shapes that lazy parameters took while the model ran."""
    now = {place.path: place.parameters for place in tree(model)}

    def known(place: Module) -> Module:
        sizes = {item.name: item.shape for item in now.get(place.path, ())}
        taken = (replace(item, shape=item.shape or sizes.get(item.name, ())) for item in place.parameters)
        return replace(place, parameters=tuple(taken))

    return tuple(known(place) for place in places)


def paths(model: torch.nn.Module) -> dict[int, str]:
    """The first path of every module, by its identity."""
    found: dict[int, str] = {}
    for path, module, _ in _walk(model):
        found.setdefault(id(module), path)
    return found
