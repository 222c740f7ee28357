"""Numbers of character n-grams: those of one n-gram at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.features.counts.chunks import Chunks
from harness.features.counts.learned_grams import learned_grams
from harness.features.ngrams import CharNgrams

CHUNKS = st.lists(st.text("aAb\u0301é5%\ud800\U0001f600", min_size=1, max_size=9), max_size=8)


@settings(deadline=None, max_examples=60)
@given(CHUNKS, st.sampled_from([(1, 1), (2, 5), (4, 4), (5, 9), (12, 13)]))
def test_they_are_in_the_order_of_first_occurrence(chunks, span):
    counter = CharNgrams(*span)
    rows = [counter.ngrams_of(chunk) for chunk in chunks]
    flat = [gram for row in rows for gram in row]
    learned = learned_grams(chunks, *span)
    assert learned.names == list(dict.fromkeys(flat))
    assert [learned.names[number] for number in learned.numbers] == flat
    assert learned.sizes.tolist() == list(map(len, rows))


@pytest.mark.parametrize(("high", "has_codes"), [(2, True), (5, False)])
def test_an_alphabet_too_large_for_64_bits_has_no_codes_and_is_counted_all_the_same(high, has_codes):
    chunks = [chr(0x4E00 + number) * 3 for number in range(7_000)]  # 7,001 ** 5 > 2 ** 63
    assert (learned_grams(chunks, 1, high) is not None) == has_codes
    counter = CharNgrams(1, high)
    pieces = counter.learn(Chunks.of([" ".join(chunks)]))
    grams = list(dict.fromkeys(gram for chunk in chunks for gram in counter.ngrams_of(chunk)))
    assert list(counter.grams) == grams
    assert np.count_nonzero(pieces.numbers == grams.index(" ")) == 2 * len(chunks)
