"""Knowing a sentence again that is plain text: the message that it was made from, and what its fields held."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, reduce
from string import Formatter

from reconcile.languages.catalogue import catalogue

CLAUSES = "{before}; {part}"
"""The message that sentences are joined by."""

_LEAST, _PLENTY = 2, 3
"""Words of its own that a message needs to be known again, and to be known with more in a field than one word.

Sentences of others would look like messages that say less.
"""


@cache
def recognised(sentence: str, language: str) -> str:
    """A sentence in a language, its parts too; one that no message of the catalogue makes stays as it is."""
    exactly = catalogue(language).get(sentence)
    if exactly is not None:
        return exactly
    for form, told in _forms(language):
        found = form.fullmatch(sentence)
        if found is not None:
            return told.format(**{name: _part(part, language) for name, part in found.groupdict().items()})
    return _taken_apart(sentence, language)


def _part(text: str, language: str) -> str:
    """A part of a sentence: one word is a name and of no language, several may be a sentence."""
    return recognised(text, language) if " " in text else text


def _taken_apart(sentence: str, language: str) -> str:
    """Sentences between semicolons, or before a place in brackets, each by itself; one alone stays as it is."""
    parts = sentence.split("; ")
    if len(parts) > 1:
        told = [recognised(part, language) for part in parts]
        joint = catalogue(language).get(CLAUSES, CLAUSES)
        return sentence if told == parts else reduce(lambda before, part: joint.format(before=before, part=part), told)
    before, bracket, place = sentence.rpartition(" (")
    return f"{recognised(before, language)}{bracket}{place}" if before and place.endswith(")") else sentence


@cache
def _forms(language: str) -> Sequence[tuple[re.Pattern[str], str]]:
    """What a filled-in message looks like, and how it is said with fields of text; what says most comes first."""
    forms = []
    for message, told in catalogue(language).items():
        own = "".join(literal for literal, _, _, _ in Formatter().parse(message))
        words = len(re.findall("[A-Za-z]+", own))
        if own != message and words >= _LEAST:
            forms.append((len(own), _form(message, ".+?" if words >= _PLENTY else r"\S+?"), _of_text(told)))
    return [(form, told) for _, form, told in sorted(forms, key=lambda item: -item[0])]


def _form(message: str, field: str) -> re.Pattern[str]:
    """A message as a pattern, with a group for each field, which looks like `field`."""
    parts: list[str] = []
    met: set[str] = set()
    for literal, name, _, _ in Formatter().parse(message):
        parts.append(re.escape(literal))
        if name is not None:
            parts.append(f"(?P={name})" if name in met else f"(?P<{name}>{field})")
            met.add(name)
    return re.compile("".join(parts), re.DOTALL)


def _of_text(told: str) -> str:
    """A message whose fields take text as it stands, whatever form they give to a number."""
    pieces = Formatter().parse(told)
    return "".join(_escaped(literal) + ("" if name is None else f"{{{name}}}") for literal, name, _, _ in pieces)


def _escaped(literal: str) -> str:
    return literal.replace("{", "{{").replace("}", "}}")
