"""Web pages: captions, lists and tables, live blogs, comments of Google Docs, languages, text in JSON-LD."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from harness import open_dataset
from harness.cli.command import harness as group
from harness.data.articles.html import WebPage, read_page

PARAGRAPHS = tuple(
    f"The {name} bridge was closed on Monday for repairs that will cost {cost} million crowns, the council said. It is "
    "to open again in the spring, when the new bearings have been tested under load."
    for name, cost in (("north", 12), ("south", 15), ("old", 31))
)
FIRST, SECOND, THIRD = (f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)


def page(body: str, head: str = "", html: str = "<html>") -> bytes:
    return f"<!doctype html>{html}<head><title>Bridges</title>{head}</head><body>{body}</body></html>".encode()


def article(*pieces: str) -> bytes:
    return page(f"<nav><ul><li>Home</li></ul></nav><article><h1>Bridges</h1>{''.join(pieces)}</article>")


def parts(found: WebPage) -> list[tuple[str, str]]:
    text = found.fields["text"] or ""
    return [(part.part, text[part.start : part.end]) for part in found.marked.parts]


def test_captions_follow_the_text_before_their_picture():
    found = read_page(
        article(
            FIRST,
            "<figure><img src=a.jpg><figcaption>The north bridge in <b>1953</b>. <span class='credit'>Photo: Kim</span>"
            "</figcaption></figure>",
            SECOND,
            "<figure><img src=b.jpg><figcaption>Photo: Kim Vale</figcaption></figure>",
            "<div class='wp-caption'><img src=c.jpg><p class='wp-caption-text'>Bearings wait on the quay.</p></div>",
            THIRD,
        ),
        "a.html",
    )
    captions = [part for part in parts(found) if part[0] == "caption"]
    assert captions == [("caption", "The north bridge in 1953."), ("caption", "Bearings wait on the quay.")]
    lines = (found.fields["text"] or "").split("\n")
    assert lines.index("The north bridge in 1953.") == lines.index(PARAGRAPHS[0]) + 1
    assert found.marked.dropped == {"credit": 1}


def test_captions_outside_the_article_are_left_out():
    teaser = "<aside><figure><img src=a.jpg><figcaption>Ten cats who look like bridges</figcaption></figure></aside>"
    found = read_page(page(f"{teaser}<article>{FIRST}{SECOND}{THIRD}</article>{teaser}"), "a.html")
    assert "cats" not in (found.fields["text"] or "")


def test_lists_are_items_and_menus_are_none():
    items = "<ul><li>Two bearings were replaced.</li><li>A <b>third</b> is on order</li></ul>"
    menu = "<ul><li><a href=/a>More on the north bridge</a></li><li><a href=/b>All bridges</a></li></ul>"
    found = read_page(article(FIRST, items, SECOND, THIRD, menu), "a.html")
    assert [part for part in parts(found) if part[0] == "list item"] == [
        ("list item", "Two bearings were replaced."),
        ("list item", "A third is on order"),
    ]


def test_lists_that_the_extraction_loses_come_back_without_the_lists_in_them():
    inner = "<ul><li><p>Of the north\n bridge.</p><p>Of the old one.</p></li></ul>"
    items = f"<ul class=related><li>Two bearings were replaced.{inner}</li><li>A third is on order</li></ul>"
    found = read_page(article(FIRST, items, SECOND, THIRD), "a.html")
    assert [text for part, text in parts(found) if part == "list item"] == [
        "Two bearings were replaced.",
        "Of the north bridge.",
        "Of the old one.",
        "A third is on order",
    ]


def test_a_row_of_a_table_is_one_part_with_the_names_of_its_columns():
    table = (
        "<table><caption>Spending by year</caption><tr><th>Year</th><th>Spent</th><th>Note</th></tr>"
        "<tr><td>2022</td><td>3 <b>mill</b>ion.</td><td></td></tr><tr><td>2023</td><td>5 million</td><td>Est.</td></tr>"
        "</table><table><tr><td>North</td><td>12</td></tr></table>"
    )
    found = read_page(article(FIRST, table, SECOND, THIRD), "a.html")
    assert parts(found) == [
        ("caption", "Spending by year"),
        ("table cell", "Year: 2022; Spent: 3 million."),
        ("table cell", "Year: 2023; Spent: 5 million; Note: Est."),
        ("table cell", "North; 12"),
    ]
    assert "|" not in (found.fields["text"] or "")


def test_cells_that_span_rows_and_columns_stand_in_each_of_them():
    head = "<tr><th rowspan=2>Year</th><th colspan=2>Spent</th></tr><tr><th>Roads</th><th>Schools</th></tr>"
    body = "<tr><td rowspan='2'>2022</td><td>3</td><td>4</td></tr><tr><td>5</td><td>6</td></tr>"
    note = "<tr><td colspan=3>Two rows a year.</td></tr>"
    found = read_page(article(FIRST, SECOND, f"<table>{head}{body}{note}</table>", THIRD), "page.html")
    assert [text for part, text in parts(found) if part == "table cell"] == [
        "Year: 2022; Spent Roads: 3; Spent Schools: 4",
        "Year: 2022; Spent Roads: 5; Spent Schools: 6",
    ]


def test_a_span_of_any_size_ends():
    cells = "<tr><td rowspan=999999999 colspan=999999999>1</td><td colspan=x rowspan=-1>2</td></tr>" * 20
    assert "12 million" in (
        read_page(article(FIRST, SECOND, f"<table>{cells}</table>", THIRD), "page.html").fields["text"] or ""
    )


def test_offers_and_pointers_are_left_out_wherever_they_stand():
    offers = (
        "Sign up for our daily newsletter to get the best stories every morning.",
        "Already a subscriber? Log in",
        "Read more: Why bridges fail",
        "Dieser Artikel ist nur für Abonnenten lesbar.",
    )
    found = read_page(article(FIRST, *(f"<p>{offer}</p>" for offer in offers), SECOND, THIRD), "page.html")
    assert lines(found) == [*PARAGRAPHS]
    assert found.marked.dropped["offer"] == len(offers)


def test_boxes_of_amp_pages_are_left_out():
    box = "<p>These are the stories that others are reading today, says the box.</p>"
    found = read_page(
        article(FIRST, f"<amp-list>{box}</amp-list>", SECOND, f"<amp-ad>{box}</amp-ad>", THIRD), "page.html"
    )
    assert lines(found) == [*PARAGRAPHS]


def test_who_made_a_picture_is_cut_off_its_caption():
    figure = "<figure><img src=a.jpg><figcaption>It opened in 1953. Photo: Kim Vale/Agency</figcaption></figure>"
    assert parts(read_page(article(FIRST, figure, SECOND, THIRD), "page.html")) == [("caption", "It opened in 1953.")]


@pytest.mark.parametrize(
    ("text", "date"), [("It opened in 2022.", None), ("Published on 1 January 2022.", "2022-01-01")]
)
def test_a_year_in_the_text_is_no_date(text, date):
    assert read_page(article(f"<p>{text}</p>", FIRST, SECOND, THIRD), "page.html").fields["published"] == date


def test_a_list_after_the_only_paragraph():
    found = read_page(
        page(f"{FIRST}<ul><li>Roads got 2 million euros.</li><li>Schools got 1 million.</li></ul>"), "page.html"
    )
    assert [part for part, _ in parts(found)] == ["list item", "list item"]


def test_a_table_that_arranges_a_page_is_running_text():
    found = read_page(page(f"<table><tr><td>{FIRST}{SECOND}</td><td>{THIRD}</td></tr></table>"), "a.html")
    assert (found.fields["text"] or "").split("\n") == [*PARAGRAPHS]
    assert parts(found) == []


def test_comments_of_google_docs_are_removed():
    mark = "<sup><a href='#cmnt1' id='cmnt_ref1'>[a]</a></sup>"
    comment = "<div><p><a href='#cmnt_ref1' id='cmnt1'>[a]</a><span>Check this. Please.</span></p></div>"
    first = FIRST.replace("Monday", f"Monday{mark}")
    found = read_page(page(f"<p class='c1 title'>Two bridges</p>{first}<p>It floats.</p>{SECOND}{comment}"), "a.html")
    lines = (found.fields["text"] or "").split("\n")
    assert lines == ["Two bridges", PARAGRAPHS[0], "It floats.", PARAGRAPHS[1]]
    assert parts(found) == [("heading", "Two bridges")]
    assert found.marked.dropped == {"comment mark": 1}


@pytest.mark.parametrize(
    ("html", "head", "language"),
    [
        ("<html lang=de-at>", "", "de-AT"),
        ("<html lang='pt_BR'>", "<meta property='og:locale' content='en_US'>", "pt-BR"),
        ("<html>", "<meta property='og:locale' content='fr_FR'>", "fr-FR"),
        ("<html lang='x-default'>", "<meta http-equiv='Content-Language' content='nl'>", "nl"),
        ("<html>", '<script type="application/ld+json">{"@graph": [{"inLanguage": ["sv"]}]}</script>', "sv"),
        ("<html>", '<script type="application/ld+json">{not json}</script>', None),
    ],
)
def test_the_language_that_a_page_declares(html, head, language):
    found = read_page(page(f"<article>{FIRST}{SECOND}{THIRD}</article>", head, html), "a.html")
    assert found.fields["language"] == language


def lines(found: WebPage) -> list[str]:
    return (found.fields["text"] or "").split("\n")


@pytest.mark.parametrize("name", ["comments post-comment", "related teaser sidebar"])
@pytest.mark.parametrize(("box", "tag"), [("div", "p"), ("ul", "li")])
def test_an_article_in_an_element_whose_name_is_that_of_comments_or_teasers(name, box, tag):
    inside = "".join(f"<{tag}>{text}</{tag}>" for text in PARAGRAPHS)
    notice = "<p>This site uses cookies to show you bridges. You may refuse them at any time you like.</p>"
    found = read_page(page(f"<{box} class='{name}'>{inside}</{box}><footer>{notice}</footer>"), "a.html")
    assert set(lines(found)) == set(PARAGRAPHS)


def test_what_stands_between_paragraphs_comes_back():
    post = "<div class=social-embed><blockquote><p>No ferry today!</p>- Kim Vale</blockquote></div>"
    gaps = (
        f"<h2 class=teaser>The ferry</h2><p class=share-text>It runs again.</p>{post}<p><a href=/a>Other news</a></p>"
    )
    found = read_page(article(FIRST, gaps, SECOND, THIRD, "<p class=teaser>Bridges of the world</p>"), "a.html")
    assert lines(found) == [
        *(PARAGRAPHS[0], "The ferry", "It runs again.", "No ferry today!", "- Kim Vale"),
        *PARAGRAPHS[1:],
    ]


def test_a_title_is_a_field_and_lines_that_point_elsewhere_are_left_out():
    teasers = "".join(f"<h3><a href=/{n}>A teaser of bridge {n} in the town</a></h3>" for n in range(4))
    pointer = "<p>Related: <a href=/a>Ten bridges that fell into a river in a dry year</a></p>"
    closing = "<p>Filed under: Bridges</p><p>Follow us on Twitter and Facebook.</p>"
    found = read_page(article(teasers, FIRST, pointer, SECOND, THIRD, closing), "a.html")
    assert found.fields["title"] == "Bridges"
    assert lines(found) == [*PARAGRAPHS]
    assert found.marked.dropped.items() <= {"headings in a row": 4, "pointer": 1, "closing line": 2}.items()


@pytest.mark.parametrize(
    "text",
    [
        "<table><tr><td>North</td><td>12 ships on a long day</td></tr><tr><td>South</td><td>15 ships on a day</td></tr>"
        "<tr><td>Old</td><td>31 boats that nobody counts</td></tr><tr><td>New</td><td>none at all</td></tr></table>",
        "".join(f"<p>สะพานแห่งนี้ปิดซ่อมตั้งแต่วันจันทร์ และจะเปิดอีกครั้งในฤดูใบไม้ผลิ ครั้งที่ {n}</p>" for n in range(5)),
    ],
)
def test_a_text_without_ends_of_sentences_is_an_article(text):
    assert len(lines(read_page(article(text), "a.html"))) >= 4


def test_one_broken_character_makes_no_other_encoding():
    data = article(FIRST, "<p>Die Brücke über den Fluss heißt „Große Brücke“.</p>", SECOND, THIRD)
    found = read_page(data.replace("über".encode(), b"\xc3ber"), "a.html")
    assert (found.encoding, lines(found)[1]) == ("utf-8", "Die Brücke \ufffdber den Fluss heißt „Große Brücke“.")
    latin = data.decode().replace("„", '"').replace("“", '"').encode("latin-1")
    assert "Große Brücke" in (read_page(latin, "a.html").fields["text"] or "")


@pytest.mark.parametrize(
    "body", ["\n\n".join(PARAGRAPHS), "".join((FIRST, SECOND, THIRD)), " \n".join(PARAGRAPHS).replace("-", "&#45;")]
)
def test_a_text_that_stands_in_the_data_only(body):
    data = {"@graph": [{"headline": "Site"}, {"@type": "NewsArticle", "headline": "Bridges shut", "articleBody": body}]}
    head = f'<script type="application/ld+json">{json.dumps(data)}</script>'
    found = read_page(page("<div id=root>Please turn on JavaScript.</div>", head), "a.html")
    assert (found.fields["title"], found.fields["text"]) == ("Bridges shut", "\n".join(PARAGRAPHS))


def test_a_text_that_the_page_shows_is_not_taken_from_the_data():
    head = f'<script type="application/ld+json">{json.dumps({"articleBody": PARAGRAPHS[0] + " And more."})}</script>'
    found = read_page(page(f"<article>{FIRST}{SECOND}{THIRD}</article>", head), "a.html")
    assert (found.fields["text"] or "").split("\n") == [*PARAGRAPHS]


def test_ingest_writes_the_parts_and_says_what_was_dropped(tmp_path):
    live = (
        f"<p>LIVE</p><p>By Kim Vale</p><h2>09:15 Bridge shut</h2>{FIRST}"
        f"<h2>09:02</h2><h2><time>08:40</time> Ice</h2>{SECOND}"
        f"<figure><img src=a.jpg><figcaption>The queue at nine.</figcaption></figure>{THIRD}"
    )
    (tmp_path / "live.html").write_bytes(
        page(f"<article><h1>Live: bridges</h1>{live}</article>", html="<html lang=en>")
    )
    done = CliRunner().invoke(group, ["ingest", str(tmp_path / "live.html"), "--into", str(tmp_path / "d")])
    assert done.exit_code == 0
    assert "dropped: 3 times, 1 byline, 1 live mark" in done.stderr
    dataset = open_dataset(tmp_path / "d")
    text = dataset.articles[0].text or ""
    assert all(text[claim.start : claim.end] == claim.text for claim in dataset.claims)
    assert [(claim.part, claim.text) for claim in dataset.claims if claim.part] == [
        ("heading", "Bridge shut"),
        ("heading", "Ice"),
        ("caption", "The queue at nine."),
    ]
    assert dataset.articles[0].title == "Live: bridges"
    assert len(dataset.claims) == 9
