"""The key by which texts count as duplicates of each other."""

from __future__ import annotations

import re
import unicodedata

MIN_WORDS = 5
"""Words that a text needs to count as a near duplicate; shorter texts ("Thank you.") repeat by chance."""
_ADDRESS = re.compile(r"https?://\S+")
_WORD = re.compile(r"\w+")
_ASCII_WORDS = {code: chr(code).lower() if _WORD.match(chr(code)) else " " for code in range(128)}
"""The characters of words in lower case, and a space for all others."""


def text_key(text: str) -> str:
    """Returns a key that ignores case, punctuation, spacing, Unicode form and web addresses."""
    if text.isascii() and "://" not in text:  # the common case, without a search: three times faster
        return " ".join(text.translate(_ASCII_WORDS).split())
    # NFKC leaves ASCII text unchanged.
    plain = unicodedata.normalize("NFKC", text)
    return " ".join(_WORD.findall(_ADDRESS.sub(" ", plain).casefold()))
