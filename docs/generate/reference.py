"""Pages that list what programs rest on: commands with their options, the schemas of documents, the terms."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click
from markdown import page, table

from reconcile.cli import cli
from reconcile.pricing.terms import DEFINITION, TERMS
from reconcile.schemas import schema, schema_names


def commands_page() -> str:
    """Every command with its help, as it prints it."""
    return page(
        "Commands",
        "Each command takes `--json`, which prints one document and nothing else, and exits with 0 when everything is "
        "explained, 1 when something is not, and 2 when the question cannot be answered as asked.",
        *_commands(),
    )


def _commands() -> Iterator[str]:
    root = click.Context(cli, info_name="reconcile", terminal_width=100, max_content_width=100)
    yield f"```text\n{cli.get_help(root).rstrip()}\n```"
    for name in cli.list_commands(root):
        command = cli.get_command(root, name)
        if command is None or command.hidden:
            continue
        yield from _command(command, name, root)


def _command(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    """One command, and those that it has itself."""
    context = click.Context(command, info_name=name, parent=parent, terminal_width=100, max_content_width=100)
    yield f"## `{context.command_path}`"
    yield f"```text\n{command.get_help(context).rstrip()}\n```"
    if isinstance(command, click.Group):
        for part, found in command.commands.items():
            yield from _command(found, part, context)


def schemas_page() -> str:
    """The JSON Schema of every document."""
    parts = []
    for name in schema_names():
        document = schema(name)
        text = json.dumps(document, indent=1, ensure_ascii=False)
        parts += [f"## `{document['title']}`", str(document.get("description", "")), f"```json\n{text}\n```"]
    lead = "The documents that `--json` prints, as JSON Schema; `reconcile.schemas.schema(name)` gives them."
    return page("Documents", lead, *parts)


def terms_page() -> str:
    """Every term with its unit, and the definition's weight."""
    plain = [term for term in TERMS.values() if not term.name.endswith(".one-row")]
    exact = [(f"`{term.name}`", term.unit, str(DEFINITION.get(term.name, 0))) for term in plain if term.of is None]
    wrong = [(f"`{term.name}`", term.unit, f"`{term.of}`") for term in plain if term.of is not None]
    return page(
        "Terms",
        "What a layer executes is a handful of exact amounts, its terms; a counter is a table of weights over them.",
        table(["term", "one unit is one", "weight in the definition"], exact, right=[2]),
        "## Wrong measures of the same work",
        "A counter that measures work by a size that is not that of the work is described by a variant of the term. "
        "Each term has one more, `.one-row`, for counters that look at one row of a batch.",
        table(["variant", "one unit is one", "stands for"], wrong),
    )
