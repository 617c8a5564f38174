"""The option `--lang`, which every command has: the language of what people read."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from reconcile.commands.options import form_of
from reconcile.language import ENGLISH, LANGUAGES, speaking

VARIABLE = "RECONCILE_LANG"


def speak(group: click.Group) -> None:
    """Give the option to every command of a group that does something."""
    for command in group.commands.values():
        if isinstance(command, click.Group):
            speak(command)
        if command.callback is not None and (not isinstance(command, click.Group) or command.invoke_without_command):
            command.params.append(_option())
            command.callback = _spoken(command.callback)


def _option() -> click.Option:
    return click.Option(
        ["--lang"],
        type=click.Choice(LANGUAGES),
        default=ENGLISH,
        envvar=VARIABLE,
        help=f"The language of what people read; documents in JSON are English. {VARIABLE}, or en, if not given.",
    )


def _spoken(callback: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(callback)
    def command(*arguments: Any, lang: str, **options: Any) -> Any:
        machine = form_of(bool(options.get("as_json"))) == "json"
        with speaking(ENGLISH if machine else lang):
            return callback(*arguments, **options)

    return command
