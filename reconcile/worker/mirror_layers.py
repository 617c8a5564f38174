"""Which Paddle layer mirrors which PyTorch layer: same kind, same sizes, weights of its own.

A layer that Paddle cannot express raises `RefusalError` with the reason; whether a mirrored layer computes the same is
not decided here but by the certificate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import paddle
import torch
from torch import nn

from reconcile.language import later
from reconcile.worker.mirror_sequences import SEQUENCES
from reconcile.worker.refusal import RefusalError

Mirror = Callable[[Any], paddle.nn.Layer]


def same_padding(kernel: tuple[int, ...], dilation: tuple[int, ...]) -> list[int]:
    """The padding that keeps the size, before and after each dimension, the odd element behind as in PyTorch.

    Paddle's own "SAME" forgets the dilation.
    """
    totals = [step * (size - 1) for size, step in zip(kernel, dilation, strict=True)]
    if all(total % 2 == 0 for total in totals):
        return [total // 2 for total in totals]
    return [side for total in totals for side in (total // 2, total - total // 2)]


def _padding(module: Any) -> int | list[int]:
    """The padding as one number if all sides are equal, because some padding modes of Paddle take no other."""
    if module.padding == "same":
        sides = same_padding(module.kernel_size, module.dilation)
    else:
        sides = [0] if module.padding == "valid" else list(module.padding)
    return sides[0] if len(set(sides)) == 1 else sides


def _attributes(module: Any, *, weight: bool = True) -> dict[str, Any]:
    """Which of weight and bias a layer has, in Paddle's words."""
    given = {"bias_attr": None if module.bias is not None else False}
    return given if not weight else given | {"weight_attr": None if module.weight is not None else False}


def _convolution(kind: type[paddle.nn.Layer]) -> Mirror:
    def mirror(module: Any) -> paddle.nn.Layer:
        return kind(
            module.in_channels,
            module.out_channels,
            list(module.kernel_size),
            stride=list(module.stride),
            padding=_padding(module),
            dilation=list(module.dilation),
            groups=module.groups,
            padding_mode=module.padding_mode,
            **_attributes(module, weight=False),
        )

    return mirror


def _transposed(kind: type[paddle.nn.Layer]) -> Mirror:
    def mirror(module: Any) -> paddle.nn.Layer:
        return kind(
            module.in_channels,
            module.out_channels,
            list(module.kernel_size),
            stride=list(module.stride),
            padding=list(module.padding),
            output_padding=list(module.output_padding),
            dilation=list(module.dilation),
            groups=module.groups,
            **_attributes(module, weight=False),
        )

    return mirror


def _linear(module: nn.Linear) -> paddle.nn.Layer:
    return paddle.nn.Linear(module.in_features, module.out_features, **_attributes(module, weight=False))


def _batch_norm(kind: type[paddle.nn.Layer]) -> Mirror:
    def mirror(module: Any) -> paddle.nn.Layer:
        return kind(
            module.num_features,
            momentum=1 - (0.1 if module.momentum is None else module.momentum),
            epsilon=module.eps,
            use_global_stats=None if module.track_running_stats else False,
            **_attributes(module),
        )

    return mirror


def _instance_norm(kind: type[paddle.nn.Layer]) -> Mirror:
    def mirror(module: Any) -> paddle.nn.Layer:
        if module.track_running_stats:
            raise RefusalError(later("{kind} with running statistics", kind=type(module).__name__))
        return kind(module.num_features, epsilon=module.eps, **_attributes(module))

    return mirror


def _layer_norm(module: nn.LayerNorm) -> paddle.nn.Layer:
    return paddle.nn.LayerNorm(list(module.normalized_shape), epsilon=module.eps, **_attributes(module))


def _group_norm(module: nn.GroupNorm) -> paddle.nn.Layer:
    return paddle.nn.GroupNorm(module.num_groups, module.num_channels, epsilon=module.eps, **_attributes(module))


def _max_pool(kind: type[paddle.nn.Layer]) -> Mirror:
    def mirror(module: Any) -> paddle.nn.Layer:
        if module.return_indices or module.dilation not in (1, (1,), (1, 1), (1, 1, 1)):
            raise RefusalError(later("{kind} with indices or dilation", kind=type(module).__name__))
        return kind(module.kernel_size, module.stride, module.padding, ceil_mode=module.ceil_mode)

    return mirror


def _average_pool(kind: type[paddle.nn.Layer]) -> Mirror:
    def mirror(module: Any) -> paddle.nn.Layer:
        given: dict[str, Any] = {"exclusive": not module.count_include_pad, "ceil_mode": module.ceil_mode}
        if getattr(module, "divisor_override", None):
            given["divisor_override"] = module.divisor_override
        return kind(_flat(module.kernel_size), _flat(module.stride), _flat(module.padding), **given)

    return mirror


def _flat(value: Any) -> Any:
    """A size of one dimension as a number: the one-dimensional average pools keep theirs in a tuple."""
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


def _adaptive_pool(kind: type[paddle.nn.Layer]) -> Mirror:
    def mirror(module: Any) -> paddle.nn.Layer:
        if getattr(module, "return_indices", False):
            raise RefusalError(later("{kind} with indices", kind=type(module).__name__))
        return kind(module.output_size)

    return mirror


def _embedding(module: nn.Embedding) -> paddle.nn.Layer:
    if module.max_norm is not None:
        raise RefusalError(later("Embedding with max_norm"))
    return paddle.nn.Embedding(module.num_embeddings, module.embedding_dim)


