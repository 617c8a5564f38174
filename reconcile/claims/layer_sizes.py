"""The sizes of a layer by the letters that formulas give them: `Cin`, `Cout`, `k`, `Hout`, `stride`, `D1` and so on."""

from __future__ import annotations

from collections.abc import Mapping

from reconcile.ledger import Call, Module, Value, first_shape

KNOWN = "N Cin Cout Kh Kw k stride groups bias Hin Win Hout Wout D1 D2 C V W"
"""Every letter; a layer has those that mean something for it."""


def sizes_of(module: Module, call: Call) -> Mapping[str, int]:
    """The sizes of a layer from its attributes, its parameters and the shapes of one call, channels first.

    `D1` and `D2` are the last sizes of input and output, `V` and `W` the rows and columns of its weight, `C` the
    channels it gives out, and `bias` is 1 where it has one.  A row of numbers is a map of one position.
    """
    x, out = first_shape((call.arguments, dict(call.keywords))), first_shape(call.output)
    found = {"bias": int(any(item.name == "bias" for item in module.parameters))}
    found |= _attributes(module)
    weight = next((item.shape for item in module.parameters if item.name == "weight"), ())
    if len(weight) == 2:
        found |= {"V": weight[0], "W": weight[1]}
    if x and out:
        found |= {"N": x[0], "D1": x[-1], "D2": out[-1], "C": out[1] if len(out) > 1 else out[0]}
    if len(x) == len(out) and len(x) in (2, 4):
        found |= dict(zip(("Cin", "Hin", "Win"), (*x[1:], 1, 1), strict=False))
        found |= dict(zip(("Cout", "Hout", "Wout"), (*out[1:], 1, 1), strict=False))
    return found


def _attributes(module: Module) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in ("kernel_size", "_kernel_size", "stride", "_stride", "groups", "_groups"):
        pair = _pair(module.attributes.get(name))
        if pair is None:
            continue
        if name.endswith("kernel_size"):
            found |= {"Kh": pair[0], "Kw": pair[1]} | ({"k": pair[0]} if pair[0] == pair[1] else {})
        else:
            found[name.lstrip("_")] = pair[0]
    return found


def _pair(value: Value) -> tuple[int, int] | None:
    if isinstance(value, tuple) and value and all(isinstance(item, int) for item in value):
        first, last = value[0], value[-1]
        return (int(str(first)), int(str(last)))
    return (value, value) if isinstance(value, int) else None
