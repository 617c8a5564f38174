"""Pictures as rows of bars: where each bar lies in per cent of its track, for the page and for files alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconcile.causes import CAUSES
from reconcile.explain import End
from reconcile.render.text import number, readable, signed
from reconcile.topic import Topic
from reconcile.waterfall import Step, Waterfall

_VISIBLE = 0.1
"""Where all stations lie within this part of the largest, the axis is cut, or else no step could be seen."""

_ROOM = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One row of a picture; `left`, `width` and `link` are in per cent of the track.

    `kind` is `end`, `residual`, or the family of a cause; `down` marks a step to a smaller number.  `link` is where
    the line from the bar before stands.
    """

    label: str
    about: str
    amount: str
    reads: str
    kind: str
    left: float
    width: float
    down: bool = False
    link: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A title, a remark about the axis, if there is one, and the bars."""

    title: str
    remark: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """The numbers that lie at the two ends of a track."""

    low: int
    high: int

    @classmethod
    def over(cls, values: Sequence[int]) -> Scale:
        """From 0 to the largest value; from near the smallest where 0 would hide every step."""
        low, high = min(values), max(values)
        if 0 < high - low < _VISIBLE * high and low > 0:
            return cls(int(low - _ROOM * (high - low)), high)
        return cls(min(low, 0), max(high, 0))

    def at(self, value: int) -> float:
        """The place of a value in per cent.

        >>> Scale(0, 200).at(50)
        25.0
        """
        return round(100 * (value - self.low) / ((self.high - self.low) or 1), 3)

    def remark(self, words: Mapping[str, str]) -> str:
        """What is to be said of an axis that does not start at 0."""
        return words["axis_cut"].format(low=readable(self.low)) if self.low > 0 else ""


def waterfall_picture(given: Waterfall, words: Mapping[str, str]) -> Picture:
    """The way from one number to the other."""
    scale = Scale.over(given.stations)
    steps = [_step(step, scale) for step in given.steps]
    bars = (_end(given.first, scale, None), *steps, _end(given.last, scale, scale.at(given.stations[-1])))
    title = words["waterfall"].format(first=_told(given.first), last=_told(given.last))
    return Picture(title=title, remark=scale.remark(words), bars=bars)


def _told(end: End) -> str:
    return f"{end.counter} ({readable(end.total)} {end.unit})"


def _end(end: End, scale: Scale, link: float | None) -> Bar:
    start = scale.at(max(scale.low, 0))
    place = scale.at(end.total)
    return Bar(
        label=end.counter,
        about=end.version or "",
        amount=number(end.total),
        reads=f"{readable(end.total)} {end.unit}",
        kind="end",
        left=min(start, place),
        width=round(abs(place - start), 3),
        link=link,
    )


def _step(step: Step, scale: Scale) -> Bar:
    start, end = scale.at(step.start), scale.at(step.end)
    return Bar(
        label=step.name,
        about=step.cause or "" if step.name != step.cause else "",
        amount=signed(step.amount),
        reads=readable(step.amount),
        kind=_kind(step),
        left=min(start, end),
        width=round(abs(end - start), 3),
        down=step.amount < 0,
        link=start,
    )


def _kind(step: Step) -> str:
    if step.cause is not None:
        return CAUSES[step.cause].family
    return "rest" if step.layers else "residual"


def counters_picture(topic: Topic, words: Mapping[str, str]) -> Picture:
    """What every counter and claim tells, as one bar each."""
    sides = tuple(topic.sides.values())
    scale = Scale(0, max([side.total for side in sides], default=1))
    ends = [End(counter=side.name, version=side.version, unit=side.unit, total=side.total) for side in sides]
    return Picture(title=words["counters"], remark="", bars=tuple(_end(end, scale, None) for end in ends))
