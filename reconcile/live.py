"""The ops of a ledger whose results reach the model's output, for counters that prune the others from a trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconcile.ledger import Ledger, Tensor, tensors_in
from reconcile.pricing.operators import writes


def live_ops(ledger: Ledger) -> frozenset[int]:
    """Indices of the ops that the model's output, or a tensor that the model did not make, depends on; all traced ones.

    Data is followed from tensor to tensor by the op that wrote it last.  A number that was read from a tensor ends the
    trail, as it does in a trace.  So does a size here, though not in a trace: a tensor of which nothing but a size is
    used is live there, and a ledger cannot know it.  A view that lies in memory as what it views does is taken for it.
    """
    parts = _parts(ledger)
    waiting = [*_outputs(ledger), *_outward(ledger), *_traced(ledger)]
    live: set[int] = set()
    while waiting:
        index = waiting.pop()
        if index not in live:
            live.add(index)
            waiting += _writers(ledger.ops[index].tensors)
            waiting += parts.get(index, [])
    return frozenset(live)


def _parts(ledger: Ledger) -> Mapping[int, list[int]]:
    found: dict[int, list[int]] = {}
    for index, op in enumerate(ledger.ops):
        if op.parent is not None:
            found.setdefault(op.parent, []).append(index)
    return found


def _writers(tensors: tuple[Tensor, ...]) -> Iterator[int]:
    return (tensor.writer for tensor in tensors if tensor.writer is not None)


def _outputs(ledger: Ledger) -> Iterator[int]:
    """The last writers of what the calls of the model itself gave."""
    for call in ledger.calls:
        if call.parent is None:
            yield from _writers(tensors_in(call.output))


def _traced(ledger: Ledger) -> Iterator[int]:
    """Arithmetic on sizes, which was taken from a trace that had been pruned."""
    return (index for index, op in enumerate(ledger.ops) if op.traced)


def _outward(ledger: Ledger) -> Iterator[int]:
    """Ops that write into a tensor that no op made, such as a running statistic."""
    found: set[int] = set()
    for index, op in enumerate(ledger.ops):
        if writes(op.name) and op.tensors:
            written = op.tensors[0].writer
            if written is None or written in found:
                found.add(index)
                yield index
