"""Prices: from ops and calls with their shapes to exact amounts of named work."""
