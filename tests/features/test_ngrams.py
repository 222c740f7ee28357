"""Counts and weights of n-grams, by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from claim_tables import FORECASTS, OPINIONS, STATISTICS, STRANGE
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from harness.features.counts.shared_counts import SharedCounts
from harness.features.ngrams import TOKEN, Ngrams, NgramSettings, place_of
from harness.features.weights import BinaryNgrams, Tfidf

ALL = {"min_df": 1}
WORDS = {"word_ngrams": (1, 2), "char_ngrams": None}
TEXTS = [*OPINIONS, *STATISTICS, *FORECASTS, *STRANGE[:5]]


def fitted(chosen: NgramSettings, texts: list[str]):
    """The n-grams of texts, and their counts there."""
    with SharedCounts(texts).used():
        presence, _ = BinaryNgrams.fit(chosen, texts)
    return presence.ngrams, presence.ngrams.count(texts)


def counts_by_name(ngrams: Ngrams, text: str) -> dict[str, float]:
    row = ngrams.count([text])
    names = ngrams.names()
    return {names[column]: count for column, count in zip(row.indices, row.data, strict=True)}


def test_words_and_punctuation_marks_in_the_order_of_first_sight():
    ngrams, counts = fitted(NgramSettings(**WORDS, **ALL), ["No. No 5%", "5%?"])
    # tokens: no . no 5 %   and   5 % ?
    assert ngrams.names() == [
        *("word:no", "word:.", "word:5", "word:%", "word:?"),
        *("word:no .", "word:no 5", "word:. no", "word:5 %", "word:% ?"),
    ]
    assert counts.toarray().tolist() == [[2, 1, 1, 1, 0, 1, 1, 1, 1, 0], [0, 0, 1, 1, 1, 0, 0, 0, 1, 1]]


def test_unknown_words_break_a_run():
    ngrams, _ = fitted(NgramSettings(**WORDS, **ALL), ["one two three"])
    assert counts_by_name(ngrams, "One two four two three") == {
        "word:one": 1,
        "word:two": 2,
        "word:three": 1,
        "word:one two": 1,
        "word:two three": 1,
    }


def test_characters_keep_to_their_chunk():
    ngrams, counts = fitted(NgramSettings(word_ngrams=None, char_ngrams=(2, 3), **ALL), ["ab b"])
    # chunks " ab " and " b "
    assert ngrams.names() == [f"char:{gram}" for gram in (" a", "ab", "b ", " ab", "ab ", " b", " b ")]
    assert counts.toarray().tolist() == [[1, 1, 2, 1, 1, 1, 1]]


def test_min_df_counts_texts_and_not_occurrences():
    ngrams, _ = fitted(NgramSettings(**WORDS, min_df=2), ["a a b", "b c", "d"])
    assert ngrams.names() == ["word:b"]


@pytest.mark.parametrize("span", [(1, 1), (1, 2), (2, 3), (1, 4)])
def test_word_counts_equal_those_of_scikit_learn(span):
    vectorizer = CountVectorizer(token_pattern=TOKEN.pattern, ngram_range=span)
    compare(NgramSettings(word_ngrams=span, char_ngrams=None, **ALL), vectorizer)


@pytest.mark.parametrize("span", [(1, 1), (2, 5), (3, 4), (6, 9)])
def test_character_counts_equal_those_of_scikit_learn(span):
    compare(
        NgramSettings(word_ngrams=None, char_ngrams=span, **ALL), CountVectorizer(analyzer="char_wb", ngram_range=span)
    )


@pytest.mark.parametrize("span", [{}, {"word_ngrams": (2, 3)}, {"word_ngrams": None}, {"char_ngrams": None}], ids=str)
def test_a_vocabulary_of_which_only_some_columns_count_gives_the_same_weights(span):
    """As models have it that were saved before vocabularies held only what counts."""
    whole, _ = fitted(NgramSettings(**span, **ALL), TEXTS)
    tfidf, _ = Tfidf.fit(NgramSettings(**span), TEXTS)
    names = tfidf.ngrams.names()
    columns = np.flatnonzero(np.isin(whole.names(), names))
    older = Tfidf(Ngrams(whole.counters, columns, tfidf.ngrams.edge), tfidf.idf, tfidf.sublinear)
    assert older.ngrams.names() == names
    texts = [*STRANGE, *TEXTS]
    assert (older.ngrams.count(texts) != tfidf.ngrams.count(texts)).nnz == 0
    assert (older.transform(texts) != tfidf.transform(texts)).nnz == 0
    weights = np.random.default_rng(0).normal(size=(len(names), 2))
    assert np.array_equal(older.sums(texts, weights), tfidf.sums(texts, weights))


def compare(chosen: NgramSettings, vectorizer: CountVectorizer) -> None:
    ngrams, counts = fitted(chosen, TEXTS[:12])
    expected = vectorizer.fit_transform(TEXTS[:12])
    names = [name.partition(":")[2] for name in ngrams.names()]
    assert sorted(names) == sorted(vectorizer.vocabulary_)
    columns = [vectorizer.vocabulary_[name] for name in names]
    assert (counts.toarray() == expected.toarray()[:, columns]).all()
    assert (ngrams.count(TEXTS).toarray() == vectorizer.transform(TEXTS).toarray()[:, columns]).all()


@pytest.mark.parametrize("sublinear", [True, False])
def test_weights_equal_those_of_scikit_learn(sublinear):
    chosen = NgramSettings(sublinear_tf=sublinear, **ALL)
    tfidf, rows = Tfidf.fit(chosen, TEXTS)
    words = TfidfVectorizer(token_pattern=TOKEN.pattern, ngram_range=(1, 2), sublinear_tf=sublinear)
    chars = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=sublinear)
    expected = np.hstack([words.fit_transform(TEXTS).toarray(), chars.fit_transform(TEXTS).toarray()])
    where = {f"word:{name}": column for name, column in words.vocabulary_.items()}
    where |= {f"char:{name}": column + len(where) for name, column in chars.vocabulary_.items()}
    columns = [where[name] for name in tfidf.ngrams.names()]
    np.testing.assert_allclose(rows.toarray(), expected[:, columns], atol=1e-12)
    assert (tfidf.transform(TEXTS) != rows).nnz == 0


def test_weights_by_hand():
    # "a b" and "a": idf of a = ln(3/3) + 1 = 1, of b = ln(3/2) + 1 = 1.4055; length sqrt(1 + 1.9753) = 1.7249
    _, rows = Tfidf.fit(NgramSettings(word_ngrams=(1, 1), char_ngrams=None, **ALL), ["a b", "a"])
    np.testing.assert_allclose(rows.toarray(), [[0.5797, 0.8148], [1, 0]], atol=5e-5)


def test_presence_is_one_however_often():
    presence, rows = BinaryNgrams.fit(NgramSettings(word_ngrams=(1, 1), char_ngrams=None, **ALL), ["a a b", "b"])
    assert rows.toarray().tolist() == [[1, 1], [0, 1]]
    assert presence.transform(["b b"]).toarray().tolist() == [[0, 1]]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=6), st.lists(st.text(max_size=12), max_size=4))
def test_a_row_depends_on_its_own_text(training, texts):
    tfidf, rows = Tfidf.fit(NgramSettings(**ALL), training)
    assert (tfidf.transform(training) != rows).nnz == 0
    together = tfidf.transform([*texts, *training])
    assert together.shape == (len(texts) + len(training), len(tfidf.ngrams))
    for at, text in enumerate(texts):
        assert (tfidf.transform([text]) != together[at]).nnz == 0


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("word:rose", "Prose Rose", "Rose"),
        ("word:5 %", "a 5% rise", "5%"),
        ("word:% ?", "5 %?", "%?"),
        ("char: ro", "bro Rome", "Ro"),
        ("char:me ", "mesh Rome", "me"),
        ("char:os", "Rose", "os"),
        ("word:none", "Rose", ""),
    ],
)
def test_place_of_an_ngram_in_its_text(name, text, place):
    assert place_of(name, text) == place


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"word_ngrams": (2, 1)}, r"word_ngrams must be \[minimum, maximum\] with .*; got \[2, 1\]"),
        ({"char_ngrams": (0, 2)}, r"char_ngrams must be \[minimum, maximum\]"),
        ({"word_ngrams": None, "char_ngrams": None}, "both null; set at least one"),
        ({"word_ngrams": [1, "2"]}, "valid integer"),
    ],
)
def test_settings_that_make_no_sense(wrong, message):
    with pytest.raises(ValidationError, match=message):
        NgramSettings(**wrong)
