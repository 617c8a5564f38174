"""The report of Paddle twins, from its document alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconcile.render.markdown import escape, table
from reconcile.render.tables import Table
from reconcile.render.text import number

Document = Mapping[str, Any]


def _of(document: Document, outcome: str) -> list[Document]:
    return [model for model in document["models"] if model["cells"][0]["outcome"] == outcome]


def _certified(models: Sequence[Document]) -> list[Document]:
    return [
        model
        for model in models
        if (certificate := model["cells"][0]["certificate"]) is not None and certificate["status"] == "certified"
    ]


def summary(document: Document) -> str:
    """How many twins are certified and explained, in one sentence, and how far the worst of them is off."""
    models = document["models"]
    certified, explained = _certified(models), _of(document, "explained")
    counts = (
        f"{len(models)} models: {len(certified)} twins certified, {len(explained)} explained with residual 0, "
        f"{len(_of(document, 'residual'))} residual, {len(_of(document, 'failed'))} failed, "
        f"{len(_of(document, 'not run'))} not run"
    )
    worst = max((model["cells"][0]["certificate"]["relative"] for model in certified), default=None)
    return counts + ("." if worst is None else f"; the largest relative difference of outputs is {worst:.1e}.")


def twins_report(document: Document) -> str:
    """The whole report."""
    parts = [
        f"# {document['title']}",
        f"**{summary(document)}**",
        _meaning(document),
        f"Written by `{document['command']}`.",
        *_counted(document),
        *_gaps(document),
        *_refused(document),
        "## Taken with",
        ", ".join(f"{escape(name)} {text}" for name, text in document["versions"].items()) + ".",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _meaning(document: Document) -> str:
    limit = document["limit"]
    said = "" if limit is None else f" of more than {limit['gmac']} G multiply-adds ({limit['because']})"
    return (
        "Each PyTorch model is built anew in Paddle, layer by layer, and `paddle.flops` is run on that twin.\n"
        "A twin is *certified* when, with the same random weights, running statistics included, and the same input, "
        "its outputs equal the model's: the column *apart* is their largest difference, relative to the largest "
        "output, and must be at most 1e-4.\n"
        "*twin* is the work of the twin by definition, in multiply-adds, and equals that of the PyTorch model in "
        "every row that is not marked.\n"
        "*paddle.flops* is what the counter tells, *residual* what its rules do not account for, each row of it taken "
        f"by its size.\nModels{said} are not run."
    )


def _counted(document: Document) -> Iterator[str]:
    models = [model for model in document["models"] if model["cells"][0]["total"] is not None]
    yield "## What paddle.flops tells"
    columns = ("model", "input", "apart", "twin", "paddle.flops", "difference", "residual", "its parameters")
    yield table(Table(columns=columns, rows=tuple(map(_row, models)), numeric=frozenset(columns[2:])))


def _row(model: Document) -> tuple[str, ...]:
    cell = model["cells"][0]
    certificate = cell["certificate"]
    apart = f"{certificate['relative']:.1e}" if certificate and certificate["status"] == "certified" else "-"
    same = "" if cell["twin"] == model["reference"] else f" ({number(model['reference'])} in PyTorch)"
    return (
        model["name"],
        " ".join(model["inputs"]),
        apart,
        number(cell["twin"]) + same,
        number(cell["total"]),
        number(cell["total"] - cell["twin"]),
        number(cell["residual"]),
        number(cell["params"]),
    )


def _gaps(document: Document) -> Iterator[str]:
    for outcome, title in (("residual", "Residual"), ("failed", "Refused or failed"), ("not run", "Not run")):
        models = _of(document, outcome)
        if models:
            yield f"## {title}"
            columns = ("model", "input", "multiply-adds", "why")
            rows = tuple(
                (model["name"], " ".join(model["inputs"]), number(model["by_shape"]), model["cells"][0]["reason"])
                for model in models
            )
            yield table(Table(columns=columns, rows=rows, numeric=frozenset({"multiply-adds"})))


def _refused(document: Document) -> Iterator[str]:
    yield "## What the mirror refuses"
    yield (
        "Every other layer of `torch.nn` has a mirror, or is traced through to functions that have one.\n"
        "What depends on the values of a tensor cannot be traced, and a function that stands in no list is named where "
        "it is met."
    )
    columns = ("of", "names", "why")
    rows = tuple(
        (package, ", ".join(names), why)
        for package, kind in (("torch.nn", "layers"), ("torch.nn.functional", "functions"))
        for why, names in document["refused"][kind].items()
    )
    yield table(Table(columns=columns, rows=rows, numeric=frozenset()))
