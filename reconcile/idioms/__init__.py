"""The small networks of the conformance cases: single layers, functions by name, and idioms; only workers import them."""
