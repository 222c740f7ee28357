"""Arrays and long lists of strings in one `.npz` file, which is read without pickle."""

from __future__ import annotations

import io
import itertools
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.errors import HarnessError

PLAIN = "biuf"
"""Kinds of NumPy numbers that are kept: truth values, integers, fractions."""
MAX_BYTES = 4 << 30
"""Bytes that the arrays of a scorer may have: far more than one needs, and not more than a machine has."""
NPZ_ERRORS = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    MemoryError,
    SyntaxError,
    tokenize.TokenError,  # from the header of an array, which NumPy reads by Python's own tokens
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a damaged `.npz` file raises."""

Array = npt.NDArray[Any]


class ArrayFault(HarnessError):
    """An array that is absent, or is not what the structure says of it."""


class ArrayWriter:
    """Collects arrays under names of its own."""

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}

    def add(self, array: Array) -> dict[str, Any]:
        """Keeps an array; returns what the structure says of it.

        Raises: ArrayFault: it holds objects or text.
        """
        if array.dtype.kind not in PLAIN:
            raise ArrayFault(f"an array of {array.dtype} cannot be kept; only numbers can")
        name = f"a{len(self.arrays)}"
        self.arrays[name] = array
        return {"at": name, "dtype": array.dtype.str, "shape": list(array.shape)}

    def add_strings(self, strings: Iterable[str]) -> dict[str, Any]:
        """Keeps strings: their UTF-8 bytes one after another, and where each ends, in code points."""
        listed = list(strings)
        ends = np.cumsum(np.fromiter(map(len, listed), dtype=np.int64, count=len(listed)), dtype=np.int64)
        together = np.frombuffer("".join(listed).encode("utf-8", "surrogatepass"), dtype=np.uint8)
        return {"bytes": self.add(together), "ends": self.add(ends)}

    def to_bytes(self) -> bytes:
        """The `.npz` file."""
        sink = io.BytesIO()
        np.savez_compressed(sink, allow_pickle=False, **self.arrays)
        return sink.getvalue()


class ArrayReader:
    """Gives arrays back by what the structure says of them."""

    def __init__(self, data: bytes) -> None:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as members:
                size = sum(member.file_size for member in members.infolist())  # and no more is ever unpacked
            if size > MAX_BYTES:
                raise ValueError(f"unpacked, it has {size:,} bytes, and {MAX_BYTES:,} are allowed")
            with np.load(io.BytesIO(data), allow_pickle=False) as found:
                self.arrays: Mapping[str, Array] = {name: found[name] for name in found.files}
        except NPZ_ERRORS as error:
            raise ArrayFault(f"is not an .npz file of plain numbers that can be read ({error})") from None

    def get(self, said: Any) -> Array:
        """One array.

        Raises: ArrayFault: it is absent, or of another type or shape.
        """
        name = said.get("at") if isinstance(said, dict) else None
        if not isinstance(name, str) or name not in self.arrays:
            raise ArrayFault(f"has no array '{name}', which model.json names")
        array = self.arrays[name]
        found = {"at": name, "dtype": array.dtype.str, "shape": list(array.shape)}
        if said != found:
            raise ArrayFault(
                f"array '{name}' is {array.dtype.str} of shape {found['shape']}; "
                f"model.json says {said.get('dtype')} of shape {said.get('shape')}"
            )
        return array

    def get_strings(self, said: Any) -> list[str]:
        """The strings that `add_strings` kept.

        Raises: ArrayFault: their bytes are no UTF-8, or their ends do not fit.
        """
        whole = said if isinstance(said, dict) else {}
        together, ends = self.get(whole.get("bytes")), self.get(whole.get("ends"))
        try:
            text = together.tobytes().decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise ArrayFault("holds strings that are not UTF-8") from None
        places = [0, *ends.tolist()]
        if places[-1] != len(text) or places != sorted(places) or ends.dtype.kind != "i":
            raise ArrayFault("holds strings whose ends do not fit their text")
        return [text[start:end] for start, end in itertools.pairwise(places)]
