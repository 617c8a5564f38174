"""The files of a report folder: the page, the text, the numbers and the pictures of one topic."""

from __future__ import annotations

from collections.abc import Iterator

from reconcile.audit import Audit
from reconcile.language import ENGLISH, speaking
from reconcile.render.bars import counters_picture, waterfall_picture
from reconcile.render.files import csv_text, json_text
from reconcile.render.html import page
from reconcile.render.picture import png, svg
from reconcile.render.words import page_words
from reconcile.topic import Topic
from reconcile.waterfall import waterfall

PICTURES = ("waterfall", "counters")

REPORT_FILES = frozenset(
    {"index.html", "report.md", "report.json", "layers.csv", "totals.csv"}
    | {f"{name}.{ending}" for name in PICTURES for ending in ("svg", "png")}
)
"""Every file that a report folder may hold; `--force` overwrites these and nothing else."""


def report_files(topic: Topic, text: str) -> dict[str, str | bytes]:
    """The files of a topic by name; `text` is its report in Markdown."""
    files: dict[str, str | bytes] = {
        "index.html": page(topic),
        "report.md": text,
        "report.json": json_text(topic.audit.document()),
        "layers.csv": layers_csv(topic.audit),
        "totals.csv": str(topic.audit.totals().to_csv(index=False, lineterminator="\n")),
    }
    files |= {f"{name}.svg": drawn for name, drawn in _pictures(topic).items()}
    return files | {f"{name}.png": painted for name, painted in _painted(topic)}


def _pictures(topic: Topic) -> dict[str, str]:
    words = page_words()
    drawn = {"counters": svg(counters_picture(topic, words))}
    if topic.focus is not None:
        drawn["waterfall"] = svg(waterfall_picture(waterfall(topic.focus), words))
    return drawn


def _painted(topic: Topic) -> Iterator[tuple[str, bytes]]:
    """The pictures as PNG, in English: the font that comes with the package has no Chinese."""
    with speaking(ENGLISH):
        drawn = _pictures(topic)
    for name, picture in drawn.items():
        painted = png(picture)
        if painted is not None:
            yield name, painted


def layers_csv(audit: Audit) -> str:
    """One row for each counter and layer, in raw integers."""
    columns = ("counter", "layer", "type", "told", "state", "predicted", "residual", "params")
    rows = (
        (count.counter, row.layer, row.type, row.told, row.state, row.predicted, row.residual, row.params)
        for count in audit.run.counts
        for row in count.layers
    )
    return csv_text(columns, rows)
