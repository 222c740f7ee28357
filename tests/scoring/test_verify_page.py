"""The page of `harness verify`: what it says, and that no text becomes markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness.data.corpora.passages import Passage
from harness.records import Article
from harness.scoring.verification.judged_claims import JudgedClaim, QuotedPassage, Verification
from harness.scoring.verify_page import verification_page

EVIL = '"><script>alert(1)</script><b onclick=x>'
LABELS = ("refuted", "supported", "odd")


class Page(HTMLParser):
    """Tags and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.links = set[str](), list[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]
        self.links += [value or "" for name, value in attrs if name == "href"]


DATASET = """\
format: 2
name: rents
version: "1.2"
title: Rents in ten towns
license: CC0-1.0
language: en
"""


def page(
    text: str = "A fact. More.",
    verdict: str = "refuted",
    passage_text: str = "A passage.",
    corpus: str = "corpus.jsonl",
    **passage: Any,
) -> str:
    shown = Passage(**{"passage_id": "p", "document_id": "d", "text": passage_text} | passage)
    claim = JudgedClaim(
        claim_id="c",
        article_id="a",
        start=0,
        end=7,
        text=text[:7],
        detection_score=0.9,
        verdict=verdict,
        scores=dict(zip(LABELS, (0.625, 0.25, 0.125), strict=True)),
        probabilities=True,
        evidence=(QuotedPassage(shown, 3.0),),
    )
    card = SimpleNamespace(labels=LABELS, schemes=(), probabilities=True)
    measured = {"experiment": EVIL, "stages": {"detect": EVIL}, "rows": {"S0": {"value": 0.4, "low": 0.3, "high": 0.5}}}
    chain: Any = SimpleNamespace(judge=SimpleNamespace(card=card), card=SimpleNamespace(measured=measured))
    result = Verification(
        article=Article(article_id="a", title=EVIL, text=text),
        claims=(claim,),
        chain=chain,
        corpus=Path(corpus),
        n_passages=1234,
        n_sentences=2,
        warnings=(EVIL,),
        notes=("read as cp1252",),
    )
    return verification_page(result)


def test_no_text_becomes_markup():
    written = page(EVIL + " More.", title=EVIL, publisher=EVIL, passage_id=EVIL, published=EVIL)
    assert Page(written).tags.isdisjoint({"script", "img", "iframe"})
    assert "<script" not in written
    assert "<b onclick" not in written


def test_only_web_addresses_become_links():
    assert "https://example.org/x" in Page(page(url="https://example.org/x")).links
    assert not [link for link in Page(page(url="javascript:alert(1)")).links if "javascript" in link]


def test_the_page_says_what_it_is_not_and_what_the_chain_reached():
    written = " ".join(page().split())
    assert "This page is not a fact-check." in written
    assert "reached a macro F1 of .400 (95 percent interval .300 to .500)" in written


def test_verdict_probability_source_and_date_stand_together():
    written = re.sub(r"<[^>]+>", "", page(publisher="Statistics Office", published="2024-05-01"))
    assert "refuted .625" in written
    assert "supported .250" in written
    assert "A passage." in written
    assert "Statistics Office, 2024-05-01" in written
    assert "d, no date" in re.sub(r"<[^>]+>", "", page())


def test_the_color_is_that_of_the_meaning():
    assert 'id="c1" class="claim-card refuted"' in page()
    assert 'id="c1" class="claim-card other"' in page(verdict="odd")


def test_a_sentence_in_the_article_has_the_color_of_its_verdict():
    assert 'id="s1" class="refuted"' in page()
    assert 'id="s1" class="other"' in page(verdict="odd")


def test_the_text_shows_no_verdict_away_from_its_passages():
    text = page().partition('<div class="text"')[2].partition("</div>")[0]
    assert 'id="s1"' in text
    assert "refuted" not in re.sub(r"<[^>]+>", "", text.partition(">")[2])


def test_a_long_passage_is_cut_with_a_sign():
    assert "w" * 700 + "…" in page(passage_text="w" * 701)
    assert "…" not in page(passage_text="w" * 700)


def test_the_page_names_the_dataset_of_the_passages_or_their_file(tmp_path):
    (tmp_path / "dataset.yaml").write_text(DATASET, encoding="utf-8")
    assert "Passages: 1,234 of Rents in ten towns (rents 1.2)." in page(corpus=str(tmp_path / "evidence.jsonl"))
    (tmp_path / "dataset.yaml").unlink()
    assert f"Passages: 1,234 of {tmp_path.name}/corpus.jsonl." in page(corpus=str(tmp_path / "corpus.jsonl"))
    assert "Passages: 1,234 of towns.jsonl." in page(corpus=str(tmp_path / "towns.jsonl"))


def test_notes_stand_on_the_page_with_the_warnings():
    assert "<p>Note: read as cp1252.</p>" in page()
