"""What a piece of PyTorch code executes, priced op by op."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from reconcile.work import Work
from reconcile.worker.torch_recorder import TorchRecorder


class _Body(torch.nn.Module):
    def __init__(self, body: Callable[..., Any]) -> None:
        super().__init__()
        self.body = body

    def forward(self, *args: Any) -> Any:
        return self.body(*args)


def executed(body: Callable[..., Any], *args: Any, grad: bool = True) -> dict[str, int]:
    """The amount of every term that a function executes; an op without a price fails."""
    model = _Body(body)
    recorder = TorchRecorder(model)
    with torch.set_grad_enabled(grad), recorder:
        model(*args)
    work = Work(recorder.tape.ledger("run"))
    assert not work.unpriced
    assert work.ledger.executed, "nothing was executed"
    terms = {term for prices in work.prices if prices for term in prices}
    return {term: work.amount(term, work.ledger.executed).value for term in terms}
