"""Claims: numbers that people state, and how each is judged; those that ship with the package are YAML files here."""
