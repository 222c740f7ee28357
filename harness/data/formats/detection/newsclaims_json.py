"""NewsClaims: a file with the claim sentences of a split, and `all_sents.json` with every sentence of every article.

A sentence that the split lists is a claim; its claimer, claim object, claim span and stance become the label's note.
Sentence ids are the publisher's, unique only within their article.
"""

from __future__ import annotations

import json
from typing import Any

from harness.data.formats.json_rows import json_document
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceFile, SourceLabel
from harness.errors import HarnessError

ALL_SENTENCES = "all_sents.json"
NOTE_FIELDS = ("claimer", "claim_object", "claim_span", "stance")


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the articles of a split with all their sentences.

    Raises: FaultsError: the file is invalid; lists every fault. HarnessError: `all_sents.json` is missing.
    """
    if ALL_SENTENCES not in file.companions:
        raise HarnessError(
            f"{file.path}: requires '{ALL_SENTENCES}' (every sentence of every article) in the same folder"
        )
    companion = SourceFile(file.path.with_name(ALL_SENTENCES), file.companions[ALL_SENTENCES], file.scheme)
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    sentences_by_article = json_document(companion)
    claims_by_article = json_document(file)
    if not isinstance(claims_by_article, dict) or not isinstance(sentences_by_article, dict):
        faults.add(None, None, "expected a JSON object of articles")
        faults.raise_if_any(empty=False, expected="")
    for name, claims in claims_by_article.items():
        sentences = sentences_by_article.get(name)
        if not isinstance(sentences, dict) or not isinstance(claims, dict):
            faults.add(None, name, f"is not an article in {ALL_SENTENCES}")
            continue
        unknown_ids = [key for key in claims if key not in sentences]
        if unknown_ids:
            faults.add(None, name, f"lists sentence '{unknown_ids[0]}', which is not in {ALL_SENTENCES}")
            continue
        # Sentences that the split does not list are the negative examples.
        article_claims = [claim for key, sentence in sentences.items() if (claim := _claim(sentence, claims.get(key)))]
        if len(article_claims) < len(sentences):
            faults.add(None, name, "has a sentence without text", "empty")
        articles.append(SourceArticle(name, None, article_claims))
    faults.raise_if_any(empty=not articles, expected="articles")
    return articles


def _claim(sentence: Any, claim: Any) -> SourceClaim | None:
    """Returns a sentence with its label; None if it has no text. `claim` is None for a sentence that is not listed."""
    text = sentence.get("sentence") if isinstance(sentence, dict) else None
    if not isinstance(text, str) or not text.strip():
        return None
    if not isinstance(claim, dict):
        return SourceClaim(text, (SourceLabel("0"),))
    note_fields = {key: claim[key] for key in NOTE_FIELDS if claim.get(key)}
    note = json.dumps(note_fields, ensure_ascii=False, sort_keys=True) if note_fields else None
    topic = claim.get("topic")
    return SourceClaim(text, (SourceLabel("1", note=note),), topic=topic if isinstance(topic, str) else None)
