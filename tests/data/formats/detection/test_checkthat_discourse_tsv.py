"""CheckThat! 2025 task 4a: three labels in one cell become a label on each axis of the scheme."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from harness import FaultsError, open_dataset
from harness.data.formats.detection.checkthat_discourse_tsv import read_articles
from harness.data.formats.source import SourceFile
from harness.schemes import load_scheme


def source(text):
    return SourceFile(Path("a.tsv"), text.encode(), load_scheme("scientific-discourse"))


def test_three_labels_of_a_tweet():
    text = 'index\ttext\tlabels\n7\tHe said "no\t[0.0, 1.0, 1.0]\n9\tFog.\t[0, 0, 0]\n'
    first, second = read_articles(source(text))
    (claim,) = first.claims
    assert (first.article_id, claim.text) == ("7", 'He said "no')
    assert [(label.axis, label.code) for label in claim.labels] == [
        ("scientific_claim", "0"),
        ("scientific_reference", "1"),
        ("scientific_entities", "1"),
    ]
    assert {label.code for label in second.claims[0].labels} == {"0"}


def test_tweets_without_labels_come_in():
    ((claim,),) = (article.claims for article in read_articles(source("index\ttext\r\n7\tFog.\r\n")))
    assert claim.labels == ()


@pytest.mark.parametrize(
    "cell", ["", "1", "[0.0, 1.0]", "[0.0, 1.0, 0.5]", "[0.0, 1.0, true]", "[0.0, 1.0, [1]]", "[NaN, 0.0, 0.0]", "{}"]
)
def test_a_cell_that_is_no_list_of_three_labels(cell):
    with pytest.raises(FaultsError) as refused:
        read_articles(source(f"index\ttext\tlabels\n7\tFog.\t{cell}\n8\t \t[0.0, 0.0, 0.0]\n"))
    label, empty = map(str, refused.value.faults)
    assert label.startswith(
        "a.tsv:2: labels: expected a list of 0.0 or 1.0 for scientific_claim, scientific_reference, scientific_entities"
    )
    assert empty == "a.tsv:3: text: is empty"


def test_a_table_without_its_columns_is_refused():
    with pytest.raises(FaultsError, match="needs a column 'text'"):
        read_articles(source("index\ttweet\n7\tFog.\n"))
    with pytest.raises(FaultsError, match="needs a column 'labels'"):
        read_articles(source("index\ttext\tlable\n7\tFog.\t[0.0, 0.0, 0.0]\n"))
    with pytest.raises(FaultsError, match="needs a column 'index' and a column 'text'"):
        read_articles(source(""))


def test_the_published_labels(bring):
    dataset = open_dataset("checkthat-2025-task4a", bring("checkthat-2025-task4a"))
    parts = dataset.splits["official"]
    positive = Counter((parts[a.claim_id], a.axis) for a in dataset.annotations if a.label == "yes")
    assert [positive["train", axis.name] for axis in load_scheme("scientific-discourse").axes] == [333, 224, 306]
    assert [positive["dev", axis.name] for axis in load_scheme("scientific-discourse").axes] == [26, 26, 34]
