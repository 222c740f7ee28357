"""Detects the language of an article that declares none."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Any

from harness.records import Article
from harness.text_tables import count_of

MIN_LETTERS = 120
"""Letters of an article that is long enough to tell its language; of scripts that write words, not sounds, a third."""
MAX_CHARACTERS = 4_000
"""Characters at the start of an article that detection examines."""
MIN_CONFIDENCE = 0.95
"""Probability of a language below which none is detected."""
MIN_ENGLISH = 0.18
"""Share of the words of a text that are `_ENGLISH` words from which it is English without further look."""
MAX_NAMED = 3
"""Number of articles that a note names."""

# Detection reads a model for one to two seconds. Most articles are English in a dataset of English ones, and the
# commonest words tell that, of which other languages share but a few.
_ENGLISH = frozenset(
    ("the", "of", "and", "to", "that", "is", "was", "for", "with", "it", "by", "are", "has", "have", "on", "at", "from")
)
_WORD = re.compile(r"[^\W\d_]+")
_WRITTEN_AS = {"wuu": "zh", "yue": "zh", "nb": "no", "nn": "no"}
"""Languages that a short text does not tell apart, and the code that stands for both."""
_NO_LANGUAGE = ("zxx", "und", "la")
"""Codes of what is no language, and Latin, which placeholder text is."""
_OWN_SCRIPTS = {
    "he": re.compile(r"[\u05d0-\u05ea]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
    "el": re.compile(r"[\u0370-\u03ff]"),
    "ko": re.compile(r"[\uac00-\ud7af]"),
    "ka": re.compile(r"[\u10d0-\u10ff]"),
    "hy": re.compile(r"[\u0530-\u058f]"),
}
"""Letters of scripts that write one language, or nearly so."""
MIN_SCRIPT = 20
"""Letters of a text that its script alone tells the language of."""
MIN_SCRIPT_SHARE = 0.6
"""Share of them that are of the script."""
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def detected_language(text: str) -> str | None:
    """Returns the language of a text as a two-letter code; None if the text is too short or its language unclear.

    Args:
        text: any text; its first characters are examined.
    """
    text = text[:MAX_CHARACTERS]
    words = _WORD.findall(text.lower())
    letters = "".join(words)
    for name, script in _OWN_SCRIPTS.items():
        if len(letters) >= MIN_SCRIPT and len(script.findall(letters)) >= MIN_SCRIPT_SHARE * len(letters):
            return name
    if sum(map(len, words)) < MIN_LETTERS - 2 * min(MIN_LETTERS // 3, len(_DENSE.findall(text))):
        return None
    if sum(word in _ENGLISH for word in words) >= MIN_ENGLISH * len(words):
        return "en"
    confidence = Counter[str]()
    for name, share in _identifier().rank(re.sub(r"https?://\S+|\S+@\S+", " ", text)):
        confidence[_WRITTEN_AS.get(name, name)] += share
    ((language, share),) = confidence.most_common(1)
    return language if share >= MIN_CONFIDENCE and language not in _NO_LANGUAGE else None


def contradicting_language(text: str, declared: str) -> str | None:
    """Returns the language of a text that is English but not declared so, or the reverse; None for any other text.

    Args:
        text: any text; its first characters are examined.
        declared: a BCP 47 tag.
    """
    words = _WORD.findall(text[:MAX_CHARACTERS].lower())
    share = sum(word in _ENGLISH for word in words) / max(1, len(words))
    primary = declared.replace("_", "-").partition("-")[0].lower()
    if (primary == "en" and share >= MIN_ENGLISH / 2) or (primary != "en" and share < MIN_ENGLISH):
        return None
    language = detected_language(text)
    return None if language == primary else language


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


class Detection:
    """Sets the language of articles that declare none, and collects what to say of it."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}
        self._n = Counter[str]()
        self._wrong: dict[tuple[str, str, bool], list[str]] = {}

    def of(self, article: Article, default: str, *, is_row: bool = False) -> Article:
        """Returns the article with its language, if it declares none and is in another one than the default.

        A page that declares English for a text in another language, or the reverse, gets the language of its text.

        Args:
            article: with text.
            default: language of articles that declare none (a BCP 47 tag).
            is_row: whether the article is a row of a table, whose language stays as it is.
        """
        if article.language is not None:
            return self._checked(article, is_row=is_row)
        language = detected_language(article.text or "")
        if language is None or language == default.replace("_", "-").partition("-")[0].lower():
            return article
        self._n[language] += 1
        names = self._names.setdefault(language, [])
        if len(names) < MAX_NAMED:
            names.append(article.article_id)
        return article.model_copy(update={"language": language})

    def _checked(self, article: Article, *, is_row: bool) -> Article:
        declared = str(article.language)
        language = contradicting_language(article.text or "", declared)
        if language is None:
            return article
        self._wrong.setdefault((declared, language, is_row), []).append(article.article_id)
        return article if is_row else article.model_copy(update={"language": language})

    def notes(self) -> list[str]:
        """Says which languages were detected, and in which articles: a line per language."""
        return [
            f"language '{language}' detected in {count_of(n, 'article')} without a declared language "
            f"({', '.join(self._names[language])}{', ...' if n > MAX_NAMED else ''})"
            for language, n in self._n.items()
        ] + [
            f"language '{declared}' declared, but '{language}' detected in {count_of(len(names), 'article')} "
            f"({', '.join(names[:MAX_NAMED])}{', ...' if len(names) > MAX_NAMED else ''}); "
            + (f"'{declared}' is kept: correct the column language" if is_row else f"'{language}' is taken")
            for (declared, language, is_row), names in self._wrong.items()
        ]
