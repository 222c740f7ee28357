"""Decodes article files of unknown encoding: UTF-8 first, then byte order marks, then a guess that is reported."""

from __future__ import annotations

import codecs
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from harness.errors import FaultsError
from harness.files import decode
from harness.records import is_unicode

GUESSED = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r"),
    *("shift_jis", "euc_jp", "gb18030", "big5", "euc_kr"),
)
"""Encodings that detection considers; the first of several that fit equally well is used."""
NO_FILE_ENCODINGS = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "unicode-escape", "raw-unicode-escape")
"""Transformations of names and of source code, which Python counts among the encodings."""
UTF_8 = "utf-8"
MAX_GUESSED_BYTES = 1_000_000
"""Bytes of a file that detection examines."""


class DecodedText(NamedTuple):
    """A decoded text and its encoding."""

    text: str
    encoding: str
    """Name in the spelling of Python's `codecs`, such as `utf-8` or `cp1252`."""


def decode_text(data: bytes, path: str | Path, encoding: str | None = None) -> DecodedText:
    """Decode an article file. Line ends and Unicode stay unchanged; a byte order mark is removed.

    Args:
        data: the file's bytes.
        path: the path shown in messages.
        encoding: the encoding that the user names; None tries UTF-8, then UTF-16 by its byte order mark, then a guess.
    Raises: FaultsError: the file is binary, is not in the named encoding, or has no detectable encoding.
    """
    if encoding is not None:
        return _decode_as(data, path, encoding)
    try:
        is_utf_16 = data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        return DecodedText(decode(data, Path(path)), "utf-16" if is_utf_16 else UTF_8)
    except FaultsError:
        # A NUL byte means a binary file: every 8-bit encoding would decode it, so a guess would hide the error.
        if b"\x00" in data:
            raise
    return _guess_encoding(data, path)


def check_encoding(name: str, path: str | Path) -> str:
    """Returns the name of an encoding of text files in Python's spelling.

    Args:
        name: the encoding that the user names.
        path: the path shown in messages.
    Raises: FaultsError: the name is unknown, or is that of another transformation, such as an escape in source code.
    """
    try:
        info = codecs.lookup(name)
        b"a".decode(name, "replace")
    except (LookupError, ValueError):  # rot13 is no encoding of text, "undefined" decodes nothing
        info = None
    if info is None or info.name in NO_FILE_ENCODINGS:
        message = f"unknown encoding '{name}'; use utf-8, {', '.join(GUESSED)} or another name that Python knows"
        raise FaultsError.single(path, message, field="encoding", code="unknown-name")
    return info.name


def not_in_encoding(path: str | Path, encoding: str) -> FaultsError:
    """The error for a file that cannot be read in the encoding that the user names."""
    message = f"cannot be decoded as {encoding}; omit --encoding to detect the encoding"
    return FaultsError.single(path, message, code="not-in-encoding")


def _decode_as(data: bytes, path: str | Path, encoding: str) -> DecodedText:
    name = check_encoding(encoding, path)
    try:
        text = data.decode(name)
    except ValueError:
        raise not_in_encoding(path, encoding) from None
    if not is_unicode(text):  # UTF-7 can write half a character
        raise not_in_encoding(path, encoding)
    return DecodedText(text.removeprefix("\ufeff"), name)


def _guess_encoding(data: bytes, path: str | Path) -> DecodedText:
    from charset_normalizer import from_bytes

    matches = list(from_bytes(data[:MAX_GUESSED_BYTES], cp_isolation=list(GUESSED)))
    # Several encodings often fit a short text equally well. The fixed order of GUESSED breaks the tie, so that the
    # result does not depend on the order of the library's matches.
    best = [match for match in matches if (match.chaos, match.coherence) == (matches[0].chaos, matches[0].coherence)]
    for name in sorted((match.encoding for match in best), key=GUESSED.index):
        with suppress(UnicodeDecodeError):  # a byte after the examined part does not fit: try the next encoding
            return DecodedText(data.decode(name), name)
    message = "is not UTF-8, and its encoding cannot be detected; save it as UTF-8, or name it: --encoding cp1252"
    raise FaultsError.single(path, message)
