"""Benchmarks as tables and as a report."""

from __future__ import annotations

from collections.abc import Sequence

from reconcile.bench import WAYS, Bench, Cost
from reconcile.render.markdown import table
from reconcile.render.tables import Table


def costs(bench: Bench) -> Table:
    """One row for each counter, two columns for each way of counting."""
    columns = ("counter", *(f"{way} {unit}" for way in WAYS for unit in ("s", "MiB")))
    rows = [
        (counter, *(cell for way in WAYS for cell in _cells(bench.cost(counter, way)))) for counter in bench.counters
    ]
    rows.append(("together", *(cell for way in WAYS for cell in (_seconds(bench.counting(way)), ""))))
    return Table(columns=columns, rows=tuple(rows), numeric=frozenset(columns[1:]))


def _cells(cost: Cost | None) -> tuple[str, str]:
    if cost is None or cost.reason is not None:
        return ("failed", "-")
    return _seconds(cost.seconds), "-" if cost.peak is None else f"{cost.peak / 2**20:,.0f}"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.2f}"


def sayings(bench: Bench) -> tuple[str, ...]:
    """What the numbers come to, in sentences."""
    shape, unwatched, real, bare = (bench.counting(way) for way in WAYS)
    failed = [cost for cost in bench.costs if cost.reason is not None]
    return (
        f"From the question to the answer the audit took {bench.audit:.2f} s, the bare counters one after another "
        f"{bench.plain:.2f} s{_ratio(bench.audit, bench.plain)}.",
        f"Counting took {shape:.2f} s by shape and {bare:.2f} s in plain Python{_ratio(shape, bare)}, "
        f"and {real:.2f} s with `--real`.",
        f"Recording made {unwatched:.2f} s by shape into {shape:.2f} s{_ratio(shape, unwatched)}.",
        "Every counter told the same in every way."
        if bench.agreed
        else "Not every counter told the same in every way.",
        *(f"{cost.counter} failed ({cost.way}): {cost.reason}." for cost in failed),
    )


def _ratio(part: float, whole: float) -> str:
    return f", a ratio of {part / whole:.2f}" if whole else ""


def growth(benches: Sequence[Bench]) -> str | None:
    """How counting by shape grew from the first input to the last; None for one input."""
    first, last = benches[0], benches[-1]
    if len(benches) == 1 or not first.counting("shape"):
        return None
    ratio = last.counting("shape") / first.counting("shape")
    inputs = [" ".join(item.model["inputs"]) for item in (first, last)]
    return f"From {inputs[0]} to {inputs[1]} the counting by shape grew by a factor of {ratio:.2f}."


def bench_report(benches: Sequence[Bench], command: str) -> str:
    """The report as Markdown."""
    first = benches[0]
    lines = [
        f"# What counting {first.model['object']} costs",
        "",
        f"Written by `{command}`.",
        f"Measured on {first.machine}.",
        "Seconds are those of counting, without the start of a process and the making of the model; "
        "MiB are the most that the process held meanwhile, PyTorch itself included.",
        "",
        *(f"- {way}: {meaning}" for way, meaning in WAYS.items()),
    ]
    for item in benches:
        lines += ["", f"## {' '.join(item.model['inputs'])}", "", table(costs(item)), "", *sayings(item)]
    grown = growth(benches)
    return "\n".join([*lines, *(["", grown] if grown else [])]) + "\n"
