"""Small named repairs of the environment that a worker applies before a counter or a model is imported."""

from __future__ import annotations

import collections
import collections.abc
import importlib.util
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from packaging.version import Version

from reconcile.language import commas, later

_kept: list[object] = []
"""Libraries of operator schemas; they vanish with their object."""


_declared: list[str] = []
"""Names of torchvision's operators that were declared, in this process or in the one that it was forked from."""

_revived: list[str] = []
"""Names that Python no longer has, were asked for and given back."""


def apply(*, overlay: bool = False) -> Mapping[str, str]:
    """Apply every shim that is needed here; what each one says, by the package that it is for.

    With `overlay` the counter may be older than this Python.
    """
    if overlay:
        _collections()
        _distutils()
    said = _torchvision()
    return {} if said is None else {"torchvision": said}


def used(repairs: Mapping[str, str]) -> list[str]:
    """What the shims say whose package was imported in the end, and those whose names were asked for."""
    said = [text for package, text in repairs.items() if package in sys.modules]
    if not _revived:
        return said
    names = commas(dict.fromkeys(_revived))
    return [*said, later("names that Python no longer has were given back for it: {names}", names=names)]


def _collections() -> None:
    """Give back the names that moved to `collections.abc` and left `collections` in Python 3.10.

    Releases of before 2021 ask for `collections.Iterable` and the like.  Nothing changes for who does not ask.
    """

    def moved(name: str) -> object:
        if name in collections.abc.__all__:
            _revived.append(f"collections.{name}")
            return getattr(collections.abc, name)
        raise AttributeError(f"module 'collections' has no attribute {name!r}")

    if not hasattr(collections, "__getattr__"):
        vars(collections)["__getattr__"] = moved


def _distutils() -> None:
    """Give back the one name of distutils that counters use, `LooseVersion`, which left Python with it in 3.12.

    thop compares PyTorch's version by it.  Where Python or setuptools still bring distutils, nothing is done.
    """
    if "distutils" in sys.modules or importlib.util.find_spec("distutils") is not None:
        return

    def loose(text: str) -> Version:
        _revived.append("distutils.version.LooseVersion")
        return Version(text)

    package, version = ModuleType("distutils"), ModuleType("distutils.version")
    vars(version)["LooseVersion"] = loose
    vars(package)["version"] = version
    sys.modules |= {"distutils": package, "distutils.version": version}


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
    _declared.extend(missing)
    if not _declared:
        return None
    return later("torchvision's compiled operators cannot be loaded here; their names were declared so that it imports")
