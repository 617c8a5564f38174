"""Parameters and memory: what a model holds, reads and writes, and how counters take it."""
