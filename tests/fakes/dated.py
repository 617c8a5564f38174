"""A counter whose releases weigh linear layers differently: 1 for a multiply-add before 3.0, and 2 from then on."""

from __future__ import annotations

from typing import Any

from reconcile.adapter import Counter, Place, Release, Row, Subject, Told
from reconcile.rules import Rule, Rules


def _rules(weight: int) -> Rules:
    return Rules(modules={"torch.nn.Linear": Rule(source="tinycounter/__init__.py:TOLD", weights={"mac": weight})})


def run(subject: Subject) -> Told:
    """Count linear layers by the library's weight."""
    import tinycounter
    import torch

    rows: list[Row] = []

    def counted(path: str) -> Any:
        def hook(module: Any, given: Any, output: Any) -> None:
            told = tinycounter.TOLD * module.in_features * output.numel()
            rows.append(Row(target=Place(path=path), told=told))

        return hook

    linears = [(path, module) for path, module in subject.model.named_modules() if isinstance(module, torch.nn.Linear)]
    handles = [module.register_forward_hook(counted(path)) for path, module in linears]
    with subject.recording():
        subject.model(*subject.args)
    for handle in handles:
        handle.remove()
    return Told(rows=rows, total=sum(row.told or 0 for row in rows))


COUNTERS = (
    Counter(
        id="dated",
        unit="MAC",
        framework="torch",
        distribution="tinycounter",
        imports="tinycounter",
        sees="linear layers",
        rules=_rules(2),
        run=run,
        releases=(Release(specifier="<3", rules=_rules(1)),),
        read=">=3",
    ),
)
