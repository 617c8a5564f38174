"""What the pytest plugin `pytest_reconcile` checks: counts, budgets, snapshots, and counters on the small cases."""
