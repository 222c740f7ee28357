"""Splits: groups stay whole, and the draw depends on nothing but seed and groups."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.data.claims import Claims
from harness.data.splits import group_codes, grouped_folds, parts_fold, read_split
from harness.errors import FaultsError, HarnessError


def table(rows: list[tuple[str, str | None]]) -> Claims:
    """Claims of (article, speaker) rows."""

    def column(values):
        array = np.empty(len(rows), dtype=object)
        array[:] = list(values)
        return array

    text = column(f"Sentence {row}." for row in range(len(rows)))
    seen: Counter[str] = Counter()
    ids = []
    for article, _ in rows:
        ids.append(f"{article}-{seen[article]}")
        seen[article] += 1
    return Claims(
        claim_id=column(ids),
        article_id=column(article for article, _ in rows),
        text=text,
        position=np.zeros(len(rows), dtype=np.int64),
        previous=text,
        next=text,
        title=column(None for _ in rows),
        speaker=column(speaker for _, speaker in rows),
        published=column(None for _ in rows),
    )


ROWS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from([None, "ann", "bob", "cy", "dee", ""])),
    min_size=1,
    max_size=40,
).map(lambda rows: sorted(rows, key=lambda row: row[0]))
BY = st.sampled_from(["article", "speaker", "claim"])


def assignment(claims, k, by, seed):
    """claim_id to fold."""
    folds = grouped_folds(claims, k=k, by=by, seed=seed)
    return {claims.claim_id[row]: fold.name for fold in folds for row in fold.test}


@given(ROWS, BY, st.integers(2, 4), st.integers(0, 99))
def test_folds_are_a_partition_into_whole_groups(rows, by, k, seed):
    claims = table(rows)
    groups = group_codes(claims, by)
    assume(len(set(groups)) >= k)
    folds = grouped_folds(claims, k=k, by=by, seed=seed)
    assert [fold.name for fold in folds] == [f"fold-{number}" for number in range(k)]
    assert sorted(row for fold in folds for row in fold.test) == list(range(len(claims)))
    for fold in folds:
        assert len(fold.test) > 0
        assert sorted([*fold.train, *fold.test]) == list(range(len(claims)))
        assert not set(groups[fold.train]) & set(groups[fold.test])


@given(ROWS, BY, st.integers(2, 4), st.integers(0, 99))
def test_folds_are_balanced(rows, by, k, seed):
    """Largest group first, to the smallest fold: the fullest fold leads by no more than its smallest group."""
    claims = table(rows)
    groups = group_codes(claims, by)
    assume(len(set(groups)) >= k)
    tests = sorted((fold.test for fold in grouped_folds(claims, k=k, by=by, seed=seed)), key=len)
    assert len(tests[-1]) - len(tests[0]) <= min(Counter(groups[tests[-1]].tolist()).values())


@given(ROWS, BY, st.integers(2, 4), st.randoms())
def test_the_order_of_the_articles_does_not_matter(rows, by, k, random):
    claims = table(rows)
    assume(len(set(group_codes(claims, by))) >= k)
    order = list(dict.fromkeys(article for article, _ in rows))
    random.shuffle(order)
    other = table([row for name in order for row in rows if row[0] == name])
    assert assignment(claims, k, by, 13) == assignment(other, k, by, 13)


def test_the_seed_decides_and_is_stable():
    claims = table([(letter, None) for letter in "abcdefgh"])
    draws = [tuple(sorted(assignment(claims, 2, "article", seed).items())) for seed in range(20)]
    assert len(set(draws)) > 5
    assert draws == [tuple(sorted(assignment(claims, 2, "article", seed).items())) for seed in range(20)]
    # Frozen, as results rest on it. sha256("13\n" + letter) orders the letters f, g, d, e, c, b, h, a; one to each
    # fold in turn.
    folds = {f"{letter}-0": f"fold-{number % 2}" for number, letter in enumerate("fgdecbha")}
    assert assignment(claims, 2, "article", 13) == folds


def test_a_claim_without_a_speaker_goes_with_its_article():
    claims = table([("a", None), ("a", ""), ("a", "ann"), ("b", None), ("b", "ann")])
    assert list(group_codes(claims, "speaker")) == [0, 0, 1, 2, 1]


@pytest.mark.parametrize(("k", "message"), [(3, "need at least 3 groups, the data has 2; lower k"), (1, "at least 2")])
def test_folds_that_cannot_be(k, message):
    with pytest.raises(HarnessError, match=message):
        grouped_folds(table([("a", None), ("b", None)]), k=k, by="article", seed=1)


PARTS = {"a-0": "train", "b-0": "dev", "c-0": "test", "d-0": "train"}


def test_a_fold_from_named_parts():
    claims = table([(letter, None) for letter in "abcde"])
    fold = parts_fold(claims, PARTS, ["train", "dev"], ["test"])
    assert (fold.name, list(fold.train), list(fold.test)) == ("test", [0, 1, 3], [2])
    assert parts_fold(claims, PARTS, ["train"], ["dev", "test"]).name == "dev+test"


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (["train"], ["tset"], "no claim is in part 'tset'; there are train, dev, test"),
        (["train", "test"], ["test"], "part 'test' is in train and in test"),
    ],
)
def test_parts_that_cannot_be(train, test, message):
    with pytest.raises(HarnessError, match=message):
        parts_fold(table([("a", None)]), PARTS, train, test)


def test_a_split_file_is_read(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text("".join(json.dumps({"claim_id": name, "part": part}) + "\n" for name, part in PARTS.items()))
    assert read_split(path) == PARTS


def test_every_fault_of_a_split_file_in_order_of_lines(tmp_path):
    path = tmp_path / "s.jsonl"
    good = '{"claim_id": "a", "part": "train"}'
    path.write_text(f'{good}\n{good}\n{{"claim_id": 5, "part": "x"}}\n{{"claim_id": "b"}}\nbroken\n{good}\n')
    with pytest.raises(FaultsError) as refused:
        read_split(path)
    assert [(fault.line, fault.field) for fault in refused.value.faults] == [
        *((2, "claim_id"), (3, "claim_id"), (4, "part"), (5, None), (6, "claim_id"))
    ]
