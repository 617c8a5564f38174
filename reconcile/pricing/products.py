"""The prices of products: convolutions, matrix products and attention, by each op's own arguments and shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconcile.ledger import Op, Tensor
from reconcile.pricing import formulas
from reconcile.pricing.amounts import amount
from reconcile.pricing.einsum import index_products, printed_cost
from reconcile.pricing.formulas import Terms
from reconcile.pricing.sequences import attention_layer, encoder_layer

Price = Callable[[Op], Terms]


def _convolution(op: Op) -> Terms:
    transposed, groups = bool(op.argument(6)), op.argument(8)
    bias = isinstance(op.argument(2), Tensor)
    assert isinstance(groups, int)
    return formulas.convolution(op.shape(0), op.shape(1), op.out, transposed=transposed, groups=groups, bias=bias)


def _named_convolution(transposed: bool) -> Price:
    def price(op: Op) -> Terms:
        groups = op.argument(6, "groups", 1)
        assert isinstance(groups, int)
        bias = isinstance(op.argument(2, "bias"), Tensor)
        return formulas.convolution(op.shape(0), op.shape(1), op.out, transposed=transposed, groups=groups, bias=bias)

    return price


def _kernel_convolution(groups: int | None, bias: int | None) -> Price:
    """The price of a kernel that says by its name that it is not transposed; `groups` and `bias` are positions."""

    def price(op: Op) -> Terms:
        count = 1 if groups is None else op.argument(groups)
        assert isinstance(count, int)
        given = bias is not None and isinstance(op.argument(bias), Tensor)
        return formulas.convolution(op.shape(0), op.shape(1), op.out, transposed=False, groups=count, bias=given)

    return price


def _conv_tbc(op: Op) -> Terms:
    """`aten.conv_tbc` takes (time, batch, channels) and weights of (kernel, in channels, out channels)."""
    kernel, ins, _ = op.shape(1)
    return {"mac": amount(op.out, (kernel, ins)), "first-add": amount(op.out), "bias": amount(op.out)}


def _linear(op: Op) -> Terms:
    return formulas.linear(op.shape(0), op.shape(1), bias=isinstance(op.argument(2, "bias"), Tensor))


def _dynamic_linear(op: Op) -> Terms:
    """`quantized.linear_dynamic` holds weight and bias in one packed object, whose sizes follow from the output."""
    return {"mac": amount(op.shape(0), op.out[-1:]), "first-add": amount(op.out)}


def _matmul(op: Op) -> Terms:
    return formulas.matmul(op.shape(0), op.shape(1))


def _inner(op: Op) -> Terms:
    """`aten.inner` contracts the last dimensions of both operands."""
    a, b = op.shape(0), op.shape(1)
    return {"mac": amount(a, b[:-1]), "first-add": amount(a[:-1], b[:-1])}


def _added_matmul(op: Op) -> Terms:
    used = op.keywords.get("beta") != 0
    return formulas.added_matmul(op.shape(0), op.shape(1), op.shape(2), used=used)


def _addr(op: Op) -> Terms:
    return {"mac": amount(op.shape(1), op.shape(2))}


def _addbmm(op: Op) -> Terms:
    terms = formulas.matmul(op.shape(1), op.shape(2))
    return {"mac": terms["mac"], "first-add": amount(op.out), "bias": amount(op.out)}


def _grouped_matmul(op: Op) -> Terms:
    """`aten._grouped_mm` splits one size into groups: rows, columns or the contracted size; or nothing, as `bmm` does.

    Groups that do not cover that size would do less work; their ends are values, which no ledger holds.
    """
    a, b = op.shape(0), op.shape(1)
    groups, columns = (a[:1] if len(a) == len(b) == 3 else ()), b[-1:]
    terms = {"mac": amount(groups, a[-2:], columns), "first-add": amount(op.out)}
    return terms | ({"bias": amount(op.out)} if isinstance(op.argument(3, "bias"), Tensor) else {})


def _einsum(op: Op) -> Terms:
    """A composite of products and sums; its own prices are what counters take its equation for."""
    operands = op.argument(1)
    shapes = [item.shape for item in operands if isinstance(item, Tensor)] if isinstance(operands, tuple) else []
    equation = str(op.argument(0))
    return {
        "mac.by-printed-cost": printed_cost(equation, shapes),
        "mac.by-indices": index_products(equation, shapes),
    }


def _euclidean_dist(op: Op) -> Terms:
    """One matrix product with the squared lengths and a one appended to every row."""
    a, b = op.shape(0), op.shape(1)
    return formulas.matmul((*a[:-1], a[-1] + 2), (*b[:-2], b[-1] + 2, b[-2]))


def _distances(op: Op) -> Terms:
    a, b = op.shape(0), op.shape(1)
    return {"reduce": amount(formulas.broadcast(a[:-2], b[:-2]), (a[-2], b[-2], a[-1]))}


def _affine_grid(op: Op) -> Terms:
    """Every position of the grid, with a one appended, is multiplied by its sample's matrix."""
    return {"mac": amount(op.out, op.shape(0)[-1:]), "first-add": amount(op.out)}


