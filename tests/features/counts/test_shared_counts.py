"""Counts that fits share: the same n-grams, columns and numbers as those of each fit alone."""

from __future__ import annotations

import gc
import multiprocessing
import pickle
import re
import weakref

import numpy as np
import pytest
from claim_tables import FORECASTS, OPINIONS, STATISTICS, STRANGE
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.features import ngrams
from harness.features.counts import chunks, corpus_counts, sparse_rows
from harness.features.counts.corpus_counts import stored_counts
from harness.features.counts.shared_counts import SharedCounts
from harness.features.ngrams import Ngrams, NgramSettings
from harness.features.weights import BinaryNgrams, Tfidf

TEXTS = [*OPINIONS, *STATISTICS, *FORECASTS, *STRANGE[:5]]
SPANS = [
    {},
    {"word_ngrams": (2, 3), "char_ngrams": None, "min_df": 1},
    {"word_ngrams": None, "char_ngrams": (3, 4)},
    {"word_ngrams": (3, 3), "char_ngrams": (1, 2), "min_df": 3, "sublinear_tf": False},
]


def assert_same(matrix, other) -> None:
    assert matrix.shape == other.shape
    for part in ("indptr", "indices", "data"):
        assert np.array_equal(getattr(matrix, part), getattr(other, part))


def vocabulary(ngrams: Ngrams) -> list[object]:
    """The fields of the counters, with lists for arrays."""
    return [
        {name: [run.tolist() for run in part] if name == "runs" else part for name, part in vars(counter).items()}
        for counter in ngrams.counters
    ]


def compare_with_plain(kind, settings: NgramSettings, shared: SharedCounts, train: list[str], test: list[str]) -> None:
    plain, plain_rows = kind.fit(settings, train)
    with shared.used():
        features, rows = kind.fit(settings, train)
        assert_same(features.transform(test), plain.transform(test))
        weights = np.random.default_rng(0).normal(size=(len(plain.ngrams), 2))
        np.testing.assert_allclose(features.sums(test, weights), plain.sums(test, weights), atol=1e-12)
    assert_same(rows, plain_rows)
    assert vocabulary(features.ngrams) == vocabulary(plain.ngrams)
    assert features.ngrams.columns.tolist() == plain.ngrams.columns.tolist()
    assert features.ngrams.names() == plain.ngrams.names()
    assert_same(features.ngrams.count(test), plain.ngrams.count(test))  # outside of the block, as a saved model counts


def test_n_grams_that_nobody_has_any_more_take_no_memory():
    shared = SharedCounts(TEXTS, memory=0)
    with shared.used():
        features, _ = Tfidf.fit(NgramSettings(), TEXTS[:9])
        ngrams = weakref.ref(features.ngrams)
        assert shared.has(features.ngrams)
        del features
        gc.collect()
    assert ngrams() is None


def test_what_counts_know_of_n_grams_goes_with_the_counts():
    shared = SharedCounts(TEXTS)
    with shared.used():
        features, _ = Tfidf.fit(NgramSettings(), TEXTS[:9])
    places = weakref.ref(shared._columns[id(features.ngrams)][1][0])
    gc.disable()
    try:
        del shared
        assert places() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", [Tfidf, BinaryNgrams])
@pytest.mark.parametrize("span", SPANS)
def test_every_fold_is_as_if_it_were_fitted_alone(kind, span):
    shared = SharedCounts(TEXTS)
    for fold in range(3):
        train = [text for number, text in enumerate(TEXTS) if number % 3 != fold]
        compare_with_plain(kind, NgramSettings(**span), shared, train, TEXTS[fold::3])


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.text("aAbİß .\u2003é5%", max_size=12), min_size=2, max_size=8),
    st.randoms(use_true_random=False),
    st.sampled_from(SPANS),
)
def test_any_texts_in_any_order(texts, random, span):
    train = random.choices(texts, k=len(texts))
    compare_with_plain(Tfidf, NgramSettings(**{**span, "min_df": 1}), SharedCounts(texts), train, texts)


@pytest.mark.parametrize("span", SPANS)
def test_many_texts_are_learned_in_blocks(span, monkeypatch):
    plain = Tfidf.fit(NgramSettings(**span), TEXTS)
    monkeypatch.setattr(chunks, "BLOCK_TEXTS", 3)
    monkeypatch.setattr(sparse_rows, "STEP", 2)
    monkeypatch.setattr(ngrams, "BLOCK_CHUNKS", 5)
    features, rows = Tfidf.fit(NgramSettings(**span), TEXTS)
    assert_same(rows, plain[1])
    assert vocabulary(features.ngrams) == vocabulary(plain[0].ngrams)
    compare_with_plain(Tfidf, NgramSettings(**span), SharedCounts(TEXTS), TEXTS[::2], TEXTS)


