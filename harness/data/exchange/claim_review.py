"""ClaimReview (schema.org): reads claims with ratings from web pages, and writes verdicts as JSON-LD."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.data.articles.rows import LabeledRow
from harness.data.dataset import Dataset
from harness.data.exchange.tool_rows import ToolRows
from harness.data.labels.gold import active_annotations, gold_labels
from harness.data.load import find_scheme
from harness.errors import Fault, FaultsError, UnknownName, unknown_name
from harness.files import decode, read_bytes
from harness.records import Annotation, Article, Claim, preview
from harness.schemes import Scheme, load_scheme

SCHEME = "claimreview"
VERDICT_AXES = ("verdict", "rating")
JSON_LD_BLOCK = re.compile(r"<script[^>]*application/ld\+json[^>]*>(.*?)</script>", re.IGNORECASE | re.DOTALL)
REVIEW = "ClaimReview"
DRAFT = "Draft"
"""Status (`creativeWorkStatus`) of a review that nobody has published, such as one that a program wrote."""
RATED_BY_NUMBER = " on a scale from "
"""Part of the note of a rating that has a number and no words."""
BY_NUMBER = ("false", "mostly false", "mixed", "mostly true", "true")
"""Ratings from the worst to the best number."""
LINKS = ("author", "publisher", "itemReviewed", "reviewRating")
"""Fields of a review whose objects may stand elsewhere on the page."""
MAX_LINKS = 5
"""Maximum nesting of these fields."""
MAX_DEPTH = 50
"""Maximum nesting of JSON in which reviews are searched."""
RATING_WORDS = {
    "true": "true correct accurate verdadero vrai wahr richtig verified",
    "mostly true": "mostly-true mostlytrue",
    "mixed": "mixed mixture half-true halftrue partly partially-true partly-false partially-false",
    "misleading": "misleading out-of-context missing-context cherry-picked distorts distorted exaggerated",
    "mostly false": "mostly-false mostlyfalse barely-true",
    "false": "false incorrect wrong fake pants-on-fire falso faux falsch hoax fabricated altered",
    "unproven": "unproven unsupported unverified no-evidence",
}
"""Publishers' words for a rating, by label. A rating in other words gets the label `other`; its words are the note."""


def is_review_document(document: Any) -> bool:
    """Returns whether a JSON document is an answer of the Fact Check Tools API, or has a ClaimReview."""
    return _is_api_answer(document) or next(_reviews(document), None) is not None


def read_claim_reviews(path: Path, publisher: str | None = None) -> ToolRows:
    """Returns the reviews of an HTML page, a JSON-LD file or an answer of the Fact Check Tools API as labeled rows.

    A row has the claim's text, speaker and date, the rating as a label of the scheme `claimreview`, with the
    publisher's words for it as its note, and the review's author, address and date. Scripts of a page are not run.

    Args:
        path: file.
        publisher: name of the author whose reviews to take; None: all.
    Raises: FaultsError: the file has no review of a claim, or two that rate one claim differently. UnknownName: no
        review is by this publisher.
    """
    rows, notes = review_rows(path)
    if not rows:
        raise FaultsError.single(path, "has no ClaimReview (JSON-LD) with a claimReviewed, and no claim with a review")
    authors = list(dict.fromkeys(row.author for row in rows if row.author))
    if publisher is not None:
        if publisher not in authors:
            raise UnknownName(f"{path}: {unknown_name('publisher', publisher, authors)}")
        rows = [row for row in rows if row.author == publisher]
    return ToolRows(_one_review_per_claim(path, rows, notes), SCHEME, tuple(notes))


