"""What two texts have in common that differ in nothing that matters to a reader."""

from __future__ import annotations

import re
import unicodedata

MIN_WORDS = 5
"""Shorter texts ("Thank you very much.") are repeated by chance, and are never near duplicates."""
_ADDRESS = re.compile(r"https?://\S+")
_WORD = re.compile(r"\w+")


def text_key(text: str) -> str:
    """What two texts have in common that differ in case, punctuation, spacing, Unicode form or web addresses only."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(_WORD.findall(_ADDRESS.sub(" ", plain).casefold()))
