"""A headless Chromium for the report page; tests that need one are skipped where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    """The browser of this machine; None if it has none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def opened(folder: Path, **settings: Any) -> Iterator[Any]:
    """A fresh browser with a profile of its own, which is gone at the end."""
    program = chromium()
    if program is None:
        pytest.skip(f"no browser is installed: none of {', '.join(NAMES)} is found; apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(folder), executable_path=program, headless=True, args=list(FLAGS), **settings
        )
        try:
            yield context
        finally:
            context.close()
