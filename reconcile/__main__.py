"""`python -m reconcile` is the command `reconcile`; this is where the installed command enters too.

Nothing large is imported before the signals are taken care of.
"""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType

_TIDYING = 30.0
"""Seconds after a signal in which further ones are ignored, because workers are being ended and files removed."""


class Interruption:
    """The first signal that asks this process to end, as a `KeyboardInterrupt`, on which everything tidies up."""

    def __init__(self) -> None:
        self.number: int | None = None
        self._at = 0.0

    def listen(self) -> None:
        """Take Ctrl-C, termination and hanging up, where whoever started this process has not switched them off."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._come)

    def _come(self, number: int, frame: FrameType | None) -> None:
        if self.number is None or time.monotonic() - self._at > _TIDYING:
            self.number, self._at = number, time.monotonic()
            raise KeyboardInterrupt

    def ignore(self) -> None:
        """Let nothing interrupt the end of this process."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)


def main() -> None:
    """Enter from the command line; a signal gives the exit code that shells give for it, 130 for Ctrl-C."""
    interruption = Interruption()
    try:
        interruption.listen()
        from reconcile.cli import run_cli

        code = run_cli()
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    interruption.ignore()
    sys.exit(code if interruption.number is None else 128 + interruption.number)


if __name__ == "__main__":
    main()
