"""A live model and its inputs as bytes for our own workers; the model itself is left as it was."""

from __future__ import annotations

import io
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cloudpickle

from reconcile.errors import UsageError
from reconcile.language import phrase


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """A pickler that knows Paddle's tensors, which do not know how to be pickled."""

    def reducer_override(self, obj: Any) -> Any:
        """How to make an object anew."""
        paddle = sys.modules.get("paddle")
        if paddle is None or not isinstance(obj, paddle.Tensor):
            return super().reducer_override(obj)
        from reconcile.worker.paddle_tree import rebuilt

        return rebuilt, (obj.numpy(), type(obj).__name__, bool(obj.stop_gradient))


def payload(model: object, inputs: tuple[object, ...]) -> bytes:
    """Pickle a live PyTorch or Paddle model and its inputs; raises `UsageError` for anything else."""
    parts = _parts(model)
    if any(isinstance(item, str) for item in inputs):
        raise UsageError(phrase("a live model takes tensors as its inputs"))
    buffer = io.BytesIO()
    with _by_value({type(part).__module__ for part in parts}):
        try:
            _Pickler(buffer).dump((model, inputs))
        except Exception as error:
            raise UsageError(
                phrase(
                    "the model cannot be copied into a worker: {error_type}: {error}",
                    error_type=type(error).__name__,
                    error=error,
                )
            ) from error
    return buffer.getvalue()


def _parts(model: object) -> list[object]:
    """A model and every module in it."""
    torch, paddle = sys.modules.get("torch"), sys.modules.get("paddle")
    if torch is not None and isinstance(model, torch.nn.Module):
        return [*model.modules()]
    if paddle is not None and isinstance(model, paddle.nn.Layer):
        return [*model.sublayers(include_self=True)]
    raise UsageError(
        phrase(
            "a live model must be a torch.nn.Module or a paddle.nn.Layer, not {kind}; name others by a text",
            kind=type(model).__name__,
        )
    )


@contextmanager
def _by_value(modules: set[str]) -> Iterator[None]:
    """Pickle what stands in the caller's own files by value, because a worker may not find them."""
    own = [name for name in modules if _is_local(name)]
    for name in own:
        cloudpickle.register_pickle_by_value(sys.modules[name])
    try:
        yield
    finally:
        for name in own:
            cloudpickle.unregister_pickle_by_value(sys.modules[name])


_INSTALLED = frozenset({"site-packages", "dist-packages"})


def _is_local(name: str) -> bool:
    """Whether a module is the caller's own file, which a worker may not find.

    What is installed is found, wherever that is: classes copied by value would be strangers to every counter.
    """
    if name == "__main__" or name not in sys.modules or name.startswith("reconcile."):
        return False
    top = sys.modules.get(name.partition(".")[0])
    file = getattr(sys.modules[name], "__file__", None) or getattr(top, "__file__", None)
    standard = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
    return file is not None and not _INSTALLED & set(Path(file).parts) and not file.startswith(standard)
