"""Survey files: a list of models with their inputs, as data; read from YAML and refused in one sentence when wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

from reconcile.errors import UsageError
from reconcile.inputs import Input, parse_inputs
from reconcile.language import commas, phrase
from reconcile.objects import ObjectSpec, parse_object
from reconcile.schema import Context

_FILE = {"title", "preload", "limit", "counters", "nearest", "groups"}
_GROUP = {"name", "models", "object", "arguments", "inputs", "context", "not_run", "published_by"}
_MODEL = {"name", "object", "arguments", "inputs", "context", "not_run", "published"}
_PUBLISHED = {"gmac", "parameters", "exception"}
_CONTEXT = {"train", "grad", "dtype"}
_MODES = {"grad": "grad", "no_grad": "no_grad", "inference_mode": "inference"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the authors of a model print: thousands of millions of multiply-adds as text, and parameters.

    `exception` is the sentence that says why the printed number is not what the model executes.
    """

    gmac: str
    parameters: int | None = None
    exception: str = ""

    def holds(self, macs: int) -> bool:
        """Whether a number of multiply-adds is the printed one, rounded to the printed digits.

        >>> Published(gmac="1.814").holds(1_814_073_344), Published(gmac="1.8").holds(1_899_999_999)
        (True, False)
        """
        return abs(Decimal(macs) / 10**9 - Decimal(self.gmac)) <= Decimal(5).scaleb(self._exponent - 1)

    @property
    def _exponent(self) -> int:
        exponent = Decimal(self.gmac).as_tuple().exponent
        return exponent if isinstance(exponent, int) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyModel:
    """One model of a survey."""

    name: str
    group: str
    model: ObjectSpec
    inputs: tuple[Input, ...]
    context: Context = field(default_factory=Context)
    not_run: str = ""
    published: Published | None = None

    def to_json(self) -> dict[str, Any]:
        """The model as plain JSON values, without what is published about it."""
        document = {"name": self.name, **self.model.to_json(), "inputs": [str(item) for item in self.inputs]}
        return document | {"context": self.context.to_json()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The nearest thing that works where a counter fails with a reason that contains a text."""

    counter: str
    says: str
    works: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The work above which a model is not run for real, and the sentence that says so."""

    gmac: int
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A whole survey file; `published_by` says for each group who prints the numbers that it is compared with."""

    file: str
    title: str
    models: tuple[SurveyModel, ...]
    preload: tuple[str, ...] = ()
    counters: tuple[str, ...] = ()
    limit: Limit | None = None
    nearest: tuple[Nearest, ...] = ()
    published_by: Mapping[str, str] = field(default_factory=dict)


def read_survey(path: str) -> Survey:
    """Read a survey file; anything that is not understood is refused with its place."""
    document = _load(path)
    _known(document, _FILE, path)
    groups = [
        _checked(group, _GROUP, phrase("a group of {path}", path=path)) for group in _list(document, "groups", path)
    ]
    models = tuple(model for group in groups for model in _models(group, path))
    if not models:
        raise UsageError(phrase("the survey {path!r} names no model", path=path))
    keys = [(item.group, item.name, item.inputs, item.context) for item in models]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise UsageError(
            phrase(
                "the survey {path!r} names {model!r} of {group!r} twice with the same inputs",
                path=path,
                model=twice[1],
                group=twice[0],
            )
        )
    return Survey(
        file=path,
        title=str(document.get("title", path)),
        models=models,
        preload=tuple(map(str, document.get("preload", ()))),
        counters=tuple(map(str, document.get("counters", ()))),
        limit=_limit(document.get("limit"), path),
        nearest=tuple(_nearest(item, path) for item in document.get("nearest", ())),
        published_by={str(group["name"]): str(group["published_by"]) for group in groups if "published_by" in group},
    )


def _load(path: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            phrase("the survey {path!r} cannot be read: {why}", path=path, why=error.strerror or error)
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(
            phrase("the survey {path!r} is no YAML: {why}", path=path, why=" ".join(str(error).split())[:200])
        ) from error
    if not isinstance(document, dict):
        raise UsageError(
            phrase(
                "the survey {path!r} is {kind}, not a mapping with `groups`", path=path, kind=type(document).__name__
            )
        )
    return document


def _known(document: Mapping[Any, Any], known: set[str], where: str) -> None:
    if unknown := sorted(map(str, set(document) - known)):
        raise UsageError(
            phrase(
                "{where} has the unknown field {field!r}; known are {known}",
                where=where,
                field=unknown[0],
                known=commas(sorted(known)),
            )
        )


def _checked(document: Any, known: set[str], where: str) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise UsageError(phrase("{where} is {document!r}, not a mapping", where=where, document=document))
    _known(document, known, where)
    if not isinstance(document.get("name"), str):
        raise UsageError(phrase("{where} has no name", where=where))
    return document


def _list(document: Mapping[str, Any], name: str, where: str) -> list[Any]:
    found = document.get(name)
    if not isinstance(found, list):
        raise UsageError(phrase("{where} has no list {name!r}", where=where, name=name))
    return found


def _models(group: Mapping[str, Any], path: str) -> Iterator[SurveyModel]:
    name = group["name"]
    for given in _list(group, "models", phrase("the group {name!r} of {path}", name=name, path=path)):
        entry = {"name": given} if isinstance(given, str) else given
        checked = _checked(entry, _MODEL, phrase("a model of the group {name!r} of {path}", name=name, path=path))
        where = phrase("the model {name!r} of {path}", name=checked["name"], path=path)
        yield _model(group, checked, where)


def _model(group: Mapping[str, Any], entry: Mapping[str, Any], where: str) -> SurveyModel:
    own = dict(group) | dict(entry)
    text = own.get("object")
    if not isinstance(text, str):
        raise UsageError(phrase("{where} has no object", where=where))
    arguments = dict(group.get("arguments", {})) | dict(entry.get("arguments", {}))
    try:
        return SurveyModel(
            name=entry["name"],
            group=group["name"],
            model=parse_object(_named(text, entry["name"]), _named(arguments, entry["name"])),
            inputs=parse_inputs(map(str, own.get("inputs", ()))),
            context=_context(own.get("context", {}), where),
            not_run=str(own.get("not_run", "")),
            published=_published(entry.get("published"), where),
        )
    except UsageError as error:
        raise UsageError(phrase("{where}: {error}", where=where, error=error)) from error


def _named(value: Any, name: str) -> Any:
    """A value with the model's name, up to its first blank, in the place of `{name}`."""
    if isinstance(value, str):
        return value.replace("{name}", name.partition(" ")[0])
    return {key: _named(part, name) for key, part in value.items()} if isinstance(value, dict) else value


def _context(given: Any, where: str) -> Context:
    if not isinstance(given, dict):
        raise UsageError(phrase("{where} has the context {given!r}, not a mapping", where=where, given=given))
    _known(given, _CONTEXT, phrase("the context of {where}", where=where))
    grad = given.get("grad")
    if grad is not None and grad not in _MODES:
        raise UsageError(
            phrase(
                "{where} has the grad mode {grad!r}; use one of {modes}", where=where, grad=grad, modes=commas(_MODES)
            )
        )
    mode: Any = None if grad is None else _MODES[grad]
    return Context(training=given.get("train", False) is True, grad=mode, dtype=str(given.get("dtype", "float32")))


def _published(given: Any, where: str) -> Published | None:
    if given is None:
        return None
    if not isinstance(given, dict) or not isinstance(given.get("gmac"), str):
        raise UsageError(
            phrase("{where} is published as {given!r}; write gmac as a quoted number", where=where, given=given)
        )
    _known(given, _PUBLISHED, phrase("what is published of {where}", where=where))
    try:
        Decimal(given["gmac"])
    except InvalidOperation:
        raise UsageError(
            phrase("{where} is published with {gmac!r}, which is no number", where=where, gmac=given["gmac"])
        ) from None
    return Published(**{"exception": "", **given})


def _limit(given: Any, path: str) -> Limit | None:
    if given is None:
        return None
    if not isinstance(given, dict) or set(given) != {"gmac", "because"} or type(given["gmac"]) is not int:
        raise UsageError(
            phrase(
                "the limit of {path} is {given!r}; it needs gmac, a whole number, and because", path=path, given=given
            )
        )
    return Limit(gmac=given["gmac"], because=str(given["because"]))


def _nearest(given: Any, path: str) -> Nearest:
    if not isinstance(given, dict) or set(given) != {"counter", "says", "works"}:
        raise UsageError(
            phrase("a nearest thing of {path} is {given!r}; it needs counter, says and works", path=path, given=given)
        )
    try:
        re.compile(str(given["says"]))
    except re.error as error:
        raise UsageError(
            phrase(
                "a nearest thing of {path} says {says!r}, no regular expression: {error}",
                path=path,
                says=given["says"],
                error=error,
            )
        ) from error
    return Nearest(**{name: str(value) for name, value in given.items()})
