"""The PyTorch side of a worker: the model, its inputs and its context."""

from __future__ import annotations

import contextlib
import copy
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch

from reconcile.errors import UsageError
from reconcile.inputs import Input
from reconcile.objects import ObjectSpec
from reconcile.schema import Context
from reconcile.worker.build import make
from reconcile.worker.torch_recorder import TorchRecorder


def tensor(item: Input) -> torch.Tensor:
    """One input tensor: uniform random numbers for floats, ones for integers and booleans."""
    dtype = getattr(torch, item.dtype)
    if dtype.is_floating_point or dtype.is_complex:
        return torch.rand(item.shape).to(dtype)
    return torch.ones(item.shape, dtype=dtype)


class TorchBuilt:
    """A PyTorch model with its inputs."""

    def __init__(
        self, model: torch.nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], context: Context
    ) -> None:
        self.model = model.train(context.training)
        self.args = args
        self.kwargs = kwargs
        self.context = context
        self.notes: Sequence[str] = ()
        self.certificate: Mapping[str, Any] | None = None

    def recorder(self, *, composites: bool = False, own_code: Sequence[str] = ()) -> TorchRecorder:
        """A recorder for the model."""
        return TorchRecorder(self.model, composites=composites, own_code=own_code)

    def grad_context(self) -> AbstractContextManager[Any]:
        """The grad mode that was asked for; by default PyTorch's own, in which gradients are recorded."""
        modes = {"grad": torch.enable_grad, "no_grad": torch.no_grad, "inference": torch.inference_mode}
        return modes[self.context.grad]() if self.context.grad else contextlib.nullcontext()

    @contextlib.contextmanager
    def composite_context(self) -> Iterator[None]:
        """Inference mode, in which composite ops reach a dispatch mode whole, with the grad mode as it was."""
        with torch.inference_mode(), torch.set_grad_enabled(torch.is_grad_enabled()):
            yield

    @contextlib.contextmanager
    def unchanged(self) -> Iterator[None]:
        """Put parameters, buffers and the random state back as they were."""
        before = copy.deepcopy(self.model.state_dict())
        state = torch.get_rng_state()
        try:
            yield
        finally:
            with torch.no_grad():
                for name, value in self.model.state_dict().items():
                    if isinstance(value, torch.Tensor) and not torch.equal(value, before[name]):
                        value.copy_(before[name])
            torch.set_rng_state(state)

    def parameter_count(self) -> int:
        """The number of elements of the model's parameters, each tensor once."""
        return sum(parameter.numel() for parameter in self.model.parameters())


def torch_model(request: Mapping[str, Any], payload: bytes) -> tuple[torch.nn.Module, tuple[Any, ...] | None]:
    """The model of a request, and the live inputs that came with it, if any did."""
    torch.manual_seed(0)
    if payload:
        model, args = pickle.loads(payload)
        return model, args
    return make(ObjectSpec.from_json(request["model"]), (torch.nn.Module,)), None


def build_torch(request: Mapping[str, Any], payload: bytes, inputs: tuple[Input, ...], context: Context) -> TorchBuilt:
    """Build a PyTorch model and its inputs."""
    if context.device != "cpu":
        raise UsageError(f"the device {context.device!r} is not supported; counts are taken on the CPU")
    model, live = torch_model(request, payload)
    if context.dtype != "float32":
        model = model.to(getattr(torch, context.dtype))
    args = live if live is not None else tuple(tensor(item) for item in inputs if item.name is None)
    kwargs = {item.name: tensor(item) for item in inputs if item.name is not None}
    return TorchBuilt(model, args, kwargs, context)
