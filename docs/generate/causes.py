"""One page for each cause: what it means, who shows it, and the plainest case of each."""

from __future__ import annotations

from collections.abc import Mapping

from counters import page_name
from markdown import console, page, table
from matrix import Matrix

from reconcile.causes import CAUSES, CauseKind
from reconcile.language import ENGLISH, LANGUAGES, later, phrase, retold, sentences, speaking, spoken
from reconcile.pricing.terms import TERMS
from reconcile.render.text import number

FAMILIES = {
    later("convention"): later("The same work, weighed differently."),
    later("sight"): later("Work that a counter does not see, sees twice, or measures by a wrong size."),
    later("work"): later("Another amount of work: the two sides did not execute the same."),
    later("claim"): later("Something in a stated number itself."),
    later("parameters"): later("Differences between numbers of parameters."),
    later("memory"): later("Differences between numbers of bytes."),
}

_NAMES = {ENGLISH: "English", "zh": "中文"}
"""What each language calls itself."""


def pages(about: Mapping[str, Mapping[str, str]], matrix: Matrix) -> dict[str, str]:
    """The pages of all causes in every language, by their paths below the folder of the documentation."""
    found = {}
    for language in LANGUAGES:
        with speaking(language):
            folder = _folder(language)
            found[f"{folder}/index.md"] = _overview()
            for name, kind in CAUSES.items():
                found[f"{folder}/{name}.md"] = _cause_page(kind, about[name][language], matrix)
    return found


def _folder(language: str) -> str:
    """Where the pages in a language stand."""
    return "causes" if language == ENGLISH else f"{language}/causes"


def _up() -> str:
    """The way from a page in the language in use to the folder of the documentation."""
    return "../" * len(_folder(spoken()).split("/"))


def _twins(name: str) -> str:
    """The same page in the other languages."""
    return " ".join(
        f"[{_NAMES[language]}]({_up()}{_folder(language)}/{name}.md)" for language in LANGUAGES if language != spoken()
    )


def _one_side(kind: CauseKind) -> str:
    return phrase("one side {says}", says=phrase(kind.says, side="").strip())


def _cause_page(kind: CauseKind, about: str, matrix: Matrix) -> str:
    """The whole page of one cause; `about` has one sentence on each line."""
    return page(
        f"`{kind.name}`",
        _twins(kind.name),
        phrase("A cause of the family *{family}*: {says}.", family=phrase(kind.family), says=_one_side(kind)),
        sentences(about.splitlines()),
        *_terms(kind),
        *_examples(kind.name, matrix),
    )


def _terms(kind: CauseKind) -> list[str]:
    terms = [term for term in TERMS.values() if term.cause == kind.name and not term.name.endswith(".one-row")]
    if not terms:
        return []
    rows = [(f"`{term.name}`", retold(term.unit), f"`{term.of}`" if term.of else "") for term in terms]
    head = [phrase("term"), phrase("one unit is one"), phrase("a wrong measure of")]
    return _section(phrase("Terms"), table(head, rows))


def _examples(cause: str, matrix: Matrix) -> list[str]:
    found = matrix.showing(cause)
    if not found:
        return []
    rows = []
    for counter, results in found.items():
        first = results[0]
        amount = f"{first.causes[cause]:+,}"
        shown = f"`{first.case}`: {matrix.cases[first.case].what}"
        told = phrase("{told} for {executed}", told=number(first.told), executed=number(first.reference))
        page_of = f"{_up()}counters/{page_name(counter)}"
        rows.append((f"[{counter}]({page_of})", str(len(results)), shown, told, amount))
    counter, results = next(iter(found.items()))
    head = [
        phrase("counter"),
        phrase("cases"),
        phrase("plainest case"),
        phrase("tells, for multiply-adds"),
        phrase("of it this cause"),
    ]
    shown = console(f"reconcile conform {counter} --case {results[0].case}")
    return _section(phrase("Who shows it"), table(head, rows, right=[1, 4]), shown)


def _section(title: str, *parts: str) -> list[str]:
    return [f"## {title}", *parts]


def _overview() -> str:
    """The page that leads to those of the causes."""
    parts = []
    for family, says in FAMILIES.items():
        rows = [
            (f"[{kind.name}]({kind.name}.md)", _one_side(kind)) for kind in CAUSES.values() if kind.family == family
        ]
        parts += [f"## {phrase(family).capitalize()}", phrase(says), table([phrase("cause"), phrase("when")], rows)]
    lead = phrase("Every difference is a sum of causes; each has a name, an amount, a formula and a source.")
    return page(phrase("Causes"), _twins("index"), lead, *parts)
