"""The report on the article's question: where are the missing 1.638 G?"""

from __future__ import annotations

from reconcile import reference
from reconcile.claims.arithmetic import evaluate
from reconcile.demo import HAND_WITH_POOLS, Story
from reconcile.pricing.formulas import convolution
from reconcile.render import tables
from reconcile.render.markdown import table
from reconcile.render.report import derivations
from reconcile.render.tables import Table
from reconcile.render.text import number, readable, signed


def article_report(story: Story, command: str) -> str:
    """The answer, the waterfall, the formulas, the other counters and the slips of the article."""
    parts = [
        "# Where are the missing 1.638 G?",
        _answer(story),
        f"Written by `{command}`. Every number below was computed by that command.",
        *_waterfall(story),
        *_formulas(story),
        *_fold(story),
        *_counters(story),
        *_slips(story),
        *_versions(story),
    ]
    return "\n\n".join(parts) + "\n"


def article_question(story: Story) -> str:
    """What the article asks, with its two numbers."""
    missing = story.missing
    return (
        f"Where are the missing {readable(missing.difference)}? thop tells {readable(missing.left.total)}, "
        f"the article's own calculation {readable(missing.right.total)}"
    )


def article_answer(story: Story) -> tuple[str, ...]:
    """The answer in one sentence, and what it rests on in some more; names stand between backticks."""
    fold, missing = story.fold, story.missing
    steps = {layer.layer: layer.difference for layer in missing.layers if layer.difference}
    made_of = " and ".join(f"{number(amount)} in `{name}`" for name, amount in steps.items())
    state = "nothing is left" if missing.complete else tables.missing(missing)
    return (
        f"They are in the linear layers: `{fold.op}(-1, {fold.after[1]})` turns one image into {fold.factor} rows, "
        f"so thop counts {' and '.join(f'`{name}`' for name in steps)} {fold.factor} times where the hand calculation "
        f"counts one row.",
        f"The difference {number(missing.left.total)} - {number(missing.right.total)} = "
        f"{number(missing.difference)} is {made_of}; {state}.",
        "ReLU and pooling have no part in it: thop has a rule that makes both zero.",
        "No factor of 2 has a part in it either: both numbers count one for each multiply-add.",
    )


def _answer(story: Story) -> str:
    first, *others = article_answer(story)
    return " ".join([f"**{first}**", *others])


def _waterfall(story: Story) -> list[str]:
    running, rows = story.missing.right.total, []
    rows.append(("the hand calculation", "", "", "", number(running), ""))
    for layer in story.missing.layers:
        if layer.left is None and not layer.right:
            continue
        running += layer.difference
        why = "; ".join(f"{cause.cause}: {cause.formula}" for cause in layer.causes)
        rows.append(
            (layer.layer, number(layer.right), number(layer.left), signed(layer.difference), number(running), why)
        )
    columns = ("layer", "by hand", "thop", "step", "running total", "why")
    numeric = frozenset({"by hand", "thop", "step", "running total"})
    return [
        "## From the hand calculation to thop, layer by layer",
        table(Table(columns=columns, rows=tuple(rows), numeric=numeric)),
    ]


def _formulas(story: Story) -> list[str]:
    return [
        "## The formula that reproduces thop",
        "The article asks for a formula that gives what thop gives. This is it, layer by layer, with the place of "
        "each rule in thop.",
        table(derivations(story.audit.side("thop"))),
    ]


def _fold(story: Story) -> list[str]:
    fold = story.fold
    size = "x".join(map(str, story.size))
    layers = [name for name in fold.layers if story.unfolded.get(name)]
    executed = ", ".join(f"`{name}` {number(story.unfolded[name])}" for name in layers)
    return [
        "## The input at which one image is one row",
        f"`{fold.op}` receives {fold.before} and gives {fold.after}. The network was made for an input of {size}: "
        f"there the same layers execute {executed} multiply-adds, which is what the hand calculation has for them.",
    ]


def _counters(story: Story) -> list[str]:
    parts = ["## What the other counters tell, and why", table(tables.totals(story.audit.run))]
    for explanation in story.audit.explanations:
        if explanation.right.counter == reference.NAME:
            parts += [f"### {explanation.left.counter}", tables.headline(explanation)]
            if explanation.causes or explanation.residual:
                parts.append(table(tables.causes(explanation)))
    counters = {count.counter for count in story.audit.run.counts if count.status == "ok"}
    if {"ptflops", "ptflops:aten"} <= counters:
        pair = story.audit.explanation("ptflops", "ptflops:aten")
        parts += ["### ptflops against ptflops:aten", tables.headline(pair), table(tables.causes(pair))]
    return parts


def _slips(story: Story) -> list[str]:
    parts = ["## The slips in the article"]
    items = [*_second_sum(story), *_printed_formulas(story)]
    return [*parts, "\n".join(f"{index}. {text}" for index, text in enumerate(items, start=1))]


def _second_sum(story: Story) -> list[str]:
    second = story.audit.claimed(story.claims[HAND_WITH_POOLS])
    wrong = [item for item in second.items if item.cause in ("typo", "misplaced")]
    meant = second.total - sum(item.value for item in wrong)
    said = [note for note in second.notes if "is printed" in note]
    stated = sum(row.value for row in story.claims[HAND_WITH_POOLS].rows.values())
    adds = (
        "its own numbers do add up to that" if stated == second.total else f"its own numbers add up to {number(stated)}"
    )
    return [
        *(f"In the second sum, {note}." for note in said),
        f"The second sum is printed as {number(second.total)}, and {adds}; with the slips mended, and without the "
        f"number that is out of place, it is {number(meant)}. "
        f"That is {number(story.missing.left.total - meant)} below thop, so adding ReLU and pools could never have "
        f"closed the gap.",
    ]


def _printed_formulas(story: Story) -> list[str]:
    row = next(place for place in story.audit.side(reference.NAME).work.ledger.modules if place.path == "fc1")
    real = sum(_elements(parameter.shape) for parameter in row.parameters)
    printed, meant = "128*56*56*1024 + 1024", "128*8*8*1024 + 1024"
    strided = convolution((1, 3, 224, 224), (64, 3, 3, 3), (1, 64, 112, 112), transposed=False, groups=1, bias=False)
    twice = f"{strided['mac'].value} // (2*2)"
    total = story.missing.right.total
    return [
        f"The parameters of `fc1` are printed as ({printed}) = {number(real)}. That formula gives "
        f"{number(evaluate(printed))}; {meant} gives {number(evaluate(meant))}, which is what the layer has "
        f"({number(real)}).",
        "The printed convolution formula, 2 k\\*k C_in C_out (H_out W_out) / stride\\*stride, divides by the stride a "
        "second time: H_out and W_out are already the smaller ones. Here every stride is 1, so it does no harm; for a "
        f"3x3 convolution of 3 to 64 channels with stride 2 on 224x224 it would give {number(evaluate(twice))} "
        f"multiply-adds where {number(strided['mac'].value)} are executed.",
        "The factor 2 in the formulas printed for thop is not in thop: its rules weigh a multiply-add 1 (see the table "
        f"above), and neither is it in the hand calculation, whose total of {number(total)} "
        f"({readable(total)}) is in multiply-adds.",
    ]


def _elements(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def _versions(story: Story) -> list[str]:
    releases = ", ".join(f"{count.counter} {count.version}" for count in story.audit.run.counts if count.version)
    return ["## Taken with", releases + "."]
