"""Array types used throughout the package, element-wise division, and arrays for Arrow.

`pyarrow.array` and `Array.to_numpy` import pandas, if it is installed, which takes longer than a small run. The
functions here do the same without it.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    present: list[Any] = texts.tolist() if isinstance(texts, np.ndarray) else list(texts)
    is_null = None
    if n_null := present.count(None):
        is_null = np.array([text is None for text in present], dtype=bool)
        present = [text or "" for text in present]
    data = "".join(present).encode()
    sizes = map(len, present) if data.isascii() else (len(text.encode()) for text in present)
    lengths = np.fromiter(sizes, dtype=np.int64, count=len(present))
    return _string_array(data, lengths, is_null, n_null)


def arrow_coded(codes: Codes, texts: Sequence[str]) -> pa.StringArray:
    """Returns a text for each code as an Arrow array; -1 becomes null.

    Raises: IndexError: a code has no text.
    """
    places = np.asarray(codes)
    is_null = places < 0
    if len(places) and places.max() >= len(texts):
        raise IndexError(f"code {int(places.max())} of {len(texts)} labels")
    places = np.where(is_null, len(texts), places)
    parts = [text.encode() for text in (*texts, "")]
    sizes = np.array([len(part) for part in parts], dtype=np.int64)
    longest = max(1, int(sizes.max()))
    padded = np.frombuffer(b"".join(part.ljust(longest) for part in parts), dtype=np.uint8).reshape(-1, longest)
    lengths = sizes[places]
    data = padded[places][np.arange(longest) < lengths[:, None]].tobytes()
    n_null = int(is_null.sum())
    return _string_array(data, lengths, is_null if n_null else None, n_null)


def _string_array(data: bytes, lengths: Integers, is_null: Bools | None, n_null: int) -> pa.StringArray:
    import pyarrow as pa

    if len(data) > np.iinfo(np.int32).max:
        raise OverflowError(f"{len(data):,} bytes of text in one Arrow array")
    offsets = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    buffers = (pa.py_buffer(offsets), pa.py_buffer(data))
    return pa.StringArray.from_buffers(len(lengths), *buffers, None if is_null is None else _bits(~is_null), n_null)


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
