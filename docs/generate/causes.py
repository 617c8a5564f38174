"""One page for each cause: what it means, who shows it, and the plainest case of each."""

from __future__ import annotations

from counters import page_name
from markdown import console, page, table
from matrix import Matrix

from reconcile.causes import CAUSES, CauseKind
from reconcile.pricing.terms import TERMS
from reconcile.render.text import number

FAMILIES = {
    "convention": "The same work, weighed differently.",
    "sight": "Work that a counter does not see, sees twice, or measures by a wrong size.",
    "work": "Another amount of work: the two sides did not execute the same.",
    "claim": "Something in a stated number itself.",
    "parameters": "Differences between numbers of parameters.",
    "memory": "Differences between numbers of bytes.",
}


def cause_page(kind: CauseKind, about: str, matrix: Matrix) -> str:
    """The whole page of one cause."""
    return page(
        f"`{kind.name}`",
        f"A cause of the family *{kind.family}*: {kind.says.format(side='one side')}.",
        about.strip(),
        *_terms(kind),
        *_examples(kind.name, matrix),
    )


def _terms(kind: CauseKind) -> list[str]:
    terms = [term for term in TERMS.values() if term.cause == kind.name and not term.name.endswith(".one-row")]
    if not terms:
        return []
    rows = [(f"`{term.name}`", term.unit, f"`{term.of}`" if term.of else "") for term in terms]
    return ["## Terms", table(["term", "one unit is one", "a wrong measure of"], rows)]


def _examples(cause: str, matrix: Matrix) -> list[str]:
    found = matrix.showing(cause)
    if not found:
        return []
    rows = []
    for counter, results in found.items():
        first = results[0]
        amount = f"{first.causes[cause]:+,}"
        shown = f"`{first.case}`: {matrix.cases[first.case].what}"
        told = f"{number(first.told)} for {number(first.reference)}"
        rows.append((f"[{counter}](../counters/{page_name(counter)})", str(len(results)), shown, told, amount))
    counter, results = next(iter(found.items()))
    return [
        "## Who shows it",
        table(
            ["counter", "cases", "plainest case", "tells, for multiply-adds", "of it this cause"], rows, right=[1, 4]
        ),
        console(f"reconcile conform {counter} --case {results[0].case}"),
    ]


def overview() -> str:
    """The page that leads to those of the causes."""
    parts = []
    for family, says in FAMILIES.items():
        rows = [
            (f"[{kind.name}]({kind.name}.md)", f"{kind.says.format(side='one side')}")
            for kind in CAUSES.values()
            if kind.family == family
        ]
        parts += [f"## {family.capitalize()}", says, table(["cause", "when"], rows)]
    lead = "Every difference is a sum of causes; each has a name, an amount, a formula and a source."
    return page("Causes", lead, *parts)
