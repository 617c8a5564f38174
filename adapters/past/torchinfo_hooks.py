"""How torchinfo counted before its present rules: October 2020 to February 2023, in the order in which it changed.

Until May 2021 modules with children count too, by every weight below them, and nothing deeper than the level that is
shown is hooked.  Until 2022 a shared module is hooked at each of its places, and what is left in a module with children
counts nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, cast

from reconcile.adapter import Counter, Measured, Named, Place, Release, Row, Subject, Told, whole
from reconcile.errors import CannotAskError
from reconcile.language import later
from reconcile.reach import Reach
from reconcile.resources.footprint import INPUTS, Footprint
from reconcile.resources.lines import Listed, Manner
from reconcile.resources.listed_bytes import ListedBytes
from reconcile.resources.listing import ListedCensus
from reconcile.resources.measures import Convention
from reconcile.rules import Rule, Rules

_MACS = "torchinfo/layer_info.py:LayerInfo.calculate_macs"
_TOTALS = "torchinfo/model_statistics.py:ModelStatistics.__init__"

_SCRIPTS = frozenset({"torch.jit._script.ScriptModule"})
_LISTS = _SCRIPTS | {"torch.nn.ParameterList"}
_CONTAINERS = _LISTS | {"torch.nn.ModuleList"}
"""What `WRAPPER_MODULES` of torchinfo/torchinfo.py held: listed before the model runs, and not hooked."""

SHOWN = 3
"""`depth` of torchinfo/torchinfo.py:summary where it is not given: the deepest level that is shown."""

_HOOKED = Reach(depth=SHOWN + 1, whole=frozenset({"torch.nn.MultiheadAttention"}))


HEADER = 56
"""The bytes that `sys.getsizeof` of a typed storage adds for Python's own object; one without a type has more."""


def _named(conv: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, Rule]:
    return {"Conv": Rule(source=_MACS, weights=conv), "": Rule(source=_MACS, weights=other)}


