"""The environment as it stands: what is installed, who owns which package, what stands in the way."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name

from reconcile.caching.cache import cache_folder
from reconcile.registry import entries
from reconcile.releases.overlay import overlays_folder, standing, verified

_OPERATORS = "from reconcile.worker import shims; print(shims.apply().get('torchvision', ''))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Facts about an environment.

    `installed` are releases by distribution, `owners` the distributions that bring a package, `packages` what counters
    import, `shadows` files of the working folder that are found in place of such a package, `repaired` what the workers
    say that they repair, `broken` sentences about counters that cannot be loaded.
    """

    python: tuple[int, int]
    installed: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    shadows: Mapping[str, str] = field(default_factory=dict)
    distutils: bool = True
    repaired: str = ""
    broken: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    abandoned: tuple[str, ...] = ()
    cache: str = ""
    writable: bool = True


def environment() -> Environment:
    """The facts about this environment; torchvision is tried in a process of its own."""
    installed = {str(canonicalize_name(item.name)): item.version for item in metadata.distributions() if item.name}
    counters = [item.counter for item in entries().values()]
    packages = tuple(dict.fromkeys(["torch", "paddle", *(item.imports for item in counters if item.imports)]))
    brought = metadata.packages_distributions()
    return Environment(
        python=sys.version_info[:2],
        installed=installed,
        owners={name: tuple(sorted({canonicalize_name(one) for one in brought.get(name, ())})) for name in packages},
        packages=packages,
        shadows={name: shown for name in packages if (shown := _shadow(name))},
        distutils=importlib.util.find_spec("distutils") is not None,
        repaired=_repaired() if {"torch", "torchvision"} <= set(installed) else "",
        broken=tuple(item.broken for item in entries().values() if item.broken),
        damaged=tuple(place.name for place in standing() if not verified(place)),
        abandoned=tuple(item.name for item in overlays_folder().glob(".making-*")),
        cache=str(cache_folder()),
        writable=_writable(cache_folder()),
    )


def _shadow(package: str) -> str:
    """The file of the working folder that is found in place of an installed package; nothing if there is none."""
    for file in (Path(package) / "__init__.py", Path(f"{package}.py")):
        if file.is_file() and not Path.cwd().is_relative_to(sys.prefix):
            return f"./{file}"
    return ""


def _repaired() -> str:
    """What the workers say of torchvision's operators, if they have to say something."""
    done = subprocess.run([sys.executable, "-P", "-c", _OPERATORS], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _writable(folder: Path) -> bool:
    """Whether a folder can be written, or made."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return there.is_dir() and os.access(there, os.W_OK)
