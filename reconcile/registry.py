"""The counters that are known: adapters found as files, by entry point or by path; and what is installed."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType

from packaging.version import InvalidVersion, Version

from reconcile import reference
from reconcile.adapter import Counter, Subject, Told
from reconcile.caching.records import overwritten
from reconcile.conformance.checkout import holds, release_at
from reconcile.errors import CounterError, UsageError
from reconcile.language import commas, later, phrase
from reconcile.releases.overlay import Overlay, pinned
from reconcile.rules import Rules

GROUP = "reconcile.adapters"
"""The entry-point group under which other distributions offer adapter modules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One counter and the adapter file that provides it; `release` is set where one release was asked for.

    `checkout` is the folder that the counter's library is imported from before any other.
    """

    counter: Counter
    file: Path
    broken: str | None = None
    release: str | None = None
    checkout: Path | None = None

    @property
    def version(self) -> str | None:
        """The release that would run: that of the overlay, or else the installed one; None if there is none."""
        if self.counter.distribution is None:
            return None
        if self.checkout is not None:
            return release_at(self.checkout, self.counter.distribution)
        overlay = self.overlay
        return _installed(self.counter.distribution) if overlay is None else overlay.version(self.counter.distribution)

    @property
    def overlay(self) -> Overlay | None:
        """The folder of its own that the counter needs; None where the environment has what is asked for."""
        distribution = self.counter.distribution
        if self.checkout is not None:
            return None
        if self.release is not None and distribution is not None:
            wanted = pinned(distribution, self.release)
            if self._here is None and _installed(distribution) == wanted.partition("==")[2]:
                return None
            others = (text for text in self.counter.overlay if text.partition("==")[0] != distribution)
            return Overlay(requirements=(wanted, *others, *self.counter.needs(wanted.partition("==")[2])))
        if self.counter.overlay and self._here is not None:
            return Overlay(requirements=self.counter.overlay)
        return None

    @property
    def missing(self) -> str | None:
        """Why the counter cannot run here as things stand, in one sentence; None if it can."""
        if self.broken is not None or self.checkout is not None:
            return self.broken
        overlay = self.overlay
        if overlay is None:
            return self._here
        if overlay.state == "made":
            return None
        shown = self.counter.id if self.release is None else f"{self.counter.id}=={self.release}"
        if overlay.state == "damaged":
            return later("{counter} is damaged: reconcile overlays make {counter}", counter=shown)
        return later("{counter} is not made: reconcile overlays make {counter}", counter=shown)

    @property
    def _here(self) -> str | None:
        """Why the environment itself cannot run the counter; None if it can."""
        imports, distribution = self.counter.imports, self.counter.distribution
        if imports is None:
            return None
        if not _exists(imports):
            return later(
                "{counter} is not installed: pip install {distribution}",
                counter=self.counter.id,
                distribution=distribution,
            )
        other = None if distribution is None else overwritten(distribution, imports)
        if other is None:
            return None
        if distribution is not None and other.startswith(f"{distribution}-"):
            # A build for other hardware has a name of its own, such as paddlepaddle-gpu.
            return None
        if distribution is not None and _installed(distribution) is None:
            return later(
                "{counter} is not installed: {imports}/ here belongs to {other}",
                counter=self.counter.id,
                imports=imports,
                other=other,
            )
        return later(
            "{counter} is overwritten: {other} put its own files into {imports}/; install {distribution} anew",
            counter=self.counter.id,
            other=other,
            imports=imports,
            distribution=distribution,
        )

    def at(self, release: str | None) -> Entry:
        """The entry of one release of the counter; the counter of a framework itself has none."""
        if release is None:
            return self
        if self.counter.distribution is None:
            raise UsageError(phrase("{counter} has no releases of its own", counter=self.counter.id))
        return replace(self, release=release)

    def within(self, checkout: Path | None) -> Entry:
        """The entry with its library taken from a folder, if it stands there and no release was asked for."""
        imports = self.counter.imports
        if checkout is None or imports is None or self.release is not None or not holds(checkout, imports):
            return self
        return replace(self, checkout=checkout)


def _installed(distribution: str) -> str | None:
    """The installed release of a distribution; None if it is not installed."""
    try:
        return str(Version(metadata.version(distribution)))
    except (metadata.PackageNotFoundError, InvalidVersion):
        return None


def _exists(package: str) -> bool:
    """Whether a package can be found; a broken one counts as absent."""
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def folders() -> tuple[Path, ...]:
    """The folders that may hold the adapters that ship with this package: in a wheel, and in a checkout."""
    package = Path(__file__).resolve().parent
    return (package / "adapters", package.parent / "adapters")


def _package(folder: Path) -> str:
    """The name of the package that stands for a folder of adapters, in this process."""
    name = f"reconcile_adapters_{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"
    if name not in sys.modules:
        package = ModuleType(name, "Adapters that were found as files.")
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return name


def load(file: Path) -> ModuleType:
    """Load one adapter file under a name that no library can own; files beside it are its relative imports."""
    name = f"{_package(file.parent)}.{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UsageError(later("the adapter {file!r} is no Python file", file=str(file)))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except FileNotFoundError:
        raise UsageError(later("the adapter {file!r} does not exist", file=str(file))) from None
    except Exception as error:
        raise UsageError(
            later(
                "the adapter {file!r} cannot be loaded: {error_type}: {error}",
                file=str(file),
                error_type=type(error).__name__,
                error=error,
            )
        ) from error
    if not getattr(module, "COUNTERS", ()):
        raise UsageError(later("the adapter {file!r} defines no COUNTERS", file=str(file)))
    return module


def _named(files: Iterable[str]) -> Iterator[Entry]:
    """Counters of adapter files that the caller names."""
    for file in dict.fromkeys(Path(name).resolve() for name in files):
        yield from (Entry(counter=counter, file=file) for counter in load(file).COUNTERS)


@cache
def shipped() -> tuple[Entry, ...]:
    """The counters that this package has adapters for."""
    folder = next((folder for folder in folders() if folder.is_dir()), None)
    files = () if folder is None else sorted(file for file in folder.glob("*.py") if file.stem != "__init__")
    return tuple(Entry(counter=counter, file=file) for file in files for counter in load(file).COUNTERS)


def _offered() -> Iterator[Entry]:
    """Counters that other distributions offer; one that cannot be loaded is listed as broken and harms no other."""
    for point in metadata.entry_points(group=GROUP):
        try:
            file = _file_of(point.module)
            yield from (Entry(counter=counter, file=file) for counter in load(file).COUNTERS)
        except Exception as error:
            yield Entry(
                counter=_unknown(point.name),
                file=Path(point.module),
                broken=later("{counter} is broken: {why}", counter=point.name, why=str(error)),
            )


def _file_of(module: str) -> Path:
    """The file of a module that may stand in a package; the package, which may be slow to import, is not imported."""
    top, *below = module.split(".")
    spec, name = importlib.util.find_spec(top), top
    for part in below:
        name = f"{name}.{part}"
        spec = None if spec is None else PathFinder.find_spec(name, spec.submodule_search_locations)
    if spec is None or spec.origin is None:
        raise UsageError(later("the module {module!r} that offers it does not exist", module=module))
    return Path(spec.origin)


def _unknown(name: str) -> Counter:
    """A counter of which nothing but its name is known."""
    return Counter(
        id=name,
        unit="MAC",
        framework="any",
        distribution=None,
        imports=None,
        sees=later("unknown"),
        rules=Rules(),
        run=_never,
    )


def _never(subject: Subject) -> Told:
    raise CounterError(later("this counter's adapter could not be loaded"))


@cache
def entries(extra: tuple[str, ...] = ()) -> Mapping[str, Entry]:
    """Every known counter by its id; `extra` are adapter files named by the caller, which come first."""
    found: dict[str, Entry] = {}
    found[reference.NAME] = Entry(counter=reference.COUNTERS[0], file=Path(reference.__file__))
    for item in (*_named(extra), *shipped(), *_offered()):
        found.setdefault(item.counter.id, item)
    return dict(sorted(found.items()))


def entry(counter: str, extra: Iterable[str] = ()) -> Entry:
    """The entry of one counter; an unknown one is refused with the known ones named."""
    known = entries(tuple(extra))
    if counter not in known:
        raise UsageError(
            phrase(
                "the counter {counter!r} is unknown; known are {known}", counter=counter, known=commas(sorted(known))
            )
        )
    return known[counter]
