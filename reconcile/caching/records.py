"""Which distribution's files stand in the environment: told by their hashes, not by who claims to be installed.

Two distributions may install the same package; the one that came last wins, and both are listed as installed.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path


def owned(distribution: metadata.Distribution, package: str) -> Mapping[str, str]:
    """The hashes that a distribution's RECORD gives for the Python files on the first level of a package."""
    found = {}
    for line in (distribution.read_text("RECORD") or "").splitlines():
        path, _, rest = line.partition(",")
        if path.startswith(f"{package}/") and path.count("/") == 1 and path.endswith(".py"):
            algorithm, _, digest = rest.partition(",")[0].partition("=")
            if algorithm == "sha256":
                found[path] = digest
    return found


def _differs(distribution: metadata.Distribution, package: str) -> str | None:
    """The first file of a package that is not the one that the distribution brought."""
    for path, digest in owned(distribution, package).items():
        file = Path(str(distribution.locate_file(path)))
        if not file.is_file() or _digest(file) != digest:
            return path
    return None


def _digest(file: Path) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest()).rstrip(b"=").decode()


def overwritten(distribution: str, package: str) -> str | None:
    """The other distribution, as `name version`, whose files stand in the place of this one's; None if there is none.

    A file that was only edited by hand belongs to no other distribution, and is left to whoever edited it.
    """
    try:
        own = metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return _owner(package, None)
    path = _differs(own, package)
    return None if path is None else _owner(package, path)


def _owner(package: str, path: str | None) -> str | None:
    """The installed distribution that brought a file of a package, or with no file the whole package."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    path = path or f"{package}/{Path(spec.origin).name}"
    file = Path(spec.origin).parent / path.partition("/")[2]
    if not file.is_file():
        return None
    digest = _digest(file)
    for other in metadata.distributions():
        if owned(other, package).get(path) == digest:
            return f"{other.name} {other.version}"
    return None
