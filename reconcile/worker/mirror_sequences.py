"""Which Paddle layer mirrors PyTorch's attention and recurrent layers: Paddle's own, called as PyTorch calls its own.

Paddle's attention holds four linear layers where PyTorch packs three of them into one parameter; both order sizes,
masks and results differently.  The weights of recurrent layers have the same names and gates in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import paddle
from torch import nn

from reconcile.language import later
from reconcile.worker.refusal import RefusalError


def _as_in_paddle(kind: type[paddle.nn.Layer]) -> Callable[[type[paddle.nn.Layer]], type[paddle.nn.Layer]]:
    """Name a class like the Paddle layer that it only gives another way to be called."""

    def named(own: type[paddle.nn.Layer]) -> type[paddle.nn.Layer]:
        own.__name__ = own.__qualname__ = kind.__name__
        own.__module__ = kind.__module__
        return own

    return named


def _additive(mask: Any) -> Any:
    """A mask as numbers to add: PyTorch's true forbids."""
    if mask.dtype != paddle.bool:
        return mask
    return paddle.where(mask, paddle.full([], float("-inf")), paddle.full([], 0.0))


def _mask(attn_mask: Any, key_padding_mask: Any, heads: int) -> Any:
    """Both masks as one that Paddle adds to scores of (batch, heads, rows, columns), or None."""
    found = []
    if attn_mask is not None:
        added = _additive(attn_mask)
        found.append(added if added.ndim == 2 else paddle.reshape(added, [-1, heads, *added.shape[1:]]))
    if key_padding_mask is not None:
        found.append(paddle.unsqueeze(_additive(key_padding_mask), [1, 2]))
    return sum(found[1:], found[0]) if found else None


@_as_in_paddle(paddle.nn.MultiHeadAttention)
class _Attention(paddle.nn.MultiHeadAttention):  # type: ignore[misc]
    """Paddle's attention, called like PyTorch's."""

    def __init__(self, module: nn.MultiheadAttention) -> None:
        bias = None if module.in_proj_bias is not None else False
        super().__init__(
            module.embed_dim, module.num_heads, module.dropout, module.kdim, module.vdim, True, bias_attr=bias
        )
        self._batch_first = module.batch_first

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> Any:
        """The mixed rows and, if asked for, the weights of the mixture; `is_causal` only describes the mask."""
        if query.ndim != 3:
            raise RefusalError(later("MultiheadAttention without a batch"))
        if attn_mask is None and is_causal:
            raise RefusalError(later("MultiheadAttention with is_causal and no mask"))
        given = [item if self._batch_first else paddle.transpose(item, [1, 0, 2]) for item in (query, key, value)]
        mask = _mask(attn_mask, key_padding_mask, self.num_heads)
        out, weights = super().forward(*given, mask)
        out = out if self._batch_first else paddle.transpose(out, [1, 0, 2])
        if not need_weights:
            return out, None
        return out, paddle.mean(weights, 1) if average_attn_weights else weights


def _attention(module: nn.MultiheadAttention) -> paddle.nn.Layer:
    if module.bias_k is not None or module.add_zero_attn:
        raise RefusalError(later("MultiheadAttention with a row of keys of its own"))
    return _Attention(module)


def _recurrent(kind: type[paddle.nn.Layer]) -> Callable[[Any], paddle.nn.Layer]:
    """A stack of recurrent layers, whose states PyTorch gives as one tensor or, of an LSTM, as two."""

    @_as_in_paddle(kind)
    class Recurrent(kind):  # type: ignore[misc]
        def forward(self, input: Any, hx: Any = None) -> Any:
            """Every output, and the last states."""
            if input.ndim != 3:
                raise RefusalError(later("{kind} without a batch", kind=kind.__name__))
            return super().forward(input, [hx] if isinstance(hx, paddle.Tensor) else hx)

    def mirror(module: Any) -> paddle.nn.Layer:
        if module.proj_size:
            raise RefusalError(later("{kind} with proj_size", kind=type(module).__name__))
        given = {"activation": module.nonlinearity} if hasattr(module, "nonlinearity") else {}
        direction = "bidirect" if module.bidirectional else "forward"
        sizes = (module.input_size, module.hidden_size, module.num_layers)
        layer = Recurrent(*sizes, direction, not module.batch_first, module.dropout, **given)
        return layer if module.bias else _without_bias(layer)

    return mirror


def _without_bias(layer: paddle.nn.Layer) -> paddle.nn.Layer:
    """A layer with biases of 0 that are not trained: Paddle's own layers without a bias end the process when called."""
    for name, parameter in layer._parameters.items():
        if name.startswith("bias"):
            parameter.set_value(paddle.zeros_like(parameter))
            parameter.stop_gradient = True
    return layer


def _cell(kind: type[paddle.nn.Layer]) -> Callable[[Any], paddle.nn.Layer]:
    """One step of a recurrent layer; Paddle gives its output beside its states, PyTorch the states alone."""

    @_as_in_paddle(kind)
    class Cell(kind):  # type: ignore[misc]
        def forward(self, input: Any, hx: Any = None) -> Any:
            """The states behind the step."""
            return super().forward(input, hx)[1]

    def mirror(module: Any) -> paddle.nn.Layer:
        given = dict.fromkeys(("bias_ih_attr", "bias_hh_attr"), None if module.bias else False)
        given |= {"activation": module.nonlinearity} if hasattr(module, "nonlinearity") else {}
        return Cell(module.input_size, module.hidden_size, **given)

    return mirror


SEQUENCES: Mapping[type[nn.Module], Callable[[Any], paddle.nn.Layer]] = {
    nn.MultiheadAttention: _attention,
    nn.LSTM: _recurrent(paddle.nn.LSTM),
    nn.GRU: _recurrent(paddle.nn.GRU),
    nn.RNN: _recurrent(paddle.nn.SimpleRNN),
    nn.LSTMCell: _cell(paddle.nn.LSTMCell),
    nn.GRUCell: _cell(paddle.nn.GRUCell),
    nn.RNNCell: _cell(paddle.nn.SimpleRNNCell),
}
"""The mirror of each of these layers, by exact type."""
