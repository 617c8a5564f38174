"""What `reconcile conform` does once its arguments are read: run, write, review, print, and give the exit code."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconcile.ask import every
from reconcile.commands.options import Texts, check_timeout, give, language_option, text_of
from reconcile.conformance.accepted import Review, accepted_text, read_accepted, review
from reconcile.conformance.conform import Suite, conform
from reconcile.conformance.corpus import chosen
from reconcile.errors import UsageError
from reconcile.language import phrase, retold
from reconcile.progress import watcher
from reconcile.render import terminal
from reconcile.render.conformance import conformance_csv, conformance_report, findings, results, sentence, summary
from reconcile.render.files import write_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The arguments of the command."""

    counters: tuple[str, ...]
    every: bool
    patterns: tuple[str, ...]
    accept: str | None
    write_accept: str | None
    adapters: tuple[str, ...]
    timeout: float
    memory: int | None
    jobs: int | None
    as_json: bool
    outputs: tuple[str, ...]

    @property
    def command(self) -> str:
        """The command that asks for the same files."""
        words = ["reconcile", "conform", *(["--all"] if self.every else self.counters)]
        words += [word for pattern in self.patterns for word in ("--case", pattern)]
        words += [word for file in self.adapters for word in ("--adapter", file)]
        return shlex.join(
            [*words, *(word for output in self.outputs for word in ("--output", output)), *language_option()]
        )


def conform_answer(asked: Asked) -> bool:
    """Answer the command; true if nothing drifted and, with a file of accepted departures, it covers everything."""
    lines = None if asked.accept is None else read_accepted(asked.accept)
    suite = conform(
        chosen(asked.patterns),
        _counters(asked),
        adapters=asked.adapters,
        timeout=asked.timeout,
        memory=asked.memory,
        jobs=asked.jobs,
        progress=watcher(),
    )
    found = None if lines is None else review(suite, lines)
    document = _document(suite, found, several=asked.every or len(suite.counters) > 1)
    texts: Texts = {
        ".md": lambda: conformance_report(suite, asked.command),
        ".csv": lambda: conformance_csv(suite),
    }
    for output in asked.outputs:
        write_text(output, text_of(Path(output).suffix, document, texts))
    if asked.write_accept is not None:
        write_text(asked.write_accept, accepted_text(suite))
    give(document, as_json=asked.as_json, output=None, show=lambda: _show(suite, found), texts=texts)
    return not suite.drifted and (found is None or bool(found))


def _counters(asked: Asked) -> Sequence[str]:
    if asked.every == bool(asked.counters):
        raise UsageError(phrase("name the counters to check, or give --all for every one that can run here"))
    check_timeout(asked.timeout)
    for file in asked.adapters:
        if not Path(file).is_file():
            raise UsageError(phrase("the adapter {file!r} does not exist", file=file))
    found = every(asked.adapters) if asked.every else asked.counters
    if not found:
        raise UsageError(phrase("no counter is installed; pip install 'flop-reconcile[all]' brings them"))
    return found


def _document(suite: Suite, found: Review | None, *, several: bool) -> dict[str, Any]:
    document = suite.to_json() if several else suite.counters[0].to_json()
    return document if found is None else document | found.to_json()


def _show(suite: Suite, found: Review | None) -> None:
    out = terminal.console()
    if len(suite.counters) == 1:
        (counter,) = suite.counters
        terminal.say(sentence(counter), to=out)
        if results(counter).rows:
            terminal.show(results(counter), to=out)
    else:
        terminal.show(summary(suite), to=out)
        for counter in suite.counters:
            for result in counter.of("drifted"):
                note = phrase(
                    "{counter} drifted in {case}: {note}",
                    counter=counter.counter,
                    case=result.case,
                    note=retold(result.note),
                )
                terminal.say(note, to=out)
    if found is not None and not found:
        terminal.show(findings(found), to=out)
