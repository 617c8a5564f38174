"""One catalogue holds every message of the code, and people are spoken to in the language that they chose."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from reconcile.caching.answers import SWITCH
from reconcile.cli import run_cli
from reconcile.commands.speaking import VARIABLE
from reconcile.language import ENGLISH, LANGUAGES, clauses, commas, phrase, retold, speaking, spoken
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


@pytest.fixture(autouse=True)
def answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands take answers from the cache of the session: these tests are about words, not about numbers."""
    monkeypatch.delenv(SWITCH, raising=False)


LENET = ("reconcile.models:LeNet", "-i", "1,1,28,28")

CASES = ("--case", "two-parents", "--case", "transposed2d-stride")

CLAIM = "tests/cases/claim-in-chinese.yaml"

SIZES = {"kind": "GPT2LMHeadModel", "n_embd": 16, "n_layer": 1, "n_head": 2, "vocab_size": 50, "n_positions": 32}

TRANSFORMER = (
    *("reconcile/zoo/transformer_models.py:model", "-i", "1,9:int64"),
    *(word for name, value in SIZES.items() for word in ("--arg", f"{name}={value}")),
)

SPOKEN = {
    "run": ("run", *LENET, "-c", "thop", "-c", "ptflops", "-c", "torch"),
    "run in groups": ("run", "reconcile.models:LeNet", "-i", "2,1,28,28", "-c", "thop", "--group-by", "type"),
    "run as Markdown": ("run", *LENET, "-c", "thop", "-c", "ptflops", "--format", "markdown"),
    "explain": ("explain", *LENET, "--from", "thop", "--to", "ptflops"),
    "explain as Markdown": ("explain", *LENET, "--from", "ptflops", "--to", "torch", "--format", "markdown"),
    "explain parameters": ("explain", *LENET, "--from", "torchinfo", "--to", "thop", "--metric", "params"),
    "audit": ("audit", *LENET, "-c", "thop", "-c", "torch"),
    "audit as Markdown": ("audit", *LENET, "-c", "thop", "-c", "ptflops", "--format", "markdown"),
    "counters": ("counters",),
    "conform": ("conform", "thop", *CASES),
    "conform as Markdown": ("conform", "thop", "torchsummary", *CASES, "--format", "markdown"),
    "kits": ("kits", "thop", *CASES, "--format", "markdown"),
    "check": ("check", CLAIM),
    "check as Markdown": ("check", CLAIM, "--format", "markdown"),
    "identify": ("identify", "0.68M", *LENET, "-c", "thop", "-c", "torch"),
    "identify parameters": ("identify", "61.61k params", *LENET, "-c", "thop", "--format", "markdown"),
    "identify nothing": ("identify", "341257", *LENET, "-c", "thop"),
    "cite": ("cite", *LENET, "-c", "thop", "-c", "ptflops"),
    "formulas": ("formulas", *TRANSFORMER),
    "doctor": ("doctor",),
    "overlays": ("overlays", "list"),
    "cache": ("cache", "list"),
    "a value that is no number": ("identify", "many", *LENET),
    "a claim of nothing": ("check", "tests/cases/no-claim.yaml"),
    "a formula of no transformer": ("formulas", *LENET),
    "an unknown counter": ("run", *LENET, "-c", "nothing"),
    "an unreadable input": ("run", "reconcile.models:LeNet", "-i", "1,1,28,a"),
    "an input that does not fit": ("run", "reconcile.models:LeNet", "-i", "1,3,8,8", "-c", "thop"),
    "an unknown object": ("run", "reconcile.models:Nothing", "-i", "1,1,28,28", "-c", "thop"),
    "no command": ("nothing-of-the-kind",),
    "nearly a command": ("explian",),
    "no object": ("run",),
    "no end": ("explain", *LENET, "--from", "thop"),
    "too much": ("counters", "thop"),
    "far too much": ("counters", "thop", "torch"),
    "no option": ("counters", "--nothing-of-the-kind"),
    "nearly an option": ("run", *LENET, "--group-bye", "type"),
    "nearly two options": ("run", *LENET, "--oputput", "x"),
    "an option without a value": ("counters", "--output"),
    "a flag with a value": ("counters", "--json=yes"),
    "no choice": ("run", *LENET, "--grad", "perhaps"),
    "no number": ("run", *LENET, "--timeout", "soon"),
    "no whole number": ("run", *LENET, "--jobs", "some"),
    "too small a number": ("run", *LENET, "--jobs", "0"),
    "one number twice": ("audit", *LENET, "--from", "thop", "--to", "thop"),
    "no memory at all": ("run", *LENET, "-c", "thop", "--memory", "0"),
}
"""Commands by what they are, without the language that they are asked in."""

FOREIGN = (
    r"`[^`]*`",
    r"(?m)^% .+(?:\n.+ \\\\)*$",
    r"(?:Error\(s\) in loading state_dict|\w+Error: )[^|。\n]*(?:\n {5,}[^|。\n]*)*",
    r"https?://\S+|\S+\.py\S*|[\w.]+:\w[\w.]*",
    r"pip install '?[\w.\[\]-]+'?|(?:reconcile\s+)?overlays\s+(?:make|clear)(?:\s+\S+)?",
)
"""What is of no language: code, rows of LaTeX, what libraries say, names, and command lines."""

ENGLISH_WORDS = re.compile(r"\b[A-Za-z][a-z']+(?: [A-Za-z][a-z']+){2,}\b")


def _english_in(text: str) -> list[str]:
    """Three or more English words in a row, wherever they stand in a text that should be in another language."""
    for pattern in FOREIGN:
        text = re.sub(pattern, "…", text)
    return ENGLISH_WORDS.findall(text)


@pytest.mark.parametrize("arguments", SPOKEN.values(), ids=SPOKEN)
def test_nothing_is_said_in_english_where_chinese_is_spoken(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_cli([*arguments, "--lang", "zh"])
    said = capsys.readouterr()
    assert re.search(r"[\u4e00-\u9fff]{2}", said.err if code == 2 else said.out)
    assert _english_in(said.out + said.err.removeprefix("reconcile: ")) == []


@pytest.mark.parametrize("report", sorted((ROOT / "reports").glob("*.zh.md")), ids=lambda report: report.name)
def test_nothing_in_a_chinese_report_is_in_english(report: Path) -> None:
    assert _english_in(report.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", ["run", "explain", "audit", "counters", "conform"])
def test_a_document_is_the_same_in_every_language(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    documents = []
    for language in LANGUAGES:
        run_cli([*SPOKEN[name], "--json", "--lang", language])
        documents.append(capsys.readouterr().out)
    english, *others = documents
    assert json.loads(english)["schema"]
    assert others == [english] * len(others)


def test_a_document_in_a_file_is_english_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for language in LANGUAGES:
        run_cli([*SPOKEN["explain"], "--output", str(tmp_path / f"{language}.json"), "--lang", language])
    texts = {(tmp_path / f"{language}.json").read_bytes() for language in LANGUAGES}
    assert len(texts) == 1


def test_an_unknown_language_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["counters", "--lang", "tlh"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "tlh" in said.err
    assert all(language in said.err for language in LANGUAGES)


def test_the_language_may_stand_in_a_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, "zh")
    assert run_cli(["counters"]) == 0
    assert "计数器" in capsys.readouterr().out
    assert run_cli(["counters", "--lang", "en"]) == 0
    assert "counter" in capsys.readouterr().out


def test_a_command_leaves_no_language_behind(capsys: pytest.CaptureFixture[str]) -> None:
    run_cli(["counters", "--lang", "zh"])
    assert spoken() == ENGLISH
