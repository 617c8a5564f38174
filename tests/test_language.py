"""One catalogue holds every message of the code, and people are spoken to in the language that they chose."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from string import Formatter

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from reconcile.language import ENGLISH, LANGUAGES, clauses, commas, phrase, retold, speaking
from tests.shared import ROOT

KEYWORDS = {"phrase": None, "phrases": (1, 2), "later": None}
"""What marks a message in the code; the second and third arguments of `make messages` say the same."""

SOURCES = ("reconcile", "adapters", "docs/generate")

Said = str | tuple[str, ...]

OTHERS = [language for language in LANGUAGES if language != ENGLISH]


@cache
def _said_by_the_code() -> dict[Said, str]:
    """Every message of the code, with a place where it stands."""
    return {
        message: f"{folder}/{file}:{line}"
        for folder in SOURCES
        for file, line, message, _, _ in extract_from_dir(str(ROOT / folder), keywords=KEYWORDS)
    }


@cache
def _catalogue(language: str) -> dict[Said, Message]:
    """The messages of a catalogue by the English ones."""
    with (ROOT / "reconcile" / "languages" / f"{language}.po").open("rb") as file:
        found = read_po(file, locale=language, abort_invalid=True)
    return {
        message.id if isinstance(message.id, str) else tuple(message.id): message for message in found if message.id
    }


def _fields(message: str) -> set[tuple[str, str | None, str | None]]:
    """The fields of a message, each with the form that it is given."""
    return {(field, spec, form) for _, field, spec, form in Formatter().parse(message) if field is not None}


def _texts(said: Said | list[str]) -> Iterator[str]:
    yield from (said,) if isinstance(said, str) else said


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalogue_holds_the_messages_of_the_code_and_no_others(language: str) -> None:
    code, catalogue = _said_by_the_code(), _catalogue(language)
    assert {place: message for message, place in code.items() if message not in catalogue} == {}, "run `make messages`"
    assert [message for message in catalogue if message not in code] == [], "run `make messages`"


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated(language: str) -> None:
    catalogue = _catalogue(language)
    assert [said for said, message in catalogue.items() if not all(_texts(message.string))] == []
    assert [said for said, message in catalogue.items() if message.fuzzy] == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_fields_of_the_message(language: str) -> None:
    for said, message in _catalogue(language).items():
        *_, most = _texts(said)
        for text in _texts(message.string):
            assert _fields(text) == _fields(most), said


def test_every_field_has_a_name() -> None:
    named = [
        (message, field) for message in _said_by_the_code() for text in _texts(message) for field, *_ in _fields(text)
    ]
    assert [message for message, field in named if not field.isidentifier()] == []


def test_a_sentence_made_for_later_is_retold_with_the_sentences_in_it() -> None:
    rows = commas(["conv1", "conv2", "fc"])
    made = clauses([rows, "layer1"])
    assert made == "conv1, conv2, fc; layer1"
    with speaking("zh"):
        assert retold(made) == "conv1、conv2、fc；layer1"


def test_a_sentence_that_is_plain_text_is_known_again() -> None:
    with speaking("zh"):
        told = retold("No room for release: a wider terminal shows more.")
        assert told == phrase("No room for {columns}: a wider terminal shows more.", columns="release")
        assert retold("RuntimeError: no room, says a library") == "RuntimeError: no room, says a library"


def test_a_document_keeps_its_sentences_in_english() -> None:
    with speaking("zh"):
        assert json.dumps(commas(["conv1", "fc"])) == '"conv1, fc"'
