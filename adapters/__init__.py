"""One file per counter: how to run it, how to read what it tells, and its rules with their sources."""
