"""What the commands of the command line share: what they ask, how they write their answer, where they keep things."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from reconcile.ask import CONTEXTS, Question
from reconcile.byte_sizes import parse_bytes
from reconcile.caching.cache import VARIABLE, cache_at
from reconcile.errors import UsageError
from reconcile.inputs import DTYPES, parse_inputs
from reconcile.language import ENGLISH, phrase, spoken
from reconcile.launching.launch import TIMEOUT
from reconcile.objects import parse_arguments, parse_object
from reconcile.registry import entries
from reconcile.render.files import json_text, write_text
from reconcile.render.latex import latex
from reconcile.resources.metrics import METRICS, OPERATIONS
from reconcile.schema import Context

Command = Callable[..., int]

Texts = Mapping[str, str | Callable[[], str]]
"""An answer by the ending of a file; what takes long to make is made when it is asked for."""

EXPLAINED, DIFFERENT = 0, 1
"""Exit codes of a command that was answered: everything is explained, or something is unexplained or different."""


def options_of(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, shown in the order given."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def examples(*lines: str) -> str:
    """What stands under a command's help: complete command lines, each as it is."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


FORMATS = ("table", "markdown", "csv", "json", "latex")
"""How an answer can be printed; `json` is the document of `--json`."""

_FORM = "reconcile.form"


def _remember(context: click.Context, option: click.Parameter, form: str | None) -> None:
    context.meta[_FORM] = form


FORMAT = click.option(
    "--format",
    type=click.Choice(FORMATS),
    expose_value=False,
    callback=_remember,
    help="Print the answer in this form; a table for people if not given.",
)

DOCUMENT = options_of(
    FORMAT,
    click.option("--json", "as_json", is_flag=True, help="Print the document as JSON, and nothing else."),
    click.option("--output", metavar="FILE", help="Write the answer to FILE too: .json, .csv, .tex or Markdown."),
)

FOLDER = options_of(
    click.option("--out", metavar="DIR", help="Write the whole report into the folder DIR, which is made."),
    click.option("--force", is_flag=True, help="Overwrite the report that stands in DIR."),
)


def form_of(as_json: bool) -> str:
    """How the command that is running should print its answer."""
    context = click.get_current_context(silent=True)
    form = None if context is None else context.meta.get(_FORM)
    if as_json and form not in (None, "json"):
        raise UsageError(phrase("--json and --format {form} exclude each other", form=form))
    return "json" if as_json else form or "table"


def command_line() -> str:
    """The command line that is being run."""
    return shlex.join(["reconcile", *click.get_current_context().obj])


def language_option() -> tuple[str, ...]:
    """The option that asks for the language in use; none for English, which nobody has to ask for."""
    return () if spoken() == ENGLISH else ("--lang", spoken())


def _bytes(context: click.Context, option: click.Parameter, text: str | None) -> int | None:
    return None if text is None else parse_bytes(text)


MEMORY = click.option(
    "--memory",
    metavar="SIZE",
    callback=_bytes,
    help="How much memory one counter may hold, as 8G or 512M, Python and its framework included.",
)


def _use(context: click.Context, option: click.Parameter, folder: str | None) -> None:
    """Use a cache folder until the command ends."""
    context.with_resource(cache_at(folder))


CACHE = click.option(
    "--cache-dir",
    metavar="DIR",
    expose_value=False,
    callback=_use,
    help=f"The folder of overlays and answers; {VARIABLE}, or ~/.cache/reconcile, if not named.",
)


MODEL_OPTIONS = options_of(
    click.option("-i", "--input", "inputs", multiple=True, metavar="SIZES", help="1,3,224,224 or ids=1,128:int64."),
    click.option("--arg", "arguments", multiple=True, metavar="KEY=VALUE", help="An argument of OBJECT, as JSON."),
    click.option("--paddle", metavar="OBJECT", help="The Paddle twin of the model; without it, a mirror is made."),
    click.option("--adapter", "adapters", multiple=True, metavar="FILE", help="A file that adds counters."),
    click.option("--train", is_flag=True, help="Run the model in training mode."),
    click.option("--grad", type=click.Choice(["grad", "no_grad", "inference_mode"]), help="The grad mode."),
    click.option(
        "--dtype",
        default="float32",
        type=click.Choice(DTYPES),
        metavar="DTYPE",
        help=f"The dtype of weights and inputs: {', '.join(DTYPES)}; float32 if not given.",
    ),
    click.option("--device", default="cpu", metavar="NAME", help="Only cpu; counts do not depend on it yet."),
    click.option("--real", is_flag=True, help="Compute every value; by default models are executed by shape."),
    click.option("--timeout", default=TIMEOUT, metavar="SECONDS", help="How long one counter may take."),
    MEMORY,
    click.option("--no-cache", "fresh", is_flag=True, help="Run every counter, and keep no answer."),
    click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="How many workers at a time."),
    CACHE,
)
"""How a model is built, fed and run; `question_of` reads them."""

