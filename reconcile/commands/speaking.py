"""The option `--lang`, which every command has: the language of what people read."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import wraps
from itertools import pairwise
from typing import Any

import click

from reconcile.commands.options import form_of
from reconcile.language import ENGLISH, LANGUAGES, speaking, spoken, use

VARIABLE = "RECONCILE_LANG"


def speak(group: click.Group) -> None:
    """Give the option to every command of a group that does something."""
    for command in group.commands.values():
        if isinstance(command, click.Group):
            speak(command)
        if command.callback is not None and (not isinstance(command, click.Group) or command.invoke_without_command):
            command.params.append(_option())
            command.callback = _heard(command.callback)


def asked(given: Sequence[str]) -> str:
    """The language that a command line asks for, even one that is refused; English if nobody here speaks it."""
    said = [words.removeprefix("--lang=") for words in given if words.startswith("--lang=")]
    said += [after for before, after in pairwise(given) if before == "--lang"]
    language = said[-1] if said else os.environ.get(VARIABLE, ENGLISH)
    return language if language in LANGUAGES else ENGLISH


def _option() -> click.Option:
    return click.Option(
        ["--lang"],
        type=click.Choice(LANGUAGES),
        envvar=VARIABLE,
        is_eager=True,
        expose_value=False,
        callback=_speak,
        help=f"The language of what people read; documents in JSON are English. {VARIABLE}, or en, if not given.",
    )


def _speak(context: click.Context, option: click.Parameter, language: str | None) -> None:
    """Speak the language from here on, also where the other options are refused."""
    if language is not None:
        use(language)


def _heard(callback: Callable[..., Any]) -> Callable[..., Any]:
    """A command that makes documents in English, whatever language was asked for."""

    @wraps(callback)
    def command(*arguments: Any, **options: Any) -> Any:
        machine = form_of(bool(options.get("as_json"))) == "json"
        with speaking(ENGLISH if machine else spoken()):
            return callback(*arguments, **options)

    return command
