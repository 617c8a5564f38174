"""The PyTorch side of a worker: the model, its inputs and its context."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

import torch
from torch.nn.parameter import is_lazy

from reconcile.inputs import Input
from reconcile.language import commas, later
from reconcile.schema import Context
from reconcile.worker.by_shape import ByShape, Hollow
from reconcile.worker.torch_recorder import TorchRecorder


def tensor(item: Input) -> torch.Tensor:
    """One input tensor: uniform random numbers for floats, ones for integers and booleans."""
    dtype = getattr(torch, item.dtype)
    if dtype.is_floating_point or dtype.is_complex:
        return torch.rand(item.shape).to(dtype)
    return torch.ones(item.shape, dtype=dtype)


def _attributes(module: torch.nn.Module) -> dict[str, Any]:
    """The attributes of a module, and copies of the tables that say which tensors are its parameters and buffers."""
    tables = {name: dict(getattr(module, name)) for name in ("_parameters", "_buffers")}
    return vars(module) | tables


def _tensors(model: torch.nn.Module) -> Iterator[torch.Tensor]:
    """The parameters and buffers of a model; a lazy one that has no shape yet has no value either."""
    for tensor in (*model.parameters(), *model.buffers()):
        if not is_lazy(tensor):
            yield tensor


def _compiled(model: torch.nn.Module) -> tuple[str, ...]:
    """What is to be said of a model in which `torch.compile` was at work: PyTorch compiles nothing below a mode."""
    names = [
        path or later("the model itself")
        for path, module in model.named_modules()
        if type(module).__module__ == "torch._dynamo.eval_frame" or module._compiled_call_impl is not None
    ]
    if not names:
        return ()
    said = later(
        "torch.compile is kept out while a model is watched: {names} ran as written, and of the compiled one a counter "
        "may tell something else, or fail",
        names=commas(names[:3]),
    )
    return (said,)


class TorchBuilt:
    """A PyTorch model with its inputs."""

    def __init__(
        self,
        model: torch.nn.Module,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        context: Context,
        hollow: Hollow | None = None,
    ) -> None:
        self.model = model.train(context.training)
        self.args = args
        self.kwargs = kwargs
        self.context = context
        self._hollow = Hollow() if hollow is None else hollow
        self.notes: Sequence[str] = _compiled(model)
        self.certificate: Mapping[str, Any] | None = None
        self.names: Mapping[str, str] = {}

    def recorder(self, *, composites: bool = False, own_code: Sequence[str] = ()) -> TorchRecorder:
        """A recorder for the model."""
        return TorchRecorder(self.model, composites=composites, own_code=own_code)

    def grad_context(self) -> AbstractContextManager[Any]:
        """The grad mode that was asked for; by default PyTorch's own, in which gradients are recorded."""
        modes = {"grad": torch.enable_grad, "no_grad": torch.no_grad, "inference": torch.inference_mode}
        return modes[self.context.grad]() if self.context.grad else contextlib.nullcontext()

    @contextlib.contextmanager
    def composite_context(self) -> Iterator[None]:
        """Inference mode, in which composite ops reach a dispatch mode whole, with the grad mode as it was.

        An autograd function may not keep the tensors of inference mode; nothing is differentiated here, so it need not.
        """
        grad, saving = torch.is_grad_enabled(), torch.autograd.function.FunctionCtx
        keep_nothing = mock.patch.object(saving, "save_for_backward")
        with torch.inference_mode(), torch.set_grad_enabled(grad), keep_nothing:
            yield

    @contextlib.contextmanager
    def unchanged(self) -> Iterator[None]:
        """Put attributes, parameters, buffers and the random states back as they were.

        Attributes count too: a tensor that a module caches in inference mode would break the next run with gradients.
        For the same reason the parameters of lazy modules are made before, in an ordinary call.
        """
        values = [(tensor, tensor.detach().clone()) for tensor in _tensors(self.model) if self.valued(tensor)]
        states = random.getstate(), torch.get_rng_state()
        if any(is_lazy(tensor) for tensor in (*self.model.parameters(), *self.model.buffers())):
            self.model(*self.args, **self.kwargs)
        attributes = [(module, _attributes(module)) for module in self.model.modules()]
        try:
            yield
        finally:
            for module, before in attributes:
                vars(module).clear()
                vars(module).update(before)
            with torch.no_grad():
                for tensor, value in values:
                    self._hollow.discard(tensor)
                    if not torch.equal(tensor, value):
                        tensor.copy_(value)
            random.setstate(states[0])
            torch.set_rng_state(states[1])

    def valued(self, tensor: Any) -> bool:
        """Whether a tensor has values; one of a model that is executed by shape may have none."""
        return not isinstance(tensor, torch.Tensor) or tensor not in self._hollow

    def parameter_count(self) -> int:
        """The number of elements of the model's parameters, each tensor once."""
        return sum(parameter.numel() for parameter in self.model.parameters())


def build_torch(
    model: torch.nn.Module,
    live: tuple[Any, ...] | None,
    inputs: tuple[Input, ...],
    context: Context,
    shape: ByShape | None = None,
) -> TorchBuilt:
    """Put a PyTorch model and its inputs together: `live` ones as they are, the others made as `inputs` asks.

    Inputs have values, even where the model is executed by shape.
    """
    torch.manual_seed(0)
    if context.dtype != "float32":
        model = model.to(getattr(torch, context.dtype))
    args = live if live is not None else tuple(tensor(item) for item in inputs if item.name is None)
    kwargs = {item.name: tensor(item) for item in inputs if item.name is not None}
    if context.device == "meta":
        args = tuple(item.to("meta") if isinstance(item, torch.Tensor) else item for item in args)
        kwargs = {name: item.to("meta") for name, item in kwargs.items()}
    hollow = Hollow() if shape is None else shape.hollow
    for item in (*args, *kwargs.values()):
        if isinstance(item, torch.Tensor):
            hollow.discard(item)
    return TorchBuilt(model, args, kwargs, context, hollow)
