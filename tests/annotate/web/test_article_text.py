"""An article as HTML: nothing in it acts, and every character has its place."""

from __future__ import annotations

import html
import re

import pytest

from harness.annotate.web.article_text import MAX_PIECE, SHOWN, ArticleText, Window, to_html
from harness.records import Article


def article_of(text):
    return ArticleText(Article(article_id="a", text=text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b>&\"'", "&lt;b&gt;&amp;&quot;&#x27;"),
        ("a\nb", "a\nb"),
        ("a\u202eb", 'a<span class="sign">\\u202e</span>b'),
        ("\x1b[31m", '<span class="sign">\\x1b</span>[31m'),
        ("a\r\nb", 'a<span class="sign"></span>\nb'),
        ("a\tb", 'a<span class="sign blank"> </span>b'),
        ("\u200bé\U0001f600", '<span class="sign">\\u200b</span>é\U0001f600'),
    ],
)
def test_a_text_is_shown_and_does_nothing(text, shown):
    assert to_html(text) == shown


def n_characters(markup):
    """Counts as the page does: a sign is one character."""
    text = re.sub(r'<span class="sign[^>]*>[^<]*</span>', "x", markup)
    return len(html.unescape(re.sub(r"<[^>]+>", "", text)))


TEXT = 'One <i>\r\ntwo\u202e 😀 three.\n\nFour "five"\t' + "long " * 1000 + "\nend"


@pytest.mark.parametrize(("start", "end"), [(0, 3), (4, 12), (9, 40), (3000, 4900), (len(TEXT) - 3, len(TEXT))])
def test_the_marked_characters_are_those_of_the_claim(start, end):
    text = article_of(TEXT)
    markup = text.html(text.window(start, end), start, end)
    assert n_characters(markup) == len(TEXT)
    before, marked = markup.split("<mark>", 1)
    assert n_characters(before) == start
    inside = "".join(re.findall(r"<mark>(.*?)</mark>", "<mark>" + marked, re.DOTALL))
    assert n_characters(inside) == end - start
    assert html.unescape(to_html(TEXT[start:end])) == html.unescape(inside)
    starts = [int(number) for number in re.findall(r'data-start="(\d+)"', markup)]
    assert starts == text.starts
    assert all(TEXT[a - 1] == "\n" or a % MAX_PIECE for a in starts[1:])


def test_only_the_pieces_of_the_claim_change_in_a_window_that_holds_it():
    text = article_of("\n".join(f"Line {number}." for number in range(100_000)))
    start = text.text.index("Line 50000.")
    window = text.window(start, start + 11)
    assert not text.is_whole(window)
    assert len(text.html(window, start, start + 11)) < 20 * SHOWN
    near = text.text.index("Line 50100.")
    assert text.window(near, near + 11, window) == window
    assert [markup for _, markup in text.marked_pieces(near, near + 11)] == ["<mark>Line 50100.</mark>\n"]
    far = text.text.index("Line 90000.")
    moved = text.window(far, far + 11, window)
    assert moved != window
    assert "<mark>Line 90000.</mark>" in text.html(moved, far, far + 11)


@pytest.mark.parametrize("held", [Window("b", 0, 1), Window("a", 5, 2), Window("a", 0, 10**9), Window("a", 1, 2)])
def test_a_page_that_holds_something_else_gets_the_article(held):
    text = article_of("A line.\nAnother.\nThird.")
    assert text.window(0, 7, held) == Window("a", 0, 3)
    assert text.is_whole(Window("a", 0, 3))


def test_an_empty_article():
    text = article_of("")
    assert text.html(text.window(0, 0), 0, 0) == '<span id="p0" data-start="0"></span>'
