"""The report page: it answers its question, stands alone, and works in a real browser, by mouse and by keyboard."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from reconcile.audit import Audit
from reconcile.claims.claim_file import read_claim
from reconcile.demo import HAND, claim_file
from reconcile.explain import explain
from reconcile.language import speaking
from reconcile.ledger import Ledger
from reconcile.render import html, tables
from reconcile.render.page_data import page_data
from reconcile.render.templates import asset
from reconcile.render.words import WORDS, page_words
from reconcile.schema import Count
from reconcile.topic import Topic, topic
from tests.browser import opened
from tests.repeated import audit_as_ruled, repeated

HOSTILE = "<script>hit=1</script><img src=x onerror=hit=1>"

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def missing(article: Audit) -> Topic:
    """The article's question: thop against the hand calculation."""
    claim = replace(read_claim(claim_file(HAND)), file=HAND)
    side = article.claimed(claim)
    return Topic(audit=article, focus=explain(article.side("thop"), side), claims={claim.id: side})


@pytest.fixture(scope="module")
def ledger(article: Audit) -> Ledger:
    """What the article's network executed."""
    count = article.run.count("reference")
    assert count is not None
    assert count.ledger is not None
    return count.ledger


@pytest.fixture(scope="module")
def nested(ledger: Ledger) -> Topic:
    """The article's layers in three blocks."""
    return topic(audit_as_ruled(repeated(ledger, 3), ("thop", "torch", "reference")))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with opened(tmp_path_factory.mktemp("profile"), viewport={"width": 1280, "height": 800}) as context:
        yield context


