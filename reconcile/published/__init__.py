"""Formulas for the operations of transformers, as papers publish them: data, one file for each, and what reads them."""
