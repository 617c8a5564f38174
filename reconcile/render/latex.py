"""Rows as a LaTeX table, for papers."""

from __future__ import annotations

import io


def latex(csv: str) -> str:
    r"""The rows of a CSV text as a `tabular` with the rules of booktabs; numbers stand to the right.

    >>> print(latex("layer,told\nfc_1,12\n"), end="")
    \begin{tabular}{lr}
    \toprule
    layer & told \\
    \midrule
    fc\_1 & 12 \\
    \bottomrule
    \end{tabular}
    """
    import pandas

    frame = pandas.read_csv(io.StringIO(csv), dtype=str, keep_default_na=False)
    numeric = [bool(len(frame)) and all(_is_number(cell) for cell in frame[name]) for name in frame.columns]
    drawn = frame.style.hide(axis="index").format(escape="latex").format_index(escape="latex", axis=1)
    return str(drawn.to_latex(hrules=True, column_format="".join("r" if right else "l" for right in numeric)))


def _is_number(cell: str) -> bool:
    return not cell or cell.lstrip("+-").replace(",", "").isdigit()
