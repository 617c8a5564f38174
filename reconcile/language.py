"""The language that people are spoken to in.

A sentence is written in English where it is made, as `phrase("{rows} layers", rows=3)`; its Chinese stands in the one
catalogue `languages/zh.po`, under the English.  A sentence that a table holds is marked there with `later` and said
where it is shown.  `make messages` brings the catalogue up to date with the code.

Names that scripts depend on are of no language: causes, verdicts, states, units and the keys of documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import resources

ENGLISH = "en"
LANGUAGES = (ENGLISH, "zh")
"""The languages that there are, by the code that `--lang` takes."""

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


def spoken() -> str:
    """The code of the language in use."""
    return _spoken


def phrase(message: str, /, **fields: object) -> str:
    """A sentence in the language in use, with its fields filled in.

    >>> with speaking("zh"):
    ...     phrase("What is in no catalogue is said in {how}.", how="English")
    'What is in no catalogue is said in English.'
    """
    told = _catalogue(_spoken).get(message, message)
    return told.format(**fields) if fields else told


def phrases(one: str, more: str, number: int, /, **fields: object) -> str:
    """A sentence about one or more things, with `number` as the field `n`.

    >>> phrases("{n} thing of this kind", "{n} things of this kind", 2)
    '2 things of this kind'
    """
    told = _catalogue(_spoken).get(one)
    return (told or (one if number == 1 else more)).format(n=number, **fields)


def listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    *others, last = words or [""]
    return phrase("{words} and {last}", words=phrase(", ").join(others), last=last) if others else last


def later(text: str, /) -> str:
    """Mark a sentence of a table, which `phrase` says where it is shown."""
    return text


@cache
def _catalogue(language: str) -> Mapping[str, str]:
    """The sentences of a language by the English ones; of those about one or more things, by the one about one."""
    if language == ENGLISH:
        return {}
    from babel.messages.pofile import read_po

    with resources.files("reconcile.languages").joinpath(f"{language}.po").open("rb") as file:
        entries = read_po(file, locale=language, abort_invalid=True)
    return {
        _first(entry.id): _first(entry.string) for entry in entries if entry.id and entry.string and not entry.fuzzy
    }


def _first(said: str | Sequence[str]) -> str:
    """The sentence, or that about one thing of those about one or more."""
    return said if isinstance(said, str) else said[0]
