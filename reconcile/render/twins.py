"""The report of Paddle twins, from its document alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconcile.language import clauses, commas, later, phrase, retold
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
    parts = [
        later(
            "{models} models: {certified} twins certified, {explained} explained with residual 0, {residual} residual, "
            "{failed} failed, {left_out} not run",
            models=len(models),
            certified=len(certified),
            explained=len(explained),
            residual=len(_of(document, "residual")),
            failed=len(_of(document, "failed")),
            left_out=len(_of(document, "not run")),
        )
    ]
    worst = max((model["cells"][0]["certificate"]["relative"] for model in certified), default=None)
    if worst is not None:
        parts.append(later("the largest relative difference of outputs is {worst:.1e}", worst=worst))
    return phrase("{clauses}.", clauses=clauses(parts))


def twins_report(document: Document) -> str:
    """The whole report."""
    parts = [
        f"# {retold(document['title'])}",
        f"**{summary(document)}**",
        _meaning(document),
        phrase("Written by `{command}`.", command=document["command"]),
        *_counted(document),
        *_gaps(document),
        *_refused(document),
        phrase("## Taken with"),
        phrase("{releases}.", releases=commas(f"{escape(name)} {text}" for name, text in document["versions"].items())),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _meaning(document: Document) -> str:
    limit = document["limit"]
    meaning = phrase(
        "Each PyTorch model is built anew in Paddle, layer by layer, and `paddle.flops` is run on that twin.\n"
        "A twin is *certified* when, with the same random weights, running statistics included, and the same input, "
        "its outputs equal the model's: the column *apart* is their largest difference, relative to the largest "
        "output, and must be at most 1e-4.\n"
        "*twin* is the work of the twin by definition, in multiply-adds, and equals that of the PyTorch model in "
        "every row that is not marked.\n"
        "*paddle.flops* is what the counter tells, *residual* what its rules do not account for, each row of it taken "
        "by its size."
    )
    left_out = phrase("Models are not run.")
    if limit is not None:
        left_out = phrase("Models of more than {gmac} G multiply-adds ({because}) are not run.", **limit)
    return f"{meaning}\n{left_out}"


def _counted(document: Document) -> Iterator[str]:
    models = [model for model in document["models"] if model["cells"][0]["total"] is not None]
    yield phrase("## What paddle.flops tells")
    columns = (
        later("model"),
        later("input"),
        later("apart"),
        later("twin"),
        "paddle.flops",
        later("difference"),
        later("residual"),
        later("its parameters"),
    )
    yield table(Table(columns=columns, rows=tuple(map(_row, models)), numeric=frozenset(columns[2:])))


def _row(model: Document) -> tuple[str, ...]:
    cell = model["cells"][0]
    certificate = cell["certificate"]
    apart = f"{certificate['relative']:.1e}" if certificate and certificate["status"] == "certified" else "-"
    twin = number(cell["twin"])
    if cell["twin"] != model["reference"]:
        twin = phrase("{twin} ({torch} in PyTorch)", twin=twin, torch=number(model["reference"]))
    return (
        model["name"],
        " ".join(model["inputs"]),
        apart,
        twin,
        number(cell["total"]),
        number(cell["total"] - cell["twin"]),
        number(cell["residual"]),
        number(cell["params"]),
    )


def _gaps(document: Document) -> Iterator[str]:
    for outcome, title in (
        ("residual", later("## Residual")),
        ("failed", later("## Refused or failed")),
        ("not run", later("## Not run")),
    ):
        models = _of(document, outcome)
        if models:
            yield retold(title)
            columns = (later("model"), later("input"), later("multiply-adds"), later("why"))
            rows = tuple(
                (
                    model["name"],
                    " ".join(model["inputs"]),
                    number(model["by_shape"]),
                    retold(model["cells"][0]["reason"]),
                )
                for model in models
            )
            yield table(Table(columns=columns, rows=rows, numeric=frozenset({"multiply-adds"})))


def _refused(document: Document) -> Iterator[str]:
    yield phrase("## What the mirror refuses")
    yield phrase(
        "Every other layer of `torch.nn` has a mirror, or is traced through to functions that have one.\n"
        "What depends on the values of a tensor cannot be traced, and a function that stands in no list is named where "
        "it is met."
    )
    columns = (later("of"), later("names"), later("why"))
    rows = tuple(
        (package, retold(commas(names)), retold(why))
        for package, kind in (("torch.nn", "layers"), ("torch.nn.functional", "functions"))
        for why, names in document["refused"][kind].items()
    )
    yield table(Table(columns=columns, rows=rows, numeric=frozenset()))
