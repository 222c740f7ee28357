"""Splits: groups stay whole, and the draw depends on nothing but seed and groups."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter

import numpy as np
import pytest
from dataset_folders import change_line, made
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.data.claims import Claims
from harness.data.load import open_dataset
from harness.data.splits.by_time import by_time, period
from harness.data.splits.folds import (
    count_ungrouped,
    fold_from_parts,
    group_codes,
    grouped_folds,
    leave_one_out,
    read_split,
    training_share,
)
from harness.errors import FaultsError, HarnessError
from harness.files import fingerprint


def table(rows: list[tuple[str, str | None]], **more: list[str | None]) -> Claims:
    """Claims of (article, speaker) rows; `more` columns by name."""

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
    columns = {
        "claim_id": column(ids),
        "article_id": column(article for article, _ in rows),
        "text": text,
        "position": np.zeros(len(rows), dtype=np.int64),
        "previous": text,
        "next": text,
        "title": column(None for _ in rows),
        "speaker": column(speaker for _, speaker in rows),
        "published": column(None for _ in rows),
    }
    return Claims(**columns | {name: column(values) for name, values in more.items()})


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


@settings(deadline=None)
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


@settings(deadline=None)
@given(ROWS, BY, st.integers(2, 4), st.integers(0, 99))
def test_folds_are_balanced(rows, by, k, seed):
    """Largest group first, to the smallest fold: the fullest fold leads by no more than its smallest group."""
    claims = table(rows)
    groups = group_codes(claims, by)
    assume(len(set(groups)) >= k)
    tests = sorted((fold.test for fold in grouped_folds(claims, k=k, by=by, seed=seed)), key=len)
    assert len(tests[-1]) - len(tests[0]) <= min(Counter(groups[tests[-1]].tolist()).values())


@settings(deadline=None)
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


@settings(deadline=None)
@given(ROWS, BY, st.integers(2, 4), st.integers(0, 99), ROWS)
def test_stable_folds_are_whole_groups_that_added_articles_do_not_move(rows, by, k, seed, added):
    new = [(f"new-{article}", speaker) for article, speaker in added]
    more = sorted([*rows, *new], key=lambda row: row[0])
    before, after = table(rows), table(more)
    try:
        folds = grouped_folds(before, k=k, by=by, seed=seed, hash_assignment=True)
        grown = grouped_folds(after, k=k, by=by, seed=seed, hash_assignment=True)
    except HarnessError:
        return  # a fold that no group falls into; see below
    groups = group_codes(before, by)
    assert sorted(row for fold in folds for row in fold.test) == list(range(len(before)))
    assert not any(set(groups[fold.train]) & set(groups[fold.test]) for fold in folds)
    stood = {before.claim_id[row]: fold.name for fold in folds for row in fold.test}
    stands = {after.claim_id[row]: fold.name for fold in grown for row in fold.test}
    assert stood.items() <= stands.items()


def test_greedy_folds_do_move_which_is_why_there_are_stable_ones():
    rows = [("a", None), ("b", None), ("b", None), ("c", None), ("c", None), ("c", None)]
    more = [*rows, ("d", None), ("d", None), ("d", None), ("d", None)]
    before, after = (assignment(table(each), 2, "article", 13) for each in (rows, more))
    assert any(after[claim] != fold for claim, fold in before.items())


def test_stable_folds_are_frozen():
    """As results rest on it. The last hex digit of sha256("13\\n" + letter) is odd for fold 1 of 2."""
    claims = table([(letter, None) for letter in "abcdefgh"])
    folds = grouped_folds(claims, k=2, by="article", seed=13, hash_assignment=True)
    odd = [letter for letter in "abcdefgh" if int(hashlib.sha256(f"13\n{letter}".encode()).hexdigest()[-1], 16) % 2]
    assert [claims.article_id[row] for row in folds[1].test] == odd


def test_a_stable_fold_without_a_group_is_refused():
    claims = table([(letter, None) for letter in "ab"])
    said = []
    for seed in range(20):
        try:
            grouped_folds(claims, k=2, by="article", seed=seed, hash_assignment=True)
        except HarnessError as error:
            said.append(str(error))
    assert 0 < len(said) < 20
    assert re.match(r"split: hash_assignment: 2 groups leave fold-[01] of 2 empty with seed \d+; lower k", said[0])


@settings(deadline=None)
@given(ROWS, BY, st.integers(2, 4), st.data())
def test_stratified_folds_are_whole_groups_and_spread_labels(rows, by, k, data):
    """No worse than a random assignment is on average, which greedy least squares can promise, for any labels."""
    claims = table(rows)
    groups = group_codes(claims, by)
    assume(len(set(groups)) >= k)
    labels = np.array(data.draw(st.lists(st.integers(-1, 2), min_size=len(rows), max_size=len(rows))))
    folds = grouped_folds(claims, k=k, by=by, seed=13, labels=labels)
    assert sorted(row for fold in folds for row in fold.test) == list(range(len(claims)))
    assert all(len(fold.test) and not set(groups[fold.train]) & set(groups[fold.test]) for fold in folds)
    columns = [np.ones(len(rows)), *(labels == label for label in set(labels.tolist()) - {-1})]
    shares = np.stack([column / column.sum() for column in columns], axis=1)

    def weight(members) -> float:
        return float((shares[members].sum(axis=0) ** 2).sum())

    alone = sum(weight(np.flatnonzero(groups == group)) for group in set(groups.tolist()))
    # Over random assignments, two groups meet with probability 1/k: the mean is alone + (all together - alone) / k.
    together = float(len(columns))
    assert sum(weight(fold.test) for fold in folds) <= alone + (together - alone) / k + 1e-9


def test_stratified_folds_by_hand():
    """Four articles of one size, two with both positives: each fold of two gets one of them, which sizes cannot see."""
    rows = [(letter, None) for letter in "abcd" for _ in range(3)]
    for first, second in ("ab", "ac", "bd", "cd"):
        labels = np.array([int(article in (first, second)) for article, _ in rows])
        folds = grouped_folds(table(rows), k=2, by="article", seed=13, labels=labels)
        assert [int(labels[fold.test].sum()) for fold in folds] == [3, 3]


def test_a_group_by_topic_and_by_source():
    claims = table([("a", None), ("a", None), ("b", None), ("c", None)], topic=["tax", None, "tax", None])
    assert list(group_codes(claims, "topic")) == [0, 1, 0, 2]
    assert count_ungrouped(claims, "topic") == 2
    with pytest.raises(HarnessError, match="by source: none of 4 claims has a source; set the publisher"):
        count_ungrouped(claims, "source")
    sourced = table([("a", None), ("b", None), ("c", None)], source=["X", "Y", "X"])
    assert [list(fold.test) for fold in leave_one_out(sourced, by="source")] == [[0, 2], [1]]


@settings(deadline=None)
@given(ROWS, st.sampled_from(["article", "speaker"]), st.randoms())
def test_leave_one_out_tests_every_group_once(rows, by, random):
    claims = table(rows)
    groups = group_codes(claims, by)
    if len(set(groups)) < 2:
        with pytest.raises(HarnessError, match="at least 2 groups"):
            leave_one_out(claims, by=by)
        return
    folds = leave_one_out(claims, by=by)
    assert len(folds) == len({fold.name for fold in folds}) == len(set(groups))
    for fold in folds:
        assert len(set(groups[fold.test])) == 1
        assert sorted([*fold.train, *fold.test]) == list(range(len(claims)))
    assert sorted(row for fold in folds for row in fold.test) == list(range(len(claims)))
    order = list(dict.fromkeys(article for article, _ in rows))
    random.shuffle(order)
    other = table([row for name in order for row in rows if row[0] == name])
    of = [{c.claim_id[row]: f.name for f in leave_one_out(c, by=by) for row in f.test} for c in (claims, other)]
    assert of[0] == of[1]


@settings(deadline=None)
@given(ROWS, BY, st.integers(0, 99), st.lists(st.floats(0.01, 1), min_size=2, max_size=5))
def test_a_smaller_share_lies_within_a_larger_one(rows, by, seed, shares):
    claims = table(rows)
    groups = group_codes(claims, by)
    within: set[int] = set()
    for share in sorted(shares):
        kept = training_share(claims, share=share, by=by, seed=seed)
        assert within <= set(kept)
        assert len(kept)
        assert not set(groups[kept]) & set(groups[np.setdiff1d(np.arange(len(claims)), kept)])
        # No group more or less would come closer: one group is the most that it can be off by.
        assert abs(len(kept) - share * len(claims)) <= max(Counter(groups.tolist()).values())
        within = set(kept)
    assert len(training_share(claims, share=1.0, by=by, seed=seed)) == len(claims)


def test_shares_by_hand():
    # sha256("13\\ntrain_share\\n" + letter) orders eight articles of one claim; a quarter is the first two of them.
    claims = table([(letter, None) for letter in "abcdefgh"])
    drawn = sorted("abcdefgh", key=lambda name: hashlib.sha256(f"13\ntrain_share\n{name}".encode()).hexdigest())
    kept = training_share(claims, share=0.25, by="article", seed=13)
    assert {claims.article_id[row] for row in kept} == set(drawn[:2])
    assert len(training_share(claims, share=0.01, by="article", seed=13)) == 1


def dated(dates: str) -> Claims:
    """One claim an article, with these dates; a dash is none."""
    found = [None if date == "-" else date for date in dates.split()]
    return table([(f"article-{number:02}", None) for number in range(len(found))], published=found)


@pytest.mark.parametrize(
    ("dates", "cut", "tested"),
    [
        ("2020 2021-05 2022-01-01 2023", "2022", [2, 3]),
        ("2020 2021-05 2022-01-01 2023", "2021-05", [1, 2, 3]),
        ("2021-12 2022-01", "2022-01-01", [1]),  # a month ends where the next begins
        ("2024-01-31T23:30:00-02:00 2024-02-01T00:30:00Z", "2024-02-01T01:00:00", [0]),  # 01:30 UTC and 00:30 UTC
        ("2024-01-31T23:59:59 2024-02-01", "2024-02-01", [1]),
    ],
)
def test_what_is_published_from_the_cut_on_is_tested(dates, cut, tested):
    fold = by_time(dated(dates), test_from=cut)
    assert list(fold.test) == tested
    assert list(fold.train) == [row for row in range(len(dates.split())) if row not in tested]


@pytest.mark.parametrize(
    ("dates", "cut", "message"),
    [
        ("2020 - 2022 -", "2021", "2 of 4 claims have no date .for example 'article-01-0'.; set `published`"),
        (
            "2020 spring 2022",
            "2021",
            "1 of 3 claims have a date that is not ISO 8601 .*'article-01-0' with date 'spring'",
        ),
        (
            "2020 2021 2022",
            "2021-06-01",
            "1 claims of 1 articles have dates too imprecise .* side of 2021-06-01 .*'article-01'",
        ),
        ("2020 2021", "2030", "all 2 claims are dated before 2030-01-01; their dates are 2020-01-01 to 2021-01-01"),
        ("2020 2021", "2020", "all 2 claims are dated on or after 2020-01-01"),
        ("2020 2021", "soon", "test_from: expected an ISO 8601 date such as 2024-01-31, got 'soon'"),
        ("2020-02-30 2021", "2021", "1 of 2 claims have a date that is not ISO 8601"),
    ],
)
def test_times_that_cannot_be_split(dates, cut, message):
    with pytest.raises(HarnessError, match=message):
        by_time(dated(dates), test_from=cut)


def test_an_article_stays_whole_in_time_and_goes_by_its_latest_claim():
    claims = table([("a", None), ("a", None), ("b", None)], published=["2020", "2022", "2021"])
    assert list(by_time(claims, test_from="2022").test) == [0, 1]


def test_a_share_is_tested_that_comes_closest():
    fold = by_time(dated("2023 2021 2022 2020 2024"), test_share=0.3)
    assert (list(fold.test), fold.name) == ([0, 4], "from 2023-01-01")  # 2 of 5 is as close as 1 of 5, and the earlier
    # Days within a month that is not told more exactly are no cut.
    assert list(by_time(dated("2020-01 2020-01-10 2020-01-20 2020-03"), test_share=0.5).test) == [3]
    for dates in ("2020 2020 2020", "2020 2020-02 2020-03"):
        with pytest.raises(HarnessError, match="no cut separates the articles"):
            by_time(dated(dates), test_share=0.5)


DAYS = ["2020", "2021-03", "2021-03-09", "2021-03-09T10:00:00Z", "2021-07", "2022"]
DATES = st.lists(st.sampled_from(DAYS), min_size=2)


@settings(deadline=None)
@given(DATES, st.floats(0.05, 0.95), st.randoms())
def test_nothing_trained_on_is_later_than_anything_tested_on(dates, share, random):
    claims = dated(" ".join(dates))
    try:
        fold = by_time(claims, test_share=share)
    except HarnessError:
        found = [period(date) for date in dates]
        starts = {one.begins for one in found} - {min(one.begins for one in found)}
        assert not any(all(one.ends <= cut or one.begins >= cut for one in found) for cut in starts)
        return
    assert sorted([*fold.train, *fold.test]) == list(range(len(dates)))
    assert max(period(dates[row]).ends for row in fold.train) <= min(period(dates[row]).begins for row in fold.test)
    order = random.sample(range(len(dates)), len(dates))
    again = by_time(claims.take(np.array(order)), test_share=share)
    assert {claims.claim_id[row] for row in fold.test} == {claims.claim_id[order[row]] for row in again.test}


def test_a_fold_from_named_parts():
    claims = table([(letter, None) for letter in "abcde"])
    fold = fold_from_parts(claims, PARTS, ["train", "dev"], ["test"])
    assert (fold.name, list(fold.train), list(fold.test)) == ("test", [0, 1, 3], [2])
    assert fold_from_parts(claims, PARTS, ["train"], ["dev", "test"]).name == "dev+test"


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (["train"], ["tset"], "part 'tset' has no claims; known: train, dev, test"),
        (["train", "test"], ["test"], "part 'test' is in both train and test"),
    ],
)
def test_parts_that_cannot_be(train, test, message):
    with pytest.raises(HarnessError, match=message):
        fold_from_parts(table([("a", None)]), PARTS, train, test)


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


def test_a_topic_is_in_the_fingerprint_and_its_absence_is_not(tmp_path):
    """Classifiers can see it; and what was measured before there were topics keeps its name."""
    before = made(tmp_path / "d")
    title = {article.article_id: article.title for article in before.articles}
    said = [(claim.claim_id, claim.text, None, None, title[claim.article_id], None) for claim in before.claims]
    assert before.fingerprint == fingerprint(said)
    change_line(tmp_path / "d" / "claims.jsonl", 2, topic="transport")
    after = open_dataset(tmp_path / "d")
    assert after.fingerprint != before.fingerprint
    assert [topic for topic in after.table().topic if topic] == ["transport"]
    assert set(after.table().source) == {"d"}  # without a publisher, the dataset
