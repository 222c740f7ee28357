"""NewsClaims: the claim sentences of a part, and beside them `all_sents.json`, every sentence of every article.

A sentence that the part lists is a claim; topic, claimer, claim object and stance are kept as the value of the label's
note. Sentence ids are the publisher's, unique within their article only.
"""

from __future__ import annotations

import json
from typing import Any

from harness.data.formats.json_rows import json_document
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceFile, SourceLabel
from harness.errors import HarnessError

ALL_SENTENCES = "all_sents.json"
KEPT = ("claimer", "claim_object", "claim_span", "stance")


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """The articles of a part with all their sentences.

    Raises: FaultsError: every fault of the file. HarnessError: the file with all sentences is absent.
    """
    if ALL_SENTENCES not in file.companions:
        raise HarnessError(
            f"{file.path}: '{ALL_SENTENCES}' has to lie beside it; it has the sentences that are no claims"
        )
    companion = SourceFile(file.path.with_name(ALL_SENTENCES), file.companions[ALL_SENTENCES], file.scheme)
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    sentences, listed = json_document(companion), json_document(file)
    if not isinstance(listed, dict) or not isinstance(sentences, dict):
        faults.add(None, None, "expected a JSON object of articles")
        faults.raise_if_any(empty=False, expected="")
    for name, claims in listed.items():
        every = sentences.get(name)
        if not isinstance(every, dict) or not isinstance(claims, dict):
            faults.add(None, name, f"is not an article of {ALL_SENTENCES}")
            continue
        strangers = [key for key in claims if key not in every]
        if strangers:
            faults.add(None, name, f"lists '{strangers[0]}', which is no sentence of {ALL_SENTENCES}")
            continue
        found = [claim for key, sentence in every.items() if (claim := _claim(sentence, claims.get(key)))]
        if len(found) < len(every):
            faults.add(None, name, "has a sentence without text", "empty")
        articles.append(SourceArticle(name, None, found))
    faults.raise_if_any(empty=not articles, expected="articles")
    return articles


def _claim(sentence: Any, claim: Any) -> SourceClaim | None:
    text = sentence.get("sentence") if isinstance(sentence, dict) else None
    if not isinstance(text, str) or not text.strip():
        return None
    if not isinstance(claim, dict):
        return SourceClaim(text, (SourceLabel("0"),))
    said = {key: claim[key] for key in KEPT if claim.get(key)}
    note = json.dumps(said, ensure_ascii=False, sort_keys=True) if said else None
    topic = claim.get("topic")
    return SourceClaim(text, (SourceLabel("1", note=note),), topic=topic if isinstance(topic, str) else None)