def review_rows(path: Path) -> tuple[list[LabeledRow], list[str]]:
    """Returns every review of a claim in a file as a row, also several of one claim, and notes; passes over drafts."""
    documents = [_parse_block(block) for block in _blocks(path)]
    notes = [f"read as {'an answer of the Fact Check Tools API' if any(map(_is_api_answer, documents)) else REVIEW}"]
    nodes = {node_id: node for document in documents for node_id, node in _nodes(document)}
    linked = [_linked(review, nodes) for document in documents for review in _reviews(document)]
    reviews = [review for review in linked if review.get("creativeWorkStatus") != DRAFT]
    if len(reviews) < len(linked):
        notes.append(f"drafts, which nobody has published: {len(linked) - len(reviews):,}, passed over")
    rows = [row for number, review in enumerate(reviews, start=1) if (row := _to_row(number, review))]
    if rows and len(rows) < len(reviews):
        notes.append(f"reviews without the text of a claim: {len(reviews) - len(rows):,}, passed over")
    if numbers := sum(RATED_BY_NUMBER in row.cells.get("note", "") for row in rows):
        notes.append(f"ratings without words: {numbers:,}, read by their number between the worst and the best rating")
    if any(isinstance(document, dict) and document.get("nextPageToken") for document in documents):
        notes.append("the answer has a next page, which is not in this file: ask again with pageToken=nextPageToken")
    return rows, notes


def _blocks(path: Path) -> list[str]:
    """Returns the parts of a file that are JSON: the blocks of a page, the lines of JSON Lines, or the whole file."""
    text = decode(read_bytes(path), path)
    if path.suffix.lower() == ".jsonl":
        return [line for line in text.split("\n") if line.strip()]
    # A page is HTML unless it begins like JSON; text of a JSON file may contain "<" as well.
    is_page = "<" in text[:2000] and not text.lstrip().startswith(("{", "["))
    return JSON_LD_BLOCK.findall(text) if is_page else [text]


