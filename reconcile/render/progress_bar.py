"""A progress bar and lines of what is finished on standard error, where somebody is there to see; never in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from reconcile.progress import watched

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


class Bar:
    """One bar at a time: it appears with the first of several jobs and is gone after the last."""

    def __init__(self, console: Console | None = None) -> None:
        self._given = console
        self._shown: Progress | None = None

    @cached_property
    def _console(self) -> Console:
        from rich.console import Console

        return self._given or Console(stderr=True)

    def tell(self, done: int, of: int, job: str) -> None:
        """Show how many jobs are done, of how many."""
        if done == of:
            self.close()
        elif of > 1:
            shown = self._started(of)
            shown.update(shown.task_ids[0], completed=done, job=job, refresh=True)

    def _started(self, of: int) -> Progress:
        if self._shown is None:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            self._shown = Progress(
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[job]}", markup=False),
                console=self._console,
                transient=True,
            )
            self._shown.add_task("", total=of, job="")
            self._shown.start()
        return self._shown

    def line(self, text: str) -> None:
        """Print a line that stays, above the bar if there is one."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take the bar away."""
        if self._shown is not None:
            self._shown.stop()
            self._shown = None


@contextmanager
def progress_bar() -> Iterator[None]:
    """Show a bar for the jobs of a block, and a line for each finished part, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    bar = Bar()
    try:
        with watched(bar.tell, bar.line):
            yield
    finally:
        bar.close()
