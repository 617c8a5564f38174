"""Benchmarks as tables and as a report."""

from __future__ import annotations

from collections.abc import Sequence

from reconcile.bench import WAYS, Bench, Cost
from reconcile.language import commas, later, phrase, retold
from reconcile.render.markdown import table
from reconcile.render.tables import Table


def costs(bench: Bench) -> Table:
    """One row for each counter, two columns for each way of counting."""
    columns = (later("counter"), *(f"{way} {unit}" for way in WAYS for unit in ("s", "MiB")))
    rows = [
        (counter, *(cell for way in WAYS for cell in _cells(bench.cost(counter, way)))) for counter in bench.counters
    ]
    rows.append((phrase("together"), *(cell for way in WAYS for cell in (_seconds(bench.counting(way)), ""))))
    return Table(columns=columns, rows=tuple(rows), numeric=frozenset(columns[1:]))


def _cells(cost: Cost | None) -> tuple[str, str]:
    if cost is None or cost.reason is not None:
        return (phrase("failed"), "-")
    return _seconds(cost.seconds), "-" if cost.peak is None else f"{cost.peak / 2**20:,.0f}"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.2f}"


def sayings(bench: Bench) -> tuple[str, ...]:
    """What the numbers come to, in sentences."""
    shape, unwatched, real, bare = (bench.counting(way) for way in WAYS)
    failed = [cost for cost in bench.costs if cost.reason is not None]
    return (
        phrase(
            "From the question to the answer the audit took {audit}, the bare counters one after another {plain}.",
            audit=_took(bench.audit),
            plain=_took(bench.plain, bench.audit, bench.plain),
        ),
        _counting(shape, bare, real),
        phrase(
            "Recording made {unwatched} by shape into {shape}.",
            unwatched=_took(unwatched),
            shape=_took(shape, shape, unwatched),
        ),
        phrase("Every counter told the same in every way.")
        if bench.agreed
        else phrase("Not every counter told the same in every way."),
        *(
            phrase(
                "{counter} failed ({way}): {reason}.",
                counter=cost.counter,
                way=cost.way,
                reason=retold(cost.reason or ""),
            )
            for cost in failed
        ),
    )


def _counting(shape: float, bare: float, real: float) -> str:
    """How long counting took in three ways, with the ratio of the first two where there is one."""
    took = {"shape": _took(shape), "bare": _took(bare), "real": _took(real)}
    if not bare:
        return phrase("Counting took {shape} by shape and {bare} in plain Python, and {real} with `--real`.", **took)
    return phrase(
        "Counting took {shape} by shape and {bare} in plain Python, a ratio of {ratio:.2f}, and {real} with `--real`.",
        ratio=shape / bare,
        **took,
    )


def _took(seconds: float, part: float = 0.0, whole: float = 0.0) -> str:
    """Seconds, with the ratio of two of them where there is one."""
    if not whole:
        return later("{seconds:.2f} s", seconds=seconds)
    return later("{seconds:.2f} s, a ratio of {ratio:.2f}", seconds=seconds, ratio=part / whole)


def growth(benches: Sequence[Bench]) -> str | None:
    """How counting by shape grew from the first input to the last; None for one input."""
    first, last = benches[0], benches[-1]
    if len(benches) == 1 or not first.counting("shape"):
        return None
    ratio = last.counting("shape") / first.counting("shape")
    inputs = [" ".join(item.model["inputs"]) for item in (first, last)]
    return phrase(
        "From {first} to {last} the counting by shape grew by a factor of {ratio:.2f}.",
        first=inputs[0],
        last=inputs[1],
        ratio=ratio,
    )


def _answer(bench: Bench) -> str:
    """What the audit and the bare counters take on one input, and how many counters that is."""
    return phrase(
        "On {inputs} the audit of {counters} takes {audit} from the question to the answer, and the bare counters one "
        "after another {plain}.",
        inputs=" ".join(bench.model["inputs"]),
        counters=commas(bench.counters),
        audit=_took(bench.audit),
        plain=_took(bench.plain, bench.audit, bench.plain),
    )


def bench_report(benches: Sequence[Bench], command: str) -> str:
    """The report as Markdown."""
    first = benches[0]
    grown = growth(benches)
    lines = [
        phrase("# What counting {object} costs", object=first.model["object"]),
        "",
        " ".join([_answer(benches[-1]), *([grown] if grown else [])]),
        "",
        phrase("Written by `{command}`.", command=command),
        phrase("Measured on {machine}.", machine=retold(first.machine)),
        phrase(
            "Seconds are those of counting, without the start of a process, the making of the model and the writing "
            "of the answer; "
            "MiB are the most that the process held meanwhile, PyTorch itself included."
        ),
        "",
        *(phrase("- {way}: {meaning}", way=way, meaning=meaning) for way, meaning in WAYS.items()),
    ]
    for item in benches:
        lines += ["", f"## {' '.join(item.model['inputs'])}", "", table(costs(item)), "", *sayings(item)]
    return "\n".join(lines) + "\n"
