"""The Chinese pages of the documentation: what the theme calls them, and speaks on them; mkdocs calls this."""

from __future__ import annotations

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page

_CALLED = {"Zh": "中文", "Causes": "原因"}


def on_nav(nav: Navigation, **_: object) -> None:
    """Give the folder of the Chinese pages, and those in it, Chinese names."""
    for item in nav.items:
        if isinstance(item, Section) and item.title == "Zh":
            _rename(item)


def _rename(section: Section) -> None:
    section.title = _CALLED[section.title]
    for item in section.children:
        if isinstance(item, Section):
            _rename(item)


def on_page_context(context: object, page: Page, config: MkDocsConfig, **_: object) -> None:
    """Let the theme say of each page which language it is in, and speak it around the text."""
    config.theme["language"] = "zh" if page.file.src_uri.startswith("zh/") else "en"