_OF_A_SAMPLE = _named({"mac.by-elements-at-positions": 1}, {"mac.by-elements": 1})
_OF_A_BATCH = _named({"mac.by-names-at-positions": 1}, {"mac.by-names": 1})
_WITH_BIASES = _named(
    {"mac.by-names-at-positions": 1, "bias.by-names-at-positions": 1}, {"mac.by-names": 1, "bias.by-names": 1}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Era:
    """What the answer of a release is made of.

    summary: runs the library, in a mode where it is given one.
    nested: modules with children are counted too.
    modes: a model is run in the mode that it is in; else the release switches it to evaluation.
    sized: bytes are those that every element has, and not 4 for each.
    given: the bytes that one unit of the told size of the inputs stands for.
    """

    manner: Manner
    summary: Callable[..., Any]
    nested: bool = False
    modes: bool = True
    sized: bool = False
    given: int = 4

    def rows(self, calls: Sequence[Any], paths: Mapping[int, str]) -> Iterator[Row]:
        """A row for every call that is counted: of layers without children, or of every module that is hooked."""
        for info in calls:
            if info.executed and (self.nested or not any(info.module.children())):
                path = paths[info.layer_id]
                yield Row(target=Place(path=path), told=whole(info.macs, path))

    def parameters(self, calls: Sequence[Any], paths: Mapping[int, str]) -> Iterator[Row]:
        """What each line adds to the total."""
        for info in calls:
            if not info.is_recursive and (told := self._held(info)) is not None:
                yield Row(target=Place(path=paths[info.layer_id]), told=told)

    def _held(self, info: Any) -> int | None:
        """The parameters of one line that is no repetition; None where such a line counts nowhere."""
        leaf = not any(info.module.children())
        if self.manner.left != "nothing":
            return cast("int", info.num_params if leaf else info.leftover_params())
        deepest = self.manner.deepest
        counts = leaf if deepest is None else info.depth == deepest or (leaf and info.depth < deepest)
        return cast("int", info.num_params) if counts else None

    def bytes(self, found: Any, paths: Mapping[int, str]) -> Iterator[Row]:
        """The bytes of inputs, and of outputs with their gradients and parameters, of lines that are no repetition."""
        yield Row(target=Named(row=INPUTS), told=whole(found.total_input * self.given, INPUTS))
        for info in found.summary_list:
            if info.is_recursive:
                continue
            place, held = Place(path=paths[info.layer_id]), self._held(info)
            if not any(info.module.children()):
                yield Row(target=place, told=2 * self._given(info) if info.num_params > 0 else 0)
            elif self.sized:
                continue
            if held is not None:
                yield Row(target=place, told=info.param_bytes if self.sized else 4 * held)

    def _given(self, info: Any) -> int:
        """The bytes of a layer's output, as the total takes them."""
        if self.sized:
            return cast("int", info.output_bytes)
        return 4 * int(prod(info.output_size))

    def size(self, found: Any) -> int:
        """The sum of all bytes."""
        if self.sized:
            return cast("int", found.total_input + found.total_output_bytes + found.total_param_bytes)
        return whole(found.total_input * self.given + 4 * (found.total_output + found.total_params), later("the total"))

    def run(self, subject: Subject) -> Told:
        """Run `torchinfo.summary` of a release and read every call that it lists."""
        paths = {id(module): path for path, module in subject.model.named_modules()}
        if subject.model.training and not self.modes:
            raise CannotAskError(later("this release of torchinfo runs every model in evaluation mode"))
        mode = {"mode": "train" if subject.model.training else "eval"} if self.sized else {}
        found = self.summary(subject, **mode)
        calls = found.summary_list
        params = whole(found.total_params, later("the parameters"))
        return Told(
            rows=[*self.rows(calls, paths)],
            total=whole(found.total_mult_adds, later("the total")),
            params=params,
            measures={
                "params": Measured(rows=[*self.parameters(calls, paths)], total=params),
                "memory": Measured(rows=[*self.bytes(found, paths)], total=self.size(found)),
            },
        )


_LEVELS = Manner(reach=_HOOKED, fixed=frozenset(), missing=None, masks=False, deepest=SHOWN, left="nothing")
_WALKED = replace(_LEVELS, reach=Reach())
_LEAVES = replace(_WALKED, deepest=None)
_LISTED = replace(_LEAVES, fixed=_LISTS)
_BOXED = replace(_LISTED, fixed=_CONTAINERS)
_BY_NAME = replace(_BOXED, reach=Reach(by_name=True))
_MASKED = replace(_BY_NAME, masks=True)
_COMPARED = replace(_MASKED, reach=Reach(once=True), missing="names")
_LEFT = Manner(missing="objects", left="any")
_OPENED = Manner(left="any")


def releases(now: Counter, summary: Callable[..., Any]) -> tuple[Release, ...]:
    """Every release before the present one; 0.0.1 takes no arguments and counts nothing, and 1.5.0 came after 0.1.5."""
    present = now.measures["memory"]
    if not isinstance(present, Footprint):
        raise TypeError("the memory of torchinfo is told by a footprint")

    def past(specifier: str, manner: Manner, table: Mapping[str, Rule], **about: Any) -> Release:
        """A release before 1.6.4, which takes 4 bytes for every element of outputs and parameters."""
        given = about.get("given", 4)
        nested = isinstance(manner.reach, Reach) and manner.reach.depth is not None
        rules = Rules(names=table, ignored=manner.fixed, childless=not nested, hooking=manner.reach)
        listed = ListedBytes(
            source=_TOTALS,
            width=4,
            header=HEADER if given == 1 else 0,
            true_inputs=given == 1,
            hollow=2 * bool(manner.fixed),
            doubled=True,
            childless=True,
            bearing=True,
            first=True,
            manner=manner,
            census=ListedCensus(source=_TOTALS, manner=manner),
        )
        era = _Era(manner=manner, summary=summary, nested=nested, modes=about.get("modes", False), given=given)
        return _release(specifier, rules, era, listed)

    def sized(specifier: str, manner: Manner, rules: Rules) -> Release:
        """A release that takes the bytes that every element has, and the first call of a layer only."""
        listed = ListedBytes(
            source=_TOTALS,
            header=HEADER,
            doubled=True,
            childless=True,
            bearing=True,
            first=True,
            manner=manner,
            census=ListedCensus(source=_TOTALS, leaves=True, manner=manner),
        )
        return _release(specifier, rules, _Era(manner=manner, summary=summary, sized=True, given=1), listed)

    boxed = replace(now.rules, ignored=_CONTAINERS, hooking=_COMPARED.reach)
    return (
        past(">=0.0.1,<=0.0.2", _LEVELS, _OF_A_SAMPLE, modes=True),
        past(">=0.0.3,<=0.0.8", _LEVELS, _OF_A_SAMPLE),
        past(">=0.0.9,<=0.1.1", _LEVELS, _OF_A_BATCH),
        past("==0.1.2", _WALKED, _WITH_BIASES),
        past(">=0.1.3,<=0.1.4", _LEAVES, _WITH_BIASES),
        past(">=0.1.5,<=1.5.0", _LISTED, _WITH_BIASES),
        past("==1.5.1", _BOXED, _WITH_BIASES),
        past("==1.5.2", _BOXED, _WITH_BIASES, given=1),
        past(">=1.5.3,<=1.6.0", _BY_NAME, _WITH_BIASES, given=1),
        past("==1.6.1", _MASKED, now.rules.names, given=1),
        past(">=1.6.2,<=1.6.3", _COMPARED, now.rules.names, given=1),
        sized(">=1.6.4,<=1.6.6", _COMPARED, boxed),
        sized("==1.7.0", _LEFT, replace(now.rules, hooking=Listed(_LEFT))),
        sized("==1.7.1", _OPENED, now.rules),
        Release(
            specifier="==1.7.2",
            rules=now.rules,
            measures={"params": now.measures["params"], "memory": replace(present, header=HEADER)},
        ),
    )


def _release(specifier: str, rules: Rules, era: _Era, memory: Convention) -> Release:
    params = ListedCensus(source=_TOTALS, manner=era.manner)
    return Release(specifier=specifier, rules=rules, run=era.run, measures={"params": params, "memory": memory})
