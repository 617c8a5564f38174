"""Functions by name: the same work in the spellings that counters see and do not see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import matmul as imported_matmul
from torch import nn


def _in_place(method: str) -> Callable[..., torch.Tensor]:
    """An in-place method on a copy of the first operand."""
    return lambda x, *others: getattr(x.clone(), method)(*others)


PRODUCTS: dict[str, Callable[..., Any]] = {
    "operator": lambda x, y: x @ y,
    "torch.matmul": lambda x, y: torch.matmul(x, y),
    "x.matmul": lambda x, y: x.matmul(y),
    "imported matmul": lambda x, y: imported_matmul(x, y),
    "torch.linalg.matmul": lambda x, y: torch.linalg.matmul(x, y),
    "torch.mm": lambda x, y: torch.mm(x, y),
    "torch.bmm": lambda x, y: torch.bmm(x, y),
    "torch.addmm": lambda b, x, y: torch.addmm(b, x, y),
    "torch.addmm beta 0": lambda b, x, y: torch.addmm(b, x, y, beta=0),
    "torch.baddbmm": lambda b, x, y: torch.baddbmm(b, x, y),
    "x.baddbmm": lambda b, x, y: b.baddbmm(x, y),
    "torch.addbmm": lambda b, x, y: torch.addbmm(b, x, y),
    "torch.addmv": lambda b, x, y: torch.addmv(b, x, y),
    "torch.addr": lambda b, x, y: torch.addr(b, x, y),
    "addmm_": _in_place("addmm_"),
    "torch.mv": lambda x, y: torch.mv(x, y),
    "torch.dot": lambda x, y: torch.dot(x, y),
    "torch.vdot": lambda x, y: torch.vdot(x, y),
    "torch.inner": lambda x, y: torch.inner(x, y),
    "torch.outer": lambda x, y: torch.outer(x, y),
    "torch.kron": lambda x, y: torch.kron(x, y),
    "torch.tensordot": lambda x, y: torch.tensordot(x, y, dims=1),
    "multi_dot": lambda x, y, z: torch.linalg.multi_dot([x, y, z]),
    "chain_matmul": lambda x, y, z: x @ y @ z,
    "matrix_power": lambda x: torch.linalg.matrix_power(x, 3),
    "einsum ij,jk->ik": lambda x, y: torch.einsum("ij,jk->ik", x, y),
    "einsum bij,bjk->bik": lambda x, y: torch.einsum("bij,bjk->bik", x, y),
    "einsum bhid,bhjd->bhij": lambda x, y: torch.einsum("bhid,bhjd->bhij", x, y),
    "einsum ij,jk,kl->il": lambda x, y, z: torch.einsum("ij,jk,kl->il", x, y, z),
    "einsum ij,jk->ik listed": lambda x, y: torch.einsum("ij,jk->ik", (x, y)),
    "einsum i,j->ij": lambda x, y: torch.einsum("i,j->ij", x, y),
    "einsum ij,ij->ij": lambda x, y: torch.einsum("ij,ij->ij", x, y),
    "einsum ii->i": lambda x: torch.einsum("ii->i", x),
    "cdist": lambda x, y: torch.cdist(x, y),
    "cosine_similarity": lambda x, y: F.cosine_similarity(x, y),
    "F.linear": lambda x, y: F.linear(x, y),
    "F.linear bias": lambda x, y, b: F.linear(x, y, b),
    "F.conv1d": lambda x, y: F.conv1d(x, y),
    "F.conv2d": lambda x, y: F.conv2d(x, y),
    "F.conv2d bias": lambda x, y, b: F.conv2d(x, y, b),
    "F.conv2d padding same": lambda x, y: F.conv2d(x, y, padding="same"),
    "F.conv3d": lambda x, y: F.conv3d(x, y),
    "F.conv_transpose2d": lambda x, y: F.conv_transpose2d(x, y, stride=2),
    "F.bilinear": lambda x, y, w: F.bilinear(x, y, w),
    "torch.conv2d": lambda x, y: torch.conv2d(x, y),
    "vmap": lambda x, y: torch.vmap(torch.mv, in_dims=(None, 0))(x, y),
}
"""Contractions of two or three operands, in every spelling."""

ATTENTION: dict[str, Callable[..., Any]] = {
    "sdpa": lambda q, k, v: F.scaled_dot_product_attention(q, k, v),
    "sdpa causal": lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
    "sdpa scale": lambda q, k, v: F.scaled_dot_product_attention(q, k, v, scale=0.5),
    "sdpa grouped": lambda q, k, v: F.scaled_dot_product_attention(q, k, v, enable_gqa=True),
    "sdpa dropout": lambda q, k, v: F.scaled_dot_product_attention(q, k, v, dropout_p=0.25),
    "sdpa mask": lambda q, m: F.scaled_dot_product_attention(q, q, q, attn_mask=m),
    "matmul softmax matmul": lambda q, k, v: torch.matmul(torch.matmul(q, k.transpose(-2, -1)).softmax(-1), v),
    "bmm softmax bmm": lambda q, k, v: torch.bmm(F.softmax(torch.bmm(q, k.transpose(1, 2)), -1), v),
    "baddbmm softmax bmm": lambda m, q, v: torch.bmm(torch.softmax(torch.baddbmm(m, q, q.transpose(1, 2)), -1), v),
    "einsum softmax einsum": lambda q, k, v: torch.einsum(
        "bij,bjd->bid", torch.einsum("bid,bjd->bij", q, k).softmax(-1), v
    ),
    "linear attention": lambda q, k, v: q.softmax(-1) @ (k.softmax(-2).transpose(-2, -1) @ v),
}
"""Attention as a function."""

POINTWISE: dict[str, Callable[..., Any]] = {
    "F.relu": lambda x: F.relu(x),
    "torch.relu": lambda x: torch.relu(x),
    "x.relu": lambda x: x.relu(),
    "F.relu_": lambda x: F.relu(x.clone(), inplace=True),
    "F.relu6": lambda x: F.relu6(x),
    "F.gelu": lambda x: F.gelu(x),
    "F.silu": lambda x: F.silu(x),
    "F.elu": lambda x: F.elu(x),
    "F.leaky_relu": lambda x: F.leaky_relu(x),
    "F.hardswish": lambda x: F.hardswish(x),
    "F.mish": lambda x: F.mish(x),
    "F.glu": lambda x: F.glu(x, 1),
    "torch.sigmoid": lambda x: torch.sigmoid(x),
    "torch.tanh": lambda x: torch.tanh(x),
    "F.softmax": lambda x: F.softmax(x, 1),
    "torch.softmax": lambda x: torch.softmax(x, 1),
    "x.softmax": lambda x: x.softmax(1),
    "F.log_softmax": lambda x: F.log_softmax(x, 1),
    "F.softmin": lambda x: F.softmin(x, 1),
    "a + b": lambda x, y: x + y,
    "a - b": lambda x, y: x - y,
    "a * b": lambda x, y: x * y,
    "a / b": lambda x, y: x / y,
    "torch.add": lambda x, y: torch.add(x, y),
    "torch.mul": lambda x, y: torch.mul(x, y),
    "x.add": lambda x, y: x.add(y),
    "x.mul": lambda x, y: x.mul(y),
    "x += y": _in_place("add_"),
    "x *= y": _in_place("mul_"),
    "x + 1": lambda x: x + 1.0,
    "torch.add number": lambda x: torch.add(x, 1.0),
    "pow": lambda x: x**2,
    "sqrt": lambda x: x.sqrt(),
    "exp": lambda x: x.exp(),
    "abs": lambda x: x.abs(),
    "clamp": lambda x: x.clamp(0.0, 6.0),
    "addcmul": lambda x, y, z: torch.addcmul(x, y, z),
    "lerp": lambda x, y: torch.lerp(x, y, 0.5),
    "where": lambda x, y: torch.where(x > y, x, y),
    "masked_fill": lambda x, y: x.masked_fill(y > 0.5, 0.0),
    "maximum": lambda x, y: torch.maximum(x, y),
}
"""Elementwise work: activations, softmax, arithmetic."""

OTHERS: dict[str, Callable[..., Any]] = {
    "F.max_pool2d": lambda x: F.max_pool2d(x, 2),
    "F.avg_pool2d": lambda x: F.avg_pool2d(x, 2),
    "F.adaptive_avg_pool2d": lambda x: F.adaptive_avg_pool2d(x, 1),
    "F.adaptive_max_pool2d": lambda x: F.adaptive_max_pool2d(x, 1),
    "F.lp_pool2d": lambda x: F.lp_pool2d(x, 2.0, 2),
    "F.interpolate nearest": lambda x: F.interpolate(x, scale_factor=2),
    "F.interpolate bilinear": lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"),
    "F.interpolate size": lambda x: F.interpolate(x, size=(11, 13), mode="bilinear"),
    "F.interpolate area": lambda x: F.interpolate(x, size=(3, 3), mode="area"),
    "F.interpolate 1.5": lambda x: F.interpolate(x, scale_factor=1.5),
    "F.interpolate (1.5, 1.5)": lambda x: F.interpolate(x, scale_factor=(1.5, 1.5)),
    "F.interpolate [2, 2]": lambda x: F.interpolate(x, scale_factor=[2, 2]),
    "F.interpolate antialias": lambda x: F.interpolate(x, size=(5, 4), mode="bilinear", antialias=True),
    "grid_sample": lambda x, g: F.grid_sample(x, g, align_corners=False),
    "affine_grid": lambda t: F.affine_grid(t, [1, 6, 9, 7], align_corners=False),
    "F.layer_norm": lambda x: F.layer_norm(x, (8,)),
    "F.group_norm": lambda x: F.group_norm(x, 2),
    "F.instance_norm": lambda x: F.instance_norm(x),
    "F.batch_norm": lambda x, m, v: F.batch_norm(x, m, v),
    "F.rms_norm": lambda x: F.rms_norm(x, (8,)),
    "F.normalize": lambda x: F.normalize(x),
    "F.embedding": lambda i, w: F.embedding(i, w),
    "one_hot": lambda i, w: F.one_hot(i, 11).float() @ w,
    "mean": lambda x: x.mean((2, 3)),
    "sum": lambda x: x.sum(1),
    "var": lambda x: x.var(1),
    "norm": lambda x: x.norm(dim=1),
    "cumsum": lambda x: x.cumsum(1),
    "logsumexp": lambda x: x.logsumexp(1),
    "amax": lambda x: x.amax(1),
    "argmax": lambda x: x.argmax(1),
    "topk": lambda x: x.topk(2, 1)[0],
    "sort": lambda x: x.sort(1)[0],
    "cat": lambda x, y: torch.cat([x, y], 1),
    "stack": lambda x, y: torch.stack([x, y]),
    "chunk": lambda x: x.chunk(2, 1)[0],
    "index": lambda x: x[:, ::2],
    "roll": lambda x: x.roll(1, 1),
    "permute": lambda x: x.permute(0, 2, 3, 1).contiguous(),
    "gather": lambda x: x.gather(1, torch.zeros(x.shape[0], 1, dtype=torch.long)),
}
"""Everything else: pools, resampling, norms, reductions, comparisons, movement."""

FUNCTIONS: dict[str, Callable[..., Any]] = PRODUCTS | ATTENTION | POINTWISE | OTHERS


class OneOperand(nn.Module):
    """A function of one tensor as a model."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.function = FUNCTIONS[name]

    def forward(self, x: torch.Tensor) -> Any:
        """What the function gives."""
        return self.function(x)


