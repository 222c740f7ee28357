"""Article files are read as they came, and what cannot be read says why."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.articles.article_file import article_id_of
from harness.data.articles.sources import read_articles
from harness.errors import FaultsError
from harness.files import sha256
from harness.records import Article


def read(path: Path, data: bytes) -> Article:
    path.write_bytes(data)
    (found,) = read_articles([path])
    return found.article


def refusal(*paths: Path) -> str:
    with pytest.raises(FaultsError) as refused:
        read_articles(paths)
    return str(refused.value)


@pytest.mark.smoke
def test_text_stays_as_it_came(tmp_path):
    article = read(tmp_path / "a.txt", b"\xef\xbb\xbfTitle\r\n\r\n  One.\r\nTwo.  \n\n")
    assert article.text == "Title\r\n\r\n  One.\r\nTwo.  \n\n"
    assert article.title == "Title"
    assert article.article_id == "a"


def test_utf16_with_its_mark_is_read(tmp_path):
    assert read(tmp_path / "a.txt", "Prices rose 5 €.".encode("utf-16")).text == "Prices rose 5 €."


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Title\n\nBody.", "Title"),
        ("\n\n  Title \n \nBody.", "Title"),
        ("Title\r\rBody.", "Title"),
        ("First line.\nSecond line.\n\nThird.", None),
        ("One line.", None),
        ("   \n\nBody.", None),
        ("x" * 301 + "\n\nBody.", None),
    ],
)
def test_a_title_is_a_first_line_followed_by_an_empty_one(tmp_path, text, title):
    assert read(tmp_path / "a.txt", text.encode()).title == title


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a b.txt", "a-b"),
        ("_draft.txt", "draft"),
        ("..hidden.txt", "hidden"),
        ("été.txt", "t"),
        ("Ω.txt", "article"),
        ("x" * 200 + ".txt", "x" * 100),
        ("2016-09-26.1.txt", "2016-09-26.1"),
    ],
)
def test_an_id_comes_from_the_file_name(name, expected):
    assert article_id_of(Path("some") / name) == expected


@given(st.text(st.characters(exclude_characters="/\x00", exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_every_file_name_gives_a_valid_id(name):
    Article(article_id=article_id_of(Path(f"{name}.txt")), text="x")


def test_real_pages_give_their_article(benchmarks, tmp_path):
    pages = benchmarks / "article_pages"
    truth = json.loads((pages / "ground-truth.json").read_text(encoding="utf-8"))
    for packed in sorted((pages / "html").glob("*.html.gz"))[:4]:
        page = tmp_path / packed.name.removesuffix(".gz")
        page.write_bytes(gzip.decompress(packed.read_bytes()))
        (found,) = read_articles([page])
        article = found.article
        body = set(truth[page.stem]["articleBody"].split())
        kept = set((article.text or "").split())
        assert len(body & kept) / len(body) > 0.6, page.name
        assert article.title
        assert article.published
        assert "<p" not in (article.text or "")


def test_a_page_keeps_entities_and_characters_as_text(tmp_path):
    paragraph = (
        "<p>Prices rose by 5&nbsp;% &amp; more, says 😀 &lt;b&gt;, in a sentence of some length. It ends here.</p>"
    )
    page = f"<html><head><title>T &amp; T</title></head><body><article>{paragraph * 3}</article></body></html>"
    article = read(tmp_path / "a.html", page.encode())
    assert "& more, says 😀 <b>, in" in (article.text or "")
    assert article.title == "T & T"


@pytest.mark.parametrize(
    "page",
    [
        "<html><body><nav>Home Contact Imprint</nav></body></html>",
        "<html><body><div id=root></div><script>let a = 1;</script></body></html>",
        "nothing here",
    ],
)
def test_a_page_without_an_article_is_refused(tmp_path, page):
    path = tmp_path / "menu.html"
    path.write_text(page, encoding="utf-8")
    assert refusal(path) == (
        f"{path}: contains no article text, only menus or boilerplate; save the text as .txt and ingest that file"
    )


def test_jsonl_articles(tmp_path):
    path = tmp_path / "a.jsonl"
    first = {"article_id": "a", "text": 'One \u2028 \U0001f600 "two"', "title": "T", "language": "de"}
    path.write_text(json.dumps(first) + "\r\n\n" + json.dumps({"article_id": "b", "text": "Two."}), encoding="utf-8")
    found = read_articles([path])
    assert [(place.path, place.line) for place in found] == [(path, 1), (path, 3)]
    assert found[0].article == Article(**first)


def test_every_fault_of_a_jsonl_file_at_once(tmp_path):
    path = tmp_path / "a.jsonl"
    good = {"article_id": "a", "text": "One."}
    records = [
        json.dumps(good),
        '{"article_id": "b", "text": ',
        json.dumps(good),
        json.dumps({"article_id": "c"}),
        json.dumps({"article_id": "../d", "text": 5, "colour": "red"}),
        json.dumps({"article_id": "e", "text": "One.", "text_sha256": sha256("Two.")}),
        '{"article_id": "f", "text": "half \\ud83d"}',
    ]
    path.write_text("\n".join(records), encoding="utf-8")
    said = refusal(path)
    for line, field, part in [
        (2, "", "is not JSON"),
        (3, "article_id: ", "duplicate id 'a' (first on line 1)"),
        (4, "text: ", "is missing or empty"),
        (5, "article_id: ", "expected"),
        (5, "text: ", "expected a text, got 5"),
        (5, "colour: ", "is not a known field"),
        (6, "text_sha256: ", "is not the SHA-256 of text"),
        (7, "", "is not JSON"),
    ]:
        assert any(part in one for one in said.split("\n") if one.startswith(f"{path}:{line}: {field}")), (line, field)


def test_a_folder_stands_for_its_article_files_by_name(tmp_path):
    for name in ("b.txt", "a.TXT", "c.zip", "d.md"):
        (tmp_path / name).write_text("A long enough sentence for everybody to read. And another one here.")
    (tmp_path / "e.txt").mkdir()
    assert [found.path.name for found in read_articles([tmp_path])] == ["a.TXT", "b.txt", "d.md"]


def test_the_faults_of_all_files_are_told_at_once(tmp_path):
    (tmp_path / "empty.txt").write_bytes(b"\xef\xbb\xbf \r\n")
    (tmp_path / "latin.jsonl").write_bytes("one\ntwo caf\xe9".encode("latin-1"))
    (tmp_path / "nul.txt").write_bytes(b"abc\x00")
    (tmp_path / "x.zip").write_bytes(b"PK")
    names = ["empty.txt", "latin.jsonl", "nul.txt", "x.zip", "absent.txt"]
    said = refusal(*(tmp_path / name for name in names)).split("\n")
    parts = ["is empty", "is not UTF-8: byte 0xe9 at offset 11", "NUL byte at offset 3", "suffix '.zip'", "not exist"]
    assert len(said) == len(names)
    for line, name, part in zip(said, names, parts, strict=True):
        assert name in line
        assert part in line
    assert "latin.jsonl:2: " in said[1]


def test_a_folder_without_article_files_is_refused(tmp_path):
    assert "contains no article files; expected one of .txt" in refusal(tmp_path)
