"""The certificate of equivalence: a PyTorch model and a Paddle model compute the same function.

It is taken, not assumed: both get the same random weights, one input runs through both, and the outputs are compared.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy
import numpy.typing
import paddle
import torch

from reconcile.errors import CounterError
from reconcile.language import later
from reconcile.worker.paddle_tree import STATISTICS, cast, own_tensors, to_paddle, walk

Array = numpy.typing.NDArray[numpy.float64]

LIMIT = 1e-4
"""The largest difference of two outputs, relative to the largest output."""

FLAT = 1e-2
"""An output that varies by less than this part of its largest value is as good as constant."""

ATTEMPTS = 3
"""How many sets of random weights are tried until an output is neither constant nor beyond floating point."""

_NAMES: Mapping[str, tuple[str, ...]] = {
    "weight": ("weight", "scale", "_weight"),
    "running_mean": ("_mean",),
    "running_var": ("_variance",),
}
"""What Paddle's layers call a tensor of PyTorch's, where the name differs in some layer."""

_PACKED: Mapping[str, str] = {"in_proj_weight": "weight", "in_proj_bias": "bias"}
"""Parameters in which PyTorch's attention packs those of three linear layers, and the name of each there."""

_CONTRACTIONS = (torch.nn.Linear, torch.nn.modules.conv._ConvNd)

UNUSED = frozenset({"num_batches_tracked", "_dropout_state"})
"""Buffers that take part in no output."""


class MismatchError(CounterError):
    """Two models whose tensors or outputs do not correspond; the text says where."""


