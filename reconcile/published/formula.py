"""Formulas for the operations of transformers: parts with a role each, read from YAML, and asked for by an id.

An id is `formula:NAME` or `formula:FILE.yaml`, with words behind `@`: `training` (forward and backward), `causal` (the
attention products halved) and sizes that the model does not show, such as `vocabulary=50257`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from reconcile.claims.arithmetic import evaluate
from reconcile.claims.claim import UNITS
from reconcile.errors import UsageError
from reconcile.language import commas, either, phrase
from reconcile.pricing.terms import TERMS
from reconcile.published.transformer import ROLES, Role

PREFIX = "formula:"

SIZES = (
    *("layers", "width", "attention", "heads", "hidden", "vocabulary"),
    *("batch", "length", "tokens", "parameters", "inner"),
)
"""What formulas may speak of: blocks, width of a token, of all heads together, heads, width of the feed-forward
network, rows of the token table, samples, tokens of one sample, tokens, parameters, and those without tables."""

Tensors = Literal["all", "inner"]

_FORMULA = {"source", "unit", "passes", "parts"}
_PART = {"part", "role", "term", "tensors", "formula", "training", "halved"}
_TRAINING = 3
"""Passes of training: one forward, and the backward pass, which is taken for two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One summand of a formula: what it is called, what executed work it stands for, and its text.

    It stands for products of a `role`, for a `term` besides products, or for parameter `tensors`.  `training` is how
    many passes training takes of it; `halved` is set where the text itself takes half of the work.
    """

    part: str
    formula: str
    role: Role | None = None
    term: str | None = None
    tensors: Tensors | None = None
    training: int = _TRAINING
    halved: bool = False

    def filled(self, sizes: Mapping[str, int]) -> str:
        """The formula with its numbers filled in.

        >>> Part(part="x", formula="2 * layers * width", role="output").filled({"layers": 12, "width": 768})
        '2 * 12 * 768'
        """

        def size(found: re.Match[str]) -> str:
            if found[0] not in sizes:
                raise UsageError(
                    phrase(
                        "the model does not show its {size}; write it behind the formula, as in @{size}=1",
                        size=found[0],
                    )
                )
            return str(sizes[found[0]])

        return re.sub(r"[a-z]+", size, self.formula)


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A formula as it is asked for; the unit gives one multiply-add its weight."""

    id: str
    source: str
    unit: str
    parts: tuple[Part, ...]
    training: bool = False
    causal: bool = False
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def weight(self) -> int:
        """What the unit gives to one multiply-add."""
        return UNITS[self.unit]


def published() -> tuple[str, ...]:
    """Names of the formulas that ship with this package."""
    folder = resources.files("reconcile.published")
    return tuple(sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml")))


def read_formula(text: str) -> Formula:
    """Read the formula that an id names; whatever is wrong is one sentence."""
    name, *words = text.removeprefix(PREFIX).split("@")
    document = _document(name)
    training, causal, sizes = document.get("passes") == "training", False, dict[str, int]()
    for word in words:
        size, equals, value = word.partition("=")
        if equals and size in SIZES and value.isdigit() and int(value) > 0:
            sizes[size] = int(value)
        elif word in ("training", "causal"):
            training, causal = training or word == "training", causal or word == "causal"
        else:
            raise UsageError(
                phrase(
                    "the formula {formula!r} has the word {word!r}; use training, causal or {sizes}=n",
                    formula=text,
                    word=word,
                    sizes=commas(SIZES),
                )
            )
    found = Formula(
        id=text,
        source=str(document["source"]),
        unit=document["unit"],
        parts=tuple(_part(name, item) for item in document["parts"]),
        training=training,
        causal=causal,
        sizes=sizes,
    )
    _check_roles(name, found.parts)
    if causal and not any(part.role == "attention" and not part.halved for part in found.parts):
        raise UsageError(
            phrase("the formula {formula!r} has no whole attention products that could be halved", formula=name)
        )
    return found


def _check_roles(name: str, parts: tuple[Part, ...]) -> None:
    """Parts of one role are read together, so they take the same passes and the same half."""
    kinds: dict[str, tuple[int, bool]] = {}
    for part in parts:
        if part.role is not None and kinds.setdefault(part.role, (part.training, part.halved)) != (
            part.training,
            part.halved,
        ):
            raise UsageError(
                phrase(
                    "the parts of the formula {formula!r} for {role} differ in training or halved",
                    formula=name,
                    role=part.role,
                )
            )


def _document(name: str) -> dict[str, Any]:
    if name.endswith(".yaml"):
        if not Path(name).is_file():
            raise UsageError(phrase("the formula file {file!r} does not exist", file=name))
        text = Path(name).read_text(encoding="utf-8", errors="replace")
    elif name in published():
        text = resources.files("reconcile.published").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    else:
        raise UsageError(
            phrase(
                "the formula {formula!r} is unknown; known are {known}, or a FILE.yaml",
                formula=name,
                known=commas(published()),
            )
        )
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(
            phrase("the formula {formula!r} is no YAML: {error}", formula=name, error=" ".join(str(error).split()))
        ) from error
    if not isinstance(document, dict) or set(document) - _FORMULA or {"source", "unit", "parts"} - set(document):
        raise UsageError(
            phrase(
                "the formula {formula!r} must hold source, unit and parts, and may hold passes: training", formula=name
            )
        )
    if document["unit"] not in UNITS or not isinstance(document["parts"], list) or not document["parts"]:
        raise UsageError(
            phrase(
                "the formula {formula!r} needs the unit {units} and a list of parts",
                formula=name,
                units=either(UNITS),
            )
        )
    return document


def _part(name: str, item: Any) -> Part:
    if not isinstance(item, dict) or set(item) - _PART or not {"part", "formula"} <= set(item):
        raise UsageError(
            phrase(
                "a part of the formula {formula!r} is {part!r}; it needs part and formula, and a role",
                formula=name,
                part=item,
            )
        )
    fields: dict[str, Any] = {key: str(value) if key in ("part", "formula") else value for key, value in item.items()}
    found = Part(**fields)
    where = {"part": found.part, "formula": name}
    if sum(value is not None for value in (found.role, found.term, found.tensors)) != 1:
        raise UsageError(
            phrase("the part {part!r} of the formula {formula!r} needs one of role, term and tensors", **where)
        )
    if found.role not in (None, *ROLES) or found.term not in (None, *TERMS):
        raise UsageError(
            phrase(
                "the part {part!r} of the formula {formula!r} stands for {role!r}; roles are {roles}",
                role=found.role or found.term,
                roles=commas(ROLES),
                **where,
            )
        )
    if found.tensors not in (None, *get_args(Tensors)) or type(found.training) is not int:
        raise UsageError(
            phrase(
                "the part {part!r} of the formula {formula!r} has tensors or training that are not understood", **where
            )
        )
    if unknown := [word for word in re.findall(r"[A-Za-z_]+", found.formula) if word not in SIZES]:
        raise UsageError(
            phrase(
                "the part {part!r} of the formula {formula!r} speaks of {word!r}; sizes are {sizes}",
                word=unknown[0],
                sizes=commas(SIZES),
                **where,
            )
        )
    evaluate(found.filled(dict.fromkeys(SIZES, 1)))
    return found
