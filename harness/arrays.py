"""Array types used throughout the package, element-wise division, and arrays for Arrow.

`pyarrow.array` and `Array.to_numpy` import pandas, if it is installed, which takes longer than a small run. The
functions here do the same without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa

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


def arrow_texts(texts: Sequence[str | None] | npt.NDArray[np.object_]) -> pa.StringArray:
    """Returns the texts as an Arrow array; None becomes null."""
    import pyarrow as pa

    present = [text or "" for text in texts]
    data = "".join(present).encode()
    lengths = map(len, present) if data.isascii() else (len(text.encode()) for text in present)
    offsets = np.fromiter(accumulate(lengths, initial=0), dtype=np.int64, count=len(present) + 1)
    if len(data) > np.iinfo(np.int32).max:
        raise OverflowError(f"{len(data):,} bytes of text in one Arrow array")
    is_null = np.fromiter((text is None for text in texts), dtype=bool, count=len(present))
    n_null = int(is_null.sum())
    buffers = (pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(data))
    return pa.StringArray.from_buffers(len(present), *buffers, _bits(~is_null) if n_null else None, n_null)


def arrow_numbers(values: npt.NDArray[Any]) -> pa.Array:
    """Returns numbers (float64 or int64) or truth values as an Arrow array; NaN stays NaN."""
    import pyarrow as pa

    if values.dtype == bool:
        return pa.Array.from_buffers(pa.bool_(), len(values), [None, _bits(values)])
    kind, dtype = (pa.float64(), np.float64) if values.dtype.kind == "f" else (pa.int64(), np.int64)
    data = np.ascontiguousarray(values, dtype=dtype)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(data)])


def _bits(values: Bools) -> pa.Buffer:
    import pyarrow as pa

    return pa.py_buffer(np.packbits(values, bitorder="little"))
