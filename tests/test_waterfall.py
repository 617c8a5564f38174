"""The way from one number to another, and the rows of several counters put together: nothing is lost in either."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconcile import outline
from reconcile.audit import Audit
from reconcile.errors import LedgerError
from reconcile.explain import End
from reconcile.render.bars import Scale, waterfall_picture
from reconcile.render.words import page_words
from reconcile.waterfall import MOST, Step, Waterfall, waterfall

Audits = Callable[..., Audit]


def test_every_step_starts_where_the_last_one_ended_and_the_last_ends_at_the_number(article: Audit) -> None:
    for explanation in article.explanations:
        found = waterfall(explanation)
        assert [step.start for step in found.steps] == list(found.stations[:-1])
        assert sum(step.amount for step in found.steps) == explanation.difference
        assert found.stations[-1] == explanation.left.total


def test_one_cause_alone_is_shown_by_layer_with_the_small_ones_together(audits: Audits) -> None:
    explanation = audits("torchvision.models:resnet18", "1,3,224,224").explanation("torch", "reference")
    assert [cause.cause for cause in explanation.causes] == ["mac-weight"]
    found = waterfall(explanation)
    assert len(found.steps) == MOST
    assert found.steps[-1].name == f"{len(explanation.causes[0].layers) - MOST + 1} more layers"
    assert sum(step.amount for step in found.steps) == explanation.difference


def test_steps_that_do_not_lead_to_the_number_are_refused() -> None:
    first, last = (End(counter=name, version=None, unit="MAC", total=total) for name, total in (("a", 1), ("b", 9)))
    step = Step(name="bias", cause="bias", amount=7, start=1, end=8)
    with pytest.raises(LedgerError, match="the steps lead to 8, not to 9"):
        Waterfall(first=first, last=last, steps=(step,))


def test_a_picture_starts_at_0_unless_that_would_hide_every_step() -> None:
    assert Scale.over([100, 150]).low == 0
    assert Scale.over([100, 101]).low == 99
    assert Scale.over([-50, 100]).low == -50
    assert Scale.over([7, 7]) == Scale(0, 7)


def test_the_bars_of_a_picture_lie_within_their_track(article: Audit) -> None:
    for explanation in article.explanations:
        for bar in waterfall_picture(waterfall(explanation), page_words()).bars:
            assert bar.left >= 0
            assert bar.left + bar.width <= 100.01


@pytest.mark.parametrize("depth", [0, 1, 2, 9])
def test_rows_put_together_by_module_add_up_to_the_total(audits: Audits, depth: int) -> None:
    run = audits("torchvision.models:resnet18", "1,3,224,224").run
    groups = outline.by_depth(run, depth)
    for count in run.counts:
        if count.status == "ok":
            assert sum(group.told[count.counter] or 0 for group in groups) == count.total
    if depth == 1:
        assert [group.name for group in groups][:5] == ["conv1", "bn1", "relu", "maxpool", "layer1"]


def test_rows_put_together_by_type_add_up_to_the_total(audits: Audits) -> None:
    run = audits("torchvision.models:resnet18", "1,3,224,224").run
    groups = {group.name: group for group in outline.by_type(run)}
    assert groups["Conv2d"].rows == 20
    for count in run.counts:
        if count.status == "ok":
            assert sum(group.told[count.counter] or 0 for group in groups.values()) == count.total


def test_a_sum_is_nothing_where_nothing_was_told(audits: Audits) -> None:
    groups = {group.name: group for group in outline.by_type(audits("torchvision.models:resnet18", "1,3,224,224").run)}
    assert groups["MaxPool2d"].told["torch"] is None