def test_texts_that_are_not_shared_are_counted_alone():
    with SharedCounts(TEXTS[:5]).used():
        features, rows = Tfidf.fit(NgramSettings(), TEXTS)
        found = features.transform(TEXTS[:2])
    plain, plain_rows = Tfidf.fit(NgramSettings(), TEXTS)
    assert_same(rows, plain_rows)
    assert_same(found, plain.transform(TEXTS[:2]))


def test_fits_of_the_same_texts_share_their_matrix_until_memory_is_short():
    settings = NgramSettings(min_df=1)
    with SharedCounts(TEXTS).used():
        first, rows = Tfidf.fit(settings, TEXTS)
        again, same_rows = Tfidf.fit(settings, TEXTS)
        assert again is first
        assert same_rows is rows
        assert Tfidf.fit(settings, TEXTS[1:])[1] is not rows
        matrix = weakref.ref(rows)
        del again, rows, same_rows
        assert matrix() is not None
    assert matrix() is None  # the block has ended
    shared = SharedCounts(TEXTS)
    with shared.used():  # as a process does that hands back what it has done from time to time
        first, _ = Tfidf.fit(settings, TEXTS)
    with shared.used():
        assert Tfidf.fit(settings, TEXTS)[0] is first
    with SharedCounts(TEXTS, memory=10).used():
        assert Tfidf.fit(settings, TEXTS)[1] is not Tfidf.fit(settings, TEXTS)[1]


def test_another_process_counts_for_itself():
    shared = SharedCounts(TEXTS)
    with shared.used():
        Tfidf.fit(NgramSettings(), TEXTS)
    compare_with_plain(Tfidf, NgramSettings(), pickle.loads(pickle.dumps(shared)), TEXTS[:9], TEXTS[9:])


def test_counts_on_disk_are_read_again_and_damaged_ones_are_not(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    monkeypatch.setattr(corpus_counts, "MANY_TEXTS", len(TEXTS))
    compare_with_plain(Tfidf, NgramSettings(), SharedCounts(TEXTS), TEXTS[:9], TEXTS[9:])
    cache = stored_counts()
    assert cache.contents() == (3, 0)  # chunks, words and characters
    counted = []
    count = corpus_counts.Corpus.of
    monkeypatch.setattr(
        corpus_counts.Corpus,
        "of",
        lambda chunks, *given: counted.append(chunks.n_texts == len(TEXTS)) or count(chunks, *given),
    )
    compare_with_plain(Tfidf, NgramSettings(), SharedCounts(TEXTS), TEXTS[:9], TEXTS[9:])
    assert counted == [False, False]  # the words and characters of the nine texts that nobody shares
    data = bytearray(cache.path.read_bytes())
    for place in [at.start() + 200 for at in re.finditer(b"PK\x03\x04.{26}names", data, re.DOTALL)]:
        data[place] ^= 1
    cache.path.write_bytes(data)
    assert cache.contents() == (3, 2)
    compare_with_plain(Tfidf, NgramSettings(), SharedCounts(TEXTS), TEXTS[:9], TEXTS[9:])
    assert sum(counted) == 2
    assert cache.contents() == (3, 0)


@pytest.mark.parametrize(("limit", "value"), [("MANY_TEXTS", len(TEXTS) + 1), ("MAX_ENTRY", 0)])
def test_counts_of_few_texts_and_large_ones_are_not_stored(tmp_path, monkeypatch, limit, value):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    monkeypatch.setattr(corpus_counts, "MANY_TEXTS", 1)
    monkeypatch.setattr(corpus_counts, limit, value)
    with SharedCounts(TEXTS).used():
        Tfidf.fit(NgramSettings(), TEXTS)
    assert stored_counts().contents() == (0, 0)


def _count_together(barrier, number: int) -> None:
    barrier.wait(timeout=60)
    for texts in (TEXTS, TEXTS[number:]):
        with SharedCounts(texts).used():
            Tfidf.fit(NgramSettings(), texts)


def test_processes_that_store_counts_at_once_lose_and_damage_none(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "new"))
    monkeypatch.setattr(corpus_counts, "MANY_TEXTS", 1)
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(3)
    processes = [context.Process(target=_count_together, args=(barrier, number)) for number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert stored_counts().contents() == (9, 0)  # chunks, words and characters of three lists of texts
    monkeypatch.setattr(corpus_counts.Corpus, "of", lambda *_: pytest.fail("counted again"))
    with SharedCounts(TEXTS).used():
        _, rows = Tfidf.fit(NgramSettings(), TEXTS)
    assert_same(rows, Tfidf.fit(NgramSettings(), TEXTS)[1])
