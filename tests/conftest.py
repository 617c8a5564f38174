"""Fixtures that the tests share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconcile.audit import Audit
from tests.shared import audit_of


@pytest.fixture(scope="session")
def audits() -> Callable[..., Audit]:
    """The function that gives shared audits."""
    return audit_of


@pytest.fixture(scope="session")
def article() -> Audit:
    """Every counter on the article's network at 1x3x224x224."""
    return audit_of("reconcile.models:ArticleNet", "1,3,224,224")
