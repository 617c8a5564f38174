"""`reconcile demo`: the article's question, answered on the terminal, in a file or as a whole report."""

from __future__ import annotations

import click

from reconcile.commands.options import DIFFERENT, DOCUMENT, EXPLAINED, FOLDER, command_line, examples, give
from reconcile.demo import HAND, Story, demo
from reconcile.render import terminal
from reconcile.render.article import article_answer, article_question, article_report
from reconcile.render.files import explanation_csv
from reconcile.render.folder import check_folder, write_folder
from reconcile.render.report_files import REPORT_FILES, report_files
from reconcile.topic import Topic


@click.command("demo", epilog=examples("reconcile demo", "reconcile demo --out missing"))
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="How many workers at a time.")
@FOLDER
@DOCUMENT
def demo_command(jobs: int | None, out: str | None, force: bool, as_json: bool, output: str | None) -> int:
    """Explain the article's missing 1.638 G: thop against the author's own calculation."""
    if out is not None:
        check_folder(out, REPORT_FILES, force=force)
    story = demo(jobs=jobs)
    text = article_report(story, command_line())
    if out is not None:
        write_folder(out, report_files(_topic(story), text), REPORT_FILES, force=force)
    give(
        story.document(),
        as_json=as_json,
        output=output,
        show=lambda: terminal.show_explanation(story.missing),
        texts={".md": text, ".csv": explanation_csv(story.missing)},
    )
    return EXPLAINED if story.complete else DIFFERENT


def _topic(story: Story) -> Topic:
    claim = story.claims[HAND]
    return Topic(
        audit=story.audit,
        focus=story.missing,
        claims={claim.id: story.audit.claimed(claim)},
        question=article_question(story),
        answer=article_answer(story),
        command=command_line(),
    )
