"""The layer tree of a Paddle model as the ledger keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import paddle

from reconcile.ledger import Module, Parameter
from reconcile.worker.attributes import plain_attributes

STATISTICS = frozenset({"_mean", "_variance"})
"""Running statistics of a normalisation: Paddle keeps them among the parameters, the ledger among the buffers."""

_INTERNAL = frozenset(vars(paddle.nn.Layer()))


def type_name(kind: type[Any]) -> str:
    """The qualified name of a class, without the submodule of paddle.nn that defines it."""
    package = kind.__module__
    if package.startswith("paddle.nn.layer."):
        package = "paddle.nn"
    return f"{package}.{kind.__qualname__}"


def walk(model: paddle.nn.Layer, path: str = "") -> Iterator[tuple[str, paddle.nn.Layer]]:
    """Every place of the layer tree, in the order of ownership; shared layers stand at every place they have."""
    yield path, model
    for name, child in model.named_children():
        yield from walk(child, f"{path}.{name}" if path else name)


def paths(model: paddle.nn.Layer) -> dict[int, str]:
    """The first path of every layer, by its identity."""
    found: dict[int, str] = {}
    for path, layer in walk(model):
        found.setdefault(id(layer), path)
    return found


def dtype_name(tensor: paddle.Tensor) -> str:
    """The dtype of a tensor without its package."""
    return str(tensor.dtype).removeprefix("paddle.")


def to_paddle(value: Any) -> Any:
    """A tensor of either framework as a Paddle tensor, floats as float32; anything else as it is."""
    if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
        values = value.detach()
        return paddle.to_tensor((values.float() if values.is_floating_point() else values).numpy().copy())
    if isinstance(value, paddle.Tensor) and value.is_floating_point():
        return value.astype("float32")
    return value


def cast(model: paddle.nn.Layer, dtype: str) -> None:
    """Give the floats of a model another precision; `paddle.nn.Layer.to` would cast every buffer.

    Indices stay whole numbers, and a buffer that nothing was ever written into, as a recurrent layer keeps one for its
    dropout, has no memory that could be cast.
    """
    kept = [
        (layer._buffers, name, buffer)
        for layer in model.sublayers(include_self=True)
        for name, buffer in layer._buffers.items()
        if buffer is not None and not (buffer._is_initialized() and buffer.is_floating_point())
    ]
    for buffers, name, _ in kept:
        buffers[name] = None
    try:
        model.to(dtype=dtype)
    finally:
        for buffers, name, buffer in kept:
            buffers[name] = buffer


def rebuilt(values: Any, kind: str, stop_gradient: bool) -> Any:
    """A tensor, or a parameter, made anew from its values."""
    made = paddle.to_tensor(values)
    if kind == "EagerParamBase":
        made = paddle.base.framework.EagerParamBase.from_tensor(made)
    made.stop_gradient = stop_gradient
    return made


def _own(items: Iterable[tuple[str, Any]], keys: dict[int, int]) -> Iterator[Parameter]:
    for name, tensor in items:
        if tensor is not None:
            yield Parameter(
                name=name,
                shape=tuple(int(size) for size in tensor.shape),
                dtype=dtype_name(tensor),
                key=keys.setdefault(id(tensor), len(keys)),
                trainable=not tensor.stop_gradient,
            )


def own_tensors(layer: paddle.nn.Layer) -> tuple[dict[str, paddle.Tensor], dict[str, paddle.Tensor]]:
    """The parameters and the buffers that a layer owns itself, running statistics among the buffers."""
    held = {name: tensor for name, tensor in layer._parameters.items() if tensor is not None}
    statistics = {name: tensor for name, tensor in held.items() if name in STATISTICS}
    parameters = {name: tensor for name, tensor in held.items() if name not in STATISTICS}
    return parameters, statistics | {name: tensor for name, tensor in layer._buffers.items() if tensor is not None}


def tree(model: paddle.nn.Layer) -> tuple[Module, ...]:
    """Every place of the layer tree as the ledger keeps it."""
    first = paths(model)
    keys: dict[int, int] = {}
    places = []
    for path, layer in walk(model):
        alias = first[id(layer)]
        children = next(iter(layer.children()), None) is not None
        parameters, buffers = own_tensors(layer)
        places.append(
            Module(
                path=path,
                type=type_name(type(layer)),
                bases=tuple(type_name(base) for base in type(layer).__mro__[1:-1] if base is not paddle.nn.Layer),
                children=children,
                leaf=not children,
                training=layer.training,
                alias=None if alias == path else alias,
                attributes={} if children else plain_attributes(vars(layer), _INTERNAL),
                parameters=tuple(_own(parameters.items(), keys)),
                buffers=tuple(_own(buffers.items(), keys)),
            )
        )
    return tuple(places)
