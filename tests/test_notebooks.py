"""The notebooks run from beginning to end and print what stands in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.shared import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def _texts(notebook: Any) -> list[str]:
    """What the cells print and show, pictures left out: their bytes depend on the fonts of a machine."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs]
    return [_lasting(text) for text in texts]


def _lasting(text: str) -> str:
    """A text without the digits of a floating-point error, which differ between processors."""
    return re.sub(r"\d\.\d+e-\d\d", "a small number", re.sub(r"<Figure size.*>", "a picture", text))


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 4


@pytest.mark.parametrize("file", NOTEBOOKS, ids=[file.stem for file in NOTEBOOKS])
def test_a_notebook_prints_what_stands_in_it(file: Path) -> None:
    committed = nbformat.read(file, as_version=4)
    again = nbformat.read(file, as_version=4)
    NotebookClient(again, timeout=600, resources={"metadata": {"path": str(file.parent)}}).execute()
    assert _texts(again) == _texts(committed)
    assert len(_texts(committed)) >= 3


@pytest.mark.parametrize("file", NOTEBOOKS, ids=[file.stem for file in NOTEBOOKS])
def test_a_notebook_holds_no_logic_of_its_own(file: Path) -> None:
    for cell in nbformat.read(file, as_version=4).cells:
        if cell.cell_type == "code":
            assert not re.search(r"^\s*(def|class) ", cell.source, re.MULTILINE)
