"""What the commands about many models share: the models, where finished ones are kept, and the report."""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from reconcile.commands.options import FORMAT, MEMORY, Command, check_timeout, give, language_option, options_of
from reconcile.errors import UsageError
from reconcile.language import either, phrase
from reconcile.launching.launch import TIMEOUT
from reconcile.render.files import json_text, write_text
from reconcile.surveys.survey_file import Survey, SurveyModel

Text = Callable[[dict[str, Any]], str]


def many_models(cache: str) -> Callable[[Command], Command]:
    """The survey file that a command is about, and how its models are run; they are kept in the folder `cache`."""
    return options_of(
        click.argument("file", metavar="FILE.yaml"),
        click.option(
            "--model", "patterns", multiple=True, metavar="PATTERN", help="Only models whose name or group matches."
        ),
        click.option("--cache", default=cache, metavar="DIR", help=f"Where finished models are kept ({cache})."),
        click.option("--resume", is_flag=True, help="Take the models that are finished already from the cache."),
        click.option("--finished", is_flag=True, help="Report what is finished in the cache, and run no counter."),
        click.option(
            "--timeout", default=TIMEOUT, metavar="SECONDS", help="How long one counter may take on one model."
        ),
        MEMORY,
    )


REPORT = options_of(
    FORMAT,
    click.option("--json", "as_json", is_flag=True, help="Print the document as JSON, and nothing else."),
    click.option(
        "--output", metavar="FILE.md", help="Write the report to FILE.md and the document beside it as .json."
    ),
)
"""How the answer of such a command is printed and written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What such a command was asked."""

    file: str
    patterns: Sequence[str]
    cache: str
    resume: bool
    finished: bool
    timeout: float
    memory: int | None
    as_json: bool
    output: str | None

    def __post_init__(self) -> None:
        if self.output is not None and Path(self.output).suffix != ".md":
            raise UsageError(
                phrase("the output {output!r} must end in .md; the document is written beside it", output=self.output)
            )
        check_timeout(self.timeout)

    def models(self, survey: Survey) -> list[SurveyModel]:
        """The models of a survey whose name or group matches a pattern, or all of them if there is none."""
        if not self.patterns:
            return list(survey.models)
        found = [
            model
            for model in survey.models
            if any(fnmatch.fnmatchcase(text, one) for one in self.patterns for text in (model.name, model.group))
        ]
        if not found:
            patterns = either(map(repr, self.patterns))
            raise UsageError(phrase("no model of {file!r} matches {patterns}", file=survey.file, patterns=patterns))
        return found

    @property
    def running(self) -> dict[str, Any]:
        """How the models are run and kept, as what runs them takes it."""
        return {
            "cache": self.cache,
            "resume": self.resume,
            "finished": self.finished,
            "timeout": self.timeout,
            "memory": self.memory,
        }

    def command(self, name: str) -> str:
        """The command that asks for the same report."""
        models = [word for pattern in self.patterns for word in ("--model", pattern)]
        output = ["--output", self.output] if self.output else []
        return shlex.join(["reconcile", name, self.file, *models, *output, *language_option()])

    def give(self, document: dict[str, Any], *, report: Text, csv: Text, summary: Text) -> None:
        """Write the report with its document beside it, and print the answer."""
        if self.output is not None:
            write_text(self.output, report(document))
            write_text(str(Path(self.output).with_suffix(".json")), json_text(document))
        give(
            document,
            as_json=self.as_json,
            output=None,
            show=lambda: print(summary(document)),
            texts={".md": lambda: report(document), ".csv": lambda: csv(document)},
        )
