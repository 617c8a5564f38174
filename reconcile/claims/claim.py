"""Claims: numbers that a person or a paper states, with what they are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from reconcile.claims.printed import Printed
from reconcile.claims.ways import MODULES
from reconcile.errors import UsageError
from reconcile.inputs import Input
from reconcile.language import phrase
from reconcile.objects import ObjectSpec
from reconcile.resources.metrics import METRICS, OPERATIONS

UNITS = {"MAC": 1, "FLOP": 2}
"""Units of operations that a claim may state, with the weight that each gives to one multiply-add."""

UNKNOWN = "unknown"
"""The unit of a number that does not say what it counts."""

BYTES = {"byte": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
"""Units of memory that a claim may state, in bytes."""

SUBJECTS = (OPERATIONS, "params", "memory", MODULES)
"""What a claim may be about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """One stated number; `formula` is the arithmetic that stands beside it, if any.

    `rounded` are the numbers in the formula that its author calls rounded, as they stand there.
    """

    printed: Printed
    formula: str | None = None
    rounded: tuple[Printed, ...] = ()

    @property
    def value(self) -> int:
        """The number, whose every digit must have been printed."""
        if self.printed.exact is None:
            raise UsageError(
                phrase(
                    "{printed!r} is a rounded number; `reconcile check` reads such, explain cannot",
                    printed=self.printed.text,
                )
            )
        return self.printed.exact


@dataclass(frozen=True, slots=True, kw_only=True)
class FormulaClaim:
    """A formula that is said to hold for every layer of a class; its names stand for sizes of the layer."""

    of: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a number was made, as its author says it: by a counter, at an input, scaled by area, times a number."""

    counter: str
    inputs: tuple[Input, ...] = ()
    scaled: bool = False
    times: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim: `rows` by layer, a `total`, `formulas`, or some of them.

    `metric` is what the numbers count; `counter` is who is said to have told them.  Without a model a claim is
    arithmetic alone; without numbers it asks what its counter or recipe would print.
    """

    file: str
    source: str
    model: ObjectSpec | None
    inputs: tuple[Input, ...]
    unit: str
    metric: str = OPERATIONS
    name: str = ""
    total: ClaimRow | None = None
    rows: Mapping[str, ClaimRow] = field(default_factory=dict)
    formulas: tuple[FormulaClaim, ...] = ()
    recipe: Recipe | None = None
    note: str = ""

    @property
    def id(self) -> str:
        """The counter id of the claim."""
        return f"claim:{self.file}"

    @property
    def weight(self) -> int:
        """What the claim's unit gives to one multiply-add."""
        return UNITS[self.unit]


def units_of(metric: str) -> tuple[str, ...]:
    """The units that a claim about a metric may state, the usual one first."""
    if metric == OPERATIONS:
        return (*UNITS, UNKNOWN)
    return tuple(BYTES) if metric == "memory" else (METRICS[metric].unit if metric in METRICS else "module",)
