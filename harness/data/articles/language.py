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
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def detected_language(text: str) -> str | None:
    """Returns the language of a text as a two-letter code; None if the text is too short or its language unclear.

    Args:
        text: any text; its first characters are examined.
    """
    text = text[:MAX_CHARACTERS]
    words = _WORD.findall(text.lower())
    if sum(map(len, words)) < MIN_LETTERS - 2 * min(MIN_LETTERS // 3, len(_DENSE.findall(text))):
        return None
    if sum(word in _ENGLISH for word in words) >= MIN_ENGLISH * len(words):
        return "en"
    confidence = Counter[str]()
    for name, share in _identifier().rank(re.sub(r"https?://\S+|\S+@\S+", " ", text)):
        confidence[_WRITTEN_AS.get(name, name)] += share
    ((language, share),) = confidence.most_common(1)
    return language if share >= MIN_CONFIDENCE and language not in _NO_LANGUAGE else None


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


class Detection:
    """Sets the language of articles that declare none, and collects what to say of it."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}
        self._n = Counter[str]()

    def of(self, article: Article, default: str) -> Article:
        """Returns the article with its language, if it declares none and is in another one than the default.

        Args:
            article: with text.
            default: language of articles that declare none (a BCP 47 tag).
        """
        if article.language is not None:
            return article
        language = detected_language(article.text or "")
        if language is None or language == default.replace("_", "-").partition("-")[0].lower():
            return article
        self._n[language] += 1
        names = self._names.setdefault(language, [])
        if len(names) < MAX_NAMED:
            names.append(article.article_id)
        return article.model_copy(update={"language": language})

    def notes(self) -> list[str]:
        """Says which languages were detected, and in which articles: a line per language."""
        return [
            f"language '{language}' detected in {count_of(n, 'article')} without a declared language "
            f"({', '.join(self._names[language])}{', ...' if n > MAX_NAMED else ''})"
            for language, n in self._n.items()
        ]
