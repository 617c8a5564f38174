"""What the report page says beside its numbers and names: every sentence once, by name.

Templates take them as `words.NAME`, the page's scripts from the data block.  Fields in braces are filled in by the
place that uses the sentence.
"""

from __future__ import annotations

from reconcile.language import later, phrase, tag

WORDS: dict[str, str] = {
    # The head of the page.
    "skip": later("Skip to the answer"),
    "theme": later("Light or dark colours"),
    "theme_auto": later("auto"),
    "theme_light": later("light"),
    "theme_dark": later("dark"),
    "nav": later("Parts of this page"),
    # The question and the answer.
    "question": later("Why does {left} tell {left_total} where {right} tells {right_total}?"),
    "question_same": later("{left} and {right} both tell {left_total}: do they count the same?"),
    "question_none": later("What do the counters tell of {model}?"),
    "answer_none": later("No two numbers can be compared."),
    "compare": later("Compare"),
    "compare_with": later("with"),
    "complete": later("Explained to the last operation: nothing is left."),
    "incomplete": later("Not fully explained: {missing}."),
    "waterfall": later("From {first} to {last}"),
    "axis_cut": later("The bars start at {low}, not at 0."),
    "residual": later("residual"),
    "no_rule": later("no rule accounts for this"),
    # Causes.
    "causes": later("Causes"),
    "causes_none": later("There is no difference in any layer, so there are no causes."),
    "cause": later("cause"),
    "amount": later("amount"),
    "layers_of_cause": later("layers"),
    "because": later("because"),
    "source": later("source"),
    # Counters.
    "counters": later("Counters"),
    "counters_about": later(
        "What each counter tells for the whole model, and how that departs from the definition: "
        "multiply-adds of convolutions, linear layers, matrix products and attention."
    ),
    "counter": later("counter"),
    "total": later("total"),
    "against_definition": later("against the definition"),
    "made_of": later("made of"),
    "parameters": later("parameters"),
    "own_rules": later("against its own rules"),
    "stated": later("stated"),
    # The matrix.
    "matrix": later("Every pair"),
    "matrix_about": later(
        "How much more the counter of the row tells than that of the column. A cell opens its causes."
    ),
    "matrix_cell": later("{left} minus {right}: {amount}"),
    "equal": later("equal"),
    # Layers.
    "layers": later("Layers"),
    "layers_about": later(
        "A click, or Enter, opens how each number of a layer comes about. "
        "Arrow keys move; right and left unfold and fold a module."
    ),
    "layers_noscript": later("This table needs JavaScript; layers.csv beside this page holds all of it."),
    "layer": later("layer"),
    "type": later("type"),
    "difference": later("difference"),
    "filter": later("Filter by name or type"),
    "only_different": later("only where the two differ"),
    "only_unexplained": later("only unexplained"),
    "all_counters": later("all counters"),
    "fold": later("Fold all"),
    "unfold": later("Unfold all"),
    "shown": later("{shown} of {all} layers"),
    "module_rows": later("{rows} layers"),
    "sort_by": later("Sort by {column}"),
    # One layer.
    "close": later("Close"),
    "previous": later("Previous layer"),
    "next": later("Next layer"),
    "shapes": later("What ran"),
    "told_nothing": later("told nothing: it never saw this layer, or has no rule for it"),
    "by_rule": later("rule"),
    "departs": later("against the definition"),
    "predicted": later("its rules give {predicted}: residual {residual}"),
    "nothing": later("nothing"),
    # The rest.
    "effects": later("Side effects"),
    "effects_none": later("No counter left anything behind on the model or in its process."),
    "left_behind": later("left behind"),
    "failed": later("Counters without an answer"),
    "failed_none": later("Every counter answered."),
    "reason": later("reason"),
    "notes": later("Notes"),
    "context": later("Context and versions"),
    "object": later("object"),
    "arguments": later("arguments"),
    "inputs": later("inputs"),
    "mode": later("mode"),
    "grad": later("gradients"),
    "dtype": later("dtype"),
    "device": later("device"),
    "framework": later("framework"),
    "taken_with": later("taken with"),
    "written_by": later("written by"),
    "machine": later("machine"),
    "none": later("none"),
}
"""The page in English."""


def page_words() -> dict[str, str]:
    """The page in the language in use, and the name of that language."""
    return {"language": tag()} | {name: phrase(sentence) for name, sentence in WORDS.items()}
