"""The published JSON Schemas of the documents."""
