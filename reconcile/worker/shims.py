"""Small named repairs of the environment that a worker applies before a counter or a model is imported."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

_kept: list[object] = []
"""Libraries of operator schemas; they vanish with their object."""


def apply() -> Iterator[str]:
    """Apply every shim that is needed here, and say which."""
    yield from _torchvision()


def _torchvision() -> Iterator[str]:
    """Declare torchvision's operators where its compiled extension cannot be loaded.

    Without their names `import torchvision` fails, and with it ptflops and many models.  They stay uncallable.
    """
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None or importlib.util.find_spec("torch") is None:
        return
    import torch

    folder = Path(spec.origin).parent
    for extension in folder.glob("_C.*"):
        try:
            torch.ops.load_library(extension)
        except OSError:
            continue
        return
    text = (folder / "_meta_registrations.py").read_text(encoding="utf-8")
    names = re.findall(r"register_(?:meta\(\"|fake\(\"torchvision::)(\w+)\"", text)
    library = torch.library.Library("torchvision", "FRAGMENT")
    missing = [name for name in dict.fromkeys(["nms", *names]) if not hasattr(torch.ops.torchvision, name)]
    for name in missing:
        library.define(f"{name}(Tensor a, Tensor b) -> Tensor")
    _kept.append(library)
    if missing:
        yield "torchvision's compiled operators cannot be loaded here; their names were declared so that it imports"
