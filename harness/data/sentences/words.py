"""Word lists of the segmentation rules, from one TOML file per language in `languages/`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent / "languages"
LANGUAGES: frozenset[str] = frozenset(path.stem for path in FOLDER.glob("*.toml"))
"""Languages with a file of their own, as primary subtags of BCP 47."""


class Words(NamedTuple):
    """The word lists of a language. Abbreviations are in lower case, without their last dot."""

    titles: frozenset[str] = frozenset()
    """Abbreviations before a name, which never end a sentence."""
    never: frozenset[str] = frozenset()
    """Other abbreviations that never end a sentence."""
    before_number: frozenset[str] = frozenset()
    """Abbreviations only before a number; elsewhere ordinary words, which may end a sentence."""
    maybe: frozenset[str] = frozenset()
    """Abbreviations that end a sentence only before a word in `starters`."""
    capitalized: frozenset[str] = frozenset()
    """Abbreviations like those in `maybe` if capitalized; ordinary words in lower case."""
    clock: frozenset[str] = frozenset()
    """Abbreviations of times that end a sentence before a capital, except before a word in `after_clock`."""
    after_clock: frozenset[str] = frozenset()
    """Words that continue a time: time zones and days."""
    shouts: frozenset[str] = frozenset()
    """Names that contain an exclamation mark."""
    before_lower: frozenset[str] = frozenset()
    """Abbreviations that never end a sentence before a word in lower case."""
    saying: frozenset[str] = frozenset()
    """Verbs that continue a sentence after a question or exclamation: "Why? asked the king."."""
    starters: frozenset[str] = frozenset()
    """Words that usually start a sentence if capitalized."""
    ordinals: bool = False
    """Whether a dot after a number makes it an ordinal: "2. Dünya Savaşı"."""
    dash_starts: bool = False
    """Whether a dash after a mark starts the next turn of a dialogue: "Tak. - Nie."."""

    semicolon_asks: bool = False
    """Whether a semicolon is a question mark, as in Greek."""

    @property
    def known(self) -> frozenset[str]:
        """All abbreviations except those in `before_lower`."""
        return self.titles | self.never | self.before_number | self.maybe | self.capitalized | self.clock


@cache
def words_of(language: str) -> Words:
    """Returns the word lists of a language; empty ones for a language without a file.

    Args:
        language: primary subtag of BCP 47.
    """
    if language not in LANGUAGES:
        return Words()
    content: dict[str, Any] = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    lists: dict[str, Any] = {key: frozenset(x.split()) if isinstance(x, str) else x for key, x in content.items()}
    return Words(**lists)
