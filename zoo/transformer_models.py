"""Models of the transformers library, built from configurations: no weights are downloaded."""

from __future__ import annotations

from typing import Any

import torch
import transformers


class Named(torch.nn.Module):
    """A model whose inputs are given by position here and by name to the model, for counters that take no names."""

    def __init__(self, model: torch.nn.Module, names: tuple[str, ...]) -> None:
        super().__init__()
        self.model = model
        self.names = names

    def forward(self, *inputs: torch.Tensor) -> Any:
        """What the model gives for inputs in the order of the names."""
        return self.model(**dict(zip(self.names, inputs, strict=True)))


def model(
    kind: str, attention: str = "sdpa", names: list[str] | None = None, parts: dict[str, Any] | None = None, **sizes: Any
) -> torch.nn.Module:
    """A model of a class of transformers with a configuration of the given sizes, and a tuple as its output.

    `attention` is its implementation, `names` are those of inputs that must go by name, `parts` are configurations
    of parts (`text_config`).
    """
    found = getattr(transformers, kind)
    config = found.config_class(**sizes, **(parts or {}))
    config.return_dict = False
    config.use_cache = False
    made: torch.nn.Module = found._from_config(config, attn_implementation=attention)
    return made if names is None else Named(made, tuple(names))
