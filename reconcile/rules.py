"""Rules: a counter's weights over terms, and what it can see; and the prediction that follows from them.

A prediction is made from a ledger alone.  It never looks at what the counter told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from reconcile.errors import LedgerError
from reconcile.ledger import Function, Ledger, Module, Op
from reconcile.pricing.amounts import Amount, in_single_precision
from reconcile.pricing.calls import by_names, function_terms, module_terms, priced
from reconcile.pricing.formulas import Terms
from reconcile.pricing.operators import label, operator
from reconcile.pricing.terms import DEFINITION, TERMS
from reconcile.work import ROOT, Work, is_layer

TOTAL = "::total"
"""The row of what a counter does to its total and not to its rows."""

Mechanism = Literal["hook", "patch", "op"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Weights over the terms of one kind of module, function or op; no weights at all is zero by rule.

    `source` names the counter's own code as `path/in/the/distribution.py:function`.
    """

    source: str
    weights: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for term, weight in self.weights.items():
            if term not in TERMS:
                raise LedgerError(f"the rule from {self.source} gives a weight to {term!r}, which is no term")
            if type(weight) is not int:
                raise LedgerError(f"the rule from {self.source} gives {term!r} the weight {weight!r}; weights are ints")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """What a counter does to its total after its rows are counted: `adjust` gives the amount of the `::total` row.

    `adjust` takes the predicted sums by mechanism and the ledger, which knows how the model was called.
    `add_up`, where it is given, is how the counter itself adds up its rows, in the order of the modules.
    """

    source: str
    cause: str
    adjust: Callable[[Mapping[Mechanism, int], Ledger], int] = lambda sums, ledger: 0
    add_up: Callable[[Sequence[int]], int] = sum


