"""Write the pages that are told by the adapters, the schemas and the matrix: `python docs/generate [FOLDER]`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import causes
import counters
import reference
import yaml
from matrix import Matrix

from reconcile.causes import CAUSES
from reconcile.language import LANGUAGES
from reconcile.registry import entries

DOCS = Path(__file__).resolve().parent.parent
MATRIX = DOCS.parent / "reports" / "conformance.json"


def pages() -> dict[str, str]:
    """Every generated page by its path below the folder of the documentation."""
    matrix = Matrix.read(MATRIX)
    advice: Mapping[str, Sequence[Mapping[str, str]]] = _read("advice.yaml")
    about: Mapping[str, Mapping[str, str]] = _read("causes.yaml")
    _agree(set(about), set(CAUSES), "causes")
    for name, texts in about.items():
        _agree(set(texts), set(LANGUAGES), f"languages of {name}")
    known = {name: entry for name, entry in entries().items() if name != "reference" and not name.startswith("hand:")}
    _agree(set(advice), set(known), "counters")
    found = {
        f"counters/{counters.page_name(name)}": counters.counter_page(entry, matrix, advice[name])
        for name, entry in known.items()
    }
    found |= causes.pages(about, matrix)
    return found | {
        "counters/index.md": counters.overview(known, matrix),
        "commands.md": reference.commands_page(),
        "documents.md": reference.schemas_page(),
        "terms.md": reference.terms_page(),
    }


def _read(name: str) -> Any:
    return yaml.safe_load((Path(__file__).parent / name).read_text(encoding="utf-8"))


def _agree(written: set[str], known: set[str], what: str) -> None:
    """Refuse a text about something that does not exist, and something without a text."""
    if written != known:
        raise SystemExit(f"texts and {what} differ: {', '.join(sorted(written ^ known))}")


def main(folder: Path) -> None:
    """Write every page."""
    for path, text in pages().items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS)
