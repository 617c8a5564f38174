"""The audit as one self-contained HTML page; every name is escaped."""

from __future__ import annotations

from importlib import resources

import jinja2

from reconcile.audit import Audit
from reconcile.render import tables


def page(audit: Audit) -> str:
    """The page of an audit: it needs no network and no other file."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(resources.files("reconcile.render").joinpath("page.html").read_text("utf-8"))
    return template.render(
        title=str(audit.run.model["object"]),
        inputs=audit.run.model["inputs"],
        context=audit.run.context.to_json(),
        explained=audit.explained,
        reference=audit.run.reference,
        totals=tables.totals(audit.run),
        layers=tables.layers(audit.run),
        explanations=[(item, tables.headline(item), tables.causes(item)) for item in audit.explanations],
    )
