"""The report on the article's question: where are the missing 1.638 G?"""

from __future__ import annotations

from reconcile import reference
from reconcile.claims.arithmetic import evaluate
from reconcile.demo import HAND_WITH_POOLS, Story
from reconcile.language import clauses, commas, later, phrase, retold, sentences, together
from reconcile.pricing.formulas import convolution
from reconcile.render import tables
from reconcile.render.markdown import table
from reconcile.render.report import derivations
from reconcile.render.tables import Table
from reconcile.render.text import number, readable, signed


def article_report(story: Story, command: str) -> str:
    """The answer, the waterfall, the formulas, the other counters and the slips of the article."""
    parts = [
        phrase("# Where are the missing 1.638 G?"),
        _answer(story),
        phrase("Written by `{command}`. Every number below was computed by that command.", command=command),
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
    return phrase(
        "Where are the missing {difference}? thop tells {thop}, the article's own calculation {hand}",
        difference=readable(missing.difference),
        thop=readable(missing.left.total),
        hand=readable(missing.right.total),
    )


def article_answer(story: Story) -> tuple[str, ...]:
    """The answer in one sentence, and what it rests on in some more; names stand between backticks."""
    fold, missing = story.fold, story.missing
    steps = {layer.layer: layer.difference for layer in missing.layers if layer.difference}
    made_of = [phrase("{amount} in `{layer}`", amount=number(amount), layer=name) for name, amount in steps.items()]
    state = phrase("nothing is left") if missing.complete else tables.missing(missing)
    return (
        phrase(
            "They are in the linear layers: `{op}(-1, {width})` turns one image into {factor} rows, so thop counts "
            "{layers} {factor} times where the hand calculation counts one row.",
            op=fold.op,
            width=fold.after[1],
            factor=fold.factor,
            layers=together(f"`{name}`" for name in steps),
        ),
        phrase(
            "The difference {thop} - {hand} = {difference} is {made_of}; {state}.",
            thop=number(missing.left.total),
            hand=number(missing.right.total),
            difference=number(missing.difference),
            made_of=together(made_of),
            state=state,
        ),
        phrase("ReLU and pooling have no part in it: thop has a rule that makes both zero."),
        phrase("No factor of 2 has a part in it either: both numbers count one for each multiply-add."),
    )


def _answer(story: Story) -> str:
    first, *others = article_answer(story)
    return sentences([f"**{first}**", *others])


def _waterfall(story: Story) -> list[str]:
    running, rows = story.missing.right.total, []
    rows.append((phrase("the hand calculation"), "", "", "", number(running), ""))
    for layer in story.missing.layers:
        if layer.left is None and not layer.right:
            continue
        running += layer.difference
        why = retold(clauses(f"{cause.cause}: {cause.formula}" for cause in layer.causes))
        rows.append(
            (layer.layer, number(layer.right), number(layer.left), signed(layer.difference), number(running), why)
        )
    columns = (later("layer"), later("by hand"), "thop", later("step"), later("running total"), later("why"))
    return [
        phrase("## From the hand calculation to thop, layer by layer"),
        table(Table(columns=columns, rows=tuple(rows), numeric=frozenset(columns[1:5]))),
    ]


def _formulas(story: Story) -> list[str]:
    return [
        phrase("## The formula that reproduces thop"),
        phrase(
            "The article asks for a formula that gives what thop gives. This is it, layer by layer, with the place of "
            "each rule in thop."
        ),
        table(derivations(story.audit.side("thop"))),
    ]


def _fold(story: Story) -> list[str]:
    fold = story.fold
    layers = [name for name in fold.layers if story.unfolded.get(name)]
    return [
        phrase("## The input at which one image is one row"),
        phrase(
            "`{op}` receives {before} and gives {after}. The network was made for an input of {size}: there the same "
            "layers execute {executed} multiply-adds, which is what the hand calculation has for them.",
            op=fold.op,
            before=fold.before,
            after=fold.after,
            size="x".join(map(str, story.size)),
            executed=commas(f"`{name}` {number(story.unfolded[name])}" for name in layers),
        ),
    ]


def _counters(story: Story) -> list[str]:
    parts = [phrase("## What the other counters tell, and why"), table(tables.totals(story.audit.run))]
    for explanation in story.audit.explanations:
        if explanation.right.counter == reference.NAME:
            parts += [f"### {explanation.left.counter}", tables.headline(explanation)]
            if explanation.causes or explanation.residual:
                parts.append(table(tables.causes(explanation)))
    counters = {count.counter for count in story.audit.run.counts if count.status == "ok"}
    if {"ptflops", "ptflops:aten"} <= counters:
        pair = story.audit.explanation("ptflops", "ptflops:aten")
        parts += [phrase("### {left} against {right}", left="ptflops", right="ptflops:aten")]
        parts += [tables.headline(pair), table(tables.causes(pair))]
    return parts


def _slips(story: Story) -> list[str]:
    parts = [phrase("## The slips in the article")]
    items = [*_second_sum(story), *_printed_formulas(story)]
    return [*parts, "\n".join(f"{index}. {text}" for index, text in enumerate(items, start=1))]


def _second_sum(story: Story) -> list[str]:
    second = story.audit.claimed(story.claims[HAND_WITH_POOLS])
    wrong = [item for item in second.items if item.cause in ("typo", "misplaced")]
    meant = second.total - sum(item.value for item in wrong)
    said = [retold(note) for note in second.notes if "is printed" in note]
    stated = sum(row.value for row in story.claims[HAND_WITH_POOLS].rows.values())
    return [
        *(phrase("In the second sum, {note}.", note=note) for note in said),
        sentences(
            (
                _printed_sum(second.total, stated, meant),
                phrase(
                    "That is {gap} below thop, so adding ReLU and pools could never have closed the gap.",
                    gap=number(story.missing.left.total - meant),
                ),
            )
        ),
    ]


def _printed_sum(total: int, stated: int, meant: int) -> str:
    """What a sum is printed as, what its own numbers give, and what it is without its slips."""
    if stated == total:
        return phrase(
            "The second sum is printed as {total}, and its own numbers do add up to that; with the slips mended, and "
            "without the number that is out of place, it is {meant}.",
            total=number(total),
            meant=number(meant),
        )
    return phrase(
        "The second sum is printed as {total}, and its own numbers add up to {stated}; with the slips mended, and "
        "without the number that is out of place, it is {meant}.",
        total=number(total),
        stated=number(stated),
        meant=number(meant),
    )


def _printed_formulas(story: Story) -> list[str]:
    row = next(place for place in story.audit.side(reference.NAME).work.ledger.modules if place.path == "fc1")
    real = sum(_elements(parameter.shape) for parameter in row.parameters)
    printed, meant = "128*56*56*1024 + 1024", "128*8*8*1024 + 1024"
    strided = convolution((1, 3, 224, 224), (64, 3, 3, 3), (1, 64, 112, 112), transposed=False, groups=1, bias=False)
    twice = f"{strided['mac'].value} // (2*2)"
    total = story.missing.right.total
    return [
        phrase(
            "The parameters of `fc1` are printed as ({printed}) = {real}. That formula gives {gives}; {meant} gives "
            "{right}, which is what the layer has ({real}).",
            printed=printed,
            real=number(real),
            gives=number(evaluate(printed)),
            meant=meant,
            right=number(evaluate(meant)),
        ),
        phrase(
            "The printed convolution formula, 2 k\\*k C_in C_out (H_out W_out) / stride\\*stride, divides by the "
            "stride a second time: H_out and W_out are already the smaller ones. Here every stride is 1, so it does no "
            "harm; for a 3x3 convolution of 3 to 64 channels with stride 2 on 224x224 it would give {twice} "
            "multiply-adds where {executed} are executed.",
            twice=number(evaluate(twice)),
            executed=number(strided["mac"].value),
        ),
        phrase(
            "The factor 2 in the formulas printed for thop is not in thop: its rules weigh a multiply-add 1 (see the "
            "table above), and neither is it in the hand calculation, whose total of {total} ({readable}) is in "
            "multiply-adds.",
            total=number(total),
            readable=readable(total),
        ),
    ]


def _elements(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def _versions(story: Story) -> list[str]:
    releases = commas(f"{count.counter} {count.version}" for count in story.audit.run.counts if count.version)
    return [phrase("## Taken with"), phrase("{releases}.", releases=releases)]
