"""The catalogues of messages: for each language one file, with the English messages and how they are said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """The messages of a language by the English ones: by that about one thing, and by that about more.

    English, in which messages are written, has no file and needs none.
    """
    file = resources.files("reconcile.languages").joinpath(f"{language}.po")
    if not file.is_file():
        return {}
    from babel.messages.pofile import read_po

    with file.open("rb") as opened:
        entries = read_po(opened, locale=language, abort_invalid=True)
    return {
        english: _first(entry.string)
        for entry in entries
        if entry.id and entry.string and not entry.fuzzy
        for english in _every(entry.id)
    }


def _every(said: str | Iterable[str]) -> Iterable[str]:
    return (said,) if isinstance(said, str) else said


def _first(said: str | Sequence[str]) -> str:
    """The message, or that about one thing of those about one or more."""
    return said if isinstance(said, str) else said[0]