def _nodes(value: Any, depth: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the objects of a JSON value that have an `@id` and more, by it."""
    if depth < MAX_DEPTH and isinstance(value, list | dict):
        if isinstance(value, dict) and isinstance(value.get("@id"), str) and len(value) > 1:
            yield value["@id"], value
        for item in value.values() if isinstance(value, dict) else value:
            yield from _nodes(item, depth + 1)


def _linked(value: Any, nodes: Mapping[str, dict[str, Any]], depth: int = 0) -> Any:
    """Returns a review whose references to other objects of the page (`{"@id": ...}`) are these objects."""
    if depth > MAX_LINKS:
        return value
    if isinstance(value, list):
        return [_linked(item, nodes, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"@id"} and isinstance(value["@id"], str):
        value = nodes.get(value["@id"], value)
    return {key: _linked(item, nodes, depth + 1) if key in LINKS else item for key, item in value.items()}


def _one_review_per_claim(path: Path, rows: Sequence[LabeledRow], notes: list[str]) -> list[LabeledRow]:
    """Returns the first review of each claim; of several that agree, the others are counted.

    Raises: FaultsError: two reviews rate one claim differently.
    """
    first: dict[str, LabeledRow] = {}
    faults = []
    for row in rows:
        earlier = first.setdefault(row.cells["text"], row)
        if earlier.cells["rating"] != row.cells["rating"]:
            message = (
                f"review {row.line} ({row.author or 'no author'}) rates {preview(row.cells['text'])} as "
                f"'{row.cells['rating']}', review {earlier.line} ({earlier.author or 'no author'}) as "
                f"'{earlier.cells['rating']}'; add one publisher after the other: --labeler PUBLISHER --as ANNOTATOR"
            )
            faults.append(Fault(str(path), None, "rating", message, "contradiction"))
    if faults:
        raise FaultsError(faults)
    if len(first) < len(rows):
        notes.append(f"further reviews of a claim with the same rating: {len(rows) - len(first):,}, passed over")
    return list(first.values())


def _is_api_answer(document: Any) -> bool:
    claims = document.get("claims") if isinstance(document, dict) else None
    return isinstance(claims, list) and (
        not claims or any(isinstance(claim, dict) and "claimReview" in claim for claim in claims)
    )


def _from_api(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields the reviews of an answer of the Fact Check Tools API in the words of schema.org."""
    for claim in document["claims"]:
        reviews = claim.get("claimReview") if isinstance(claim, dict) else None
        for review in reviews if isinstance(reviews, list) else ():
            if isinstance(review, dict):
                yield {
                    "claimReviewed": claim.get("text"),
                    "itemReviewed": {
                        "author": {"name": claim.get("claimant")},
                        "datePublished": claim.get("claimDate"),
                    },
                    "reviewRating": {"alternateName": review.get("textualRating")},
                    "author": {"name": _text_at(review, "publisher", "name") or _text_at(review, "publisher", "site")},
                    "url": review.get("url"),
                    "datePublished": review.get("reviewDate"),
                    "inLanguage": review.get("languageCode"),
                }


def _parse_block(block: str) -> Any:
    """Returns the value of a block; None if it is invalid JSON, which is common on the web."""
    try:
        # Publishers end blocks with ";" and leave line breaks unescaped inside strings, which strict=False allows.
        return json.loads(block.strip().removesuffix(";"), strict=False)
    except (ValueError, RecursionError):
        return None


def _reviews(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yields the ClaimReview objects in a JSON value, at any depth: many pages nest them in a @graph."""
    if _is_api_answer(value):
        yield from _from_api(value)
    elif isinstance(value, list):
        for item in value if depth < MAX_DEPTH else ():
            yield from _reviews(item, depth + 1)
    elif isinstance(value, dict):
        types = value.get("@type", REVIEW if "claimReviewed" in value else None)
        if any(re.split("[/:#]", str(name))[-1] == REVIEW for name in (types if isinstance(types, list) else [types])):
            yield value
        elif depth < MAX_DEPTH:
            for item in value.values():
                yield from _reviews(item, depth + 1)


def _text_at(value: Any, *keys: str) -> str | None:
    """Returns the text at a path of keys, or None; of a list on the way, the first item counts."""
    for name in keys:
        value = value[0] if isinstance(value, list) and value else value
        value = value.get(name) if isinstance(value, dict) else None
    return value.strip() or None if isinstance(value, str) else None


def _to_row(number: int, review: dict[str, Any]) -> LabeledRow | None:
    text = _text_at(review.get("claimReviewed"))
    if text is None:
        return None
    rating_text = _text_at(review, "reviewRating", "alternateName") or _text_at(review, "reviewRating", "name")
    rating, note = rating_of(rating_text), rating_text
    if not re.search(r"[^\W\d_]", rating_text or ""):
        rating, note = _rating_by_number(review.get("reviewRating")) or (rating, note)
    cells = {
        "text": " ".join(text.split()),
        "speaker": _text_at(review, "itemReviewed", "author", "name"),
        "date": _date(_text_at(review, "itemReviewed", "datePublished")),
        "rating": rating,
        "note": note,
        "at": _date(_text_at(review, "datePublished")),
        "language": _text_at(review, "inLanguage"),
    }
    author = _text_at(review, "author", "name") or _text_at(review, "publisher", "name") or _text_at(review, "author")
    cells = {name: value for name, value in cells.items() if value}
    return LabeledRow(number, cells, author=author, url=_text_at(review, "url"))


def _rating_by_number(rating: Any) -> tuple[str, str] | None:
    """Returns the label for a number between the worst and the best rating, with its note; None if that is unclear."""
    rating = rating[0] if isinstance(rating, list) and rating else rating
    names = ("ratingValue", "worstRating", "bestRating")
    try:
        value, worst, best = (float(rating[name]) for name in names)
        share = (value - worst) / (best - worst)
    except (TypeError, ValueError, KeyError, ZeroDivisionError, OverflowError):
        return None
    if not 0 <= share <= 1:
        return None
    label = BY_NUMBER[int(share * (len(BY_NUMBER) - 1) + 0.5)]
    return label, f"{rating['ratingValue']}{RATED_BY_NUMBER}{rating['worstRating']} to {rating['bestRating']}"


def _date(text: str | None) -> str | None:
    date = re.match(r"\d{4}-\d{2}-\d{2}", text or "")
    # Some publishing systems write the year 1 for an unknown date.
    return date.group() if date and not date.group().startswith("0001") else None


def rating_of(rating_text: str | None) -> str:
    """Returns the label for a rating in a publisher's words; `other` if the words are unknown or missing."""
    normalized = _words(rating_text or "")
    for label, words in RATING_WORDS.items():
        if normalized in words.split():
            return label
    return "other"


def ratings_as_verdicts(rows: Sequence[LabeledRow], scheme: Scheme, notes: list[str]) -> list[LabeledRow]:
    """Returns rows with their ratings as labels of a scheme that answers the task `verdict`.

    A rating is the label of the same name, or the only label that means the same common verdict. A rating without such
    a label is left out, and counted.

    Args:
        rows: rows with a rating.
        scheme: scheme of the labels.
        notes: list to which is added what each rating became.
    """
    mapping, common = scheme.tasks["verdict"], load_scheme(SCHEME).tasks["verdict"].common
    names = {_words(name): name for name in scheme.axis(mapping.axis).label_names}
    label_of: dict[str, str | None] = {}
    for rating in dict.fromkeys(row.cells["rating"] for row in rows):
        same = [name for name, verdict in mapping.common.items() if verdict == common.get(rating)]
        label_of[rating] = names.get(_words(rating)) or (same[0] if len(same) == 1 else None)
    read = ", ".join(f"{rating} as {label}" for rating, label in label_of.items() if label)
    without = Counter(row.cells["rating"] for row in rows if label_of[row.cells["rating"]] is None)
    notes += [f"ratings read as labels of '{scheme.name}': {read}"] if read else []
    if without:
        counts = ", ".join(f"{rating} ({count:,})" for rating, count in without.items())
        remedy = f"--column {mapping.axis}=rating --labels RATING=LABEL gives them one"
        notes.append(f"ratings without a counterpart in '{scheme.name}', left out: {counts}; {remedy}")
    translated = []
    for row in rows:
        label = label_of[row.cells["rating"]]
        cells = {name: cell for name, cell in row.cells.items() if name != "rating"}
        translated.append(row._replace(cells=cells | ({mapping.axis: label} if label else {})))
    return translated


def _words(text: str) -> str:
    return re.sub(r"[^a-z]+", "-", text.casefold()).strip("-")


def claim_reviews(dataset: Dataset, gold: str) -> list[dict[str, Any]]:
    """Returns one ClaimReview per claim with a verdict, which is a gold label on an axis named verdict or rating.

    A review has the author, address and date of the fact-checker where the label is one that was taken over from a
    fact-checker. The publisher of the reviews must add them where the dataset does not contain them.

    Args:
        dataset: dataset whose articles have text.
        gold: rule for the gold label of a claim with several annotators.
    """
    claims = {claim.claim_id: claim for claim in dataset.current}
    articles = {article.article_id: article for article in dataset.articles}
    reviews = []
    for name in dataset.info.schemes:
        axes = [axis.name for axis in find_scheme(dataset.folder, name).axes if axis.name in VERDICT_AXES]
        for axis in axes:
            sources = {
                (annotation.claim_id, annotation.label): annotation
                for annotation in active_annotations(dataset.annotations)
                if annotation.scheme == name and annotation.axis == axis and (annotation.author or annotation.url)
            }
            for claim_id, label in gold_labels(dataset.annotations, name, axis, gold).labels.items():
                if claim_id in claims:
                    claim = claims[claim_id]
                    source = sources.get((claim_id, label.label))
                    review = _to_review(claim, articles[claim.article_id], label.label, source)
                    reviews.append({**review, "license": dataset.info.license})
    return reviews


def _to_review(claim: Claim, article: Article, verdict: str, source: Annotation | None) -> dict[str, Any]:
    item: dict[str, Any] = {
        "@type": "Claim",
        "appearance": article.url,
        "datePublished": claim.date or article.published,
    }
    if claim.speaker:
        item["author"] = {"@type": "Person", "name": claim.speaker}
    review = {
        "@context": "https://schema.org",
        "@type": "ClaimReview",
        "identifier": claim.claim_id,
        "url": source.url if source else None,
        "datePublished": source.at if source else None,
        "claimReviewed": claim.text,
        "itemReviewed": {key: value for key, value in item.items() if value},
        # The publisher's own words, where the label stands for them.
        "reviewRating": {"@type": "Rating", "alternateName": (source.note if source else None) or verdict},
        "author": {"@type": "Organization", "name": source.author} if source and source.author else None,
    }
    return {key: value for key, value in review.items() if value}
