"""What the folders of the documentation that are in Chinese are called in its navigation; mkdocs calls this."""

from __future__ import annotations

from mkdocs.structure.nav import Navigation, Section

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
