"""The metrics that counters tell: operations, parameters, and bytes held, read and written; each by definition."""

from __future__ import annotations

from dataclasses import dataclass

OPERATIONS = "operations"
"""The metric that a counter exists for; its unit is the counter's own, MAC or FLOP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric besides operations: its unit, and what the reference counts in it."""

    name: str
    unit: str
    definition: str


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            name="params",
            unit="parameter",
            definition="elements of every parameter, each tensor once, trainable or not, used or not",
        ),
        Metric(
            name="memory",
            unit="byte",
            definition="bytes of the inputs, of every parameter once, and of the output of every layer call",
        ),
        Metric(
            name="memread",
            unit="byte",
            definition="bytes of the tensors and parameters that every layer call reads, each once a call",
        ),
        Metric(name="memwrite", unit="byte", definition="bytes of the output of every layer call"),
    )
}
