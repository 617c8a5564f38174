"""Releases of a counter: overlays made by pip, and what each release tells."""
