"""What `--help` says of the commands of a group."""

from __future__ import annotations

import click

_WHOLE = 10_000
"""More letters than a sentence has."""


class Commands(click.Group):
    """A group whose help says in a whole sentence what each command does; click would cut it to one line."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(_WHOLE)) for name, command in commands if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
