"""The catalogue of messages: one file for each language but English, which stands in the code."""
