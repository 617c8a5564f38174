"""Pictures as files, for papers: SVG always, PNG where the library that draws it is installed."""

from __future__ import annotations

import importlib.util
from importlib import resources

from reconcile.language import tag
from reconcile.render.bars import Picture
from reconcile.render.templates import environment

COLOURS = {
    "convention": "#0072b2",
    "sight": "#d55e00",
    "work": "#00805c",
    "claim": "#aa4a84",
    "parameters": "#8a6d00",
    "memory": "#2f86b8",
    "end": "#59636f",
    "rest": "#7d8794",
    "residual": "#a83e00",
}
"""The colours of the page on white."""

FONT = "fontpkg_source_sans_3"
"""The package of the pictures' first font, so that a picture is the same wherever it is drawn."""


def svg(picture: Picture) -> str:
    """A picture as one SVG file, in the language in use; fonts of the reader's system draw its Chinese."""
    return environment().get_template("bars.svg").render(picture=picture, colours=COLOURS, language=tag())


def png(drawn: str) -> bytes | None:
    """An SVG picture as PNG, at twice its size; None where the libraries of `[pictures]` are not installed."""
    if importlib.util.find_spec("resvg_py") is None or importlib.util.find_spec(FONT) is None:
        return None
    import resvg_py

    files = [str(item) for item in resources.files(FONT).joinpath("files").iterdir()]
    return bytes(resvg_py.svg_to_bytes(svg_string=drawn, zoom=2, font_files=files))
