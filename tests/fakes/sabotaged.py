"""thop with one of its rules patched to tell 7 more for each Linear, and thop's adapter with a rule taken out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reconcile.adapter import Subject, Told
from reconcile.registry import load

_THOP = load(Path(__file__).resolve().parents[2] / "adapters" / "thop_hooks.py").COUNTERS[0]


def seven_more(subject: Subject) -> Told:
    """Run thop with `count_linear` patched: the library tells more, our rules know nothing of it."""
    import thop.profile  # noqa: F401
    from torch import nn

    registry = __import__("sys").modules["thop.profile"].register_hooks
    original = registry[nn.Linear]

    def count_linear(module: nn.Linear, x: object, y: object) -> None:
        original(module, x, y)
        module.total_ops += 7

    registry[nn.Linear] = count_linear
    return _THOP.run(subject)


_WITHOUT = {kind: rule for kind, rule in _THOP.rules.modules.items() if kind != "torch.nn.Linear"}

COUNTERS = (
    replace(_THOP, id="thop:seven-more", run=seven_more),
    replace(_THOP, id="thop:no-linear-rule", rules=replace(_THOP.rules, modules=_WITHOUT)),
)
