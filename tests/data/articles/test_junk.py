"""What is no claim in an article: times, bylines, datelines, share buttons, comment marks."""

from __future__ import annotations

import time

import pytest

from harness.data.articles.article_file import MaskedText, PartSpan
from harness.data.articles.junk import without_junk


def masked(line: str, part: PartSpan | None = None) -> tuple[str, dict[str, int]]:
    """A line after the title of an article, masked, and what was dropped from it."""
    text = f"The title\n{line}"
    spans = () if part is None else (part._replace(start=10, end=len(text)),)
    result = without_junk(MaskedText(text, parts=spans))
    assert len(result.text) == len(text)
    return result.text.partition("\n")[2].strip(), dict(result.dropped)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        *(
            (line, "time")
            for line in ("9:15", "[09:15]", "9:15 a.m.", "09:15 CET", "9.15 Uhr", "9h15", "10 p.m.", "7 min ago")
        ),
        *(
            (line, "reading time")
            for line in ("4 min read", "Reading time: 4 minutes", "Lesezeit: 4 Min.", "4 min de lecture")
        ),
        *((line, "live mark") for line in ("LIVE", "Live updates", "● LIVE")),
        *(
            (line, "byline")
            for line in (
                "By Kim Vale",
                "By Kim Vale and Jo O'Dell, Staff Writers",
                "by KIM VALE in Oslo",
                "By Kim Vale and agencies",
                "(Reporting by Kim Vale; Editing by Jo O'Dell)",
                "By Kim Vale, political correspondent",
                "By Kim Vale | Updated 4 June 2024",
                "4 June 2024, by Kim Vale",
                "Von Käthe Übel",
                "Автор: Ольга Лис",
            )
        ),
        *(
            (line, "dateline")
            for line in (
                "June 4, 2024",
                "Tuesday, 4 June",
                "4. Juni 2024, 9:15 Uhr",
                "4 июня 2024 г.",
                "2024-06-04",
                "Published: 4 June 2024 at 9:15 BST",
                "OSLO, June 4 (AP) -",
                "OSLO (Reuters)",
                "Oslo, 4 June 2024",
            )
        ),
        *(
            (line, "share button")
            for line in (
                "Share",
                "Share on Facebook",
                "Tweet | Print",
                "Facebook Twitter E-mail",
                "12 comments",
                "Teilen",
            )
        ),
    ],
)
def test_a_line_that_is_no_claim(line, kind):
    assert masked(line) == ("", {kind: 1})


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("9:15 Two pumps failed.", "Two pumps failed."),
        ("9:15 a.m. Two pumps failed.", "Two pumps failed."),
        ("9:15 a.m. 300 homes are dark.", "300 homes are dark."),
        ("9:15 It sank.", "It sank."),
        ("9:15 AM Ut is dark.", "Ut is dark."),
        ("[9:15] Two pumps failed.", "Two pumps failed."),
        ("9:15 BST — Police: two held", "Police: two held"),
        ("9:15 – two pumps failed.", "two pumps failed."),
        ("9.15 Uhr: Zwei Pumpen fallen aus.", "Zwei Pumpen fallen aus."),
        ("9h15 « Rien ne va », dit-elle.", "« Rien ne va », dit-elle."),
        ("9:15 水位上升", "水位上升"),
    ],
)
def test_a_leading_time(line, expected):
    assert masked(line) == (expected, {"time": 1})


@pytest.mark.parametrize(
    "line",
    [
        "9:15 trains were late.",
        "2:1 was the score.",
        "9.15 Euro cost it.",
        "24 hours later",
        "By Monday, prices rose.",
        "By the river, two people drowned.",
        "Автор статьи говорит",
        "The share of women rose.",
        "Editing by computer is common.",
        "4 June 2024 was a Tuesday.",
        "OSLO",
        "Oslo – the capital",
        "He gave[s] up.",
        "May",
        "",
    ],
)
def test_a_line_that_stays(line):
    assert masked(line) == (line, {})


def test_a_title_and_a_heading_can_read_like_a_byline():
    assert without_junk(MaskedText("By Land and Sea\n\nText.")).dropped == {}
    assert masked("By Land and Sea", PartSpan(0, 0, "heading")) == ("By Land and Sea", {})
    assert masked("9:15 Two pumps fail", PartSpan(0, 0, "heading")) == ("Two pumps fail", {"time": 1})


def test_a_row_of_a_table_and_turns_of_speakers_stay():
    assert masked("9:15; Oslo", PartSpan(0, 0, "table cell", whole=True)) == ("9:15; Oslo", {})
    assert masked("June 4, 2024", PartSpan(0, 0, "list item")) == ("June 4, 2024", {})
    turns = MaskedText("9:15 Yes.", turns=((0, "Kim"),))
    assert without_junk(turns) == turns


def test_comment_marks_in_plain_text():
    text = "The title\nIt sank.[a] Nobody saw it.[b]\n[a]Check this.\n[b]Who says so?\nShe saw [it] and [c]alm."
    result = without_junk(MaskedText(text))
    assert result.text.split() == [
        "The",
        "title",
        "It",
        "sank.",
        "Nobody",
        "saw",
        "it.",
        "She",
        "saw",
        "[it]",
        "and",
        "[c]alm.",
    ]
    assert result.dropped == {"comment mark": 2, "comment": 2}


@pytest.mark.parametrize("unit", ["share on ", "By Ann ", "x", "9:15 ", "[a]", "A ", "May 3, ", "x, "])
def test_a_hostile_line_takes_no_long(unit):
    start = time.process_time()
    without_junk(MaskedText("T\n" + "\n".join([(unit * 200)[:150]] * 20) + "\n" + unit * 20_000))
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("line", "dropped"), [("By Kim Vale and Jo Dell, Staff Writers", {"byline": 1}), ("By Land and Sea", {})]
)
def test_the_first_line_is_a_byline_only_with_what_the_names_are(line, dropped):
    assert dict(without_junk(MaskedText(f"{line}\nThe bridge is shut.")).dropped) == dropped
