"""Small named repairs of the environment that a worker applies before a counter or a model is imported."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Mapping
from pathlib import Path

_kept: list[object] = []
"""Libraries of operator schemas; they vanish with their object."""


def apply() -> Mapping[str, str]:
    """Apply every shim that is needed here; what each one says, by the package that it is for."""
    said = _torchvision()
    return {} if said is None else {"torchvision": said}


def used(repairs: Mapping[str, str]) -> list[str]:
    """What the shims say whose package was imported in the end."""
    return [text for package, text in repairs.items() if package in sys.modules]


def _torchvision() -> str | None:
    """Declare torchvision's operators where its compiled extension cannot be loaded.

    Without their names `import torchvision` fails, and with it ptflops and many models.  They stay uncallable.
    """
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None or importlib.util.find_spec("torch") is None:
        return None
    import torch

    folder = Path(spec.origin).parent
    for extension in folder.glob("_C.*"):
        try:
            torch.ops.load_library(extension)  # type: ignore[no-untyped-call]
        except OSError:
            continue
        return None
    text = (folder / "_meta_registrations.py").read_text(encoding="utf-8")
    names = re.findall(r"register_(?:meta\(\"|fake\(\"torchvision::)(\w+)\"", text)
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    missing = [name for name in dict.fromkeys(["nms", *names]) if not hasattr(torch.ops.torchvision, name)]
    for name in missing:
        library.define(f"{name}(Tensor a, Tensor b) -> Tensor")  # type: ignore[no-untyped-call]
    _kept.append(library)
    if not missing:
        return None
    return "torchvision's compiled operators cannot be loaded here; their names were declared so that it imports"
