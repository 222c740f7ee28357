"""A folder of articles becomes a corpus: passages at their places, with stable ids; what is left out is counted."""

from __future__ import annotations

import json

import pytest
from dataset_folders import content, made

from harness import add_claims, check, ingest_corpus, open_corpus, open_index, write_index
from harness.data.articles.sources import read_articles
from harness.errors import FaultsError
from harness.records import Article

MILL = "The old mill\n\nThe mill burned in 1912.\n\nIt has a wheel of oak.\n\nIt has a wheel of oak.\n"


@pytest.fixture
def articles(tmp_path):
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "mill.txt").write_text(MILL)
    (folder / "mill-again.txt").write_text(MILL)
    (folder / "pier.md").write_text("# Pier\n\nThe **pier** stands.\n\n---\n\nIt is long.\n")
    (folder / "page.html").write_text(
        "<html><head><title>Ferry</title></head><body><article><p>The ferry runs twice a day in summer, as ever.</p>"
        "<p>It carried 2,100 people in May.</p></article></body></html>"
    )
    (folder / "menu.html").write_text("<html><body><nav>Home</nav></body></html>")
    (folder / "empty.txt").write_text(" \n")
    harbor = {"article_id": "harbor", "text": "Two cranes.\n\nOne pier.", "url": "https://h.example", "language": "en"}
    rows = [harbor | {"published": "2020-01-01", "publisher": "Gazette", "title": "Harbor"}, {"article_id": "no"}]
    (folder / "more.jsonl").write_text("".join(json.dumps({"text": "  "} | row) + "\n" for row in rows))
    (folder / "table.csv").write_text("article_id,text\ntable,A row.\nblank,\n")
    return folder


def test_paragraphs_become_passages_at_their_places(tmp_path, articles):
    made_corpus = ingest_corpus(articles, tmp_path / "c")
    corpus = open_corpus(tmp_path / "c")
    assert made_corpus.passages_added == len(corpus)
    assert made_corpus.documents_added == 5
    texts = {a.article.article_id: a.article.text for a in read_articles(sources(articles))}
    assert {passage.document_id for passage in corpus.passages} == texts.keys() - {"mill"}
    assert all(texts[p.document_id][p.start : p.end] == p.text for p in corpus.passages)
    crane = next(passage for passage in corpus.passages if passage.text == "Two cranes.")
    assert (crane.title, crane.url, crane.publisher) == ("Harbor", "https://h.example", "Gazette")
    assert (crane.published, crane.language) == ("2020-01-01", "en")
    assert not [passage for passage in corpus.passages if passage.text == "---"]


def sources(folder):
    """The sources that have text."""
    harbor = Article.model_validate(json.loads((folder / "more.jsonl").read_text().splitlines()[0]))
    table = Article(article_id="table", text="A row.")
    return [folder / "mill.txt", folder / "mill-again.txt", folder / "pier.md", folder / "page.html", harbor, table]


def test_what_is_left_out_is_counted(tmp_path, articles):
    counts = ingest_corpus(articles, tmp_path / "c")
    assert counts.duplicates == ("mill",)
    assert counts.repeated == 1
    names = [name.rpartition("/")[2] for name in counts.empty]
    assert names == ["empty.txt", "menu.html", "more.jsonl:2", "table.csv:3"]


def test_the_same_articles_add_nothing_and_others_change_no_id(tmp_path, articles):
    ingest_corpus(articles, tmp_path / "c")
    before = (tmp_path / "c/corpus.jsonl").read_bytes()
    again = ingest_corpus(articles, tmp_path / "c")
    assert (again.documents_added, again.passages_added, again.unchanged) == (0, 0, 5)
    assert (tmp_path / "c/corpus.jsonl").read_bytes() == before
    ingest_corpus(Article(article_id="new", text="A new one."), tmp_path / "c")
    assert (tmp_path / "c/corpus.jsonl").read_bytes().startswith(before)
    assert len(open_corpus(tmp_path / "c").passages) == before.count(b"\n") + 1


def test_a_document_with_other_text_is_refused_and_nothing_is_written(tmp_path, articles):
    ingest_corpus(articles, tmp_path / "c")
    before = content(tmp_path / "c")
    (articles / "pier.md").write_text("# Pier\n\nThe pier burned.\n")
    with pytest.raises(FaultsError, match=r"pier\.md: article_id: the corpus or another source has a document 'pier'"):
        ingest_corpus(articles, tmp_path / "c")
    assert content(tmp_path / "c") == before


def test_sources_without_any_text_make_no_corpus(tmp_path, articles):
    with pytest.raises(FaultsError, match="no source has text") as caught:
        ingest_corpus([articles / "empty.txt", articles / "menu.html"], tmp_path / "c")
    assert caught.value.faults[0].code == "empty"
    assert not (tmp_path / "c").exists()


def test_other_faults_of_a_source_are_still_faults(tmp_path, articles):
    (articles / "broken.jsonl").write_text("{\n")
    with pytest.raises(FaultsError, match=r"broken\.jsonl:1"):
        ingest_corpus(articles, tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_a_parquet_corpus_is_not_added_to(tmp_path, articles):
    (tmp_path / "c").mkdir()
    (tmp_path / "c/corpus.parquet").write_bytes(b"")
    with pytest.raises(FaultsError, match=r"corpus\.parquet: cannot be added to"):
        ingest_corpus(articles, tmp_path / "c")


def test_a_dataset_gets_a_corpus_with_what_its_evidence_cites(tmp_path, articles):
    rows = [{"text": "A crane.", "verdict": "supported", "evidence": "Cranes stand in the harbor."}]
    add_claims(tmp_path / "d", rows, "me", columns={"verdict": "verdict"}, new_scheme="v")
    (tmp_path / "d/corpus.jsonl").unlink()
    ingest_corpus(articles, tmp_path / "d")
    assert check(tmp_path / "d") == []
    assert open_corpus(tmp_path / "d").passages[0].text == "Cranes stand in the harbor."


def test_paragraphs_of_the_articles_of_a_dataset_are_at_their_places(tmp_path):
    made(tmp_path / "d")
    ingest_corpus(tmp_path / "d-sources", tmp_path / "d")
    assert check(tmp_path / "d") == []


def test_the_corpus_is_indexed_and_searched(tmp_path, articles):
    ingest_corpus(articles, tmp_path / "c")
    write_index(open_corpus(tmp_path / "c"), tmp_path / "index", "bm25", {})
    assert open_index(tmp_path / "index").best("a wheel of oak", 1)[0].passage.text == "It has a wheel of oak."


def test_the_command_says_what_was_added_and_left_out(harness, articles):
    command = ("ingest", articles, "--into", "c", "--as-corpus")
    printed = harness(*command)
    assert printed.returncode == 0
    assert "left out without text: 4" in printed.stderr
    assert "left out with the text of another document: 1 (mill)" in printed.stderr
    assert printed.stdout.startswith("c/corpus.jsonl: 5 documents added")
    refused = harness(*command, "--replaces", "mill")
    assert refused.returncode == 2
    assert "a corpus has no versions" in refused.stderr
