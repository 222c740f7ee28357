"""ClaimReview: layouts of pages and feeds, ratings by number, and verdicts of other schemes."""

from __future__ import annotations

import json

import pytest

from harness import FaultsError, add_claims, new, open_dataset
from harness.data.exchange.claim_review import read_claim_reviews

SCALE = {"worstRating": 1, "bestRating": 5}


def review(text, words=None, **fields):
    rating = {"@type": "Rating", **({"alternateName": words} if words else {}), **fields}
    return {
        "@type": "ClaimReview",
        "claimReviewed": text,
        "reviewRating": rating,
        "author": {"@type": "Organization", "name": "Tower Facts"},
        "url": "https://towerfacts.example/1",
        "datePublished": "2026-05-03T09:00:00+02:00",
        "itemReviewed": {"@type": "Claim", "author": {"name": "A mayor"}, "datePublished": "2026-05-02"},
    }


ONE = review("The tower fell.", "False")
LINKED = ONE | {"author": {"@id": "#desk"}, "itemReviewed": [{"@id": "#claim"}]}
GRAPH = {
    "@context": "https://schema.org",
    "@graph": [
        {"@type": "WebPage", "@id": "#page", "mainEntity": LINKED},
        {"@type": "Organization", "@id": "#desk", "name": "Tower Facts"},
        {"@type": "Claim", "@id": "#claim", "author": [{"name": "A mayor"}], "datePublished": "2026-05-02"},
    ],
}
FEED = {"@type": "DataFeed", "dataFeedElement": [{"@type": "DataFeedItem", "item": [ONE]}]}
PAGE = f'<html><script type="application/ld+json" class="a">\n{json.dumps(GRAPH)};</script><p>So.</p></html>'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonld", json.dumps(ONE)),
        ("a.json", json.dumps([ONE])),
        ("a.jsonld", json.dumps(GRAPH)),
        ("a.json", json.dumps(FEED)),
        ("a.html", PAGE),
        ("a.jsonl", json.dumps(ONE) + "\n"),
        ("a.json", json.dumps(ONE | {"@type": ["http://schema.org/ClaimReview", "Review"]})),
        ("a.json", json.dumps(ONE | {"@type": "schema:ClaimReview"})),
    ],
)
def test_one_review_in_every_layout(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    add_claims(tmp_path / "facts", tmp_path / name, "desk")
    dataset = open_dataset(tmp_path / "facts")
    assert [(c.text, c.speaker, c.date) for c in dataset.claims] == [("The tower fell.", "A mayor", "2026-05-02")]
    assert [(a.axis, a.label, a.note, a.author, a.url, a.at) for a in dataset.annotations] == [
        ("rating", "false", "False", "Tower Facts", "https://towerfacts.example/1", "2026-05-03")
    ]


@pytest.mark.parametrize(
    ("words", "fields", "expected"),
    [
        (None, SCALE | {"ratingValue": "1"}, ("false", "1 on a scale from 1 to 5")),
        (None, SCALE | {"ratingValue": 2}, ("mostly false", "2 on a scale from 1 to 5")),
        ("3/5", SCALE | {"ratingValue": 3}, ("mixed", "3 on a scale from 1 to 5")),
        (None, {"ratingValue": 10, "worstRating": 0, "bestRating": 10}, ("true", "10 on a scale from 0 to 10")),
        # Words count before numbers; a number without its scale, or outside of it, says nothing.
        ("Four Towers", SCALE | {"ratingValue": 1}, ("other", "Four Towers")),
        ("Mostly true", SCALE | {"ratingValue": 1}, ("mostly true", "Mostly true")),
        (None, {"ratingValue": 1}, ("other", None)),
        (None, {"ratingValue": -1, "worstRating": -1, "bestRating": -1}, ("other", None)),
        (None, SCALE | {"ratingValue": 7}, ("other", None)),
    ],
)
def test_a_rating_without_words_is_read_by_its_number(tmp_path, words, fields, expected):
    (tmp_path / "a.json").write_text(json.dumps(review("It fell.", words, **fields)))
    file = read_claim_reviews(tmp_path / "a.json")
    (row,) = file.rows
    assert (row.cells["rating"], row.cells.get("note")) == expected
    by_number = "on a scale" in (expected[1] or "")
    assert any("ratings without words: 1" in note for note in file.notes) == by_number


@pytest.fixture
def reviews(tmp_path):
    ratings = ("False", "Mostly true", "Unproven", "Misleading", "Mixture")
    documents = [review(f"It fell {n} times.", words) for n, words in enumerate(ratings)]
    (tmp_path / "a.json").write_text(json.dumps(documents))
    new(tmp_path / "facts")
    return tmp_path / "a.json"


def labels_of(folder):
    return {a.note: (a.scheme, a.axis, a.label) for a in open_dataset(folder).annotations}


def test_ratings_become_verdicts_of_the_scheme_of_the_dataset(tmp_path, reviews):
    result = add_claims(tmp_path / "facts", reviews, "desk", scheme="averitec")
    axis = ("averitec", "label")
    assert labels_of(tmp_path / "facts") == {
        "False": (*axis, "refuted"),
        "Mostly true": (*axis, "supported"),
        "Unproven": (*axis, "not enough evidence"),
        "Misleading": (*axis, "conflicting or cherry-picked"),
    }
    notes = "\n".join(result.notes)
    assert "ratings read as labels of 'averitec': false as refuted, mostly true as supported" in notes
    assert "ratings without a counterpart in 'averitec', left out: mixed (1)" in notes
    assert len(open_dataset(tmp_path / "facts").claims) == 5
    # The scheme is now one of the dataset's, and needs no name.
    again = add_claims(tmp_path / "facts", reviews, "desk")
    assert (again.annotations_added, again.unchanged) == (0, 4)


def test_labels_of_the_same_name_come_first_and_the_user_last(tmp_path, reviews):
    add_claims(tmp_path / "facts", reviews, "desk", scheme="liar")
    by_name = {note: label for note, (_, _, label) in labels_of(tmp_path / "facts").items()}
    assert by_name == {"False": "false", "Mostly true": "mostly-true"}
    values = {"mostly true": "true", "mixed": "half-true", "unproven": "barely-true"}
    with pytest.raises(FaultsError, match="no label is called 'misleading'"):
        add_claims(tmp_path / "facts", reviews, "you", scheme="liar", columns={"label": "rating"}, labels=values)
    values["misleading"] = "barely-true"
    add_claims(tmp_path / "facts", reviews, "you", scheme="liar", columns={"label": "rating"}, labels=values)
    own = [a.label for a in open_dataset(tmp_path / "facts").annotations if a.annotator == "you"]
    assert sorted(own) == ["barely-true", "barely-true", "false", "half-true", "true"]
