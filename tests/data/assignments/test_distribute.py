"""Claims are distributed evenly, always in the same way, and what is assigned stays."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest

from harness.data.assignments.distribute import Distribution, with_repeats
from harness.records import Claim

NAMES = ("ann", "bob", "cal", "dan")


def claims(n, per_article=5):
    return [Claim(claim_id=f"c{i}", article_id=f"a{i // per_article}", start=0, end=1) for i in range(n)]


def singles(n):
    return [[claim] for claim in claims(n)]


def assigned(groups, *, earlier=None, names=NAMES, overlap=2, seed=0):
    return Distribution(earlier or {}, names, overlap, seed).assign(groups)


def test_each_claim_has_the_overlap_and_all_annotators_and_pairs_equally_many():
    of_annotator = assigned(singles(60))
    assert Counter(len(claim_ids) for claim_ids in of_annotator.values()) == {30: 4}
    pairs = Counter(
        pair
        for claim in claims(60)
        for pair in combinations([name for name in NAMES if claim.claim_id in of_annotator[name]], 2)
    )
    assert sum(pairs.values()) == 60
    assert max(pairs.values()) - min(pairs.values()) <= 2
    assert len(pairs) == 6


def test_the_order_of_the_groups_is_kept():
    for claim_ids in assigned(singles(60)).values():
        assert claim_ids == sorted(claim_ids, key=lambda claim_id: int(claim_id[1:]))


def test_the_seed_decides_between_equals_and_nothing_else_does():
    assert assigned(singles(60)) == assigned(singles(60))
    assert assigned(singles(60)) != assigned(singles(60), seed=1)


def test_claims_that_are_added_are_assigned_and_the_others_stay():
    first = assigned(singles(40))
    added = assigned(singles(60), earlier=first)
    assert {claim_id for claim_ids in added.values() for claim_id in claim_ids} == {f"c{i}" for i in range(40, 60)}
    assert Counter(len(first[name]) + len(added[name]) for name in NAMES) == {30: 4}
    assert not any(assigned(singles(40), earlier=first).values())


def test_a_higher_overlap_and_a_new_annotator_get_what_is_missing():
    first = assigned(singles(40), names=("ann", "bob"), overlap=1)
    added = assigned(singles(40), earlier=first, names=NAMES, overlap=2)
    counts = Counter(claim_id for part in (first, added) for claim_ids in part.values() for claim_id in claim_ids)
    assert set(counts.values()) == {2}
    assert not any(set(first[name]) & set(added[name]) for name in ("ann", "bob"))
    assert {len(first.get(name, ())) + len(added[name]) for name in NAMES} == {20}


def test_the_claims_of_an_article_stay_together_also_those_that_are_added():
    whole = claims(60)
    groups = [whole[i : i + 5] for i in range(0, 60, 5)]
    first = assigned([group[:4] for group in groups])
    added = assigned(groups, earlier=first)
    for group in groups:
        team = {name for name in NAMES if group[0].claim_id in first[name]}
        assert len(team) == 2
        for claim in group:
            assert {name for name in NAMES if claim.claim_id in (*first[name], *added[name])} == team


@pytest.mark.parametrize("sizes", [[30, 1, 1, 1, 5, 22], [7, 7, 7, 7, 7]])
def test_articles_of_unlike_length_are_balanced_up_to_the_shortest_ones(sizes):
    groups, start = [], 0
    for size in sizes:
        groups.append(claims(sum(sizes))[start : start + size])
        start += size
    loads = [len(claim_ids) for claim_ids in assigned(groups, names=("ann", "bob"), overlap=1).values()]
    assert abs(loads[0] - loads[1]) <= 7


@pytest.mark.parametrize(
    ("n", "share", "repeats"), [(100, 0.05, 5), (40, 0.5, 20), (10, 0.05, 1), (3, 0.05, 0), (9, 0, 0)]
)
def test_repeats_come_at_least_half_of_the_claims_later(n, share, repeats):
    ids = [f"c{i}" for i in range(n)]
    lines = with_repeats(ids, share, 0, "ann")
    assert [line.claim_id for line in lines if line.role == "label"] == ids
    again = {line.claim_id: index for index, line in enumerate(lines) if line.role == "repeat"}
    assert len(again) == repeats
    first = {line.claim_id: index for index, line in enumerate(lines) if line.role == "label"}
    assert all(index - first[claim_id] >= n // 2 for claim_id, index in again.items())


def test_repeats_differ_by_annotator_and_seed():
    ids = [f"c{i}" for i in range(200)]
    chosen = {
        frozenset(line.claim_id for line in with_repeats(ids, 0.1, seed, name) if line.role == "repeat")
        for name, seed in (("ann", 0), ("bob", 0), ("ann", 1), ("ann", 0))
    }
    assert len(chosen) == 3
