"""Many models at once: surveys of counters, and twins in the other framework."""
