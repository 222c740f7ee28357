"""CheckThat! 2025 task 4b: posts with the id of the paper that they mention; the papers are the user's own file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import FaultsError, fetch, open_dataset
from harness.data.formats.source import SourceFile
from harness.data.formats.verification.checkthat_sources_tsv import read_articles
from harness.schemes import load_scheme

POSTS = 'post_id\ttweet_text\tcord_uid\n16\t"A ""small"" trial: sea air &amp; asthma"\tab12\n9\tFog study\tcd34\n'


def source(text):
    return SourceFile(Path("a.tsv"), text.encode(), load_scheme("scientific-discourse"))


def test_the_paper_of_a_post_is_its_gold_evidence():
    first, second = read_articles(source(POSTS))
    (claim,) = first.claims
    assert (first.article_id, claim.text, claim.topic) == ("16", 'A "small" trial: sea air &amp; asthma', "ab12")
    assert [passage.passage_id for passage in claim.evidence] == ["ab12"]
    assert (second.article_id, claim.labels) == ("9", ())


def test_posts_without_ids_or_papers_come_in():
    first, second = read_articles(source("tweet_text\tcord_uid\nFog study\tcd34\nFog study\tcd34\n"))
    assert (first.article_id, second.article_id) == ("1", "2")
    (article,) = read_articles(source("post_id\ttweet_text\n16\tFog study\n"))
    assert article.claims[0].evidence == ()


def test_every_fault_has_its_line():
    with pytest.raises(FaultsError) as refused:
        read_articles(source("post_id\ttweet_text\tcord_uid\n1\tFog\tab\n2\t \tab\n1\tFog\tab\n3\tFog\n"))
    assert [str(fault).split(";")[0] for fault in refused.value.faults] == [
        "a.tsv:3: tweet_text: is empty",
        "a.tsv:4: post_id: duplicate id 1 (first on line 2)",
        "a.tsv:5: has 2 cells, the header has 3",
    ]
    with pytest.raises(FaultsError, match="needs a column 'tweet_text'"):
        read_articles(source("post_id\ttext\n1\tFog\n"))
    with pytest.raises(FaultsError, match="needs a column 'cord_uid'"):
        read_articles(source("post_id\ttweet_text\tcord_id\n1\tFog\tab12\n"))


def test_retrievers_run_over_the_users_own_papers(tmp_path, harness):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "subtask4b_query_tweets_dev.tsv").write_text(POSTS, encoding="utf-8")
    with pytest.raises(FaultsError, match="is not the publisher's file"):
        fetch("checkthat-2025-task4b", tmp_path / "copy", tmp_path / "data-root")
    more = "".join(f"{number}\tFog study {number}\tcd34\n" for number in range(20, 24))
    (tmp_path / "copy" / "subtask4b_query_tweets_dev.tsv").unlink()
    (tmp_path / "copy" / "subtask4b_query_tweets_train.tsv").write_text(POSTS + more, encoding="utf-8")
    fetch("checkthat-2025-task4b", tmp_path / "copy", tmp_path / "data-root")
    papers = [("ab12", "Sea air and asthma: a small trial"), ("cd34", "A study of fog"), ("ef56", "Tides")]
    (tmp_path / "papers.jsonl").write_text(
        "".join(json.dumps({"passage_id": name, "document_id": name, "text": text}) + "\n" for name, text in papers),
        encoding="utf-8",
    )
    config = "name: sources\ntask: evidence\ndataset: checkthat-2025-task4b\nretrievers: [bm25]\nmetrics: [recall_at]\n"
    (tmp_path / "own.yaml").write_text(config + "corpus: papers.jsonl\n", encoding="utf-8")
    run = harness("run", "own.yaml")
    assert run.returncode == 0, run.stderr
    assert "3 passages; a whole group of gold passages shown for 6 of 6 claims" in run.stdout
    (tmp_path / "none.yaml").write_text(config, encoding="utf-8")
    without = harness("run", "none.yaml")
    assert without.returncode != 0
    assert "has no passages" in without.stderr


def test_the_published_posts(bring):
    dataset = open_dataset("checkthat-2025-task4b", bring("checkthat-2025-task4b"))
    assert (len(dataset.claims), len({e.passage_id for e in dataset.evidence})) == (1400, 772)
    assert sum("&amp;" in (claim.text or "") for claim in dataset.claims) == 116
    assert {claim.topic for claim in dataset.claims} == {e.passage_id for e in dataset.evidence}