def _attention(op: Op) -> Terms:
    return formulas.attention(op.shape(0), op.shape(1), op.shape(2))


def _rows_first_attention(op: Op) -> Terms:
    """Kernels that take (batch, length, heads, features)."""
    shapes = [op.shape(index) for index in range(3)]
    return formulas.attention(*((batch, heads, length, size) for batch, length, heads, size in shapes))


def _multi_head_attention(op: Op) -> Terms:
    heads = op.argument(4)
    assert isinstance(heads, int)
    return attention_layer(op.shape(0), op.shape(1), op.shape(2), heads=heads, bias=True)


def _encoder_layer(op: Op) -> Terms:
    heads = op.argument(2)
    assert isinstance(heads, int)
    return encoder_layer(op.shape(0), op.shape(14)[0], heads=heads)


def _bilinear(op: Op) -> Terms:
    return formulas.bilinear(op.shape(0), op.shape(1), op.shape(2), bias=isinstance(op.argument(3), Tensor))


def _trilinear(op: Op) -> Terms:
    """`aten._trilinear` sums i1 * i2 * i3 over `sumdim` after unsqueezing; Bilinear calls it with weights as i2."""
    x, weight, y = op.shape(0), op.shape(1), op.shape(2)
    return formulas.bilinear(x, y, weight, bias=False)


def named(price: Price, names: str) -> dict[str, Price]:
    """One price for several ops, whose names stand in one text."""
    return dict.fromkeys(names.split(), price)


PRODUCTS: Mapping[str, Price] = {
    "convolution": _convolution,
    "_convolution": _convolution,
    "convolution_overrideable": _convolution,
    "cudnn_convolution": _kernel_convolution(5, None),
    "mkldnn_convolution": _kernel_convolution(6, 2),
    "_slow_conv2d_forward": _kernel_convolution(None, 3),
    **named(_named_convolution(False), "conv1d conv2d conv3d"),
    **named(_named_convolution(True), "conv_transpose1d conv_transpose2d conv_transpose3d"),
    "conv_tbc": _conv_tbc,
    **named(_linear, "linear mkldnn_linear"),
    **named(_dynamic_linear, "linear_dynamic linear_relu_dynamic"),
    **named(_matmul, "mm bmm mv dot vdot matmul linalg_matmul _scaled_mm"),
    "inner": _inner,
    **named(_added_matmul, "addmm baddbmm addmv"),
    "addr": _addr,
    "addbmm": _addbmm,
    "einsum": _einsum,
    "_grouped_mm": _grouped_matmul,
    "_euclidean_dist": _euclidean_dist,
    "_cdist_forward": _distances,
    "affine_grid_generator": _affine_grid,
    "bilinear": _bilinear,
    "_trilinear": _trilinear,
    **named(
        _attention,
        "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_flash_attention "
        "_scaled_dot_product_efficient_attention _scaled_dot_product_cudnn_attention scaled_dot_product_attention "
        "_scaled_dot_product_fused_attention_overrideable",
    ),
    **named(_rows_first_attention, "_flash_attention_forward _efficient_attention_forward"),
    "_native_multi_head_attention": _multi_head_attention,
    "_transformer_encoder_layer_fwd": _encoder_layer,
}
