"""What the report page says beside its numbers and names: every sentence once, by name.

Templates take them as `words.NAME`, the page's scripts from the data block.  Fields in braces are filled in by the
place that uses the sentence.
"""

from __future__ import annotations

WORDS: dict[str, str] = {
    # The head of the page.
    "language": "en",
    "skip": "Skip to the answer",
    "theme": "Light or dark colours",
    "theme_auto": "auto",
    "theme_light": "light",
    "theme_dark": "dark",
    "nav": "Parts of this page",
    # The question and the answer.
    "question": "Why does {left} tell {left_total} where {right} tells {right_total}?",
    "question_same": "{left} and {right} both tell {left_total}: do they count the same?",
    "question_none": "What do the counters tell of {model}?",
    "answer_none": "No two numbers can be compared.",
    "compare": "Compare",
    "compare_with": "with",
    "complete": "Explained to the last operation: nothing is left.",
    "incomplete": "Not fully explained: {missing}.",
    "waterfall": "From {first} to {last}",
    "axis_cut": "The bars start at {low}, not at 0.",
    "residual": "residual",
    "no_rule": "no rule accounts for this",
    # Causes.
    "causes": "Causes",
    "causes_none": "There is no difference in any layer, so there are no causes.",
    "cause": "cause",
    "amount": "amount",
    "layers_of_cause": "layers",
    "because": "because",
    "source": "source",
    # Counters.
    "counters": "Counters",
    "counters_about": "What each counter tells for the whole model, and how that departs from the definition: "
    "multiply-adds of convolutions, linear layers, matrix products and attention.",
    "counter": "counter",
    "total": "total",
    "against_definition": "against the definition",
    "made_of": "made of",
    "parameters": "parameters",
    "own_rules": "against its own rules",
    "stated": "stated",
    # The matrix.
    "matrix": "Every pair",
    "matrix_about": "How much more the counter of the row tells than that of the column. A cell opens its causes.",
    "matrix_cell": "{left} minus {right}: {amount}",
    "equal": "equal",
    # Layers.
    "layers": "Layers",
    "layers_about": "A click, or Enter, opens how each number of a layer comes about. "
    "Arrow keys move; right and left unfold and fold a module.",
    "layers_noscript": "This table needs JavaScript; layers.csv beside this page holds all of it.",
    "layer": "layer",
    "type": "type",
    "difference": "difference",
    "filter": "Filter by name or type",
    "only_different": "only where the two differ",
    "only_unexplained": "only unexplained",
    "all_counters": "all counters",
    "fold": "Fold all",
    "unfold": "Unfold all",
    "shown": "{shown} of {all} layers",
    "module_rows": "{rows} layers",
    "sort_by": "Sort by {column}",
    # One layer.
    "close": "Close",
    "previous": "Previous layer",
    "next": "Next layer",
    "shapes": "What ran",
    "told_nothing": "told nothing: it never saw this layer, or has no rule for it",
    "by_rule": "rule",
    "departs": "against the definition",
    "predicted": "its rules give {predicted}: residual {residual}",
    "nothing": "nothing",
    # The rest.
    "effects": "Side effects",
    "effects_none": "No counter left anything behind on the model or in its process.",
    "left_behind": "left behind",
    "failed": "Counters without an answer",
    "failed_none": "Every counter answered.",
    "reason": "reason",
    "notes": "Notes",
    "context": "Context and versions",
    "object": "object",
    "arguments": "arguments",
    "inputs": "inputs",
    "mode": "mode",
    "grad": "gradients",
    "dtype": "dtype",
    "device": "device",
    "framework": "framework",
    "taken_with": "taken with",
    "written_by": "written by",
    "machine": "machine",
    "none": "none",
}
"""The page in English."""
