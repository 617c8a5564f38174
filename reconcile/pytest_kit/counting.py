"""One model counted by one counter, as the checks of the kit need it; what cannot be counted is a failed check."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ParamSpec, TypedDict

from reconcile import reference
from reconcile.ask import parse_counter
from reconcile.audit import Audit, audit
from reconcile.conformance.checkout import checkout_at
from reconcile.errors import UsageError
from reconcile.explain import Explanation
from reconcile.registry import entry
from reconcile.schema import Context, Count, Run

P = ParamSpec("P")


class Options(TypedDict, total=False):
    """What every check takes besides the model: as `reconcile.audit` takes it."""

    arguments: Mapping[str, Any]
    paddle: str
    adapters: Sequence[str]
    context: Context
    timeout: float
    checkout: str | Path


def told_at_the_call(check: Callable[P, None]) -> Callable[P, None]:
    """Let a failing check be reported at the line of the test that called it, and not inside this package."""

    @functools.wraps(check)
    def checked(*args: P.args, **kwargs: P.kwargs) -> None:
        __tracebackhide__ = True
        failure: Exception
        try:
            return check(*args, **kwargs)
        except AssertionError as error:
            failure = AssertionError(*error.args)
        except UsageError as error:
            failure = UsageError(*error.args)
        raise failure from None

    return checked


@dataclass(frozen=True, kw_only=True, eq=False)
class Counted:
    """What one counter told of one model, with the definition's own count of it."""

    audit: Audit
    count: Count

    @property
    def subject(self) -> str:
        """The model and its inputs, in words."""
        model: Mapping[str, Any] = self.audit.run.model
        return f"{model['object']} on {' and '.join(model['inputs']) or 'no input'}"

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs as they are written on the command line."""
        return tuple(map(str, self.audit.question.inputs))

    @property
    def total(self) -> int:
        """What the counter told of operations, in its own unit."""
        return self.count.total or 0

    @property
    def operations(self) -> Mapping[str, int | None]:
        """Operations by row."""
        return {layer.layer: layer.told for layer in self.count.layers}

    @property
    def parameters(self) -> Mapping[str, int]:
        """Parameters by row; none where the counter tells nothing of them."""
        measure = self.count.measure("params")
        return {} if measure is None else {layer.layer: layer.told or 0 for layer in measure.layers}

    @property
    def run(self) -> Run:
        """The run of this counter alone, to be saved."""
        return replace(self.audit.run, counts=(self.count,))

    def explained(self, by: str) -> Explanation:
        """What the counter told, less what another end tells."""
        return self.audit.explanation(self.count.counter, by)


def count(model: object, inputs: Any, counter: str, options: Options, project: Path | None = None) -> Counted:
    """Count a model; with a project that holds the counter's own package, by the package that stands there."""
    options = options.copy()
    imports = entry(parse_counter(counter).name, options.get("adapters", ())).counter.imports
    if project is not None and imports is not None and "checkout" not in options:
        found = checkout_at(project, imports)
        options |= {"checkout": found} if found is not None else {}
    # A test must not pass by an answer of yesterday, so nothing is taken from the cache.
    answered = audit(model, inputs, [counter], cache=False, **options)
    told = answered.run.count(counter)
    if told is None or told.status == "failed":
        raise AssertionError(f"{counter} gave no number: {None if told is None else told.reason}")
    basis = answered.run.reference
    if counter == reference.NAME and basis is not None and basis.partial:
        raise AssertionError(f"the definition's count is a lower bound: no price is known for {basis.unpriced}")
    return Counted(audit=answered, count=told)