MODEL = options_of(click.argument("model", metavar="OBJECT"), MODEL_OPTIONS)
"""The model that a command is about."""


def counter_ids(context: click.Context, option: click.Parameter, started: str) -> list[str]:
    """The counters whose id starts with what is typed, for the completion of a shell."""
    return [name for name in entries() if name.startswith(started)]


COUNTERS = click.option(
    "-c",
    "--counter",
    "counters",
    multiple=True,
    shell_complete=counter_ids,
    metavar="ID",
    help=f"A counter, as `thop` or `torch@no_grad` (contexts: {', '.join(CONTEXTS)}); all installed ones if none.",
)


METRIC = click.option(
    "--metric", default=OPERATIONS, type=click.Choice([OPERATIONS, *METRICS]), help="What the numbers count."
)

RELEASES = click.option(
    "--releases",
    metavar="A,B,C",
    callback=lambda context, option, text: tuple(filter(None, map(str.strip, text.split(",")))) if text else (),
    help="Only these releases; without it, every one that pip offers.",
)


def check_timeout(timeout: float) -> None:
    """Refuse what is no time to wait, in seconds."""
    if not 0 < timeout < float("inf"):
        raise UsageError(phrase("the timeout {timeout:g} must be a number of seconds above 0", timeout=timeout))


def question_of(
    model: str,
    *,
    inputs: Sequence[str],
    arguments: Sequence[str],
    paddle: str | None,
    adapters: Sequence[str],
    train: bool,
    grad: str | None,
    dtype: str,
    device: str,
    real: bool,
    timeout: float,
    memory: int | None,
    fresh: bool,
    jobs: int | None,
) -> Question:
    """The question that the options of `MODEL` ask."""
    if device != "cpu":
        raise UsageError(phrase("the device {device!r} is not supported: counts are taken on the CPU", device=device))
    check_timeout(timeout)
    for file in adapters:
        if not Path(file).is_file():
            raise UsageError(phrase("the adapter {file!r} does not exist", file=file))
    mode: Any = "inference" if grad == "inference_mode" else grad
    return Question(
        model=parse_object(model, parse_arguments(arguments)),
        inputs=parse_inputs(inputs, default_dtype=dtype),
        context=Context(training=train, grad=mode, dtype=dtype, device=device),
        paddle=None if paddle is None else parse_object(paddle),
        adapters=tuple(adapters),
        real=real,
        timeout=timeout,
        memory=memory,
        cached=not fresh,
        jobs=jobs,
    )


def give(
    document: dict[str, Any], *, as_json: bool, output: str | None, show: Callable[[], None], texts: Texts
) -> None:
    """Write the answer where it was asked for: a file by its ending, then standard output.

    `texts` holds the answer by ending, or what gives it when it is asked for; one in `.csv` is enough for `.tex`,
    which has the same rows.
    """
    form = form_of(as_json)
    if output is not None:
        write_text(output, text_of(Path(output).suffix, document, texts))
    if form == "table":
        show()
    else:
        sys.stdout.write(text_of(_ENDINGS[form], document, texts))


_ENDINGS = {"markdown": ".md", "csv": ".csv", "json": ".json", "latex": ".tex"}


def text_of(ending: str, document: dict[str, Any], texts: Texts) -> str:
    """An answer as the text of a file with an ending; Markdown for an ending of no meaning."""
    if ending == ".json":
        return json_text(document)
    if ending == ".tex":
        given = texts.get(ending)
        return latex(_made(texts[".csv"])) if given is None else _made(given)
    return _made(texts.get(ending, texts[".md"]))


def _made(text: str | Callable[[], str]) -> str:
    return text if isinstance(text, str) else text()
