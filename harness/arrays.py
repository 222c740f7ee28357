"""The kinds of arrays that the package computes with, and their division."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int64]
"""Each stands for one of a list of things: a label, an article, a unit."""
Weights = npt.NDArray[np.int64]
"""Shape (n_weightings, n_units); how often each unit is drawn. A row of ones is the data as it is."""
Vectors = npt.NDArray[np.float32]
"""Of an encoder; shape (n_texts, n_dimensions)."""


def safe_divide(numerator: Floats, denominator: npt.NDArray[Any], *, otherwise: float = np.nan) -> Floats:
    """The quotient of each pair, and `otherwise` where the denominator is 0.

    Args:
        numerator: of the shape of the quotient.
        denominator: spread over the numerator's shape where it has fewer rows or columns.
    """
    quotient = np.full(numerator.shape, otherwise, dtype=np.float64)
    np.divide(numerator, denominator, out=quotient, where=denominator != 0)
    return quotient