@pytest.fixture
def see(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Open the page of a topic from disk; whatever the browser complains of, or asks a network for, is a failure."""
    complaints: list[str] = []
    windows = []

    def see(about: Topic, width: int = 1280, height: int = 800, **media: str) -> Any:
        file = tmp_path / "index.html"
        file.write_text(html.page(about), encoding="utf-8")
        window = browser.new_page()
        windows.append(window)
        window.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        window.on("pageerror", lambda error: complaints.append(str(error)))
        window.on("request", lambda request: _only(request.url, file, complaints))
        window.set_viewport_size({"width": width, "height": height})
        if media:
            window.emulate_media(**media)
        window.goto(file.as_uri())
        return window

    yield see
    for window in windows:
        window.close()
    assert complaints == []


def _only(url: str, file: Path, complaints: list[str]) -> None:
    if url != file.as_uri():
        complaints.append(f"it asked for {url}")


def _names(window: Any) -> list[str]:
    rows = window.locator("#grid .body .row")
    return [str(text) for text in rows.locator(".name").all_inner_texts()]


def _data(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return dict(json.loads(found[1]))


def test_the_question_and_its_answer_are_seen_without_scrolling(see: Open, missing: Topic) -> None:
    window = see(missing)
    for part in ("h1", ".lead", ".state", ".waterfall li:last-child"):
        box = window.locator(f"#panel {part}").bounding_box()
        assert box["y"] + box["height"] <= 800, part
    assert {"6.357", "4.719"} <= set(window.inner_text("h1").split())
    assert "+1,637,775,360 folded-batch, and nothing is left" in window.inner_text(".lead")
    steps = window.locator("#panel .waterfall li .label").all_inner_texts()
    assert [step.split()[0] for step in steps] == ["claim:missing-1.638G.yaml", "fc1", "fc2", "thop"]


def test_every_number_of_the_layers_is_the_counters_own(missing: Topic) -> None:
    data = _data(html.page(missing))
    sides = list(missing.sides.values())
    assert [counter["name"] for counter in data["counters"]] == [side.name for side in sides]
    for side, column in zip(sides, data["told"], strict=True):
        told = dict(zip(data["layers"]["names"], column, strict=True))
        assert told == {name: side.told.get(name) for name in told}
        assert sum(value or 0 for value in told.values()) == side.total
    for pair, item in zip(data["pairs"], missing.explanations, strict=True):
        assert sum(pair["difference"]) == item.difference


def test_a_click_on_a_layer_opens_how_its_numbers_come_about(see: Open, missing: Topic) -> None:
    window = see(missing)
    window.click("#grid .row:has-text('fc1')")
    opened = window.inner_text("dialog")
    for part in (
        "fc1 Linear",
        "(196, 8192) → (196, 1024)",
        "in_features 8192, out_features 1024",
        "+1,635,778,560 folded-batch",
        "195 * 8388608",
        "1 * (196 * 8192 * 1024)",
        "thop/vision/basic_hooks.py:count_linear",
        "1,644,167,168 MAC",
    ):
        assert part in opened
    window.click("dialog [aria-label='Next layer']")
    assert "relu5 ReLU" in window.inner_text("dialog")
    window.keyboard.press("Escape")
    assert not window.locator("dialog").is_visible()
    assert window.evaluate("document.activeElement.id") == "grid"


def test_a_column_is_sorted_down_then_up_then_as_executed(see: Open, missing: Topic) -> None:
    window = see(missing)
    executed = _names(window)
    assert executed == list(missing.audit.side("thop").told)[: len(executed)]
    window.click("[data-key='difference']")
    assert _names(window)[:2] == ["fc1", "fc2"]
    assert window.locator("[aria-sort='descending']").inner_text() == "difference"
    window.click("[data-key='difference']")
    assert _names(window)[-2:] == ["fc2", "fc1"]
    window.click("[data-key='difference']")
    assert _names(window) == executed
    window.click("[data-key='layer']")
    assert _names(window) == sorted(executed)


def test_the_layers_are_filtered_by_name_by_type_and_by_difference(see: Open, missing: Topic) -> None:
    window = see(missing)
    window.fill("#filter", "CONV")
    assert _names(window) == ["conv1", "conv2", "conv3", "conv4"]
    assert window.inner_text("#shown") == "4 of 12 layers"
    window.fill("#filter", "linear")
    assert _names(window) == ["fc1", "fc2"]
    window.fill("#filter", "no such layer")
    assert _names(window) == []
    window.fill("#filter", "")
    window.check("#different")
    assert _names(window) == ["fc1", "fc2"]
    window.uncheck("#different")
    window.check("#unexplained")
    assert _names(window) == []


def test_modules_fold_with_the_sums_of_their_layers(see: Open, nested: Topic) -> None:
    window = see(nested)
    assert _names(window)[:3] == ["blocks", "blocks.0", "blocks.0.conv1"]
    window.click("#fold")
    assert _names(window) == ["blocks"]
    told = window.locator("#grid .body .row .number").first.inner_text()
    assert told == f"{nested.explanations[0].right.total:,}" or told == f"{nested.explanations[0].left.total:,}"
    window.click("#unfold")
    window.click("#grid .row:has(.name[title='blocks.1'])")
    assert "blocks.1.conv1" not in _names(window)
    window.fill("#filter", "blocks.1.fc")
    assert _names(window) == ["blocks", "blocks.1", "blocks.1.fc1", "blocks.1.fc2"]


def test_the_table_is_used_by_keyboard_alone(see: Open, nested: Topic) -> None:
    window = see(nested)
    window.focus("#grid")
    press = window.keyboard.press
    for _ in range(2):
        press("ArrowDown")
    active = "document.getElementById(document.getElementById('grid').getAttribute('aria-activedescendant'))"
    assert window.evaluate(f"{active}.querySelector('.name').title") == "blocks.0.conv1"
    press("Enter")
    assert "blocks.0.conv1" in window.inner_text("dialog")
    press("Escape")
    press("ArrowLeft")
    assert window.evaluate(f"{active}.querySelector('.name').title") == "blocks.0"
    press("ArrowLeft")
    assert window.evaluate(f"{active}.getAttribute('aria-expanded')") == "false"
    press("ArrowRight")
    assert window.evaluate(f"{active}.getAttribute('aria-expanded')") == "true"
    press("End")
    assert window.evaluate(f"{active}.querySelector('.name').title") == "blocks.2.fc2"
    assert window.locator("#grid .active").is_visible()


def test_another_pair_is_chosen_in_the_lists_and_in_the_matrix(see: Open, missing: Topic) -> None:
    window = see(missing)
    window.select_option("#left", "torch")
    window.select_option("#right", "paddle")
    expected = missing.audit.explanation("paddle", "torch")
    assert window.inner_text(".lead") == tables.headline(expected)
    pair = missing.explanations.index(missing.audit.explanation("fvcore", "reference"))
    window.click(f"#matrix [data-pair='{pair}'] >> nth=0")
    assert window.inner_text(".lead") == tables.headline(missing.explanations[pair])
    assert window.input_value("#left") == "fvcore"
    assert window.title() == window.inner_text("h1")
    assert window.locator("#matrix [aria-pressed='true']").count() == 2
    assert window.locator("#grid .head").inner_text().split("\n")[2:4] == ["fvcore", "reference"]


def test_names_that_are_markup_are_shown_as_text(see: Open, ledger: Ledger) -> None:
    def renamed(path: str) -> str:
        return path.replace("conv1", HOSTILE)

    modules = tuple(replace(module, path=renamed(module.path)) for module in ledger.modules)
    calls = tuple(replace(call, module=renamed(call.module)) for call in ledger.calls)
    hostile = replace(ledger, modules=modules, calls=calls)
    audit = audit_as_ruled(hostile, ("thop", "torch", "reference"), model=f"{HOSTILE}</script>")
    failed = Count(counter="bad", version=None, unit="MAC", status="failed", reason=HOSTILE, warnings=(HOSTILE,))
    about = topic(replace(audit, run=replace(audit.run, counts=(*audit.run.counts, failed))), command=HOSTILE)
    window = see(about)
    assert HOSTILE in _names(window)
    window.click("#grid .body .row >> nth=0")
    assert HOSTILE in window.inner_text("dialog h2")
    assert HOSTILE in window.inner_text("#failed")
    assert window.evaluate("window.hit") is None
    assert window.locator("script").count() == 2
    assert window.locator("img").count() == 0


def test_a_counter_without_an_answer_is_shown_with_its_reason(see: Open, nested: Topic) -> None:
    failed = Count(counter="bad", version="1.0", unit="MAC", status="failed", reason="it broke in line 7")
    run = replace(nested.audit.run, counts=(*nested.audit.run.counts, failed))
    window = see(topic(replace(nested.audit, run=run)))
    assert "it broke in line 7" in window.inner_text("#failed")


def test_a_page_without_a_single_answer_says_so(see: Open, nested: Topic) -> None:
    failed = Count(counter="bad", version="1.0", unit="MAC", status="failed", reason="it broke")
    window = see(topic(replace(nested.audit, run=replace(nested.audit.run, counts=(failed,)))))
    assert window.inner_text(".lead") == WORDS["answer_none"]


def test_what_no_rule_accounts_for_is_found_and_shown_to_the_last_digit(see: Open, ledger: Ledger) -> None:
    audit = audit_as_ruled(ledger, ("thop", "reference"))
    thop = audit.run.counts[0]
    rows = tuple(replace(row, told=2**60 + 7) if row.layer == "fc2" else row for row in thop.layers)
    odd = replace(thop, layers=rows, total=sum(row.told or 0 for row in rows))
    about = topic(replace(audit, run=replace(audit.run, counts=(odd, *audit.run.counts[1:]))))
    window = see(about)
    assert window.locator("#panel .state.open").is_visible()
    window.check("#unexplained")
    assert _names(window) == ["fc2"]
    assert f"{2**60 + 7:,}" in window.inner_text("#grid .body")
    window.click("#grid .body .row")
    residual = 2**60 + 7 - 196 * 1024 * 10
    assert f"its rules give {196 * 1024 * 10:,}: residual +{residual:,}" in window.inner_text("dialog")


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_no_part_of_the_page_is_wider_than_the_screen(see: Open, missing: Topic, width: int) -> None:
    window = see(missing, width=width, height=844)
    assert window.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [320, 390])
def test_names_beside_the_matrix_are_read_as_words_on_a_phone(see: Open, missing: Topic, width: int) -> None:
    window = see(missing, width=width, height=844)
    heights = "rows => rows.map(row => row.getBoundingClientRect().height)"
    assert max(window.locator(".matrix tbody tr").evaluate_all(heights)) < 80


def test_a_print_breaks_no_name_in_the_picture(see: Open, missing: Topic) -> None:
    window = see(missing, width=690, media="print")
    heights = "labels => labels.map(label => label.getBoundingClientRect().height)"
    assert max(window.locator("#panel .waterfall .label").evaluate_all(heights)) < 50


def test_paths_of_modules_are_broken_behind_a_dot(see: Open, nested: Topic) -> None:
    window = see(nested)
    assert window.locator(".causes .names wbr").count() > 0
    assert "blocks.0.conv1" in window.locator(".causes .names").first.inner_text()


def test_what_one_sample_takes_stands_below_the_total_of_a_batch(audits: Callable[..., Audit], missing: Topic) -> None:
    four = topic(audits("reconcile.models:LeNet", "4,1,28,28", ("thop", "ptflops")))
    one = audits("reconcile.models:LeNet", "1,1,28,28", ("thop", "ptflops"))
    for name in ("thop", "ptflops"):
        assert f"<small>{one.side(name).total:,} per sample</small>" in html.page(four)
    assert "per sample" not in html.page(missing)


def test_a_warning_of_several_counters_is_told_once(nested: Topic) -> None:
    run = nested.audit.run
    counts = tuple(replace(count, warnings=("it is late",)) for count in run.counts)
    assert tables.warning_notes(replace(run, counts=counts)) == ["thop, torch, reference: it is late"]


def test_the_colours_follow_the_system_and_the_button(see: Open, missing: Topic) -> None:
    window = see(missing, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = window.evaluate(ground)
    window.click("#theme")
    light = window.evaluate(ground)
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(16, 20, 24)")
    window.click("#theme")
    assert window.evaluate(ground) == dark


def test_a_print_has_every_layer(see: Open, nested: Topic, tmp_path: Path) -> None:
    window = see(nested)
    rows = 3 * 12 + 1 + 3
    assert len(_names(window)) < rows
    window.emulate_media(media="print")
    window.wait_for_selector("#grid .row:has(.name[title='blocks.2.fc2'])")
    assert len(_names(window)) == rows
    assert not window.locator(".tools").is_visible()
    assert window.pdf(format="A4").startswith(b"%PDF")


@pytest.fixture(scope="module")
def large(ledger: Ledger) -> str:
    """The page of 2,004 layers under ten counters and the reference."""
    counters = (
        *("fvcore", "ptflops", "ptflops:aten", "thop", "torch", "torchinfo", "torchprofile", "torchstat"),
        *("torchstat:madd", "ultralytics-thop", "reference"),
    )
    return html.page(topic(audit_as_ruled(repeated(ledger, 167), counters)))


def test_the_page_of_two_thousand_layers_is_below_five_megabytes(large: str) -> None:
    data = _data(large)
    assert len(data["layers"]["names"]) == 167 * 12
    assert len(data["counters"]) == 11
    assert len(large.encode()) < 5_000_000


def test_two_thousand_layers_open_and_scroll_with_only_the_rows_in_sight(
    browser: Any, large: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    file = tmp_path / "large.html"
    file.write_text(large, encoding="utf-8")
    window = browser.new_page()
    window.goto(file.as_uri())
    window.wait_for_selector("#grid .body .row")
    timing = "performance.getEntriesByType('navigation')[0].loadEventEnd"
    record_property("milliseconds to open", window.evaluate(timing))
    record_property("bytes", len(large.encode()))
    assert window.locator("#grid .body .row").count() < 100
    window.evaluate("document.getElementById('grid').scrollTop = 1e9")
    window.wait_for_selector("#grid .row:has(.name[title='blocks.166.fc2'])")
    assert window.locator("#grid .body .row").count() < 100
    window.fill("#filter", "blocks.99.")
    assert window.inner_text("#shown") == "12 of 2,004 layers"
    window.close()


_FOREIGN = re.compile(r"Error\(s\) in loading state_dict.*|pandas option \S+")
"""What PyTorch and pandas call things stays in English."""


def test_the_page_in_chinese_holds_no_english_sentence(missing: Topic) -> None:
    with speaking("zh"):
        page = html.page(missing)
    assert '<html lang="zh-Hans">' in page
    prose = re.sub(r"<(style|script)\b.*?</\1>|<code>.*?</code>|<[^>]*>", "\n", page, flags=re.DOTALL)
    assert re.findall(r".*[A-Za-z]+(?: [A-Za-z]+){2,}.*", _FOREIGN.sub("", unescape(prose))) == []
    for name in ("folded-batch", "claim:missing-1.638G.yaml", "torchstat:madd"):
        assert name in prose
    for said in re.findall(r'(?:title|placeholder|aria-label)="([^"]+)"', page):
        assert not re.search("[A-Za-z]{3,} [A-Za-z]{3,}", said), said


def test_the_words_of_the_page_are_all_in_the_catalogue() -> None:
    with speaking("zh"):
        said = page_words()
    assert said["language"] == "zh-Hans"
    assert [word for word, sentence in WORDS.items() if said[word] == sentence] == []


def test_every_word_of_the_page_is_used_and_every_word_that_is_used_is_there() -> None:
    parts = [asset(name) for name in (*html.SCRIPTS, "page.html", "parts.html")]
    python = [file.read_text(encoding="utf-8") for file in Path(html.__file__).parent.glob("*.py")]
    used = set(re.findall(r"words\.(\w+)", "\n".join(parts))) | set(re.findall(r'words\["(\w+)"\]', "\n".join(python)))
    computed = {name for name in WORDS if name.startswith("theme_")} | {"question", "question_same"}
    assert used | computed | {"mode", "grad", "dtype", "device"} == set(page_words())


def test_the_data_block_holds_every_text_once(missing: Topic) -> None:
    strings = page_data(missing, page_words())["strings"]
    assert len(strings) == len(set(strings))
