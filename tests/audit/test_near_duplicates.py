"""Near duplicates against a comparison of every pair."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.audit import near_duplicates
from harness.audit.near_duplicates import MIN_WORDS, match_near_duplicates, near_pairs, text_key
from harness.data.duplicate_key import text_keys

WORDS = st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=9).map(" ".join)
KEYS = st.lists(WORDS, max_size=25, unique=True)


def every_pair(keys, threshold, fewest):
    sets = [set(key.split()) for key in keys]
    return {
        (i, j): len(sets[i] & sets[j]) / len(sets[i] | sets[j])
        for j in range(len(keys))
        for i in range(j)
        if min(len(sets[i]), len(sets[j])) >= fewest
        and len(sets[i] & sets[j]) >= threshold * len(sets[i] | sets[j]) - 1e-12
    }


@given(KEYS, st.sampled_from([0.3, 0.5, 0.8, 1.0]), st.sampled_from([1, 3, 5]))
def test_exactly_the_pairs_that_are_as_similar(keys, threshold, fewest):
    found = near_pairs(keys, threshold, fewest)
    pairs = dict(zip(zip(found.left.tolist(), found.right.tolist(), strict=True), found.similarity, strict=True))
    assert pairs == pytest.approx(every_pair(keys, threshold, fewest))


@given(KEYS, st.sampled_from([0.5, 0.8]))
def test_small_batches_and_signatures_of_few_bits_give_the_same_pairs(keys, threshold):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "KEYS", 4)
        patch.setattr(near_duplicates, "BATCH", 2)
        patch.setattr(near_duplicates, "SIGNATURE_BITS", 3)
        pairs = near_pairs(keys, threshold, 3)
    assert set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)) == set(every_pair(keys, threshold, 3))


@given(KEYS, st.integers(1, 9))
def test_arrow_numbers_words_as_a_dict_does(keys, block):
    expected = near_pairs(keys, 0.5, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "FEW_KEYS", block)
        patch.setattr(near_duplicates, "NUMBERED_KEYS", block)
        pairs = near_pairs(keys, 0.5, 3)
    assert [column.tolist() for column in pairs] == [column.tolist() for column in expected]


@given(st.text(max_size=12))
def test_a_key_has_the_words_of_its_text_in_lower_case(text):
    plain = unicodedata.normalize("NFKC", text)
    assert text_key(text) == " ".join(re.findall(r"\w+", plain.casefold()))


@given(
    st.lists(
        st.text(st.sampled_from("aB_ .,\n\t\x00\x1c\u00e9\u2003"), max_size=9) | st.just("See https://a.b c"),
        max_size=9,
    )
)
def test_keys_of_many_texts_are_the_keys_of_each(texts):
    assert text_keys(texts) == [text_key(text) for text in texts]


@given(KEYS, KEYS)
def test_exactly_the_few_that_are_near(keys, few):
    found = set(match_near_duplicates(keys, few, 0.6))
    sets, others = [set(key.split()) for key in keys], [set(key.split()) for key in few]
    assert found == {
        (i, j)
        for i in range(len(keys))
        for j in range(len(few))
        if len(others[j]) >= MIN_WORDS and len(sets[i] & others[j]) >= 0.6 * len(sets[i] | others[j])
    }


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Taxes rose by 5%!", "taxes rose by 5", True),
        ("Taxes rose, see https://example.org/a?b=c", "Taxes rose: see", True),
        ("Caf\u00e9 prices rose", "Cafe\u0301 prices rose", True),
        ("\uff15 people", "5 people", True),
        ("ارتفعت الضرائب.", "ارتفعت الضرائب", True),
        ("Taxes rose by 5%", "Taxes rose by 6%", False),
        ("Taxes did not rise", "Taxes did rise", False),
    ],
)
def test_what_a_key_leaves_out(one, other, same):
    assert (text_key(one) == text_key(other)) is same


def test_nothing_has_no_pairs():
    assert not len(near_pairs([]).left)
    assert not len(near_pairs(["", "a"]).left)
