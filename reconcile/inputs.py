"""Inputs of a model as they are written on the command line: `1,3,224,224` or `input_ids=1,128:int64`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconcile.errors import UsageError
from reconcile.language import commas, phrase

DTYPES = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool", "complex64")

_FORM = re.compile(r"(?:(?P<name>[A-Za-z_]\w*)=)?(?P<sizes>[^:=]*)(?::(?P<dtype>\w+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One tensor to make: its shape (batch first, as the model takes it), its dtype and, for a keyword, its name."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    name: str | None = None

    def __str__(self) -> str:
        name = f"{self.name}=" if self.name else ""
        dtype = "" if self.dtype == "float32" else f":{self.dtype}"
        return f"{name}{','.join(map(str, self.shape))}{dtype}"

    def to_json(self) -> dict[str, Any]:
        """The input as plain JSON values."""
        return {"shape": list(self.shape), "dtype": self.dtype, "name": self.name}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Input:
        """The input of a document."""
        return cls(shape=tuple(document["shape"]), dtype=document["dtype"], name=document["name"])


def parse_input(text: str, *, default_dtype: str = "float32", least: int = 1) -> Input:
    """Read one input, whose sizes must be at least `least`.

    >>> parse_input("1,3,224,224")
    Input(shape=(1, 3, 224, 224), dtype='float32', name=None)
    >>> str(parse_input("ids=1,128:int64"))
    'ids=1,128:int64'
    """
    found = _FORM.fullmatch(text.strip().replace("x", ",") if re.fullmatch(r"[\dx]+", text.strip()) else text.strip())
    way_out = phrase("write sizes with commas, as in 1,3,224,224 or ids=1,128:int64")
    if found is None:
        raise UsageError(phrase("the input {text!r} is not understood; {way_out}", text=text, way_out=way_out))
    sizes = [part.strip() for part in found["sizes"].split(",") if part.strip()]
    if not sizes or not all(re.fullmatch(r"[+-]?\d+", part) for part in sizes):
        raise UsageError(
            phrase("the input {text!r} has sizes that are no whole numbers; {way_out}", text=text, way_out=way_out)
        )
    shape = tuple(int(part) for part in sizes)
    if min(shape) < least:
        raise UsageError(
            phrase(
                "the input {text!r} has the size {shape}; every size must be at least {least}",
                text=text,
                shape=min(shape),
                least=least,
            )
        )
    dtype = found["dtype"] or default_dtype
    if dtype not in DTYPES:
        raise UsageError(
            phrase(
                "the input {text!r} has the dtype {dtype!r}; use one of {dtypes}",
                text=text,
                dtype=dtype,
                dtypes=commas(DTYPES),
            )
        )
    return Input(shape=shape, dtype=dtype, name=found["name"])


def parse_inputs(texts: Iterable[str], *, default_dtype: str = "float32") -> tuple[Input, ...]:
    """Read all inputs of a command; positional ones must come before keywords, and no keyword twice."""
    inputs = tuple(parse_input(text, default_dtype=default_dtype) for text in texts)
    names = [item.name for item in inputs if item.name is not None]
    if len(set(names)) != len(names):
        raise UsageError(
            phrase("the input {name!r} is given twice", name=next(name for name in names if names.count(name) > 1))
        )
    return inputs
