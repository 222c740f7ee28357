"""The key by which texts count as duplicates of each other."""

from __future__ import annotations

import re
import unicodedata

MIN_WORDS = 5
"""Words that a text needs to count as a near duplicate; shorter texts ("Thank you.") repeat by chance."""
_ADDRESS = re.compile(r"https?://\S+")
_WORD = re.compile(r"\w+")


def text_key(text: str) -> str:
    """Returns a key that ignores case, punctuation, spacing, Unicode form and web addresses."""
    # NFKC leaves ASCII text unchanged, and skipping it is faster.
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(_WORD.findall(_ADDRESS.sub(" ", plain).casefold()))
