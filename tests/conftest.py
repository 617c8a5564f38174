"""Fixtures that the tests share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconcile.audit import Audit
from reconcile.caching.answers import SWITCH
from reconcile.caching.cache import VARIABLE, cache_folder
from tests.shared import audit_of


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of overlays: the one that the environment names, or one of this session; never the user's own.

    No answer is ever taken from the cache, but where a test is about the cache itself.
    """
    with pytest.MonkeyPatch.context() as patch:
        if VARIABLE not in os.environ:
            patch.setenv(VARIABLE, str(tmp_path_factory.mktemp("cache")))
        patch.setenv(SWITCH, "1")
        yield cache_folder()


@pytest.fixture(scope="session")
def audits() -> Callable[..., Audit]:
    """The function that gives shared audits."""
    return audit_of


@pytest.fixture(scope="session")
def article() -> Audit:
    """Every counter on the article's network at 1x3x224x224."""
    return audit_of("reconcile.models:ArticleNet", "1,3,224,224")


collect_ignore_glob = ["cases/*.py"]
"""Models that tests name by their files; nothing in them is a test."""
