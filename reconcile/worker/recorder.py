"""What every recorder can say of the moment: the parts of `reconcile.adapter.Recorder` that need a tape only."""

from __future__ import annotations

from reconcile.worker.tape import Tape


class TapeRecorder:
    """A recorder that writes on a tape."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    @property
    def function(self) -> int | None:
        """The Python-level call that is being executed."""
        return self.tape.function

    @property
    def last_op(self) -> int | None:
        """The op that was executed last."""
        return self.tape.last_op

    @property
    def path(self) -> str:
        """The path of the module that is being executed; the model's own while none is."""
        return "" if self.tape.call is None else self.tape.calls[self.tape.call].module