class Hooking(Protocol):
    """How a counter hooks modules, where that is not told by a flag of its rules."""

    def hooks(self, ledger: Ledger) -> Sequence[Sequence[bool]]:
        """For every call one entry for each time that it is counted: whether that repeats what is counted already."""

    def reaches(self, ledger: Ledger, path: str) -> bool:
        """Whether a module is hooked at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything that a counter counts, and how it sees it.

    modules, functions, ops: rules by module type, by function name and by operator name (`*` is every other op).
    names: rules by a word in the class name, for types without a rule; the first word found holds ("" always is).
    ignored: types that the counter does not look at, nor at their subclasses.
    subclasses: module rules hold for subclasses too (`isinstance`), not for the exact type only.
    childless: only modules without children are looked at.
    root: the model itself is looked at when it is a layer.
    last_call: a module called several times keeps its last count only.
    hooks_per_place: a module that stands at k places of the tree is hooked k times.
    rows_per_place: a module that stands at k places of the tree is told, and added up, k times.
    functions_per_place: Python-level calls of a module that stands at k places are told, and added up, k times.
    hides_children: modules inside a module with a rule are left out.
    open: container types that have a rule only while they are empty.
    outside: functions are counted outside the calls of modules whose rule has weights, even weights of 0.
    transparent: ops that the counter does not see themselves; of composites it sees the ops that they are made of.
    in_place: the rule of an operator holds for its in-place form too (`addmm` for `addmm_`).
    live: ops whose result the model's output does not depend on are left out.
    single: the number of a module is added up in single precision, which holds 24 bits.
    hooking: how often each call of a module is counted, in the place of `hooks_per_place`.
    """

    modules: Mapping[str, Rule] = field(default_factory=dict)
    functions: Mapping[str, Rule] = field(default_factory=dict)
    ops: Mapping[str, Rule] = field(default_factory=dict)
    names: Mapping[str, Rule] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    subclasses: bool = False
    childless: bool = False
    root: bool = True
    last_call: bool = False
    hooks_per_place: bool = False
    rows_per_place: bool = False
    functions_per_place: bool = False
    hides_children: bool = False
    open: frozenset[str] = frozenset()
    outside: bool = False
    transparent: frozenset[str] = frozenset()
    in_place: bool = True
    live: bool = False
    single: bool = False
    hooking: Hooking | None = None
    finish: Finish | None = None

    @property
    def traced(self) -> bool:
        """Whether the counter goes by a trace, which holds composite ops whole: so must a ledger it is applied to."""
        return self.live

    def of_module(self, module: Module) -> tuple[str, Rule] | None:
        """The type under which a module has a rule, and the rule."""
        if module.children and (self.childless or module.type in self.open):
            return None
        if not self.ignored.isdisjoint((module.type, *module.bases)):
            return None
        kinds = (module.type, *module.bases) if self.subclasses else (module.type,)
        found = next(((kind, self.modules[kind]) for kind in kinds if kind in self.modules), None)
        if found is not None and module.children and found[0] in self.open:
            return None
        return found or self._of_name(module)

    def _of_name(self, module: Module) -> tuple[str, Rule] | None:
        """The rule by a word in a class name, and the nearest type whose price the module can be given."""
        kinds = (module.type, *module.bases)
        kind = next((kind for kind in kinds if priced(kind)), module.type)
        return next(((kind, rule) for word, rule in self.names.items() if word in module.name), None)

    def of_op(self, op: Op) -> Rule | None:
        """The rule of an op, by its operator."""
        name = operator(op.name) if self.in_place else op.name.split(".")[1]
        return self.ops.get(name) or (None if op.composite else self.ops.get("*"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """One weight that fell on one term of one layer, for the ops in `ops`.

    `base` is the amount of the term that a variant stands for; `again` marks a count that is known to be a repetition.
    """

    layer: str
    term: str
    weight: int
    amount: Amount
    base: Amount
    rule: Rule
    mechanism: Mechanism
    ops: tuple[int, ...]
    again: bool = False

    @property
    def value(self) -> int:
        """Weight times amount."""
        return self.weight * self.amount.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule that applied to something in the ledger, with or without weights."""

    layer: str
    rule: Rule
    mechanism: Mechanism
    ops: tuple[int, ...]
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the rules say of one layer.

    `value` is None when no rule applies to anything in it, and when only some of its ops are zero by rule while the
    counter has no rule for the others.
    """

    layer: str
    value: int | None
    matches: tuple[Match, ...] = ()


def predict(rules: Rules, work: Work) -> Mapping[str, Prediction]:
    """Predict every row of a counter from the work that was executed, in the ledger's order."""
    seen = tuple(visible(rules, work))
    matches = [*_modules(rules, work), *_functions(rules, work), *_ops(rules, work, seen)]
    by_layer: dict[str, list[Match]] = {layer: [] for layer in work.layers}
    for match in matches:
        by_layer.setdefault(match.layer, []).append(match)
    unruled = {op_layer(work, index) for index in seen if rules.of_op(work.ledger.ops[index]) is None}
    predictions = {layer: _prediction(layer, tuple(found), layer in unruled) for layer, found in by_layer.items()}
    if rules.finish is not None:
        sums: dict[Mechanism, int] = {"hook": 0, "patch": 0, "op": 0}
        for match in matches:
            sums[match.mechanism] += sum(part.value for part in match.contributions)
        rows = [found.value for place in work.ledger.modules if (found := predictions.get(place.path or ROOT))]
        told = [value for value in rows if value is not None]
        value = rules.finish.adjust(sums, work.ledger) + rules.finish.add_up(told) - sum(told)
        predictions[TOTAL] = Prediction(layer=TOTAL, value=value)
    return predictions


def _prediction(layer: str, matches: tuple[Match, ...], partly: bool) -> Prediction:
    zeros = all(match.mechanism == "op" and not match.rule.weights for match in matches)
    if not matches or (partly and zeros):
        return Prediction(layer=layer, value=None, matches=matches)
    value = sum(part.value for match in matches for part in match.contributions)
    return Prediction(layer=layer, value=value, matches=matches)


def _match(
    layer: str, rule: Rule, terms: Terms, mechanism: Mechanism, ops: tuple[int, ...], *, again: bool = False
) -> Match:
    none = Amount(0, "0")
    parts = tuple(
        Contribution(
            layer=layer,
            term=term,
            weight=weight,
            amount=terms.get(term, none),
            base=terms.get(TERMS[term].base, none),
            rule=rule,
            mechanism=mechanism,
            ops=ops,
            again=again,
        )
        for term, weight in rule.weights.items()
    )
    return Match(layer=layer, rule=rule, mechanism=mechanism, ops=ops, contributions=parts)


def _rounded(match: Match, before: int) -> Match:
    """A match whose number is added to a sum in single precision: what that makes of it is one contribution more."""
    value = sum(part.value for part in match.contributions)
    lost = in_single_precision(before + in_single_precision(value)) - before - value
    if not lost:
        return match
    amount = Amount(lost, f"{before + value + lost} - {before + value}")
    part = Contribution(
        layer=match.layer,
        term="rounding",
        weight=1,
        amount=amount,
        base=amount,
        rule=match.rule,
        mechanism=match.mechanism,
        ops=match.ops,
    )
    return replace(match, contributions=(*match.contributions, part))


def _modules(rules: Rules, work: Work) -> Iterator[Match]:
    ledger = work.ledger
    last = {call.module: index for index, call in enumerate(ledger.calls)}
    kept: dict[str, int] = {}
    hooked = None if rules.hooking is None else rules.hooking.hooks(ledger)
    for index, call in enumerate(ledger.calls):
        module = ledger.places[call.module]
        found = rules.of_module(module)
        if found is None or (module.path == "" and not rules.root):
            continue
        if rules.last_call and last[call.module] != index:
            continue
        kind, rule = found
        terms, ops = module_terms(module, call, kind), ledger.ops_of_call(index)
        if rules.names:
            terms |= by_names(ledger.parameters_below(module.path), call)
        places = ledger.places_of(module.path)
        shown = [place for place in places if hiding(rules, work, place) is None]
        for number, place in enumerate(shown if rules.rows_per_place else shown[:1]):
            hooks = [hook > 0 for hook in range(len(places) if rules.hooks_per_place else 1)]
            for again in hooks if hooked is None else hooked[index]:
                match = _match(place or ROOT, rule, terms, "hook", ops, again=again or number > 0)
                if rules.single:
                    match = _rounded(match, kept.get(match.layer, 0))
                    kept[match.layer] = kept.get(match.layer, 0) + sum(part.value for part in match.contributions)
                yield match


def hiding(rules: Rules, work: Work, path: str) -> str | None:
    """The topmost module with a rule above a place, where such a module hides what is in it; None if there is none."""
    found = None
    while rules.hides_children and path:
        path = path.rpartition(".")[0]
        if path and rules.of_module(work.ledger.places[path]) is not None:
            found = path
    return found


def _accounted(rules: Rules, work: Work, call: int | None) -> bool:
    """Whether a module whose own rule has weights is being executed."""
    while call is not None:
        found = rules.of_module(work.ledger.module(call))
        if found is not None and found[1].weights:
            return True
        call = work.ledger.calls[call].parent
    return False


def _functions(rules: Rules, work: Work) -> Iterator[Match]:
    for index, function in enumerate(work.ledger.functions):
        rule = rules.functions.get(function.name)
        if rule is not None and not (rules.outside and _accounted(rules, work, function.call)):
            terms, ops = function_terms(function), work.ledger.ops_of_function(index)
            places = len(_places(work, function)) if rules.functions_per_place else 1
            for place in range(places):
                yield _match(function_layer(work, index, place), rule, terms, "patch", ops, again=place > 0)


def _places(work: Work, function: Function) -> tuple[str, ...]:
    """The places of the module that a Python-level call was made in."""
    return work.ledger.places_of(work.ledger.module(function.call).path)


def function_layer(work: Work, index: int, place: int = 0) -> str:
    """The row that a Python-level call belongs to: that of its first product, or else of its first priced op.

    `place` chooses among the places of the module that made the call; the first is where it was called.
    """
    function, ops = work.ledger.functions[index], work.ledger.ops_of_function(index)
    if place:
        return _moved(function_layer(work, index), *(_places(work, function)[number] for number in (0, place)))
    products = (op for op in ops if DEFINITION.keys() & (work.prices[op] or {}).keys())
    for op in (*products, *ops):
        if work.prices[op] != {}:
            return work.layer_of(work.ledger.ops[op])
    owner = work.ledger.module(function.call)
    return (owner.path or ROOT) if is_layer(owner) else f"{owner.path}::{label(function.name.rpartition('.')[2])}"


def _moved(layer: str, first: str, place: str) -> str:
    """A row of the module at a path, or of the layer that it is a part of, at another place of that module."""
    base, colons, kind = layer.partition("::")
    return f"{place.removesuffix(first.removeprefix(base))}{colons}{kind}"


def _ops(rules: Rules, work: Work, seen: tuple[int, ...]) -> Iterator[Match]:
    ledger = work.ledger
    for index in seen:
        rule, layer = rules.of_op(ledger.ops[index]), op_layer(work, index)
        if rule is not None and layer in work.layers:
            yield _match(layer, rule, work.prices[index] or {}, "op", ledger.ops_of_op(index))


def visible(rules: Rules, work: Work) -> Iterator[int]:
    """Indices of the ops that an op counter meets: no parts of what it sees as one op, and nothing that it prunes."""
    if not rules.ops:
        return
    live = work.live if rules.live else None
    for index, op in enumerate(work.ledger.ops):
        pruned = live is not None and (index not in live or op.traced is False)
        if not pruned and operator(op.name) not in rules.transparent and not _inside_counted(rules, work, index):
            yield index


def op_layer(work: Work, index: int) -> str:
    """The row that an op belongs to; a composite belongs to that of its first product, or else first priced part."""
    ops = work.ledger.ops
    parts = [part for part in work.ledger.ops_of_op(index) if not ops[part].composite and work.prices[part] != {}]
    products = [part for part in parts if DEFINITION.keys() & (work.prices[part] or {}).keys()]
    return work.layer_of(ops[[*products, *parts, index][0]])


def _inside_counted(rules: Rules, work: Work, index: int) -> bool:
    """Whether an op is a part of a composite that the counter sees as one op."""
    if "*" in rules.ops:
        return False
    parent = work.ledger.ops[index].parent
    while parent is not None:
        if operator(work.ledger.ops[parent].name) not in rules.transparent:
            return True
        parent = work.ledger.ops[parent].parent
    return False
