"""Claims of an article: parts, and what gives no claim."""

from __future__ import annotations

from collections import Counter

from harness.data.articles.article_file import MaskedText, PartSpan
from harness.data.dataset import Segmentation
from harness.data.jsonl import to_json_lines
from harness.data.sentences.claims_of import claims_of, dropped_line, make_claim
from harness.records import Article


def test_a_row_is_one_claim_and_running_text_has_no_part():
    text = "It sank. All saw it.\nYear: 2022. About. Half; Spent: 3\nOne item. Two."
    row, item = text.index("Year"), text.index("One")
    parts = (
        PartSpan(row, item - 1, "table cell", whole=True, statement="In words"),
        PartSpan(item, len(text), "list item"),
    )
    article = Article(article_id="a", text=text)
    claims = claims_of(article, Segmentation(), "en", MaskedText(text, parts=parts))
    assert [(claim.text, claim.part, claim.statement) for claim in claims] == [
        ("It sank.", None, None),
        ("All saw it.", None, None),
        ("Year: 2022. About. Half; Spent: 3", "table cell", "In words"),
        ("One item.", "list item", None),
        ("Two.", "list item", None),
    ]
    assert all(text[claim.start : claim.end] == claim.text for claim in claims)


def test_a_part_changes_no_id_and_running_text_writes_none():
    article = Article(article_id="a", text="It sank.")
    plain, caption = make_claim(article, 0, 8), make_claim(article, 0, 8, part="caption")
    assert plain.claim_id == caption.claim_id
    assert "part" not in "".join(map(str, to_json_lines([plain])))
    assert '"part": "caption"' in "".join(map(str, to_json_lines([caption])))


def test_what_was_dropped_is_counted_and_said():
    dropped = Counter[str]()
    text = "A title\n\nBy Kim Vale\n9:15 It sank.\n9:02\nAll saw it."
    claims = claims_of(Article(article_id="a", text=text), Segmentation(), "en", dropped=dropped)
    assert [claim.text for claim in claims] == ["A title", "It sank.", "All saw it."]
    assert dropped_line(dropped) == "dropped: 2 times, 1 byline"
    assert dropped_line({}) == ""
