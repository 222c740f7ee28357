"""The text of a file whose encoding nobody states: UTF-8 first, then byte order marks, then a guess that is told."""

from __future__ import annotations

import codecs
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from harness.errors import FaultsError
from harness.files import decode

GUESSED = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r"),
    *("shift_jis", "euc_jp", "gb18030", "big5", "euc_kr"),
)
"""Encodings that a guess may name; of those that fit equally well the first is taken."""
UTF_8 = "utf-8"
MAX_GUESSED_BYTES = 1_000_000
"""Bytes that a guess looks at."""


class DecodedText(NamedTuple):
    """A text as it came, and how its bytes were read."""

    text: str
    encoding: str


def decoded(data: bytes, path: str | Path, encoding: str | None = None) -> DecodedText:
    """The text of an article file. Line ends and Unicode stay as they are; a byte order mark is dropped.

    Args:
        data: the file's bytes.
        path: for messages.
        encoding: what the user says it is; None: UTF-8, else UTF-16 by its mark, else a guess.
    Raises: FaultsError: binary, not in that encoding, or in none that can be told.
    """
    if encoding is not None:
        return _named(data, path, encoding)
    try:
        wide = data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        return DecodedText(decode(data, Path(path)), "utf-16" if wide else UTF_8)
    except FaultsError:
        if b"\x00" in data:
            raise
    return _guessed(data, path)


def _named(data: bytes, path: str | Path, encoding: str) -> DecodedText:
    try:
        text, name = data.decode(encoding), codecs.lookup(encoding).name
    except LookupError:
        message = f"no encoding of text is called '{encoding}'; known are utf-8, {', '.join(GUESSED)} and others"
        raise FaultsError.single(path, message, field="encoding") from None
    except ValueError:
        raise FaultsError.single(path, f"is not in the encoding {encoding}; leave it out to have it detected") from None
    return DecodedText(text.removeprefix("\ufeff"), name)


def _guessed(data: bytes, path: str | Path) -> DecodedText:
    from charset_normalizer import from_bytes

    matches = list(from_bytes(data[:MAX_GUESSED_BYTES], cp_isolation=list(GUESSED)))
    best = [m.encoding for m in matches if (m.chaos, m.coherence) == (matches[0].chaos, matches[0].coherence)]
    for name in sorted(best, key=GUESSED.index):
        with suppress(UnicodeDecodeError):  # beyond the part that was looked at
            return DecodedText(data.decode(name), name)
    message = "is not UTF-8, and its encoding cannot be told; save it as UTF-8, or name it: --encoding cp1252"
    raise FaultsError.single(path, message)
