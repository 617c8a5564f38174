"""The conformance cases: what each one is, what it is run on, and the definition's count as its product."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any

import yaml

from reconcile.claims.arithmetic import evaluate
from reconcile.errors import LedgerError, UsageError
from reconcile.inputs import Input, parse_input
from reconcile.language import later, phrase
from reconcile.objects import ObjectSpec, parse_object
from reconcile.schema import Context

_KEYS = frozenset("name about layer root idiom function input inputs context dtype macs params paddle".split())

_IDIOMS = "reconcile.idioms"

_MODES: dict[str, dict[str, Any]] = {
    "train": {"training": True},
    "grad": {"grad": "grad"},
    "no_grad": {"grad": "no_grad"},
    "inference_mode": {"grad": "inference"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One layer or idiom: how it is built, what it is given, and what it executes by definition.

    `macs` and `params` are sums of products of sizes; `params` is None where nobody wrote it down.
    `what` shows the layer or idiom as the case names it.
    """

    name: str
    subject: str
    what: str
    model: ObjectSpec
    inputs: tuple[Input, ...]
    context: Context
    macs: str
    params: str | None = None
    paddle: ObjectSpec | None = None
    about: str = ""

    @property
    def reference(self) -> int:
        """The definition's multiply-adds."""
        return evaluate(self.macs)

    @property
    def condition(self) -> str:
        """The context in a few words; nothing if it is the usual one."""
        usual, context = Context(), self.context
        words = ["train"] if context.training else []
        words += [context.grad] if context.grad else []
        words += [context.dtype] if context.dtype != usual.dtype else []
        return " ".join(words)


def call(text: str) -> tuple[str, list[Any], dict[str, Any]]:
    """A call of plain values, taken apart and never executed.

    >>> call("Conv2d(6, 10, 3, padding='same')")
    ('Conv2d', [6, 10, 3], {'padding': 'same'})
    """
    try:
        node = ast.parse(text, mode="eval").body
        if not isinstance(node, ast.Call) or any(item.arg is None for item in node.keywords):
            raise ValueError("it is no call")
        given = [ast.literal_eval(item) for item in node.args]
        return ast.unparse(node.func), given, {str(item.arg): ast.literal_eval(item.value) for item in node.keywords}
    except (SyntaxError, ValueError) as error:
        raise LedgerError(f"the conformance case {text!r} is no call of plain values: {error}") from error


def _idiom(what: str) -> ObjectSpec:
    """The class or function of the idioms that a call names; its arguments go by name."""
    name, given, named = call(what)
    if given:
        raise LedgerError(f"the conformance case {what!r} must name the arguments of its idiom")
    module, _, attribute = name.rpartition(".")
    return parse_object(f"{_IDIOMS}.{module}:{attribute}", named)


def _model(case: Mapping[str, Any], takes: int) -> tuple[str, ObjectSpec]:
    """What the one of `layer`, `root`, `idiom` and `function` that a case has stands for."""
    kinds = [kind for kind in ("layer", "root", "idiom", "function") if kind in case]
    if len(kinds) != 1:
        raise LedgerError(f"the conformance case {case.get('name')!r} must name one of layer, root, idiom, function")
    (kind,) = kinds
    what = str(case[kind])
    if kind == "function":
        return what, parse_object(f"{_IDIOMS}.functions:function", {"name": what, "takes": takes})
    if kind == "idiom":
        return what, _idiom(what)
    name, given, named = call(what)
    arguments: dict[str, Any] = {"layer": name, "given": given, "named": named}
    if kind == "layer":
        return f"nn.{what}", parse_object(f"{_IDIOMS}.layer:one_layer", arguments | {"takes": takes})
    layer = f"nn.{what}"
    return later("{layer} itself", layer=layer), parse_object(f"{_IDIOMS}.layer:root_layer", arguments)


def _context(case: Mapping[str, Any]) -> Context:
    settings: dict[str, Any] = {"dtype": str(case.get("dtype", "float32"))}
    for word in str(case.get("context", "")).split():
        settings |= _MODES[word]
    return Context(**settings)


def read_case(case: Mapping[str, Any], subject: str) -> Case:
    """The case of an entry of a file; one that contradicts itself is a defect of the file."""
    unknown = set(case) - _KEYS
    if unknown or not {"name", "macs"} <= set(case):
        raise LedgerError(f"the conformance case {case.get('name')!r} has unknown or missing keys: {sorted(unknown)}")
    texts = case.get("inputs", [case["input"]] if "input" in case else [])
    inputs = tuple(parse_input(str(text), least=0) for text in texts)
    what, model = _model(case, max(1, sum(item.name is None for item in inputs)))
    return Case(
        name=str(case["name"]),
        subject=subject,
        what=what,
        model=model,
        inputs=inputs,
        context=_context(case),
        macs=str(case["macs"]),
        params=str(case["params"]) if "params" in case else None,
        paddle=_idiom(str(case["paddle"])) if "paddle" in case else None,
        about=str(case.get("about", "")),
    )


def _read() -> Iterator[Case]:
    files = (item for item in resources.files("reconcile.conformance").iterdir() if item.name.endswith(".yaml"))
    for file in sorted(files, key=lambda item: item.name):
        subject = file.name.removesuffix(".yaml")
        yield from (read_case(case, subject) for case in yaml.safe_load(file.read_text("utf-8")))


@cache
def corpus() -> tuple[Case, ...]:
    """Every conformance case, by subject and in the order of its file."""
    cases = tuple(_read())
    names = [case.name for case in cases]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise LedgerError(f"two conformance cases are called {twice!r}")
    return cases


def chosen(patterns: Sequence[str] = ()) -> tuple[Case, ...]:
    """The cases whose name, or `subject/name`, fits one of some patterns; all if there is none."""
    cases = corpus()
    for pattern in patterns:
        if not any(_fits(case, pattern) for case in cases):
            raise UsageError(
                phrase(
                    "no conformance case fits {pattern!r}; names are as `conv2d-padding-same` or `norms/*`",
                    pattern=pattern,
                )
            )
    return tuple(case for case in cases if not patterns or any(_fits(case, pattern) for pattern in patterns))


def _fits(case: Case, pattern: str) -> bool:
    return fnmatchcase(case.name, pattern) or fnmatchcase(f"{case.subject}/{case.name}", pattern)
