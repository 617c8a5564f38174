"""The Paddle side of a worker: the model, given or mirrored, its inputs and its context."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from math import prod
from typing import Any

import paddle

from reconcile.errors import CounterError, UsageError
from reconcile.inputs import Input
from reconcile.language import later
from reconcile.objects import ObjectSpec
from reconcile.schema import Context
from reconcile.worker.build import framework_of, make
from reconcile.worker.paddle_recorder import PaddleRecorder
from reconcile.worker.paddle_tree import cast, own_tensors, to_paddle


def tensor(item: Input) -> paddle.Tensor:
    """One input tensor: uniform random numbers for floats, ones for integers and booleans."""
    if "float" in item.dtype or "complex" in item.dtype:
        return paddle.rand(list(item.shape)).astype(item.dtype)
    return paddle.ones(list(item.shape), dtype=item.dtype)


class PaddleBuilt:
    """A Paddle model with its inputs."""

    def __init__(
        self, model: paddle.nn.Layer, args: tuple[Any, ...], kwargs: Mapping[str, Any], context: Context
    ) -> None:
        self.model = model
        if context.training:
            model.train()
        else:
            model.eval()
        self.args = args
        self.kwargs = kwargs
        self.context = context
        self.notes: Sequence[str] = ()
        self.certificate: Mapping[str, Any] | None = None
        self.names: Mapping[str, str] = {}

    def recorder(self, *, composites: bool = False, own_code: Sequence[str] = ()) -> PaddleRecorder:
        """A recorder for the model; Paddle's composite ops reach it as Python functions and need no asking for."""
        return PaddleRecorder(self.model, own_code=own_code)

    def grad_context(self) -> AbstractContextManager[Any]:
        """The grad mode that was asked for; by default Paddle's own, in which gradients are recorded."""
        if self.context.grad is None:
            return contextlib.nullcontext()
        return paddle.enable_grad() if self.context.grad == "grad" else paddle.no_grad()  # type: ignore[no-any-return]

    def composite_context(self) -> AbstractContextManager[Any]:
        """Nothing: Paddle has no ops that only some contexts take apart."""
        return contextlib.nullcontext()

    @contextlib.contextmanager
    def unchanged(self) -> Iterator[None]:
        """Put parameters, buffers and the random state back as they were."""
        before = {name: value.clone() for name, value in self.model.state_dict().items()}
        state = paddle.get_rng_state()
        try:
            yield
        finally:
            self.model.set_state_dict(before)
            paddle.set_rng_state(state)

    def valued(self, tensor: Any) -> bool:
        """Every tensor of Paddle has values."""
        return True

    def parameter_count(self) -> int:
        """The number of elements of the model's parameters, each tensor once; running statistics are none."""
        held: dict[int, paddle.Tensor] = {}
        for layer in self.model.sublayers(include_self=True):
            held |= {id(parameter): parameter for parameter in own_tensors(layer)[0].values()}
        return sum(prod(parameter.shape) for parameter in held.values())


def build_paddle(
    request: Mapping[str, Any],
    model: Any,
    live: tuple[Any, ...] | None,
    inputs: tuple[Input, ...],
    context: Context,
) -> PaddleBuilt:
    """Build a Paddle model and its inputs: the twin that was named, the model itself, or a mirror of it."""
    paddle.seed(0)
    args = (
        tuple(map(to_paddle, live)) if live is not None else tuple(tensor(item) for item in inputs if item.name is None)
    )
    kwargs = {item.name: tensor(item) for item in inputs if item.name is not None}
    twin, certificate, names = _twin(request, model, args, kwargs, context)
    if context.dtype != "float32":
        cast(twin, context.dtype)
    built = PaddleBuilt(twin, args, kwargs, context)
    built.certificate, built.names = certificate, names
    if certificate is not None and certificate["status"] != "certified":
        built.notes = (
            later("the Paddle twin is not certified to compute what the model computes: {why}", why=certificate["why"]),
        )
    return built


Twin = tuple[paddle.nn.Layer, Mapping[str, Any] | None, Mapping[str, str]]
"""The Paddle model to count, its certificate, and the path in the model asked about of each path that is another one.

There is no certificate where it is the model that was asked about.
"""


def _twin(
    request: Mapping[str, Any], model: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], context: Context
) -> Twin:
    if request["paddle"] is not None:
        return _named(ObjectSpec.from_json(request["paddle"]), model, args, kwargs)
    if framework_of(model) == "paddle":
        return model, None, {}
    if context.dtype != "float32":
        raise CounterError(
            later("paddle: a model is mirrored in float32 only, not in {dtype}; name the twin", dtype=context.dtype)
        )
    from reconcile.worker.certificate import certify
    from reconcile.worker.mirror import mirror

    twin = mirror(model, args, kwargs)
    return twin, certify(model, twin, args, kwargs), {}


def _named(spec: ObjectSpec, model: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Twin:
    """The twin that was named, certified if its tensors correspond to the model's by path or by alignment."""
    twin = make(spec)
    if framework_of(twin) != "paddle":
        raise UsageError(
            later(
                "the Paddle twin {spec!r} gives {kind}, which is no paddle.nn.Layer",
                spec=str(spec),
                kind=type(twin).__name__,
            )
        )
    if framework_of(model) == "paddle":
        return twin, {"status": "not certified", "why": later("the model itself is a Paddle layer")}, {}
    from reconcile.worker.certificate import MismatchError, certify

    try:
        return twin, certify(model, twin, args, kwargs), {}
    except MismatchError:
        return _aligned(twin, model, args, kwargs)


def _aligned(twin: paddle.nn.Layer, model: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Twin:
    """The twin under the paths of the model, certified unless something in one of them has no counterpart."""
    from reconcile.worker.certificate import MismatchError, certify
    from reconcile.worker.twin_layers import aligned_names

    names, why = aligned_names(model, twin, args, kwargs)
    if not why:
        try:
            return twin, certify(model, twin, args, kwargs, names), names
        except MismatchError as error:
            why = str(error)
    return twin, {"status": "not certified", "why": why}, names
