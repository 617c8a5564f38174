"""Models of the transformers library, built from configurations: no weights are downloaded."""

from __future__ import annotations

from typing import Any

import torch
import transformers


class Plain(torch.nn.Module):
    """A model that takes its inputs by position and gives a tuple of tensors, as most counters need it.

    `names` are those of inputs that the model itself takes by name only.
    """

    def __init__(self, model: torch.nn.Module, names: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.model = model
        self.names = names

    def forward(self, first: torch.Tensor, second: torch.Tensor | None = None) -> Any:
        """What the model gives for one or two inputs, as a tuple instead of an object of its own class."""
        inputs = (first,) if second is None else (first, second)
        if self.names:
            return self.model(**dict(zip(self.names, inputs, strict=True)), return_dict=False)
        return self.model(*inputs, return_dict=False)


def model(
    kind: str,
    attention: str = "sdpa",
    names: list[str] | None = None,
    parts: dict[str, Any] | None = None,
    plain: bool = True,
    **sizes: Any,
) -> torch.nn.Module:
    """A model of a class of transformers with a configuration of the given sizes.

    `attention` is its implementation, `parts` are configurations of parts (`text_config`).  Unless it is to be `plain`
    the model is given as it is, with the output objects that counters trip over.
    """
    found = getattr(transformers, kind)
    config = found.config_class(**sizes, **(parts or {}))
    config.use_cache = False
    made: torch.nn.Module = found._from_config(config, attn_implementation=attention)
    return Plain(made, tuple(names or ())) if plain else made


def llama_2_70b(attention: str = "sdpa", **sizes: Any) -> torch.nn.Module:
    """The language model of Llama-2-70B's shape, as its configuration states it; `sizes` replace some of them."""
    shape = {
        "hidden_size": 8192,
        "intermediate_size": 28672,
        "num_hidden_layers": 80,
        "num_attention_heads": 64,
        "num_key_value_heads": 8,
        "vocab_size": 32000,
        "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-5,
    }
    return model("LlamaForCausalLM", attention, **shape | sizes)