def certify(
    model: torch.nn.Module,
    twin: paddle.nn.Layer,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    names: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """Prove that a Paddle model computes what a PyTorch model computes, or raise.

    The twin gets new weights and is left in eval mode; the model is not touched.  Inputs may be of either framework.
    `names` gives the path in the model of each path of the twin that is another one.
    Raises `MismatchError` when their tensors do not correspond, and `CounterError` when they compute different things
    or when nothing can be proved.
    """
    model = copy.deepcopy(model).float().eval()
    twin.eval()
    reason = ""
    for seed in range(ATTEMPTS):
        randomise(model, seed)
        balance(model, args, kwargs)
        copy_weights(model, twin, names)
        expected, found = outputs(model, twin, args, kwargs)
        reason = unproven(expected)
        if not reason:
            return _compared(model, twin, args, kwargs, (expected, found))
    raise CounterError(later("paddle: the twin cannot be certified: {reason}", reason=reason))


def _compared(
    model: torch.nn.Module,
    twin: paddle.nn.Layer,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    both: tuple[list[Array], list[Array]],
) -> dict[str, Any]:
    """The certificate of two lists of outputs; where they differ, in double precision if both models can compute so.

    A deep network may magnify what single precision rounds off; in double precision that is gone and an error is not.
    """
    try:
        return compare(*both)
    except MismatchError:
        raise
    except CounterError:
        try:
            model.double()
            cast(twin, "float64")
            again = outputs(model, twin, args, kwargs, double=True)
        except Exception:
            again = both
        finally:
            cast(twin, "float32")
        return compare(*again) | {"dtype": "float64"}


def randomise(model: torch.nn.Module, seed: int) -> None:
    """Give a model random weights: no zero, no identity and no constant among them.

    Running variances and scales are drawn between 0.5 and 1.5, everything else around 0.
    """
    source = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in (*model.named_parameters(), *model.named_buffers()):
            bare, own = name.rpartition(".")[2], isinstance(tensor, torch.nn.Parameter)
            if bare == "running_var" or (bare == "weight" and own and tensor.dim() == 1):
                tensor.uniform_(0.5, 1.5, generator=source)
            elif bare == "running_mean" or (own and tensor.dim() < 2):
                tensor.normal_(0, 0.1, generator=source)
            elif own and tensor.is_floating_point():
                tensor.normal_(0, max(1, tensor[0].numel()) ** -0.5, generator=source)


def balance(model: torch.nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Scale the weights of every contraction so that its output has the standard deviation 1, in one pass.

    Otherwise signals grow or die with depth, and a saturated network tells nothing or magnifies rounding errors.
    """

    def scale(module: torch.nn.Module, given: Any, output: Any) -> Any:
        deviation = float(output.std()) if isinstance(output, torch.Tensor) and output.numel() > 1 else 0.0
        if not 0 < deviation < float("inf"):
            return output
        for parameter in module._parameters.values():
            if parameter is not None:
                parameter.div_(deviation)
        return output / deviation

    contractions = [module for module in model.modules() if isinstance(module, _CONTRACTIONS)]
    hooks = [module.register_forward_hook(scale) for module in contractions]
    try:
        with torch.no_grad():
            model(*map(to_torch, args), **{name: to_torch(item) for name, item in kwargs.items()})
    finally:
        for hook in hooks:
            hook.remove()


def pairs(
    model: torch.nn.Module, twin: paddle.nn.Layer, names: Mapping[str, str]
) -> Iterator[tuple[torch.Tensor, paddle.Tensor, bool]]:
    """Each tensor of a PyTorch model with its twin, and whether that is transposed, as in a linear layer."""
    places = {names.get(path, path): layer for path, layer in walk(twin)}
    matched: set[int] = set()
    for path, module in model.named_modules():
        held = {**module._parameters, **module._buffers}
        for name, tensor in held.items():
            if tensor is not None and name not in UNUSED:
                where = f"{path}.{name}" if path else name
                for part, other, transposed in _parts(tensor, places.get(path), name):
                    _same_shape(where, part, other, transposed)
                    matched.add(id(other))
                    yield part, other, transposed
    for path, layer in places.items():
        parameters, buffers = own_tensors(layer)
        # A recurrent cell without bias holds one of zeros that is never trained.
        trained = {name: tensor for name, tensor in parameters.items() if not tensor.stop_gradient}
        for name, other in (*trained.items(), *buffers.items()):
            if id(other) not in matched and name not in STATISTICS and name not in UNUSED:
                raise MismatchError(
                    later("the Paddle model has {path}.{name}, which the PyTorch model has not", path=path, name=name)
                )


def _parts(tensor: torch.Tensor, layer: paddle.nn.Layer | None, name: str) -> Iterator[tuple[torch.Tensor, Any, bool]]:
    """A tensor, or the parts of one that Paddle's attention keeps in layers of their own, each with its twin."""
    if isinstance(layer, paddle.nn.MultiHeadAttention) and name in _PACKED:
        for part, below in zip(tensor.chunk(3), (layer.q_proj, layer.k_proj, layer.v_proj), strict=True):
            yield part, *twin_tensor(below, _PACKED[name])
    elif isinstance(layer, paddle.nn.MultiHeadAttention) and name.endswith("_proj_weight"):
        yield tensor, *twin_tensor(getattr(layer, name.removesuffix("_weight")), "weight")
    else:
        yield tensor, *twin_tensor(layer, name)


def twin_tensor(layer: paddle.nn.Layer | None, name: str) -> tuple[Any, bool]:
    """The tensor of a Paddle layer that PyTorch calls `name`, or None, and whether it is transposed."""
    if layer is None:
        return None, False
    parameters, buffers = own_tensors(layer)
    held = parameters | buffers
    found = next((held[known] for known in (*_NAMES.get(name, ()), name) if known in held), None)
    return found, isinstance(layer, paddle.nn.Linear) and name == "weight"


def _same_shape(where: str, tensor: torch.Tensor, other: Any, transposed: bool) -> None:
    if other is None:
        raise MismatchError(later("the PyTorch model has {where}, which the Paddle model has not", where=where))
    wanted = tuple(tensor.shape)[::-1] if transposed else tuple(tensor.shape)
    if wanted != tuple(other.shape):
        raise MismatchError(
            later(
                "{where} is {torch} in PyTorch and {paddle} in Paddle",
                where=where,
                torch=tuple(tensor.shape),
                paddle=tuple(other.shape),
            )
        )


def copy_weights(
    model: torch.nn.Module, twin: paddle.nn.Layer, names: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Copy every parameter and buffer; raises `MismatchError` before anything is copied if they do not correspond."""
    for tensor, other, transposed in list(pairs(model, twin, names)):
        values = tensor.detach().numpy()
        other.set_value(numpy.ascontiguousarray(values.T) if transposed else values)


def outputs(
    model: torch.nn.Module,
    twin: paddle.nn.Layer,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    *,
    double: bool = False,
) -> tuple[list[Array], list[Array]]:
    """What both models give for one input, as arrays in order; floats are given in single or in double precision."""

    def here(value: Any) -> Any:
        given = to_torch(value)
        return given.double() if double and isinstance(given, torch.Tensor) and given.is_floating_point() else given

    def there(value: Any) -> Any:
        given = to_paddle(value)
        wide = double and isinstance(given, paddle.Tensor) and given.is_floating_point()
        return given.astype("float64") if wide else given

    with torch.no_grad():
        expected = model(*map(here, args), **{name: here(item) for name, item in kwargs.items()})
    with paddle.no_grad():
        found = twin(*map(there, args), **{name: there(item) for name, item in kwargs.items()})
    return list(_arrays(expected)), list(_arrays(found))


def to_torch(value: Any) -> Any:
    """A tensor of either framework as a PyTorch tensor of its own, floats as float32; anything else as it is."""
    if isinstance(value, paddle.Tensor):
        value = torch.from_numpy(value.numpy())
    if not isinstance(value, torch.Tensor):
        return value
    return value.detach().float().clone() if value.is_floating_point() else value.detach().clone()


def _arrays(value: Any) -> Iterator[Array]:
    if isinstance(value, torch.Tensor):
        yield value.detach().numpy().astype(numpy.float64)
    elif isinstance(value, paddle.Tensor):
        yield value.numpy().astype(numpy.float64)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _arrays(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _arrays(part)


def unproven(expected: list[Array]) -> str:
    """Why these outputs prove nothing, or an empty text."""
    values = numpy.concatenate([part.ravel() for part in expected]) if expected else numpy.zeros(0)
    if not values.size:
        return later("the model gives no tensor")
    if not numpy.isfinite(values).all():
        return later("the output is beyond floating point with random weights")
    if numpy.ptp(values) <= FLAT * numpy.abs(values).max():
        return later("the output is constant, which proves nothing")
    return ""


def compare(expected: list[Array], found: list[Array]) -> dict[str, Any]:
    """The certificate of two lists of outputs; raises `CounterError` when they differ."""
    if reason := unproven(expected):
        raise CounterError(later("paddle: the twin cannot be certified: {reason}", reason=reason))
    shapes = [part.shape for part in expected], [part.shape for part in found]
    if shapes[0] != shapes[1]:
        raise MismatchError(
            later(
                "paddle: the twin gives outputs of the shapes {paddle} instead of {torch}",
                paddle=shapes[1],
                torch=shapes[0],
            )
        )
    largest = max(float(numpy.abs(part).max()) for part in expected if part.size)
    apart = max(float(numpy.abs(a - b).max()) for a, b in zip(expected, found, strict=True) if a.size)
    if not apart <= LIMIT * largest:
        raise CounterError(
            later(
                "paddle: the twin computes something else: outputs differ by {apart:.3g} at a largest "
                "output of {largest:.3g}, {share:.1e} of it; the limit is {limit:g}",
                apart=apart,
                largest=largest,
                share=apart / largest,
                limit=LIMIT,
            )
        )
    return {
        "status": "certified",
        "max_abs": apart,
        "largest_output": largest,
        "relative": apart / largest,
        "dtype": "float32",
        "limit": LIMIT,
        "outputs": sum(part.size for part in expected),
    }
