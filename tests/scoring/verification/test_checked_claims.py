"""Claims that were checked before: how records are read, which sentences they match, and how matching is measured."""

from __future__ import annotations

import json

import pytest

from harness.errors import FaultsError, UnknownName
from harness.metrics.ties import expected_reciprocal_rank
from harness.scoring.verification.checked_claims import earlier_verdict_of, open_checked

SENTENCE = "The city of Aveiro spent 40 million euros on new trams in 2019, the mayor said."
ARTICLE = (SENTENCE, "Well, who knows?", "The sea was calm.", "Trains to Porto are late on four days of ten.")


def review(claim, verdict="False", author="Example Check", **fields):
    return {
        "@type": "ClaimReview",
        "claimReviewed": claim,
        "author": {"name": author},
        "datePublished": "2024-03-01",
        "url": f"https://example.org/{author.split()[0]}",
        "reviewRating": {"alternateName": verdict},
    } | fields


@pytest.fixture
def write(tmp_path):
    def write(*reviews, name="checks/a.json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(reviews), encoding="utf-8")
        return path.parent

    return write


def test_a_sentence_about_the_same_gets_the_verdict_its_publisher_date_and_address(write):
    folder = write(
        review("Aveiro spent 40 million euros on new trams in 2019"), review("The moon is made of cheese from Aveiro")
    )
    (earlier,), *others = open_checked(folder).match(ARTICLE, ARTICLE)
    assert earlier.claim.verdict == "False"
    assert (earlier.claim.publisher, earlier.claim.published) == ("Example Check", "2024-03-01")
    assert earlier.claim.url == "https://example.org/Example"
    assert 0.4 <= earlier.similarity < 1
    assert not earlier.numbers_differ
    assert others == [(), (), ()]
    assert earlier_verdict_of(earlier.document()) == earlier


def test_other_numbers_are_named(write):
    folder = write(review("Aveiro spent 90 million euros on new trams in 2019"))
    assert open_checked(folder).match([SENTENCE], ARTICLE)[0][0].numbers_differ


def test_a_shared_common_word_is_no_match_even_with_one_record(write):
    assert open_checked(write(review("The sun rises in the east"))).match(ARTICLE, ARTICLE) == [(), (), (), ()]


def test_two_publishers_may_differ_and_both_are_shown(write):
    claim = "Aveiro spent 40 million euros on new trams in 2019"
    folder = write(review(claim), review(claim, "Mostly true", "Other Desk"))
    assert {e.claim.verdict for e in open_checked(folder).match([SENTENCE], ARTICLE)[0]} == {"False", "Mostly true"}


def test_the_threshold_is_the_users_and_the_measure_is_named(write):
    folder = write(review("Aveiro spent 40 million euros on new trams in 2019"))
    assert open_checked(folder, threshold=0.99).match([SENTENCE], ARTICLE) == [()]
    with pytest.raises(UnknownName, match="no measure is called 'bm52'"):
        open_checked(folder, "bm52")


def test_drafts_and_files_without_records_are_passed_over_and_said(write):
    write({"@type": "Article"}, name="checks/article.json")
    folder = write(review("One fact"), review("Another", creativeWorkStatus="Draft"))
    checked = open_checked(folder)
    assert [claim.text for claim in checked.claims] == ["One fact"]
    assert "drafts, which nobody has published: 1" in " ".join(checked.notes)
    assert "1 file without a ClaimReview: article.json" in " ".join(checked.notes)


def test_a_folder_without_records_is_refused(tmp_path, write):
    with pytest.raises(FaultsError, match="has no ClaimReview with a claimReviewed"):
        open_checked(tmp_path)
    with pytest.raises(FaultsError, match="has no ClaimReview with a claimReviewed"):
        open_checked(write({"@type": "Article"}))
    with pytest.raises(FaultsError, match="does not exist"):
        open_checked(tmp_path / "nowhere")


def test_matching_is_measured_by_reciprocal_rank_at_k(write):
    """MRR@k as in the matching tasks of CheckThat!: 1 / rank of the right claim, 0 if it is not among the first k."""
    claims = [
        "Aveiro spent 40 million euros on new trams",
        "Trams in Aveiro are late",
        "Trains to Porto are late often",
    ]
    checked = open_checked(write(*map(review, claims)))
    queries = {"Trams are late in Aveiro": 1, "Porto trains are late": 2, "Late trains cost 40 million euros": 2}
    rows = checked.search(list(queries), list(queries), k=2).rows.tolist()
    ranks = [row.index(right) for row, right in zip(rows, queries.values(), strict=True)]
    assert ranks == [0, 0, 1]
    assert sum(expected_reciprocal_rank(rank, 1, 1) for rank in ranks) / 3 == pytest.approx((1 + 1 + 1 / 2) / 3)
