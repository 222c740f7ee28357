"""Paragraphs cover the text of a document: nothing is lost but blanks, and offsets are exact."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.corpora.paragraphs import MAX_PARAGRAPH, paragraphs


def split(text):
    return [text[start:end] for start, end in paragraphs(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One.\n\nTwo.", ["One.", "Two."]),
        ("One.\r\n \r\nTwo.\r\n", ["One.", "Two."]),
        ("One.\nTwo.\nThree.", ["One.", "Two.", "Three."]),
        ("A line that was\nbroken to fit.\n\nNext.", ["A line that was\nbroken to fit.", "Next."]),
        (f"{'long ' * 40}\nNext line", [("long " * 40).strip(), "Next line"]),
        ("  \n\t\n", []),
        ("", []),
    ],
)
def test_what_separates_paragraphs(text, expected):
    assert split(text) == expected


def test_a_long_paragraph_ends_with_a_sentence_a_word_or_a_character():
    sentences = split("This is said again. " * 2_000)
    words = split("word " * 5_000)
    characters = split("x" * 25_000)
    for pieces, end in ((sentences, "again."), (words, "word"), (characters, "x")):
        assert len(pieces) > 2
        assert all(piece.endswith(end) and len(piece) <= MAX_PARAGRAPH for piece in pieces)


@given(st.text(alphabet="ab. !\n\r\t\u2028", max_size=80))
def test_only_blanks_are_lost(text):
    spans = list(paragraphs(text))
    assert all(text[start:end].strip() == text[start:end] != "" for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert "".join("".join(split(text)).split()) == "".join(text.split())
