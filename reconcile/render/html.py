"""A topic as one self-contained HTML page: it needs no network and no other file, and every name is escaped."""

from __future__ import annotations

import base64
import hashlib
import platform

import reconcile
from reconcile.language import spoken
from reconcile.render import tables
from reconcile.render.page_data import page_data, script_text
from reconcile.render.panel import counter_rows, matrix, panels, question
from reconcile.render.templates import asset, environment
from reconcile.render.words import page_words
from reconcile.topic import Topic

SCRIPTS = ("data.js", "rows.js", "grid.js", "derivation.js", "pairs.js", "theme.js")
"""The scripts of the page, in the order in which they stand in it."""

STYLES = ("colours.css", "page.css", "figures.css", "layers.css", "print.css")

STYLES_OF = {"zh": ("chinese.css",)}
"""The styles that pages in a language have besides."""


def page(topic: Topic) -> str:
    """The report page of a topic, in the language in use."""
    from markupsafe import Markup

    words = page_words()
    script = "\n".join(asset(name) for name in SCRIPTS)
    return (
        environment()
        .get_template("page.html")
        .render(
            words=words,
            topic=topic,
            run=topic.audit.run,
            question=question(topic, words),
            panels=panels(topic, words),
            counters=counter_rows(topic, words),
            matrix=matrix(topic),
            notes=_notes(topic),
            style=Markup("\n".join(asset(name) for name in (*STYLES, *STYLES_OF.get(spoken(), ())))),
            script=Markup(script),
            script_hash=_digest(f"\n{script}\n"),
            data=Markup(script_text(page_data(topic, words))),
            machine=f"Python {platform.python_version()}, {platform.system()} {platform.machine()}",
            release=reconcile.__version__,
        )
    )


def _digest(script: str) -> str:
    """The hash by which the page's policy knows its own script; no other may run."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _notes(topic: Topic) -> tuple[str, ...]:
    run = topic.audit.run
    notes: list[str] = [*tables.work_notes(run)]
    notes += [note for count in run.counts for note in tables.state_notes(count)]
    notes += tables.warning_notes(run)
    return tuple(dict.fromkeys(notes))
