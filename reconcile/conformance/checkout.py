"""A counter's checkout: the folder that its package is imported from before any other, and the release it says it is.

Whoever maintains a counter wants the files that they edit to be tested, not a copy that stands in the environment.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

from packaging.version import InvalidVersion, Version

_LAYOUTS = (".", "src")
"""Where a package stands in a project, from the project's own folder."""


def holds(folder: Path, package: str) -> bool:
    """Whether a package or module can be imported from a folder."""
    return (folder / package / "__init__.py").is_file() or (folder / f"{package}.py").is_file()


def checkout_at(project: Path, package: str) -> Path | None:
    """The folder of a project that a package is imported from; None if it is not there."""
    folders = ((project / layout).resolve() for layout in _LAYOUTS)
    return next((folder for folder in folders if holds(folder, package)), None)


def release_at(folder: Path, distribution: str) -> str | None:
    """The release that a checkout was installed as; None where it was not, whatever else is installed."""
    for found in metadata.distributions(name=distribution):
        if any(folder == place or place in folder.parents for place in _places(found)):
            try:
                return str(Version(found.version))
            except InvalidVersion:
                return None
    return None


def _places(distribution: metadata.Distribution) -> Iterable[Path]:
    """The project that an installation in place points to; an ordinary installation points to none."""
    text = distribution.read_text("direct_url.json")
    origin = json.loads(text) if text else {}
    if origin.get("dir_info", {}).get("editable"):
        yield Path(url2pathname(urlparse(origin["url"]).path)).resolve()
