"""Counters that break in every way that foreign code breaks."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

from reconcile.adapter import Counter, Subject, Told
from reconcile.rules import Rules


def raises(subject: Subject) -> Told:
    """Raise as a counter does that meets a layer it cannot take."""
    raise ZeroDivisionError("a layer without outputs")


def recurses(subject: Subject) -> Told:
    """Fall into oneself; where Python stops that depends on how deep the stack was, and what it says on where."""
    raise RecursionError("maximum recursion depth exceeded in comparison")


def garbage(subject: Subject) -> Told:
    """Print what nobody asked for, to both streams, and leave without an answer."""
    print("\x00\xff{not json" * 1000)
    sys.stderr.write("the last words of a counter\n")
    sys.stdout.flush()
    raise SystemExit(0)


def exits(subject: Subject) -> Told:
    """End the process behind everybody's back."""
    os._exit(3)


def hangs(subject: Subject) -> Told:
    """Never come back."""
    time.sleep(3600)
    raise AssertionError


def half(subject: Subject) -> Told:
    """Leave half an answer where the whole one belongs."""
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write('{"status": "ok", "total": 12')
    os._exit(0)


def garbled(subject: Subject) -> Told:
    """Leave an answer that says it is one and is not."""
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write('{"status": "ok", "total": "many"}')
    os._exit(0)


def killed(subject: Subject) -> Told:
    """Be killed as the system kills what takes too much memory."""
    os.kill(os.getpid(), 9)
    raise AssertionError


def nothing(subject: Subject) -> Told:
    """Answer without having recorded anything."""
    return Told(rows=(), total=0)


def fraction(subject: Subject) -> Told:
    """Tell a fraction that nothing explains."""
    from reconcile.adapter import whole

    with subject.recording():
        subject.model(*subject.args)
    return Told(rows=(), total=whole(0.5, "the total"))


def _counter(run: Callable[[Subject], Told]) -> Counter:
    return Counter(
        id=f"fake:{run.__name__}",
        unit="MAC",
        framework="torch",
        distribution=None,
        imports=None,
        sees="nothing",
        rules=Rules(),
        run=run,
    )


COUNTERS = tuple(
    _counter(run) for run in (raises, recurses, garbage, exits, hangs, half, garbled, killed, nothing, fraction)
)
