"""A budget: what a model may cost, layer by layer, as a file that is committed beside the tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import jsonschema
import yaml

from reconcile import reference
from reconcile.errors import UsageError
from reconcile.pytest_kit.counting import Counted, Options, count, told_at_the_call
from reconcile.pytest_kit.drawing import drawn
from reconcile.render.files import make_folder, write_text
from reconcile.render.tables import Table
from reconcile.render.text import number, signed
from reconcile.schemas import schema

METRICS = ("operations", "params")

Costs = Mapping[str, Mapping[str, int]]
"""Operations and parameters of each layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one model cost, by one counter, when the budget was written."""

    model: str
    inputs: tuple[str, ...]
    counter: str
    unit: str
    layers: Costs

    @classmethod
    def of(cls, counted: Counted) -> Budget:
        """The budget that a model meets exactly."""
        operations, params = counted.operations, counted.parameters
        return cls(
            model=str(counted.audit.run.model["object"]),
            inputs=counted.inputs,
            counter=counted.count.counter,
            unit=counted.count.unit,
            layers={
                name: {"operations": operations.get(name) or 0, "params": params.get(name, 0)}
                for name in dict.fromkeys([*operations, *params])
                if operations.get(name) or params.get(name)
            },
        )

    def total(self, metric: str) -> int:
        """The sum over the layers."""
        return sum(costs[metric] for costs in self.layers.values())

    def to_yaml(self) -> str:
        """The budget as the text of a file, one layer a line."""
        head = {
            "model": self.model,
            "inputs": list(self.inputs),
            "counter": self.counter,
            "unit": self.unit,
            **{metric: self.total(metric) for metric in METRICS},
        }
        rows = yaml.safe_dump(
            {"layers": {name: dict(costs) for name, costs in self.layers.items()}},
            sort_keys=False,
            default_flow_style=None,
            width=1000,
        )
        return "# `pytest --reconcile-update` writes this file.\n" + yaml.safe_dump(head, sort_keys=False) + rows


def read_budget(file: Path) -> Budget:
    """The budget of a file; one that contradicts itself is refused in one sentence."""
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        jsonschema.validate(document, schema("budget"))
    except OSError as error:
        raise UsageError(f"the budget {str(file)!r} cannot be read: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"the budget {str(file)!r} is no YAML: {' '.join(str(error).split())[:200]}") from error
    except jsonschema.ValidationError as error:
        raise UsageError(f"the budget {str(file)!r} is none: {error.json_path}: {error.message[:200]}") from error
    totals = {metric: document.pop(metric) for metric in METRICS}
    budget = Budget(**{**document, "inputs": tuple(document["inputs"])})
    for metric, total in totals.items():
        if total != budget.total(metric):
            said = f"its {metric} are {total}, those of its layers sum to {budget.total(metric)}"
            raise UsageError(f"the budget {str(file)!r} contradicts itself: {said}")
    return budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A budget and what a model costs now; up to `headroom_percent` more than the budget is within it."""

    budget: Budget
    now: Budget
    headroom_percent: int = 0

    def allowed(self, metric: str) -> int:
        """What the model may cost."""
        total = self.budget.total(metric)
        return total + total * self.headroom_percent // 100

    @property
    def exceeded(self) -> tuple[str, ...]:
        """The metrics of which the model costs more than it may."""
        return tuple(metric for metric in METRICS if self.now.total(metric) > self.allowed(metric))

    def grown(self, metric: str) -> tuple[tuple[str, int, int], ...]:
        """The layers that cost more than they did, with both numbers; the one that grew most comes first."""
        before = {name: costs[metric] for name, costs in self.budget.layers.items()}
        now = {name: costs[metric] for name, costs in self.now.layers.items()}
        rows = [(name, before.get(name, 0), cost) for name, cost in now.items() if cost > before.get(name, 0)]
        return tuple(sorted(rows, key=lambda row: row[1] - row[2]))

    def failure(self, subject: str, file: Path) -> str:
        """Why the check fails: the metrics that are exceeded, and the layers that grew."""
        return "\n".join([f"{subject} is over its budget {file.name}", *self._exceeding(), ACCEPTING])

    def _exceeding(self) -> Iterator[str]:
        for metric in self.exceeded:
            total, allowed = self.now.total(metric), self.allowed(metric)
            yield f"{metric}: {number(total)}, allowed are {number(allowed)} ({signed(total - allowed)})"
            rows = self.grown(metric)
            cells = tuple(
                (name, self._was(name, before), number(cost), signed(cost - before)) for name, before, cost in rows
            )
            columns = ("layer that grew", "budget", "now", "more")
            yield drawn(Table(columns=columns, rows=cells, numeric=frozenset(columns[1:])))

    def _was(self, layer: str, cost: int) -> str:
        return number(cost) if layer in self.budget.layers else "new"


ACCEPTING = "If that is meant: pytest --reconcile-update"
"""What the text of a failed check ends with."""


@told_at_the_call
def assert_budget(
    model: object,
    inputs: Any,
    file: str | Path,
    *,
    counter: str = reference.NAME,
    headroom_percent: int = 0,
    update: bool = False,
    project: Path | None = None,
    **options: Unpack[Options],
) -> None:
    """Fail if a model costs more operations or parameters than a file allows; name the layers that grew.

    With `update` the file is written with what the model costs now.  `headroom_percent` is by how much of the budget
    the total may exceed it.
    """
    file = Path(file)
    if not update and not file.is_file():
        raise AssertionError(f"there is no budget {str(file)!r} yet; pytest --reconcile-update writes it")
    budget = None if update else read_budget(file)
    counted = count(model, inputs, counter, options, project)
    now = Budget.of(counted)
    if budget is None:
        make_folder(file.parent)
        write_text(file, now.to_yaml())
        return
    _refuse_another_subject(budget, now, file)
    spent = Spent(budget=budget, now=now, headroom_percent=headroom_percent)
    if spent.exceeded:
        raise AssertionError(spent.failure(counted.subject, file))


def _refuse_another_subject(budget: Budget, now: Budget, file: Path) -> None:
    """A budget holds for the very model, inputs and counter that it was written for."""
    for name in ("model", "inputs", "counter"):
        meant, asked = getattr(budget, name), getattr(now, name)
        if meant != asked:
            raise UsageError(f"the budget {str(file)!r} is about the {name} {meant!r}, not {asked!r}")
