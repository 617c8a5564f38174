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
from functools import reduce

from reconcile.languages.catalogue import catalogue
from reconcile.languages.recognition import recognised

ENGLISH = "en"
LANGUAGES = (ENGLISH, "zh")
"""The languages that there are, by the code that `--lang` takes."""

_TAGS = {ENGLISH: "en", "zh": "zh-Hans"}

_SPACES = {ENGLISH: " ", "zh": ""}
"""What stands between two sentences."""

_CHINESE_GAP = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])")
"""The space that a message leaves beside a field for Latin letters, where the field turns out to be Chinese too."""

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
    told = catalogue(_spoken).get(message, message)
    return _filled(told, fields) if fields else told


def phrases(one: str, more: str, number: int, /, **fields: object) -> str:
    """A sentence about one or more things, with `number` as the field `n`.

    >>> phrases("{n} thing of this kind", "{n} things of this kind", 2)
    '2 things of this kind'
    """
    told = catalogue(_spoken).get(one)
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
        return phrase(sentence.message, **{name: _again(value) for name, value in sentence.fields.items()})
    return recognised(sentence, _spoken)


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


def together(parts: Iterable[str]) -> str:
    """Things that may have commas in them, such as sizes, in English, which `retold` says where they are shown.

    >>> together(["1,3,32,32", "1,10"])
    '1,3,32,32 and 1,10'
    """
    return _joined(lambda before, part: later("{before} and {part}", before=before, part=part), parts)


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
    told = message.format(
        **{name: retold(value) if isinstance(value, Sentence) else value for name, value in fields.items()}
    )
    return told if _SPACES[_spoken] else _CHINESE_GAP.sub("", told)


def _again(value: object) -> object:
    """A field of a sentence: text of one word is a name and of no language, of several it may be a sentence."""
    return retold(value) if isinstance(value, str) and " " in value else value
