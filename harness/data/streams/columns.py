"""Arrow columns from texts and numbers, and back, without pandas: `pyarrow.array` and `to_numpy` import it (30 MB)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa


def text_column(texts: Iterable[str | None]) -> pa.Array:
    """Returns a column of texts."""
    import pyarrow as pa

    texts = list(texts)
    encoded = [b"" if text is None else text.encode() for text in texts]
    ends = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded)), out=ends[1:])
    is_text = np.fromiter((text is not None for text in texts), dtype=bool, count=len(encoded))
    known = None if is_text.all() else pa.py_buffer(np.packbits(is_text, bitorder="little"))
    if ends[-1] > np.iinfo(np.int32).max:
        buffers = [known, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
        return pa.Array.from_buffers(pa.large_string(), len(encoded), buffers).cast(pa.string())
    buffers = [known, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)


def number_column(numbers: np.ndarray[Any, Any]) -> pa.Array:
    """Returns a column of numbers; it shares the memory of an array whose numbers follow each other."""
    import pyarrow as pa

    numbers = np.ascontiguousarray(numbers)
    return pa.Array.from_buffers(pa.from_numpy_dtype(numbers.dtype), len(numbers), [None, pa.py_buffer(numbers)])


def numbers_of(column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    """Returns the numbers of a column without nulls."""
    return np.concatenate([np.from_dlpack(chunk) for chunk in column.chunks])
