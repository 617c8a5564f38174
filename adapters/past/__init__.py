"""The past of counters: how their earlier releases count, beside the adapter of the same name."""
