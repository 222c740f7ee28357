"""`harness verify`: an article, a saved chain and a corpus give claims with verdicts and the passages behind them."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from click.testing import CliRunner
from web_server import web_serving

import harness
from harness.cli.verify import verify as command
from harness.data.web.client import WebClient
from harness.errors import FaultsError, HarnessError
from harness.runner.models.saved_model import Model

FACT = "The tower in Lisbon was built in 1911 and is 312 meters tall."
ARTICLE = f"The tower\n\n{FACT} Well, who knows?\n"
PASSAGES = [
    {"passage_id": "old", "document_id": "d1", "text": "The tower in Lisbon is 212 meters tall.", "published": "2020"},
    {"passage_id": "new", "document_id": "d2", "text": "The tower in Lisbon was built in 1911.", "published": "2031"},
    {"passage_id": "off", "document_id": "d3", "text": "<script>alert(1)</script> Lisbon", "url": "javascript:x()"},
]


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.jsonl"
    path.write_text("".join(json.dumps(passage) + "\n" for passage in PASSAGES), encoding="utf-8")
    return path


@pytest.fixture
def article(tmp_path):
    path = tmp_path / "tower.txt"
    path.write_text(ARTICLE, encoding="utf-8")
    return path


def test_a_page_from_the_web_is_read_through_the_guard(chain, corpus, monkeypatch, tmp_path):
    with web_serving() as server:
        fetch = server.client().fetch
        url = server.page("/tower", f"The tower\n\n{FACT} It was painted twice.", Content_Type="text/plain")
        with pytest.raises(FaultsError, match="is of this machine"):
            harness.verify("http://127.0.0.1/tower", chain, corpus)
        with pytest.raises(HarnessError, match="which --offline refuses"):
            harness.verify("http://news.test/tower", chain, corpus, offline=True)
        assert server.requests == []
        monkeypatch.setattr(
            WebClient, "fetch", lambda _, asked: fetch(asked.replace("news.test", f"news.test:{server.port}"))
        )
        result = harness.verify("http://news.test/tower", chain, corpus)
        many = harness.verify_articles(["http://news.test/tower"], chain, corpus, tmp_path / "list")
    assert result.article.url == url
    assert FACT in [claim.text for claim in result.claims]
    (entry,) = result.document()["fetched"]
    assert (entry["article_id"], entry["final_url"], entry["status"]) == ("news.test-tower", url, 200)
    assert many.document()["fetched"][0]["sha256"] == entry["sha256"]


def test_claims_have_offsets_a_verdict_and_the_passages_that_were_read(chain, article, corpus):
    result = harness.verify(article, chain, corpus)
    (claim,) = [claim for claim in result.claims if claim.text == FACT]
    assert result.article.text[claim.start : claim.end] == FACT
    assert claim.verdict == max(claim.scores, key=claim.scores.__getitem__)
    assert sum(claim.scores.values()) == pytest.approx(1)
    assert [quoted.passage.passage_id for quoted in claim.evidence] == ["new", "old"]
    assert len(claim.left_out) == 2
    assert claim.without_passages is not None
    assert "the article has no date" in " ".join(result.warnings)


def test_the_verdict_is_that_of_the_judge_for_these_passages(chain, article, corpus):
    before = {claim.text: claim.scores for claim in harness.verify(article, chain, corpus).claims}[FACT]
    corpus.write_text(json.dumps(PASSAGES[0]) + "\n", encoding="utf-8")
    assert {claim.text: claim.scores for claim in harness.verify(article, chain, corpus).claims}[FACT] != before


def test_an_index_by_the_retriever_of_the_chain_serves_as_the_corpus(chain, article, corpus, tmp_path):
    harness.write_index(corpus, tmp_path / "index")
    by_index = harness.verify(article, chain, tmp_path / "index")
    assert by_index.document() == harness.verify(article, chain, corpus).document()
    harness.write_index(corpus, tmp_path / "other", "bm25", {"k1": 0.9})
    with pytest.raises(FaultsError, match=r"run: harness index .*corpus\.jsonl --retriever bm25 -o .*other"):
        harness.verify(article, chain, tmp_path / "other")


def test_passages_after_the_article_are_left_out(chain, tmp_path, corpus):
    rows = tmp_path / "dated.jsonl"
    rows.write_text(json.dumps({"article_id": "dated", "text": ARTICLE, "published": "2024-05-01"}), encoding="utf-8")
    result = harness.verify(rows, chain, corpus)
    (claim,) = [claim for claim in result.claims if claim.text == FACT]
    assert [quoted.passage.passage_id for quoted in claim.evidence] == ["old", "off"]
    assert "1 of 3 passages have no date" in " ".join(result.warnings)


def test_lines_and_document_hold_the_same(chain, article, corpus, tmp_path):
    out = tmp_path / "out.jsonl"
    result = harness.verify(article, chain, corpus, out)
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert lines == json.loads(json.dumps(result.document()))["claims"]
    assert lines[0]["evidence"][0]["published"] == "2031"


def test_an_article_without_a_picked_sentence_says_so(chain, tmp_path, corpus):
    path, out = tmp_path / "small.txt", tmp_path / "out.html"
    path.write_text("Well, who knows?\n", encoding="utf-8")
    assert harness.verify(path, chain, corpus, out).claims == ()
    assert "The program picked no sentence of this article." in out.read_text(encoding="utf-8")


def test_passages_in_another_language_are_counted(chain, article, corpus):
    passages = [PASSAGES[0] | {"language": "pt-PT"}, PASSAGES[1] | {"language": "en-US"}]
    corpus.write_text("".join(json.dumps(passage) + "\n" for passage in passages), encoding="utf-8")
    assert "1 passage of 2 in another language (pt-PT)" in " ".join(harness.verify(article, chain, corpus).warnings)


def test_a_wrong_input_is_refused_and_nothing_is_written(chain, article, corpus, tmp_path):
    empty, nothing, out = tmp_path / "empty.txt", tmp_path / "nothing.jsonl", tmp_path / "out.html"
    empty.write_text("  \n", encoding="utf-8")
    nothing.write_text("", encoding="utf-8")
    (detector,) = chain.glob("detect/results/*/model")
    for inputs, message in [
        ((empty, chain, corpus), "is empty; an article needs text"),
        ((article, chain, nothing), "has no passages"),
        ((article, detector, corpus), "is the model of one classifier"),
        ((article, chain / "judge", corpus), "contains no saved chain"),
        ((article, tmp_path / "nowhere", corpus), "does not exist; give the folder"),
        (("planted-errors", chain, corpus), "give one article at a time"),
    ]:
        with pytest.raises(FaultsError, match=message):
            harness.verify(*inputs, out)
    with pytest.raises(HarnessError, match=r"no suffix is called '\.pdf'"):
        harness.verify(article, chain, corpus, tmp_path / "out.pdf")
    assert not list(tmp_path.glob("out.*"))


@pytest.mark.parametrize("name", ["chain-model.json", "detect/model.json", "detect/arrays.npz"])
@pytest.mark.parametrize(("put", "message"), [(os.mkfifo, "is a device or a pipe"), (os.mkdir, "is a folder")])
def test_what_stands_in_the_place_of_a_file_of_a_chain_is_named(chain, article, corpus, tmp_path, name, put, message):
    shutil.copytree(chain / "model", tmp_path / "model")
    (tmp_path / "model" / name).unlink()
    put(tmp_path / "model" / name)
    with pytest.raises(FaultsError, match=f"{name}: {message}; expected a file"):
        harness.verify(article, tmp_path / "model", corpus)


def test_a_chain_that_was_changed_is_refused(chain, article, corpus, tmp_path):
    changed = tmp_path / "changed"
    shutil.copytree(chain / "model", changed)
    card = changed / "chain-model.json"
    text = card.read_text(encoding="utf-8")
    for content, message in [
        (text.replace('"format": 1', '"format": 9'), "format: expected 1, the only format"),
        (text[:-20], "is not JSON"),
        (text.replace('"k": 2', '"k": 0'), "retrieve.k: expected greater than or equal to 1"),
    ]:
        card.write_text(content, encoding="utf-8")
        with pytest.raises(FaultsError, match=message):
            harness.verify(article, changed, corpus)
    card.write_text(text, encoding="utf-8")
    shutil.rmtree(changed / "judge")
    shutil.copytree(changed / "detect", changed / "judge")
    with pytest.raises(FaultsError, match="its models are no detector and judge"):
        harness.verify(article, changed, corpus)


def test_a_judge_alone_scores_no_article(chain, article):
    judge = next(path for path in chain.glob("judge/results/*/model") if "bm25" in str(path))
    with pytest.raises(HarnessError, match="harness verify"):
        harness.score(article, judge)


def test_the_command_prints_the_verdicts_and_what_they_are_not(chain, article, corpus, tmp_path):
    arguments = [str(article), "--chain", str(chain), "--corpus", str(corpus)]
    printed = CliRunner().invoke(command, arguments, catch_exceptions=False).output
    assert FACT in printed
    assert "not a fact-check" in printed
    written = CliRunner().invoke(command, [*arguments, "-o", str(tmp_path / "out.html")], catch_exceptions=False)
    assert "nobody has checked the verdicts" in written.output
    document = CliRunner().invoke(command, [*arguments, "--json"], catch_exceptions=False)
    assert json.loads(document.stdout)["claims"][0]["text"] == FACT


def test_without_a_passage_there_is_no_verdict(chain, article, tmp_path):
    corpus = tmp_path / "other.jsonl"
    corpus.write_text(json.dumps({"passage_id": "a", "document_id": "d", "text": "Zebras graze."}), encoding="utf-8")
    result = harness.verify(article, chain, corpus, out=tmp_path / "out.html")
    (claim,) = [claim for claim in result.claims if claim.text == FACT]
    assert (claim.verdict, claim.scores, claim.evidence, claim.reason) == (None, {}, (), "no passage was found")
    assert "No passage was found, and without one there is no verdict" in (tmp_path / "out.html").read_text()


@pytest.mark.parametrize("stage", ["detector", "judge"])
def test_a_stage_that_fails_on_one_sentence_goes_on_with_the_others(chain, corpus, tmp_path, monkeypatch, stage):
    path = tmp_path / "two.txt"
    other = "The tower in Porto was built in 1955 and is 80 meters tall."
    path.write_text(f"{FACT} {other}\n", encoding="utf-8")
    whole = {claim.text: claim for claim in harness.verify(path, chain, corpus).claims}
    assert set(whole) == {FACT, other}
    score = Model.score

    def failing(model, claims):
        is_stage = (model.card.evidence is None) == (stage == "detector")
        if is_stage and other in claims.text:
            raise HarnessError("a part is broken")
        return score(model, claims)

    monkeypatch.setattr(Model, "score", failing)
    result = harness.verify(path, chain, corpus, out=tmp_path / "out.jsonl")
    claims = {claim.text: claim for claim in result.claims}
    assert claims[FACT] == whole[FACT]
    assert any(other in warning and "a part is broken" in warning for warning in result.warnings)
    assert stage == "detector" or claims[other].reason == "the judge fails on it: a part is broken"
    assert (other in claims) == (stage == "judge")


def test_a_stage_that_fails_on_every_sentence_ends_the_command(chain, article, corpus, tmp_path, monkeypatch):
    def failing(model, claims):
        raise HarnessError("a part is broken")

    monkeypatch.setattr(Model, "score", failing)
    with pytest.raises(HarnessError, match="a part is broken"):
        harness.verify(article, chain, corpus, out=tmp_path / "out.html")
    assert not (tmp_path / "out.html").exists()
