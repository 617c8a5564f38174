"""The small networks of the conformance cases: single layers, functions by name, idioms; only workers import them."""