_LAYOUTS = {"linear": "NCW", "trilinear": "NCDHW"}


def _upsample(module: nn.Upsample) -> paddle.nn.Layer:
    if module.mode == "nearest-exact":
        raise RefusalError(later("Upsample in the mode nearest-exact"))
    scale = module.scale_factor
    return paddle.nn.Upsample(
        size=module.size,
        scale_factor=list(scale) if isinstance(scale, tuple) else scale,
        mode=module.mode,
        align_corners=bool(module.align_corners),
        data_format=_LAYOUTS.get(module.mode, "NCHW"),
    )


def _from(kind: type[paddle.nn.Layer], *names: str) -> Mirror:
    """A layer that takes the values of these attributes, in this order."""

    def mirror(module: Any) -> paddle.nn.Layer:
        return kind(*(getattr(module, name) for name in names))

    return mirror


def _kinds() -> Mapping[type[nn.Module], Mirror]:
    table: dict[type[nn.Module], Mirror] = {
        nn.Linear: _linear,
        nn.LayerNorm: _layer_norm,
        nn.GroupNorm: _group_norm,
        nn.Embedding: _embedding,
        nn.Upsample: _upsample,
        nn.UpsamplingNearest2d: _upsample,
        nn.UpsamplingBilinear2d: _upsample,
    }
    for rank in (1, 2, 3):
        table[_torch(f"Conv{rank}d")] = _convolution(_paddle(f"Conv{rank}D"))
        table[_torch(f"ConvTranspose{rank}d")] = _transposed(_paddle(f"Conv{rank}DTranspose"))
        table[_torch(f"BatchNorm{rank}d")] = _batch_norm(_paddle(f"BatchNorm{rank}D"))
        table[_torch(f"InstanceNorm{rank}d")] = _instance_norm(_paddle(f"InstanceNorm{rank}D"))
        table[_torch(f"MaxPool{rank}d")] = _max_pool(_paddle(f"MaxPool{rank}D"))
        table[_torch(f"AvgPool{rank}d")] = _average_pool(_paddle(f"AvgPool{rank}D"))
        for kind in ("AdaptiveAvgPool", "AdaptiveMaxPool"):
            table[_torch(f"{kind}{rank}d")] = _adaptive_pool(_paddle(f"{kind}{rank}D"))
    for name, (twin, *attributes) in _PLAIN.items():
        table[_torch(name)] = _from(_paddle(twin), *attributes)
    return table


def _torch(name: str) -> type[nn.Module]:
    return getattr(torch.nn, name)  # type: ignore[no-any-return]


def _paddle(name: str) -> type[paddle.nn.Layer]:
    return getattr(paddle.nn, name)  # type: ignore[no-any-return]


_PLAIN: Mapping[str, tuple[str, ...]] = {
    **{name: (name,) for name in ("ReLU ReLU6 SELU Mish Sigmoid Tanh Hardswish Hardsigmoid LogSigmoid").split()},
    **{name: (name,) for name in ["Tanhshrink", "Softsign", "Identity"]},
    "SiLU": ("Silu",),
    "LeakyReLU": ("LeakyReLU", "negative_slope"),
    "PReLU": ("PReLU", "num_parameters"),
    "ELU": ("ELU", "alpha"),
    "CELU": ("CELU", "alpha"),
    "Hardtanh": ("Hardtanh", "min_val", "max_val"),
    "Softplus": ("Softplus", "beta", "threshold"),
    "Softshrink": ("Softshrink", "lambd"),
    "Hardshrink": ("Hardshrink", "lambd"),
    "Softmax": ("Softmax", "dim"),
    "LogSoftmax": ("LogSoftmax", "dim"),
    "Dropout": ("Dropout", "p"),
    "Dropout2d": ("Dropout2D", "p"),
    "Dropout3d": ("Dropout3D", "p"),
    "AlphaDropout": ("AlphaDropout", "p"),
    "Flatten": ("Flatten", "start_dim", "end_dim"),
    "PixelShuffle": ("PixelShuffle", "upscale_factor"),
    "PixelUnshuffle": ("PixelUnshuffle", "downscale_factor"),
    "ChannelShuffle": ("ChannelShuffle", "groups"),
}
"""Layers without special cases: the name of the Paddle layer and the attributes that it takes, in order."""


def _gelu(module: nn.GELU) -> paddle.nn.Layer:
    return paddle.nn.GELU(approximate=module.approximate == "tanh")


def _unfold(module: nn.Unfold) -> paddle.nn.Layer:
    sizes = (module.kernel_size, module.dilation, module.padding, module.stride)
    kernel, dilation, padding, stride = (list(item) if isinstance(item, tuple) else item for item in sizes)
    return paddle.nn.Unfold(kernel, dilation, padding, stride)


def _fold(module: nn.Fold) -> paddle.nn.Layer:
    sizes = (module.output_size, module.kernel_size, module.dilation, module.padding, module.stride)
    output, kernel, dilation, padding, stride = (list(item) if isinstance(item, tuple) else item for item in sizes)
    return paddle.nn.Fold(output, kernel, dilation, padding, stride)


LAYERS: Mapping[type[nn.Module], Mirror] = {
    **_kinds(),
    **SEQUENCES,
    nn.GELU: _gelu,
    nn.Unfold: _unfold,
    nn.Fold: _fold,
}
"""The mirror of each PyTorch layer, by exact type."""
