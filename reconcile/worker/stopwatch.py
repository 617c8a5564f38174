"""What a piece of work takes: seconds by the clock, and the most memory that the process held meanwhile."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Stopwatch:
    """Seconds and bytes of the pieces that were measured; bytes are None where the system does not tell them."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peak: int | None = None

    @contextlib.contextmanager
    def measuring(self, name: str) -> Iterator[None]:
        """Measure a piece of work; the peak is that of the piece measured last."""
        with contextlib.suppress(OSError):
            # The kernel begins anew with the memory that is held now.
            _CLEAR.write_text("5", encoding="ascii")
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = time.perf_counter() - began
            self.peak = _peak()

    def to_json(self) -> dict[str, object]:
        """What was measured as plain JSON values."""
        return {"seconds": self.seconds, "peak": self.peak}


def _peak() -> int | None:
    """The most bytes that this process held since the peak was cleared."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = _STATUS.read_text(encoding="ascii").splitlines()
        return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)
    return None
