"""What layercount tells of whole networks, and what this project's own network may cost."""

from pathlib import Path

ADAPTER = str(Path(__file__).parent.parent / "layercount" / "reconcile_adapter.py")
SMALL = "tests/models.py:small"


def test_the_numbers_of_the_small_network_stay(assert_counts):
    assert_counts(SMALL, "1,3,8,8", "snapshots/small.json", counter="layercount", adapters=[ADAPTER])


def test_the_small_network_costs_what_its_layers_say(assert_macs):
    assert_macs(SMALL, "1,3,8,8", "16*8*8 * 3*3*3 + 10 * 16*8*8")
    assert_macs(SMALL, "1,3,8,8", {"0": "16*8*8 * 3*3*3"}, counter="layercount", adapters=[ADAPTER])


def test_the_small_network_stays_within_its_budget(assert_budget):
    assert_budget(SMALL, "1,3,8,8", "small.budget.yaml", headroom_percent=1)
