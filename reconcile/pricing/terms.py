"""The vocabulary of terms: the named quantities that a layer executes and that counters give weights to."""

from __future__ import annotations

from dataclasses import dataclass

from reconcile.language import later


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One named quantity of work.

    `cause` is the name under which a weight on this term departs from the definition.
    `of` is set on a *variant*: the same work as the term `of`, measured by a wrong size.
    `unit` says what one unit of the amount is.
    """

    name: str
    cause: str
    unit: str
    of: str | None = None

    @property
    def base(self) -> str:
        """The name of the term that this one measures."""
        return self.of or self.name


RESAMPLING = ("nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear")
"""Modes of interpolation; each is a term of its own, because counters weigh them differently."""

_BASES = (
    ("mac", "mac-weight", later("multiply-add")),
    ("mac.odd-operation", "formula", later("operation of a printed count that has no pair")),
    ("first-add", "first-add", later("output whose first product needs no addition")),
    ("bias", "bias", later("bias addition")),
    ("norm", "norm", later("element normalised")),
    ("norm.affine", "norm", later("normalised element scaled and shifted")),
    ("norm.batch", "norm", later("element normalised by statistics of its own batch")),
    ("activation", "activation", later("element activated")),
    ("pool.input", "pool", later("element given to a pool")),
    ("pool.output", "pool", later("element given out by a pool")),
    ("pool.window", "pool", later("window element read by a pool")),
    ("pool.mean-ratio", "pool", later("input to output ratio plus one division, for each output, in double precision")),
    ("pool.floor-ratio", "pool", later("rounded-down input to output ratio plus one division, for each output")),
    ("softmax", "softmax", later("element of a softmax")),
    ("softmax.row", "softmax", later("row of a softmax")),
    ("softmax.call", "softmax", later("call of a softmax")),
    ("resample", "resample", later("element given out by a resampling")),
    ("resample.nearest", "resample", later("element given out by nearest resampling")),
    ("resample.nearest-exact", "resample", later("element given out by nearest-exact resampling")),
    ("resample.linear", "resample", later("element given out by linear resampling")),
    ("resample.bilinear", "resample", later("element given out by bilinear resampling")),
    ("resample.bicubic", "resample", later("element given out by bicubic resampling")),
    ("resample.trilinear", "resample", later("element given out by trilinear resampling")),
    ("elementwise", "elementwise", later("element given out by an elementwise operation")),
    ("elementwise.number", "elementwise", later("elementwise operation on single numbers")),
    ("embedding", "embedding", later("element looked up")),
    ("reduce", "reduce", later("element given to a reduction")),
    ("reduce.output", "reduce", later("element given out by a reduction")),
    ("compare", "compare", later("element compared, sorted or selected")),
    ("transform", "transform", later("element given out by a Fourier transform")),
    ("recurrent", "recurrent", later("gate element of a recurrent step, where input and state are added")),
    ("recurrent.state", "recurrent", later("state element that a recurrent step gives out")),
    ("rounding", "rounding", later("unit that single precision adds to a number of more than 24 bits")),
    ("attention.scale", "attention", later("query element scaled before an attention")),
)

_VARIANTS = (
    (
        "mac.by-output",
        "mac",
        later("multiply-add at output positions, with the second input dimension taken as channels"),
    ),
    ("mac.at-output", "mac", later("multiply-add at output positions")),
    (
        "mac.by-input",
        "mac",
        later("multiply-add at input positions, with the second output dimension taken as channels"),
    ),
    (
        "mac.by-batch-at-output",
        "mac",
        later("multiply-add at output positions, with the first dimension taken as the batch"),
    ),
    ("mac.by-weight-at-output", "mac", later("multiply-add at output positions, by the second size of the weight")),
    ("mac.by-two-sizes", "mac", later("multiply-add by two sizes of the input and the second one of the output")),
    ("mac.by-batch", "mac", later("multiply-add with the first dimension taken as the batch")),
    (
        "mac.by-first-operand",
        "mac",
        later("multiply-add by the first operand's elements and the second's last dimension"),
    ),
    ("mac.by-first-size", "mac", later("multiply-add by the first operand's leading size and the second's elements")),
    ("mac.by-linear-rows", "mac", later("multiply-add by the layer's weight and its output elements")),
    ("mac.by-printed-cost", "mac", later("half an operation of the count that numpy prints with four digits")),
    ("mac.by-gates", "mac", later("multiply-add of gate weights, without projections, by the two leading dimensions")),
    (
        "mac.by-hidden",
        "mac",
        later("multiply-add of gates as if nothing were projected, by the two leading dimensions"),
    ),
    (
        "mac.by-padded-hidden",
        "mac",
        later("multiply-add of gates as if nothing were projected, and no sequence shorter than the longest"),
    ),
    ("mac.by-widths", "mac", later("multiply-add of an attention layer, its projections taken for square")),
    (
        "mac.length-first",
        "mac",
        later("multiply-add of an attention layer, with its first dimension taken as the length"),
    ),
    (
        "mac.by-matched-channels",
        "mac",
        later("multiply-add at output positions, with a weight size told from the output's"),
    ),
    ("mac.by-states", "mac", later("multiply-add of four gates, by the sizes of the states given out")),
    ("mac.by-indices", "mac", later("multiply-add for every combination of an einsum's indices")),
    ("mac.by-query", "mac", later("multiply-add of an attention, with the batch and the heads of the query")),
    ("mac.by-leading-batch", "mac", later("multiply-add of an attention, with the first dimension taken as the batch")),
    ("mac.by-arguments", "mac", later("multiply-add at the output positions that a convolution's arguments ask for")),
    (
        "mac.by-groups-twice",
        "mac",
        later("multiply-add of a transposed convolution, its filters divided by the groups again"),
    ),
    ("mac.by-printed-operations", "mac", later("pair of operations of the count that numpy prints with four digits")),
    ("mac.by-parameters", "mac", later("element of the layer's own weights, for each leading size of the output")),
    (
        "mac.by-parameters-at-positions",
        "mac",
        later("element of the layer's own weights, for each position of the output"),
    ),
    (
        "mac.by-names",
        "mac",
        later("element of the weights at or below a module, pruned or not, for each leading size of its output"),
    ),
    (
        "mac.by-names-at-positions",
        "mac",
        later("element of the weights at or below a module, pruned or not, for each position of its output"),
    ),
    ("mac.by-elements", "mac", later("element of the weights at or below a module, once for a whole batch")),
    (
        "mac.by-elements-at-positions",
        "mac",
        later("element of the weights at or below a module, for each position of one sample's output"),
    ),
    ("bias.by-leading", "bias", later("bias addition of a recurrent layer, by the two leading dimensions")),
    ("bias.by-padded", "bias", later("bias addition of a recurrent layer, every sequence taken for the longest")),
    ("bias.by-widths", "bias", later("bias addition of an attention layer, the last one by the width of the values")),
    ("bias.length-first", "bias", later("bias addition of an attention layer, with its first dimension as the length")),
    ("bias.by-parameters", "bias", later("element of the layer's own biases, for each leading size of the output")),
    (
        "bias.by-parameters-at-positions",
        "bias",
        later("element of the layer's own biases, for each position of the output"),
    ),
    (
        "bias.by-names",
        "bias",
        later("element of the layer's own biases, pruned or not, for each leading size of the output"),
    ),
    (
        "bias.by-names-at-positions",
        "bias",
        later("element of the layer's own biases, pruned or not, for each position of the output"),
    ),
    ("recurrent.by-leading", "recurrent", later("gate element, by the two leading dimensions")),
    ("recurrent.by-padded", "recurrent", later("gate element, every sequence taken for the longest")),
    ("recurrent.state.by-padded", "recurrent.state", later("state element, every sequence taken for the longest")),
    ("recurrent.state.by-leading", "recurrent.state", later("state element, by the two leading dimensions")),
    ("softmax.length-first", "softmax", later("element of a softmax, with the first dimension taken as the length")),
    (
        "attention.scale.length-first",
        "attention.scale",
        later("query element scaled, with the first dimension taken as the length"),
    ),
    ("softmax.by-inputs", "softmax", later("element of a softmax over the keys that were given")),
    ("bias.by-batch", "bias", later("bias addition with the first dimension taken as the batch")),
    (
        "bias.by-batch-at-output",
        "bias",
        later("bias addition at output positions, with the first dimension as the batch"),
    ),
    ("bias.by-height-squared", "bias", later("bias addition at an output that is taken for square")),
    ("bias.one-vector", "bias", later("bias addition of one row, whatever the number of rows")),
    ("bias.by-channels", "bias", later("bias addition at an output, once for each input channel of its group")),
    ("mac.by-labels", "mac", later("multiply-add for every combination of an einsum's labels that are shared or kept")),
    (
        "pool.window-inside",
        "pool.window",
        later("window element inside the input, or its padding where that counts"),
    ),
    (
        "pool.window-as-given",
        "pool.window",
        later("window element, a size given as one number taken for that of the window"),
    ),
    (
        "pool.window-after-two",
        "pool.window",
        later("window element, the dimensions after the second taken for the pooled ones"),
    ),
    ("bias.by-output", "bias", later("addition for every output, whether or not the added operand is scaled by 0")),
    (
        "bias.by-arguments",
        "bias",
        later("bias addition at the output positions that a convolution's arguments ask for"),
    ),
    (
        "bias.by-forward-arguments",
        "bias",
        later("bias addition of one group at the positions that a convolution that is not transposed would have"),
    ),
    ("bias.by-operand", "bias", later("addition by the elements of the added operand, before it is broadcast")),
    (
        "bias.by-operand-given",
        "bias",
        later("addition by the elements of the added operand, whether or not it is scaled by 0"),
    ),
    ("first-add.by-input", "first-add", later("output channel at an input position, one row of the first dimension")),
    ("bias.by-input", "bias", later("bias addition at an input position, one row of the first dimension")),
    ("resample.no-channels", "resample", later("element given out by a resampling, channels left out")),
    ("resample.by-arguments", "resample", later("element that the size or scale argument asks for")),
    (
        "resample.by-size-or-input",
        "resample",
        later("position of the size asked for, or else element given to a resampling"),
    ),
    (
        "resample.by-size-or-scale",
        "resample",
        later("position of the size asked for, or else element given, times the scale"),
    ),
    (
        "resample.by-batch-power",
        "resample",
        later("position of the size asked for, or element times the scale to the batch"),
    ),
    ("elementwise.left-aligned", "elementwise", later("element of the shape broadcast from the left")),
)


def _vocabulary() -> dict[str, Term]:
    table: dict[str, Term] = {}
    causes = {name: cause for name, cause, _ in _BASES}
    entries = [Term(name=name, cause=cause, unit=unit) for name, cause, unit in _BASES]
    entries += [Term(name=name, cause=causes[of], unit=unit, of=of) for name, of, unit in _VARIANTS]
    for term in tuple(entries):
        if term.of is None:
            unit = later("{unit}, one row of the first dimension", unit=term.unit)
            entries.append(Term(name=f"{term.name}.one-row", cause=term.cause, unit=unit, of=term.name))
    for term in entries:
        if term.name in table:
            raise ValueError(f"the term {term.name!r} is defined twice")
        table[term.name] = term
    return table


TERMS: dict[str, Term] = _vocabulary()

DEFINITION: dict[str, int] = {"mac": 1}
"""The definition's weights: one for a multiply-add of a contraction, nothing for anything else."""
