"""Rendering: from finished values to text; no arithmetic happens here."""
