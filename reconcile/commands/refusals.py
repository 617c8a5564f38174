"""What click and the system refuse, in one sentence each, in the language in use."""

from __future__ import annotations

import click

from reconcile.language import later, phrase, retold

OF_CLICK = (
    later("No such command {name}."),
    later("No such command {name}. Did you mean {other}?"),
    later("No such command {name}. (Did you mean one of: {others}?)"),
    later("No such option {name}."),
    later("No such option {name}. Did you mean {other}?"),
    later("No such option {name}. (Did you mean one of: {others}?)"),
    later("Missing argument {name}."),
    later("Missing option {name}."),
    later("Got unexpected extra argument ({arguments})"),
    later("Got unexpected extra arguments ({arguments})"),
    later("Option {name} requires an argument."),
    later("Option {name} does not take a value."),
    later("Invalid value for {name}: {why}"),
    later("{value} is not one of {choices}."),
    later("{value} is not a valid integer."),
    later("{value} is not a valid integer range."),
    later("{value} is not a valid float."),
    later("{value} is not in the range {range}."),
)
"""The sentences of click that a command line can meet, for the catalogue: click itself says them in English."""


def of_click(error: click.ClickException) -> str:
    """What is wrong with a command line."""
    return retold(" ".join(error.format_message().split()))


def of_system(error: OSError) -> str:
    """What the system refuses, and the file that it is about where it names one."""
    why = error.strerror or error
    if error.filename is None:
        return phrase("the system refuses: {why}", why=why)
    return phrase("the system refuses {file!r}: {why}", file=str(error.filename), why=why)
