"""The OBJECT of a command: where a model is found and what it is built with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconcile.errors import UsageError
from reconcile.language import phrase

_PACKAGE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_ATTRIBUTE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSpec:
    """`package.module:attr` or `file.py:attr` and the arguments for it."""

    place: str
    attribute: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.place}:{self.attribute}"

    @property
    def is_file(self) -> bool:
        """Whether the model is in a file given by its path."""
        return self.place.endswith(".py")

    def to_json(self) -> dict[str, Any]:
        """The object as plain JSON values."""
        return {"object": str(self), "arguments": dict(self.arguments)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ObjectSpec:
        """The object of a document."""
        return parse_object(document["object"], document["arguments"])


def parse_object(text: str, arguments: Mapping[str, Any] | None = None) -> ObjectSpec:
    """Read an OBJECT.

    >>> parse_object("torchvision.models:resnet18").attribute
    'resnet18'
    """
    place, colon, attribute = text.rpartition(":")
    way_out = phrase("write package.module:attr or file.py:attr")
    if not colon or not place or not _ATTRIBUTE.fullmatch(attribute):
        raise UsageError(phrase("the object {text!r} is not understood; {way_out}", text=text, way_out=way_out))
    if place.endswith(".py"):
        if not Path(place).is_file():
            raise UsageError(
                phrase("the object {text!r} names the file {place!r}, which does not exist", text=text, place=place)
            )
    elif not _PACKAGE.fullmatch(place):
        raise UsageError(
            phrase(
                "the object {text!r} names {place!r}, which is no module name; {way_out}",
                text=text,
                place=place,
                way_out=way_out,
            )
        )
    return ObjectSpec(place=place, attribute=attribute, arguments=dict(arguments or {}))


def parse_arguments(texts: Iterable[str]) -> dict[str, Any]:
    """Read `key=value` arguments; values are JSON, and a word that is no JSON is text.

    >>> parse_arguments(["num_classes=10", "pretrained=false", "act=gelu"])
    {'num_classes': 10, 'pretrained': False, 'act': 'gelu'}
    """
    found: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.isidentifier():
            raise UsageError(phrase("the argument {text!r} is not understood; write key=value", text=text))
        if key in found:
            raise UsageError(phrase("the argument {key!r} is given twice", key=key))
        try:
            found[key] = json.loads(value)
        except json.JSONDecodeError:
            if not re.fullmatch(r"[\w./+-]*", value):
                raise UsageError(phrase("the argument {text!r} has a value that is no JSON", text=text)) from None
            found[key] = value
    return found
