"""Arrays and long lists of strings in one `.npz` file, read without pickle."""

from __future__ import annotations

import io
import itertools
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.errors import HarnessError

NUMERIC_KINDS = "biuf"
"""NumPy kinds of the arrays that can be saved: booleans, integers, floats."""
MAX_BYTES = 4 << 30
"""Most bytes of a scorer's arrays: far more than one needs, and less than a computer's memory."""
NPZ_ERRORS = (
    OSError,
    UserWarning,
    EOFError,
    ValueError,
    KeyError,
    MemoryError,
    RuntimeError,  # a member that is marked as encrypted, or compressed by an unknown method
    SyntaxError,
    tokenize.TokenError,  # NumPy parses the header of an array with Python's tokenizer
    zipfile.BadZipFile,
    zlib.error,
)
"""Exceptions that reading a damaged `.npz` file raises."""

Array = npt.NDArray[Any]


class ArrayFault(HarnessError):
    """An array that is missing, cannot be saved, or differs from its description in model.json."""


class ArrayWriter:
    """Collects arrays and assigns their names."""

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}

    def add(self, array: Array) -> dict[str, Any]:
        """Adds an array and returns its description for model.json.

        Raises: ArrayFault: the array contains objects or text.
        """
        if array.dtype.kind not in NUMERIC_KINDS:
            raise ArrayFault(f"cannot save an array of {array.dtype}; only arrays of numbers can be saved")
        name = f"a{len(self.arrays)}"
        self.arrays[name] = array
        return {"at": name, "dtype": array.dtype.str, "shape": list(array.shape)}

    def add_strings(self, strings: Iterable[str]) -> dict[str, Any]:
        """Adds strings and returns their description for model.json.

        A vocabulary has up to millions of strings, so they are two arrays: their joined UTF-8 bytes, and the end of
        each string in code points.
        """
        all_strings = list(strings)
        lengths = np.fromiter(map(len, all_strings), dtype=np.int64, count=len(all_strings))
        ends = np.cumsum(lengths, dtype=np.int64)
        # "surrogatepass" keeps lone surrogates, which text from broken files can contain.
        joined = np.frombuffer("".join(all_strings).encode("utf-8", "surrogatepass"), dtype=np.uint8)
        return {"bytes": self.add(joined), "ends": self.add(ends)}

    def to_bytes(self) -> bytes:
        """The content of the `.npz` file."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **self.arrays)
        return buffer.getvalue()


class ArrayReader:
    """Reads arrays by their descriptions in model.json.

    Args:
        data: the content of an `.npz` file.
    Raises: ArrayFault: the file is damaged, too large, or contains anything other than numbers.
    """

    def __init__(self, data: bytes) -> None:
        try:
            # Check the uncompressed size first: a small file can expand to more than the memory. The zip reader never
            # expands a member beyond the size that it declares.
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                size = sum(member.file_size for member in archive.infolist())
            if size > MAX_BYTES:
                raise ValueError(f"uncompressed size is {size:,} bytes; the limit is {MAX_BYTES:,}")
            # NumPy only warns of a header that no version of it for Python 3 writes: here that is damage too.
            with warnings.catch_warnings(action="error"), np.load(io.BytesIO(data), allow_pickle=False) as archive:
                self.arrays: Mapping[str, Array] = {name: archive[name] for name in archive.files}
        except NPZ_ERRORS as error:
            raise ArrayFault(f"is not a readable .npz file of numbers ({error})") from None

    def get(self, description: Any) -> Array:
        """The array with a description.

        Raises: ArrayFault: the array is missing, or its type or shape differs.
        """
        name = description.get("at") if isinstance(description, dict) else None
        if not isinstance(name, str) or name not in self.arrays:
            raise ArrayFault(f"has no array '{name}', which model.json refers to")
        array = self.arrays[name]
        actual = {"at": name, "dtype": array.dtype.str, "shape": list(array.shape)}
        if description != actual:
            raise ArrayFault(
                f"array '{name}' is {array.dtype.str} of shape {actual['shape']}; "
                f"model.json says {description.get('dtype')} of shape {description.get('shape')}"
            )
        return array

    def get_strings(self, description: Any) -> list[str]:
        """The strings that `add_strings` saved.

        Raises: ArrayFault: the bytes are not UTF-8, or the ends do not match the text.
        """
        parts = description if isinstance(description, dict) else {}
        joined = self.get(parts.get("bytes"))
        ends = self.get(parts.get("ends"))
        try:
            text = joined.tobytes().decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise ArrayFault("contains strings that are not UTF-8") from None
        bounds = [0, *ends.tolist()]
        if bounds[-1] != len(text) or bounds != sorted(bounds) or ends.dtype.kind != "i":
            raise ArrayFault("contains strings whose ends do not match their text")
        return [text[start:end] for start, end in itertools.pairwise(bounds)]
