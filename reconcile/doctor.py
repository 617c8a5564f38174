"""What is wrong with an environment, each with one sentence and the way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from reconcile.environment import Environment
from reconcile.language import later, together

_FRAMEWORKS = {"torch": "torch", "paddle": "paddlepaddle"}
"""The distribution that an extra of this one is about; where it is absent, the extra is not in use."""

_EXPLAINED = frozenset({"numpy"})
"""Requirements that a check of their own says more about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong: the check that found it, one sentence, and the way out."""

    check: str
    found: str
    way_out: str

    def to_json(self) -> dict[str, str]:
        """The finding as plain JSON values."""
        return {"check": self.check, "found": self.found, "way_out": self.way_out}


Found = Iterator[tuple[str, str]]


def two_owners(here: Environment) -> Found:
    """Two distributions that install the same package, of which only the one that came last works."""
    for package, owners in here.owners.items():
        if len(owners) > 1:
            yield (
                later(
                    "{owners} both install {package}/, and each overwrites the other's files",
                    owners=together(owners),
                    package=package,
                ),
                later(
                    "pip uninstall {owners}, then install the one that is wanted; "
                    "a counter in an overlay needs no installation",
                    owners=" ".join(owners),
                ),
            )


def no_framework(here: Environment) -> Found:
    """No PyTorch, which most counters need."""
    if "torch" not in here.installed:
        yield (
            later("torch is not installed, and most counters count PyTorch models"),
            "pip install 'flop-reconcile[torch]'",
        )


def numpy_for_paddle(here: Environment) -> Found:
    """A NumPy on which `paddle.flops` crashes."""
    paddle, numpy = here.owners.get("paddle", ()), here.installed.get("numpy")
    if paddle and numpy is not None and Version(numpy) >= Version("2.4"):
        yield (
            later("paddle.flops calls int() on an array of one element, which NumPy {numpy} refuses", numpy=numpy),
            "pip install 'numpy<2.4'",
        )


def operators_of_torchvision(here: Environment) -> Found:
    """A torchvision whose compiled operators do not fit the PyTorch beside it."""
    if here.repaired:
        yield (
            later(
                "torchvision's compiled operators cannot be loaded, so that import torchvision fails outside the "
                "workers, which declare them"
            ),
            later("install the torchvision that was built for torch {torch}", torch=here.installed["torch"]),
        )


def pandas_for_torchstat(here: Environment) -> Found:
    """A pandas on which `torchstat.stat` crashes."""
    pandas = here.installed.get("pandas")
    if "torchstat" in here.installed and pandas is not None and Version(pandas) >= Version("2"):
        yield (
            later(
                "torchstat.stat calls DataFrame.append, which pandas {pandas} no longer has; "
                "the counter here reads torchstat's numbers without it",
                pandas=pandas,
            ),
            later(
                "nothing for reconcile; for torchstat.stat itself, pip install 'pandas<2' in an environment of its own"
            ),
        )


def distutils_for_thop(here: Environment) -> Found:
    """A Python without distutils, which thop imports."""
    if "thop" in here.installed and not here.distutils:
        yield (
            later(
                "thop imports distutils, which Python {python} has only from setuptools",
                python=".".join(map(str, here.python)),
            ),
            "pip install setuptools",
        )


def requirements(here: Environment) -> Found:
    """Distributions that are older or newer than this one needs."""
    for extra in ("", *_FRAMEWORKS):
        if extra and _FRAMEWORKS[extra] not in here.installed:
            continue
        for text in metadata.requires("flop-reconcile") or ():
            needed = Requirement(text)
            own = needed.marker is not None and "extra" in str(needed.marker)
            if own != bool(extra) or (needed.marker is not None and not needed.marker.evaluate({"extra": extra})):
                continue
            version = here.installed.get(canonicalize_name(needed.name))
            if version and needed.name not in _EXPLAINED and not needed.specifier.contains(version, prereleases=True):
                bare = f"{needed.name}{needed.specifier}"
                found = later(
                    "{name} {version} is installed, and {needed} is needed",
                    name=needed.name,
                    version=version,
                    needed=bare,
                )
                yield (found, f"pip install '{bare}'")


def shadows(here: Environment) -> Found:
    """Files of the working folder that workers import in place of a library."""
    for package, file in here.shadows.items():
        yield (
            later("{file} would be imported in place of the library {package}", file=file, package=package),
            later("rename {file}, or work elsewhere", file=file),
        )


def broken_adapters(here: Environment) -> Found:
    """Counters that another distribution offers and that cannot be loaded."""
    for sentence in here.broken:
        yield (sentence, later("upgrade or uninstall the distribution that offers it"))


def changed_overlays(here: Environment) -> Found:
    """Overlays whose files are no longer as pip put them there, or that a killed command left half-made."""
    for name in here.damaged:
        yield (
            later("the overlay {name} was changed after it was made", name=name),
            f"reconcile overlays clear '{name}'",
        )
    for name in here.abandoned:
        yield (
            later("{name} was left by a killed command, unless one is making it now", name=name),
            "reconcile overlays clear",
        )


def cache(here: Environment) -> Found:
    """A cache folder in which nothing can be kept."""
    if not here.writable:
        yield (
            later(
                "the cache folder {folder} cannot be written, so no overlay can be made and no answer kept",
                folder=here.cache,
            ),
            later("name another one with --cache-dir or RECONCILE_CACHE_DIR"),
        )


CHECKS: tuple[Callable[[Environment], Found], ...] = (
    two_owners,
    no_framework,
    numpy_for_paddle,
    operators_of_torchvision,
    pandas_for_torchstat,
    distutils_for_thop,
    requirements,
    shadows,
    broken_adapters,
    changed_overlays,
    cache,
)


def examine(here: Environment) -> tuple[Finding, ...]:
    """Everything that is wrong with an environment."""
    return tuple(
        Finding(check=check.__name__.replace("_", "-"), found=found, way_out=way_out)
        for check in CHECKS
        for found, way_out in check(here)
    )
