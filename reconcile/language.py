"""The language that people are spoken to in.

A sentence is written in English where it is made, as `phrase("{rows} layers", rows=3)`; its Chinese stands in the one
catalogue `languages/zh.po`, under the English.  `make messages` brings the catalogue up to date with the code.

What a document or an answer holds is English, whoever reads it: such a sentence, and one that a table holds, is made
with `later`, and `retold` says it where it is shown.  `retold` knows a sentence again that came back from a worker or
a file as plain text.

Names that scripts depend on are of no language: causes, verdicts, states, units and the keys of documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, reduce
from importlib import resources
from string import Formatter

ENGLISH = "en"
LANGUAGES = (ENGLISH, "zh")
"""The languages that there are, by the code that `--lang` takes."""

_TAGS = {ENGLISH: "en", "zh": "zh-Hans"}

_SPACES = {ENGLISH: " ", "zh": ""}
"""What stands between two sentences."""

_spoken = ENGLISH


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak a language until the end of the block."""
    global _spoken
    before, _spoken = _spoken, language
    try:
        yield
    finally:
        _spoken = before


def use(language: str) -> None:
    """Speak a language until the block of `speaking` ends in which this is said."""
    global _spoken
    _spoken = language


def spoken() -> str:
    """The code of the language in use."""
    return _spoken


def tag() -> str:
    """The language in use as pages on the web name it."""
    return _TAGS[_spoken]


def sentences(said: Iterable[str]) -> str:
    """Sentences one after the other.

    >>> sentences(["One.", "Two."])
    'One. Two.'
    """
    return _SPACES[_spoken].join(said)


def phrase(message: str, /, **fields: object) -> str:
    """A sentence in the language in use, with its fields filled in, those that were made with `later` retold.

    >>> with speaking("zh"):
    ...     phrase("What is in no catalogue is said in {how}.", how="English")
    'What is in no catalogue is said in English.'
    """
    told = _catalogue(_spoken).get(message, message)
    return _filled(told, fields) if fields else told


def phrases(one: str, more: str, number: int, /, **fields: object) -> str:
    """A sentence about one or more things, with `number` as the field `n`.

    >>> phrases("{n} thing of this kind", "{n} things of this kind", 2)
    '2 things of this kind'
    """
    told = _catalogue(_spoken).get(one)
    return _filled(told or (one if number == 1 else more), {"n": number, **fields})


class Sentence(str):
    """A sentence in English that remembers what it was made from."""

    message: str
    fields: Mapping[str, object]


def later(message: str, /, **fields: object) -> Sentence:
    """A sentence in English, with its fields filled in, which `retold` says where it is shown.

    >>> later("{rows} layers", rows=3)
    '3 layers'
    """
    made = Sentence(message.format(**fields) if fields else message)
    made.message, made.fields = message, fields
    return made


def retold(sentence: str, /) -> str:
    """An English sentence in the language in use; one that no message of the catalogue makes stays as it is.

    Fields that are sentences themselves are retold too.

    >>> with speaking("zh"):
    ...     retold("RuntimeError: what a library says")
    'RuntimeError: what a library says'
    """
    if _spoken == ENGLISH:
        return sentence
    if isinstance(sentence, Sentence):
        return phrase(sentence.message, **{name: _part(value) for name, value in sentence.fields.items()})
    return _recognised(_spoken, sentence)


def commas(parts: Iterable[str]) -> str:
    """Names or sentences with commas between them, in English, which `retold` says where they are shown.

    >>> commas(["conv1", "conv2", "fc"])
    'conv1, conv2, fc'
    """
    return _joined(lambda before, part: later("{before}, {part}", before=before, part=part), parts)


def clauses(parts: Iterable[str]) -> str:
    """Sentences with semicolons between them, in English, which `retold` says where they are shown.

    >>> clauses(["conv1 agrees", "fc does not"])
    'conv1 agrees; fc does not'
    """
    return _joined(lambda before, part: later("{before}; {part}", before=before, part=part), parts)


def listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them, in English, which `retold` says where they are shown.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    *others, last = words or [""]
    return later("{before} and {part}", before=commas(others), part=last) if others else last


def either(parts: Iterable[str]) -> str:
    """Names of which one is meant, in English, which `retold` says where they are shown.

    >>> either(["MAC", "FLOP"])
    'MAC or FLOP'
    """
    return _joined(lambda before, part: later("{before} or {part}", before=before, part=part), parts)


def _joined(joint: Callable[[str, str], str], parts: Iterable[str]) -> str:
    given = list(parts)
    return reduce(joint, given) if given else ""


def _filled(message: str, fields: Mapping[str, object]) -> str:
    """A message with its fields filled in, those that are sentences of the catalogue retold."""
    return message.format(
        **{name: retold(value) if isinstance(value, Sentence) else value for name, value in fields.items()}
    )


@cache
def _recognised(language: str, sentence: str) -> str:
    """A sentence that is plain text, by the message that it must have been made from."""
    exactly = _catalogue(language).get(sentence)
    if exactly is not None:
        return exactly
    for form, told in _forms(language):
        found = form.fullmatch(sentence)
        if found is not None:
            return told.format(**{name: _part(part) for name, part in found.groupdict().items()})
    return _again(sentence)


def _again(sentence: str) -> str:
    """Sentences between semicolons, each retold; one alone stays as it is."""
    parts = sentence.split("; ")
    told = [retold(part) for part in parts] if len(parts) > 1 else parts
    return sentence if told == parts else retold(clauses(told))


def _part(value: object) -> object:
    """A part of a sentence; text of one word is a name and of no language, of several it may be a sentence."""
    return retold(value) if isinstance(value, str) and " " in value else value


_LEAST = 2
"""Words of its own that a message needs to be known again; with fewer, sentences of others would look like it."""


@cache
def _forms(language: str) -> Sequence[tuple[re.Pattern[str], str]]:
    """What a filled-in message looks like, and how it is said with fields of text; what says most comes first."""
    forms = []
    for message, told in _catalogue(language).items():
        words = "".join(literal for literal, field, _, _ in Formatter().parse(message))
        if words != message and len(re.findall("[A-Za-z]+", words)) >= _LEAST:
            forms.append((len(words), re.compile(_form(message), re.DOTALL), _of_text(told)))
    return [(form, told) for _, form, told in sorted(forms, key=lambda item: -item[0])]


def _form(message: str) -> str:
    """A message as a pattern, with a group for each field."""
    parts: list[str] = []
    met: set[str] = set()
    for literal, field, _, _ in Formatter().parse(message):
        parts.append(re.escape(literal))
        if field is not None:
            parts.append(f"(?P={field})" if field in met else f"(?P<{field}>.+?)")
            met.add(field)
    return "".join(parts)


def _of_text(told: str) -> str:
    """A message whose fields take text as it stands, whatever form they give to a number."""
    pieces = Formatter().parse(told)
    return "".join(_escaped(literal) + ("" if field is None else f"{{{field}}}") for literal, field, _, _ in pieces)


def _escaped(literal: str) -> str:
    return literal.replace("{", "{{").replace("}", "}}")


@cache
def _catalogue(language: str) -> Mapping[str, str]:
    """The sentences of a language by the English ones: by that about one thing, and by that about more."""
    if language == ENGLISH:
        return {}
    from babel.messages.pofile import read_po

    with resources.files("reconcile.languages").joinpath(f"{language}.po").open("rb") as file:
        entries = read_po(file, locale=language, abort_invalid=True)
    return {
        english: _first(entry.string)
        for entry in entries
        if entry.id and entry.string and not entry.fuzzy
        for english in _every(entry.id)
    }


def _every(said: str | Iterable[str]) -> Iterable[str]:
    return (said,) if isinstance(said, str) else said


def _first(said: str | Sequence[str]) -> str:
    """The sentence, or that about one thing of those about one or more."""
    return said if isinstance(said, str) else said[0]
