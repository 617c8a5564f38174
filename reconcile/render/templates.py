"""The templates of pages and pictures, and the files that stand in them; every text is escaped."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from reconcile.language import retold, sentences

if TYPE_CHECKING:
    import jinja2
    from markupsafe import Markup


def asset(name: str) -> str:
    """The text of a file that the page is made of."""
    return resources.files("reconcile.render").joinpath("page", name).read_text("utf-8")


@cache
def environment() -> jinja2.Environment:
    """Where templates find each other; an unknown name in one of them is an error."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FunctionLoader(asset),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters["code"] = code
    made.filters["paths"] = paths
    made.filters["sentences"] = sentences
    made.filters["retold"] = retold
    made.filters["shortened"] = shortened
    return made


def code(text: str) -> Markup:
    """A sentence with what stands between backticks as code.

    >>> code("`<view>` in the model")
    Markup('<code>&lt;view&gt;</code> in the model')
    """
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def paths(text: str) -> Markup:
    """Paths of modules that a line may be broken in behind a dot, rather than anywhere.

    >>> paths("layer1.0, <b>")
    Markup('layer1.<wbr>0, &lt;b&gt;')
    """
    from markupsafe import Markup, escape

    return Markup(".<wbr>").join(map(escape, text.split(".")))


def shortened(text: str, most: int) -> str:
    """A text with its middle left out, where it is longer than a picture has room for.

    >>> shortened("features.denseblock4.denselayer16.conv2", 21)
    'features.d…er16.conv2'
    """
    if len(text) <= most:
        return text
    half = (most - 1) // 2
    return f"{text[: most - 1 - half]}…{text[-half:]}"
