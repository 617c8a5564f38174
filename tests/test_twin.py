"""The clean pass that stands in for a run that nothing may watch: it leaves no trace and takes the same path."""

from __future__ import annotations

import random

import torch
from torch import nn

from reconcile.ledger import Ledger
from reconcile.live import live_ops
from reconcile.schema import Context
from reconcile.worker.answer import WorkerSubject
from reconcile.worker.torch_side import TorchBuilt


class Forgetful(nn.Module):
    """Everything that a pass may change: statistics, a hidden buffer, a cached tensor, random numbers, its input."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.drop = nn.Dropout()
        self.register_buffer("seen", torch.zeros(2), persistent=False)
        self.cache: torch.Tensor | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.cache is None:
            self.cache = torch.ones(4)
        self.seen += 1
        random.random()
        result: torch.Tensor = self.drop(self.norm(x * self.cache))
        return result


class Unused(nn.Module):
    """Layers whose results go to the output, nowhere, and into a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.unused, self.kept = nn.Linear(4, 3), nn.Linear(4, 5), nn.Linear(4, 4)
        self.register_buffer("mean", torch.zeros(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.unused(x).relu_()
        self.mean.mul_(0.5).add_(self.kept(x).mean(0))
        result: torch.Tensor = self.used(x)
        return result


class PartlyFrozen(nn.Module):
    """An attention layer that is frozen after a layer that is not."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True).requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        result: torch.Tensor = self.attention(x, x, x)[0]
        return result


def _twin(model: nn.Module, x: torch.Tensor, *, training: bool = False) -> Ledger:
    subject = WorkerSubject(TorchBuilt(model, (x,), {}, Context(training=training)))
    subject.twin()
    return subject.ledger


def _modules(ledger: Ledger, operator: str, *, live: bool) -> set[str]:
    found = live_ops(ledger)
    return {
        ledger.module(op.call).path
        for index, op in enumerate(ledger.ops)
        if op.name == operator and (index in found) is live
    }


def test_a_twin_leaves_statistics_caches_and_random_numbers_as_they_were() -> None:
    model, x = Forgetful(), torch.rand(3, 4)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    states = random.getstate(), torch.get_rng_state()
    assert _twin(model, x, training=True).source == "twin"
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.cache is None
    assert torch.equal(model.seen, torch.zeros(2))
    assert random.getstate() == states[0]
    assert torch.equal(torch.get_rng_state(), states[1])
    model(x).sum().backward()


def test_a_lazy_layer_can_be_trained_after_a_twin() -> None:
    model = nn.Sequential(nn.LazyLinear(3), nn.ReLU())
    _twin(model, torch.rand(2, 4))
    model(torch.rand(2, 4)).sum().backward()


def test_a_twin_shows_a_composite_op_whole_and_with_its_parts() -> None:
    ledger = _twin(nn.Linear(4, 3), torch.rand(2, 4))
    names = [op.name for op in ledger.ops]
    assert names == ["aten.linear.default", "aten.t.default", "aten.addmm.default"]
    assert [(op.composite, op.parent) for op in ledger.ops] == [(True, None), (False, 0), (False, 0)]


def test_a_twin_takes_the_path_that_a_run_with_gradients_takes() -> None:
    model, x = PartlyFrozen().eval(), torch.rand(2, 5, 8)
    fused = "aten._native_multi_head_attention.default"
    assert fused not in {op.name for op in _twin(model, x).ops}
    with torch.no_grad():
        assert fused in {op.name for op in _twin(model, x).ops}


def test_only_ops_that_reach_the_output_or_a_buffer_are_live() -> None:
    ledger = _twin(Unused(), torch.rand(2, 4))
    assert _modules(ledger, "aten.linear.default", live=True) == {"used", "kept"}
    assert _modules(ledger, "aten.linear.default", live=False) == {"unused"}
    assert _modules(ledger, "aten.relu_.default", live=False) == {""}


class DeadView(nn.Module):
    """A view and a product that nothing depends on, before a layer that reads what was viewed."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x @ x.transpose(0, 1)
        return self.fc(x)


def test_a_view_that_nothing_reads_is_not_live_where_the_viewed_tensor_is() -> None:
    subject = WorkerSubject(TorchBuilt(DeadView(), (torch.rand(3, 4),), {}, Context()))
    subject.twin()
    live = {subject.ledger.ops[index].name for index in live_ops(subject.ledger)}
    assert "aten.linear.default" in live
    assert not {"aten.transpose.int", "aten.matmul.default"} & live
