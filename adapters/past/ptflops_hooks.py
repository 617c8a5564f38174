"""How ptflops counted before its present rules, April 2019 to September 2024, told backwards from the present."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from reconcile.adapter import Counter, Release, Subject, Told, named_inputs
from reconcile.resources.census import Census
from reconcile.resources.measures import Convention
from reconcile.rules import Rule, Rules

Table = Mapping[str, Rule]
Asked = Callable[[Subject], Mapping[str, Any]]
Running = Callable[..., Callable[[Subject], Told]]
"""What makes the way to run a release, in the adapter itself."""

_OPS, _FIRST = "ptflops/pytorch_ops.py", "ptflops/flops_counter.py"
_DOUBLED = Rule(
    source=f"{_OPS}:_linear_functional_flops_hook", weights={"mac.by-first-operand": 1, "bias.one-vector": 1}
)
_BY_POWER = Rule(source=f"{_OPS}:_interpolate_functional_flops_hook", weights={"resample.by-batch-power": 1})


def _each(names: str, function: str, weights: Mapping[str, int]) -> Table:
    """One rule for several types; `Conv#d` stands for the kinds of one, two and three dimensions."""
    rule = Rule(source=f"{_OPS}:{function}", weights=weights)
    return {f"torch.nn.{name.replace('#', size)}": rule for name in names.split() for size in "123"}


def _without(table: Table, *words: str) -> Table:
    return {name: rule for name, rule in table.items() if not any(word in name for word in words)}


_AT_OUTPUT = {"mac.by-batch-at-output": 1, "bias.by-batch-at-output": 1}
_CONVOLVED = _each("Conv#d ConvTranspose#d", "conv_flops_counter_hook", _AT_OUTPUT)
_DECONVOLVED = _each("ConvTranspose2d", "deconv_flops_counter_hook", {"mac.by-batch": 1, "bias.by-height-squared": 1})
_ATTENDED = _each(
    "MultiheadAttention",
    "multihead_attention_counter_hook",
    {"mac.length-first": 1, "bias.length-first": 1, "softmax.length-first": 1, "attention.scale.length-first": 1},
)


def _linear(weights: Mapping[str, int]) -> Table:
    return _each("Linear", "linear_flops_counter_hook", weights)


def _modules(model: Any, supported: Callable[[Any], bool]) -> Iterator[tuple[str, Any]]:
    """The modules that are added up before 0.6.5: each one with a hook, once."""
    yield from ((path, module) for path, module in model.named_modules() if supported(module))


def _of_sizes(least: int) -> Asked:
    """The call as it is documented, which makes one input of zeros or of anything; other inputs go by name.

    `least` is the number of sizes that a release insists on.  Release 0.1 takes no channels: they are always 3.
    """

    def asked(subject: Subject) -> Mapping[str, Any]:
        shape = tuple(subject.args[0].shape) if len(subject.args) == 1 and not subject.kwargs else ()
        if shape[:1] == (1,) and len(shape) > least and subject.args[0].is_floating_point():
            return {"input_res": shape[1:]}
        return {"input_res": (1,) * least, "input_constructor": lambda _: named_inputs(subject)}

    return asked


_OF_SIZES = _of_sizes(1)


def _of_images(subject: Subject) -> Mapping[str, Any]:
    """The call of release 0.1, which knows the height and the width of an image only."""
    given = _of_sizes(3)(subject)
    shape = given["input_res"]
    if "input_constructor" not in given and len(shape) == 3 and shape[0] == 3:
        return {"input_res": shape[1:]}
    return {"input_res": (1, 1), "input_constructor": lambda _: named_inputs(subject)}


def releases(now: Counter, running: Running) -> tuple[Release, ...]:
    """Every release before the present rules."""
    return (*_patched(now, running), *_hooked(now, running))


def _patched(now: Counter, running: Running) -> Iterator[Release]:
    """The releases that patch functions besides putting hooks on modules, from 0.7.4 back to 0.7.1."""
    rules = replace(now.rules, modules={**now.rules.modules, **_CONVOLVED})
    names = ("torch.nn.functional.interpolate", "torch.nn.functional.upsample")

    def release(specifier: str, modules: Table, functions: Table, asked: Asked | None = None) -> Release:
        how = {} if asked is None else {"asked": asked}
        return Release(
            specifier=specifier,
            rules=replace(rules, modules=modules, functions=functions),
            run=running(tuple(functions), **how),
            measures=now.measures,
        )

    functions = {**rules.functions, **dict.fromkeys(names, _BY_POWER)}
    yield release("==0.7.4", rules.modules, rules.functions)
    yield release(">=0.7.2,<0.7.4", rules.modules, functions)
    # A method of a tensor that is patched fails there: the tensor itself is lost on the way.
    functions = dict(_without(functions, "torch.Tensor."))
    modules = {**_without(rules.modules, "timm."), **_linear({"mac": 1, "bias.one-vector": 1})}
    yield release("==0.7.1.2", modules, functions)
    yield release("==0.7.1.1", modules, functions, _of_sizes(1))
    yield release("==0.7.1", modules, {**functions, "torch.nn.functional.linear": _DOUBLED}, _of_sizes(1))


def _hooked(now: Counter, running: Running) -> Iterator[Release]:
    """The releases that know hooks only, from 0.7 back to 0.1."""
    of_07 = {**_without(now.rules.modules, "timm."), **_CONVOLVED, **_linear({"mac": 1, "bias.one-vector": 1})}
    of_068 = _without(of_07, "LayerNorm")
    of_067 = _in_first_file(_without(of_068, "GELU"))
    of_066 = {**of_067, **_in_first_file(_ATTENDED)}
    of_065 = _without(of_066, "InstanceNorm", "GroupNorm")
    of_064 = _without(of_065, "MultiheadAttention")
    of_062 = {**_without(of_064, "ConvTranspose"), **_in_first_file({**_DECONVOLVED, **_linear({"mac": 1})})}
    of_06 = _without(of_062, "RNN", "GRU", "LSTM")
    of_04 = {**of_06, **_in_first_file(_linear({"mac.by-two-sizes": 1}))}
    of_02 = _without(of_04, "1d")
    of_01 = _without(of_02, "3d", "ConvTranspose")

    assert now.rules.finish is not None
    present = replace(now.rules, functions={})
    walked = replace(present, finish=replace(now.rules.finish, source=f"{_FIRST}:compute_average_flops_cost"))
    flat = replace(walked, rows_per_place=False, hides_children=False)
    loose = replace(flat, subclasses=True)
    whole = {"params": Census(source=f"{_FIRST}:get_model_parameters_number", trainable=True, once="total")}
    held = {"params": Census(source=f"{_FIRST}:compute_average_flops_cost", trainable=True, ruled=True)}

    def release(
        specifier: str, base: Rules, modules: Table, measures: Mapping[str, Convention], asked: Asked = _OF_SIZES
    ) -> Release:
        walk = {} if base.hides_children else {"walk": _modules}
        run = running((), asked=asked, held=measures is held, **walk)
        return Release(specifier=specifier, rules=replace(base, modules=modules), run=run, measures=measures)

    yield release("==0.7", present, of_07, now.measures)
    yield release(">=0.6.8,<0.7", present, of_068, now.measures)
    yield release("==0.6.7", walked, of_067, whole)
    yield release("==0.6.6", walked, of_066, whole)
    yield release("==0.6.5", walked, of_065, whole)
    yield release("==0.6.4", flat, of_064, whole)
    yield release(">=0.6.2,<0.6.4", flat, of_062, whole)
    yield release("==0.6.1", flat, of_062, held)
    yield release("==0.6", flat, of_06, held, _of_sizes(2))
    yield release("==0.5.2", flat, of_06, whole, _of_sizes(2))
    yield release(">=0.4,<=0.5.1", flat, of_04, whole, _of_sizes(2))
    yield release("==0.3", loose, of_04, whole, _of_sizes(2))
    yield release("==0.2", loose, of_02, whole, _of_sizes(3))
    yield release("==0.1", loose, of_01, whole, _of_images)


def _in_first_file(table: Table) -> Table:
    """Rules of before 0.6.8, when all of ptflops was one file."""
    return {name: replace(rule, source=rule.source.replace(_OPS, _FIRST)) for name, rule in table.items()}
