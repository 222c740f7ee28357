"""Texts that say the same in one form."""

from __future__ import annotations

import pytest

from harness.data.sentences.normalize import FORMS, normalize_text

TEXT = "\u201cIt  rose ,\u201d she did n't say ( in 2020 ) -LRB- \u2013 5 % <|cit|> &amp; more ."


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        ((), TEXT),
        (("case",), TEXT.lower()),
        (
            ("spacing",),
            "\u201cIt rose,\u201d she didn't say (in 2020) -LRB- \u2013 5% <|cit|> &amp; more.",
        ),
        (("marks",), '"It  rose ," she did n\'t say ( in 2020 ) -LRB- - 5 % <|cit|> &amp; more '),
        (("markers",), TEXT.replace("-LRB-", "(").replace("<|cit|>", " ").replace("&amp;", "&")),
        (FORMS, '"it rose," she didn\'t say (in 2020) (- 5% & more'),
    ],
)
def test_each_form_changes_what_it_names(forms, expected):
    assert normalize_text(TEXT, forms) == expected


@pytest.mark.parametrize("text", ["", " ", ".", TEXT, "A.B., 3.5 and .5 at 10:30; isn't 'so'?", "\u0130\ufb01 \ufffd"])
def test_twice_is_once(text):
    once = normalize_text(text, FORMS)
    assert normalize_text(once, FORMS) == once
    assert "3.5 and .5 at 10:30" in once or "3.5" not in text
