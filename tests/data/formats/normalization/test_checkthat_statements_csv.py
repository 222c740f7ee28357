"""CheckThat! 2025 task 2: the two CSV files, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import fetch, open_dataset
from harness.data.archives import InputFile
from harness.data.formats.normalization.checkthat_statements_csv import read_articles, read_gold, read_predictions
from harness.data.formats.source import SourceFile
from harness.errors import FaultsError
from harness.schemes import load_scheme

GOLD = 'post,normalized claim\n"Wow!\nThe lake, they say, is dry.",The lake is dry\n"so he ""said"" it",He said it\n'


def source(text):
    return SourceFile(Path("train.csv"), text.encode(), load_scheme("three-axes"))


def test_posts_come_in_with_their_statement():
    first, second = (article.claims[0] for article in read_articles(source(GOLD)))
    assert (first.text, first.statement, first.line) == ("Wow!\nThe lake, they say, is dry.", "The lake is dry", 2)
    assert (second.text, second.statement) == ('so he "said" it', "He said it")


def test_posts_without_normalized_claims_come_in_alone():
    (article,) = read_articles(source("post\nThe lake is dry.\n"))
    assert article.claims[0].statement is None


def test_a_submission_has_one_column_and_may_leave_claims_empty():
    rows = read_predictions(InputFile(Path("mine.csv"), b'normalized claim\nThe lake is dry\n""\n'))
    assert [(row.post, row.statement) for row in rows] == [(None, "The lake is dry"), (None, "")]


def test_the_benchmark_comes_in_from_the_publishers_files(tmp_path):
    (tmp_path / "train-eng.csv").write_text(GOLD, encoding="utf-8")
    fetch("checkthat-2025-task2", tmp_path, root=tmp_path / "root")
    dataset = open_dataset("checkthat-2025-task2", tmp_path / "root")
    assert [claim.statement for claim in dataset.claims] == ["The lake is dry", "He said it"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("post,claim\na,b\n", "needs a column 'normalized claim'"),
        ("post,normalized claim\na,\nb,c\n", "is empty; give the reference of every post"),
        ("post,normalized claim\n", "rows with post and normalized claim"),
        ('post,normalized claim\n"a,b\n', "is not well-formed CSV"),
    ],
)
def test_what_is_refused(text, message):
    with pytest.raises(FaultsError) as error:
        read_gold(InputFile(Path("gold.csv"), text.encode()))
    assert message in str(error.value)
