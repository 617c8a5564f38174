"""Claims that ship with the package, as YAML files."""
