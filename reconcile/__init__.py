"""reconcile: run the real FLOP counters, and explain every difference between their numbers."""