class TwoOperands(OneOperand):
    """A function of two tensors as a model."""

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> Any:  # type: ignore[override]
        """What the function gives."""
        return self.function(x, y)


class ThreeOperands(OneOperand):
    """A function of three tensors as a model."""

    def forward(self, x: torch.Tensor, y: torch.Tensor, z: torch.Tensor) -> Any:  # type: ignore[override]
        """What the function gives."""
        return self.function(x, y, z)


class WithParameter(OneOperand):
    """A function of a tensor and a parameter that the model holds bare."""

    def __init__(self, name: str, shape: list[int]) -> None:
        super().__init__(name)
        self.weight = nn.Parameter(torch.rand(shape))

    def forward(self, x: torch.Tensor) -> Any:
        """What the function gives."""
        return self.function(x, self.weight)


class WithParameters(WithParameter):
    """A function of a tensor, a weight and a bias that the model holds bare."""

    def __init__(self, name: str, shape: list[int], bias: int) -> None:
        super().__init__(name, shape)
        self.bias = nn.Parameter(torch.rand(bias))

    def forward(self, x: torch.Tensor) -> Any:
        """What the function gives."""
        return self.function(x, self.weight, self.bias)


def function(name: str, takes: int = 1) -> nn.Module:
    """A model that does nothing but call a function of this module."""
    return (OneOperand, TwoOperands, ThreeOperands)[takes - 1](name)
