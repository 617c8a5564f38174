"""The worker: the process that imports frameworks and counters, runs one counter and writes one answer."""
