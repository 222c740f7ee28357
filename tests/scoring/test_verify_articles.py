"""`harness verify` on several articles: one ranked list, a page an article, and what fails does not stop the rest."""

from __future__ import annotations

import csv
import json

import pytest
from click.testing import CliRunner

import harness
from harness.cli.verify import verify as command
from harness.errors import FaultsError, HarnessError
from harness.scoring import verify_articles as module

FACT = "The tower in Lisbon was built in 1911 and is 312 meters tall."
PASSAGES = [
    {"passage_id": "old", "document_id": "d1", "text": "The tower in Lisbon is 212 meters tall.", "published": "2020"},
    {
        "passage_id": "new",
        "document_id": "d2",
        "text": "The tower in Lisbon was built in 1911.",
        "publisher": "=Office",
    },
]
TEXTS = {
    "tower.txt": f"The tower\n\n{FACT} Well, who knows?\n",
    "bridge.md": "# The bridge\n\nThe bridge in Porto cost 90 million euros in 2006.\n",
    "chat.txt": "Well, who knows?\n",
    "empty.txt": "  \n",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    (folder / "news").mkdir()
    for name, text in TEXTS.items():
        (folder / "news" / name).write_text(text, encoding="utf-8")
    (folder / "corpus.jsonl").write_text("".join(json.dumps(p) + "\n" for p in PASSAGES), encoding="utf-8")
    (folder / "checks.json").write_text(
        json.dumps(
            {
                "@type": "ClaimReview",
                "claimReviewed": "The tower in Lisbon is 312 meters tall and was built in 1911",
                "author": {"name": "Example Check"},
                "url": "https://example.org/1",
                "reviewRating": {"alternateName": "Wrong"},
            }
        ),
        encoding="utf-8",
    )
    return folder


@pytest.fixture(scope="module")
def result(desk, chain):
    return harness.verify_articles(
        desk / "news", chain, desk / "corpus.jsonl", desk / "out", budget=1, checked=desk / "checks.json", author="Us"
    )


def test_the_list_is_ranked_over_all_articles_within_the_budget(result):
    scores = [claim.detection_score for _, claim in result.ranked]
    assert scores == sorted(scores, reverse=True)
    assert {claim.article_id for _, claim in result.ranked} == {"tower", "bridge"}
    assert result.n_in_budget == 1


def test_an_article_that_fails_is_named_and_the_rest_goes_on(result):
    assert [article.article.article_id for article in result.articles] == ["bridge", "chat", "tower"]
    ((failure),) = result.failures
    assert failure.path.endswith("empty.txt")
    assert str(failure.fault).endswith("is empty; an article needs text")


def test_the_folder_has_a_list_a_page_an_article_and_tables(desk, result):
    out = desk / "out"
    index = (out / "index.html").read_text(encoding="utf-8")
    assert index.count("<article id=") == 1
    assert "1 more sentence, beyond the budget" in index
    assert "an article needs text" in index
    pages = sorted((out / "pages").iterdir())
    assert [page.name.partition("-")[0] for page in pages] == ["bridge", "chat", "tower"]
    assert all(f'href="pages/{page.name}"' in index for page in pages)
    assert 'href="../index.html"' in pages[0].read_text(encoding="utf-8")
    rows = list(csv.DictReader((out / "claims.csv").read_text(encoding="utf-8-sig").splitlines()))
    (tower,) = [row for row in rows if row["article_id"] == "tower"]
    assert (tower["earlier_verdict"], tower["earlier_url"]) == ("Wrong", "https://example.org/1")
    assert tower["source"] in ("'=Office", "d1")  # a spreadsheet does not evaluate it
    lines = (out / "claims.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["claim_id"] for line in lines} == {row["claim_id"] for row in rows}
    assert "Checked before by" in pages[2].read_text(encoding="utf-8")


def test_a_verdict_beyond_the_budget_is_not_named_on_the_list(desk, result):
    table = (desk / "out" / "index.html").read_text(encoding="utf-8").partition("<details>")[2]
    last = result.ranked[-1][1]
    assert last.text in table
    assert last.verdict not in table


def test_claim_review_drafts_are_valid_and_say_what_they_are(desk, result):
    drafts = json.loads((desk / "out" / "claim-reviews.json").read_text(encoding="utf-8"))
    assert [draft["@type"] for draft in drafts] == ["ClaimReview"] * len(drafts)
    (draft,) = [draft for draft in drafts if draft["claimReviewed"] == FACT]
    assert draft["author"] == {"@type": "Organization", "name": "Us"}
    assert draft["creativeWorkStatus"] == "Draft"
    assert "No person has checked it" in draft["reviewBody"]
    assert draft["citation"][0]["text"].startswith("The tower in Lisbon")
    assert "url" not in draft
    assert "datePublished" not in draft
    with_evidence = [claim for _, claim in result.ranked if claim.evidence and claim.verdict]
    assert len(drafts) == len(with_evidence)


def test_a_second_run_judges_only_what_is_new(desk, chain, result, monkeypatch):
    judged = []
    read = module.ChainReader.read
    monkeypatch.setattr(
        module.ChainReader,
        "read",
        lambda self, d, language: judged.append(d.article.article_id) or read(self, d, language),
    )
    options = {"budget": 1, "checked": desk / "checks.json"}
    left = desk / "out" / "articles" / ".partial-harness-abcdefgh"  # of a process that was killed
    left.mkdir()
    again = harness.verify_articles(desk / "news", chain, desk / "corpus.jsonl", desk / "out", **options)
    assert (judged, again.n_stored) == ([], 3)
    assert not left.exists()
    assert [c.document() for _, c in again.ranked] == [c.document() for _, c in result.ranked]
    for path in (desk / "out" / "articles").glob("chat-*"):
        path.write_text(path.read_text(encoding="utf-8").replace('"claims"', '"claim"'), encoding="utf-8")
    harness.verify_articles(desk / "news", chain, desk / "corpus.jsonl", desk / "out", **options)
    assert judged == ["chat"]  # what is damaged is judged again
    judged.clear()
    (desk / "more").mkdir()
    (desk / "more" / "new.txt").write_text("The bridge in Porto is 300 meters long.\n", encoding="utf-8")
    harness.verify_articles([desk / "news", desk / "more"], chain, desk / "corpus.jsonl", desk / "out", **options)
    assert judged == ["new"]
    harness.verify_articles(desk / "news" / "chat.txt", chain, desk / "corpus.jsonl", desk / "out")
    assert judged == ["new", "chat"]  # without the checked claims, what was stored is of other inputs


def test_two_articles_of_one_id_are_told_apart_by_their_files(desk, chain):
    (desk / "twin").mkdir(exist_ok=True)
    (desk / "twin" / "tower.txt").write_text("The tower is old.\n", encoding="utf-8")
    result = harness.verify_articles([desk / "news" / "tower.txt", desk / "twin"], chain, desk / "corpus.jsonl")
    assert len(result.articles) == 1
    assert "has the id 'tower' of an article in" in result.failures[0].message


def test_a_stage_that_fails_on_one_article_is_named(desk, chain, monkeypatch):
    read = module.ChainReader.read

    def fail(self, document, language):
        if document.article.article_id == "bridge":
            raise HarnessError("judge: the endpoint is gone")
        return read(self, document, language)

    monkeypatch.setattr(module.ChainReader, "read", fail)
    result = harness.verify_articles(desk / "news", chain, desk / "corpus.jsonl")
    assert "judge: the endpoint is gone" in {failure.message for failure in result.failures}
    assert {article.article.article_id for article in result.articles} == {"chat", "tower"}


def test_inputs_that_stop_everything_leave_nothing(desk, chain, tmp_path):
    out = tmp_path / "out"
    big, nothing = tmp_path / "big.jsonl", tmp_path / "nothing.jsonl"
    big.write_text(json.dumps({"passage_id": "p", "document_id": "d", "text": "word " * 1_000_000}), encoding="utf-8")
    nothing.write_text("", encoding="utf-8")
    corpus = desk / "corpus.jsonl"
    for inputs, message in [
        ((desk / "news", chain, big), "has 5,000,000 characters, and a passage at most 1,000,000; split the document"),
        ((desk / "news", chain, nothing), "has no passages"),
        ((tmp_path / "nowhere.txt", chain, corpus), "does not exist"),
        ((desk / "news" / "empty.txt", chain, corpus), "is empty; an article needs text"),
    ]:
        with pytest.raises(FaultsError, match=message):
            harness.verify_articles(*inputs, out)
    assert not out.exists()
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("mine", encoding="utf-8")
    with pytest.raises(FaultsError, match=r"has an index\.html that harness verify did not write"):
        harness.verify_articles(desk / "news", chain, corpus, tmp_path / "site")
    with pytest.raises(FaultsError, match="give --author NAME"):
        harness.verify_articles(desk / "news", chain, corpus, tmp_path / "out.json")


def test_the_command_goes_on_and_ends_with_code_1(desk, chain, result):
    arguments = [str(desk / "news"), "--chain", str(chain), "--corpus", str(desk / "corpus.jsonl"), "--budget", "5min"]
    ran = CliRunner().invoke(command, arguments)
    assert ran.exit_code == 1
    assert "[tower]" in ran.stdout
    assert "not judged:" in ran.stderr
    assert "5 minutes at 238 words a minute" in ran.stderr
