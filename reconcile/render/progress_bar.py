"""A progress bar on standard error, where somebody is there to see it; never in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconcile.progress import watched

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


class Bar:
    """One bar at a time: it appears with the first of several jobs and is gone after the last."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console
        self._shown: Progress | None = None

    def tell(self, done: int, of: int, job: str) -> None:
        """Show how many jobs are done, of how many."""
        if done == of:
            self.close()
        elif of > 1:
            shown = self._started(of)
            shown.update(shown.task_ids[0], completed=done, job=job, refresh=True)

    def _started(self, of: int) -> Progress:
        if self._shown is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            self._shown = Progress(
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[job]}", markup=False),
                console=self._console or Console(stderr=True),
                transient=True,
            )
            self._shown.add_task("", total=of, job="")
            self._shown.start()
        return self._shown

    def close(self) -> None:
        """Take the bar away."""
        if self._shown is not None:
            self._shown.stop()
            self._shown = None


@contextmanager
def progress_bar() -> Iterator[None]:
    """Show a bar for the jobs of a block, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    bar = Bar()
    try:
        with watched(bar.tell):
            yield
    finally:
        bar.close()
