"""Array types used throughout the package, and element-wise division."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int64]
"""Indices into a list of labels, articles or units."""
Weights = npt.NDArray[np.int64]
"""Shape (n_resamples, n_units); number of times each unit is drawn. A row of ones is the original data."""
StoredWeights = npt.NDArray[np.int16]
"""Weights as they are kept for many metrics and systems, in a quarter of the memory; metrics get them as `Weights`."""
Vectors = npt.NDArray[np.float32]
"""Text embeddings of an encoder; shape (n_texts, n_dimensions)."""


def safe_divide(numerator: Floats, denominator: npt.NDArray[Any], *, otherwise: float = np.nan) -> Floats:
    """Returns the element-wise quotient, with `otherwise` where the denominator is 0.

    Args:
        numerator: any shape; the quotient has the same shape.
        denominator: broadcast to the shape of `numerator`.
        otherwise: value where the denominator is 0.
    """
    quotient = np.full(numerator.shape, otherwise, dtype=np.float64)
    np.divide(numerator, denominator, out=quotient, where=denominator != 0)
    return quotient
