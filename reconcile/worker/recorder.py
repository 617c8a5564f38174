"""What every recorder can say of the moment: the parts of `reconcile.adapter.Recorder` that need a tape only."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from types import CodeType, FrameType
from typing import Any

from reconcile.worker.tape import Tape


class TapeRecorder:
    """A recorder that writes on a tape.

    `paths` are the modules of the model by identity.  `own_code` are folders of the counter whose hooks execute ops
    of their own; those ops are not the model's work.
    """

    boundary: CodeType | None = None
    """The framework's own code that calls a module; below it, ops are the model's again."""

    def __init__(self, tape: Tape, paths: Mapping[int, str], own_code: Iterable[str]) -> None:
        self.tape = tape
        self._paths = paths
        self._own_code = tuple(own_code)

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
        return self.tape.path

    def inside(
        self, name: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any]
    ) -> AbstractContextManager[list[Any]]:
        """Record one Python-level call that the counter itself stands in; its output goes into the list."""
        return self.tape.inside(name, arguments, keywords)

    def _recorded_call(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """A module's `__call__` that also writes the call down."""
        tape, known = self.tape, self._paths

        @functools.wraps(original)
        def recorded_call(module: Any, *args: Any, **kwargs: Any) -> Any:
            path = known.get(id(module))
            if path is None:
                return original(module, *args, **kwargs)
            call, output = tape.enter(path, args, kwargs), None
            try:
                output = original(module, *args, **kwargs)
            finally:
                tape.leave(call, output)
            return output

        return recorded_call

    def _foreign(self) -> bool:
        """Whether the op at hand is executed by the counter's own code and not by the model."""
        frame: FrameType | None = sys._getframe(2) if self._own_code else None
        while frame is not None:
            code = frame.f_code
            if code is self.boundary or (code.co_filename == __file__ and code.co_name == "recorded_call"):
                return False
            if code.co_filename.startswith(self._own_code):
                return True
            frame = frame.f_back
        return False
