"""layercount on the small cases of reconcile; what it is known to leave out stands in accepted.yaml."""

import pytest


@pytest.mark.reconcile(
    "layercount",
    accept="accepted.yaml",
    adapters=["../layercount/reconcile_adapter.py"],
    cases=["convolutions/*", "linears/*"],
)
def test_conformance(reconcile_case):
    reconcile_case()
