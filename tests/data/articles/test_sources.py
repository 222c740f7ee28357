"""Every kind of source: Markdown, tables, transcripts, data sets, patterns, standard input, encodings."""

from __future__ import annotations

import csv
import datetime
import io
import pickle
import socket
from pathlib import Path

import pytest

from harness import FaultsError, HarnessError, ingest, open_dataset
from harness.data.articles.article_file import ReadOptions
from harness.data.articles.markup import mask_markdown
from harness.data.articles.sources import read_articles
from harness.data.sentences.segment import sentences
from harness.records import Article

MARKDOWN = """---
title: "The front matter's"
---
# The *library*

The library lent **41,000 books** in 2023. It was
the highest number since 1999. See [the report](http://x.org/a. B).

- One item. Two sentences.
* [x] Another item
> Quoted text that
> goes on. And ends.

```py
x = 1. And y.
```

| a. | b |
|----|---|
| 1. | 2 |

<div class="x">
![A picture.](a.png)
[1]: http://x.org "A. B."

Setext
======
<!-- hidden. text -->
Last _line_.
"""


def ingested(tmp_path, *sources, **options):
    ingest(list(sources), tmp_path / "d", **options)
    dataset = open_dataset(tmp_path / "d")
    texts = {article.article_id: article.text or "" for article in dataset.articles}
    assert all(texts[claim.article_id][claim.start : claim.end] == claim.text for claim in dataset.claims)
    return dataset


def refusal(*sources, **options) -> str:
    with pytest.raises(FaultsError) as refused:
        read_articles(sources, ReadOptions(**options))
    return "\n".join(map(str, refused.value.faults))


@pytest.mark.smoke
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_markdown_keeps_its_text_and_gives_no_markup_as_a_sentence(tmp_path, line_end):
    text = MARKDOWN.replace("\n", line_end)
    (tmp_path / "a.md").write_bytes(text.encode())
    dataset = ingested(tmp_path, tmp_path / "a.md")
    assert dataset.articles[0].text == text
    assert dataset.articles[0].title == "The front matter's"
    assert [(claim.text or "").replace(line_end, " ") for claim in dataset.claims] == [
        "The *library",
        "The library lent **41,000 books** in 2023.",
        "It was the highest number since 1999.",
        "See [the report](http://x.org/a. B).",
        "One item.",
        "Two sentences.",
        "Another item",
        "Quoted text that > goes on.",
        "And ends.",
        "1. | 2",
        "Setext",
        "Last _line_.",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**Bold.** Then *more*.", ["Bold.", "Then *more*."]),
        ("1. One\n2. Two\n   goes on.", ["One", "Two\n   goes on."]),
        ("## Heading ##\nText.", ["Heading", "Text."]),
        ("A line  \nbroken\\\nhard", ["A line", "broken", "hard"]),
        ("5 * 3 is 15. 2 * 2 is 4.", ["5 * 3 is 15.", "2 * 2 is 4."]),
        ("#hashtag is text. So is a #.", ["#hashtag is text.", "So is a #."]),
        ("Run `a. B` now. Then stop.", ["Run `a. B` now.", "Then stop."]),
        ("~~~\nnever closed. Code.", []),
        ("A <b>bold</b> word. <br> End.", ["A <b>bold</b> word.", "End."]),
        ("---\n***\n___", []),
        ("* * *\n\nText.", ["Text."]),
    ],
)
def test_marks_of_markdown(text, expected):
    marked = mask_markdown(text)
    assert len(marked.text) == len(text)
    assert [text[start:end] for start, end in sentences(marked.text)] == expected


def test_parts_of_markdown():
    text = (
        "# A *head* #\n\nText. More.\n\n- One item\n  goes on. Two.\n- [x] Three\n\n"
        "| Year | **Spent** | Note |\n|---|:-:|---|\n| 2022 | 3 \\| 4 | [a](http://x.org) |\n| Sum | | |\n"
        "|  | `5` | c |\n\n"
        "> a | b\n> --|--\n> 1 | 2\n\nNo table: a | b\n\nSetext\n---\nEnd.\n```\nx | y\n--|--\n1 | 2\n```\n"
    )
    marked = mask_markdown(text)
    assert len(marked.text) == len(text)
    assert [(part.part, text[part.start : part.end], part.statement) for part in marked.parts] == [
        ("heading", "A *head", None),
        ("list item", "One item\n  goes on. Two.", None),
        ("list item", "Three", None),
        ("table cell", "2022 | 3 \\| 4 | [a](http://x.org)", "Year: 2022; Spent: 3 | 4; Note: a"),
        ("table cell", "`5` | c", "Spent: 5; Note: c"),
        ("table cell", "1 | 2", "a: 1; b: 2"),
        ("heading", "Setext", None),
    ]
    assert "Sum" not in marked.text
    assert "No table: a | b" in marked.text


def test_a_markdown_title_is_its_first_heading(tmp_path):
    (tmp_path / "a.md").write_text("Text before.\n\n# The *first* one #\n\n# Second")
    assert read_articles([tmp_path / "a.md"])[0].article.title == "The first one"


def test_csv_with_columns_of_other_names(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('headline,body,id,extra\n"H ""1""","Two\r\nlines. End.",7,x\n,Second text.,news/9,\n')
    found = read_articles([path], ReadOptions(columns={"text": "body", "title": "headline", "article_id": "id"}))
    assert [(f.line, f.article.article_id, f.article.title, f.article.text) for f in found] == [
        (2, "7", 'H "1"', "Two\r\nlines. End."),
        (4, "news-9", None, "Second text."),  # the cell before it takes lines 2 and 3
    ]


def test_known_headers_need_no_mapping_and_rows_without_id_are_named_by_their_text(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("Text\tURL\tlanguage\tspeaker\nOne.\thttp://x.org\tnl\tAnn\nTwo.\t\t\t\nOne.\t\t\t\n")
    dataset = ingested(tmp_path, path)
    one, two = dataset.articles
    assert (one.url, one.language, two.url) == ("http://x.org", "nl", None)
    assert [claim.speaker for claim in dataset.claims] == ["Ann", None]
    path.write_text("text\nNew.\nTwo.\nOne.\n")
    assert ingest([path], tmp_path / "d").articles_added == 1
    assert {article.article_id for article in (one, two)} < {
        a.article_id for a in open_dataset(tmp_path / "d").articles
    }


def test_a_cell_longer_than_the_csv_module_allows(tmp_path):
    limit = csv.field_size_limit()
    (tmp_path / "t.csv").write_text("text\n" + "word " * 100_000)
    assert len(read_articles([tmp_path / "t.csv"])[0].article.text or "") == 500_000
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("a,b\n1,2\n", {}, "t.csv: no column is called 'text'; name the column that holds the text: --column text=NAM"),
        ("a;the text\n1;2\n", {}, "Columns: a, the text"),
        ("body\nx\n", {"text": "bodi"}, "t.csv: --column text=bodi: no column is called 'bodi'. Did you mean 'body'?"),
        (
            "text\nx\n",
            {"txt": "text"},
            "--column txt=text: no field of an article is called 'txt'. Did you mean 'text'",
        ),
        ('text,title\n"A\nb",t\nc,d\n,e\n', {}, "t.csv:5: text: is missing or empty; an article needs text"),
        ('text,title\n"A\nb",t\nc\n', {}, "t.csv:4: has 1 cell, the header has 2"),
        ('text\nA\n"B\n', {}, "t.csv:3: is not well-formed CSV: unexpected end of data; look for a stray quote"),
        ("text,text\nA,B\n", {}, "t.csv:1: text: 2 columns are called 'text'"),
        ("", {}, "t.csv: has no rows; expected a header line and one article per row"),
        ("text\n", {}, "t.csv: has no rows"),
    ],
)
def test_faults_of_a_table_name_their_line(tmp_path, text, columns, message):
    (tmp_path / "t.csv").write_text(text)
    assert message in refusal(tmp_path / "t.csv", columns=columns)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "body,rating\nTen ships sank.,1\n,2\n,\nTwo came back.,\n,3\n"),
        (
            "a.jsonl",
            '{"body": "Ten ships sank."}\n{"body": null, "rating": 2}\n{"rating": 3}\n{"body": "Two came back."}\n',
        ),
    ],
)
def test_rows_whose_text_is_missing_are_counted(tmp_path, harness, name, text):
    (tmp_path / name).write_text(text)
    done = harness("ingest", tmp_path / name, "--into", tmp_path / "d", "--column", "text=body")
    assert "2 articles added" in done.stdout
    assert f"{name}: passed over 2 rows without text" in done.stderr


def test_two_rows_of_one_id_with_other_texts(tmp_path):
    (tmp_path / "t.csv").write_text("article_id,text\na,One.\na,Two.\n")
    with pytest.raises(FaultsError, match=r"t\.csv:3: article_id: two sources with different text have the id 'a'"):
        ingest([tmp_path / "t.csv"], tmp_path / "d")


def parquet(columns) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    sink = io.BytesIO()
    parquet.write_table(pa.table(columns), sink)
    return sink.getvalue()


def test_parquet(tmp_path):
    path = tmp_path / "t.parquet"
    day = datetime.date(2024, 2, 29)
    path.write_bytes(parquet({"body": ["One. Two.", "Three."], "article_id": [1, 2], "published": [day, None]}))
    dataset = ingested(tmp_path, path, columns={"text": "body"})
    assert [(a.article_id, a.published) for a in dataset.articles] == [("1", "2024-02-29"), ("2", None)]
    assert [claim.text for claim in dataset.claims] == ["One.", "Two.", "Three."]


def test_faults_of_a_parquet_file_name_their_row(tmp_path):
    path = tmp_path / "t.parquet"
    path.write_bytes(parquet({"text": ["One.", None, " "], "title": ["a", "b", "c"]}))
    message = "is missing or empty; an article needs text"
    assert refusal(path) == f"{path}: row 2 text: {message}\n{path}: row 3 text: {message}"
    path.write_bytes(parquet({"text": [1.5]}))
    assert "row 1 text: expected a text, got 1.5" in refusal(path)
    path.write_bytes(b"PAR1 no more")
    assert "t.parquet: is not a readable Parquet file: " in refusal(path)


def test_a_dataset_of_the_datasets_library(tmp_path):
    import datasets

    rows = datasets.Dataset.from_dict({"text": ["One. Two.", "Three."], "title": ["a", None], "label": [0, 1]})
    assert [c.text for c in ingested(tmp_path, rows).claims] == ["One.", "Two.", "Three."]
    assert ingest(rows, tmp_path / "d").unchanged == 2
    with pytest.raises(FaultsError, match=r"no column is called 'text'.*Columns: label"):
        ingest(rows.select_columns(["label"]), tmp_path / "d")
    with pytest.raises(FaultsError, match=r"expected a path, an Article or a datasets.Dataset .*, got DatasetDict"):
        ingest([datasets.DatasetDict({"train": rows})], tmp_path / "d")


def test_local_files_that_the_datasets_library_reads(tmp_path, monkeypatch):
    import datasets

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    rows = datasets.Dataset.from_dict({"text": ["One.", "Two."]})
    rows.save_to_disk("saved")
    datasets.DatasetDict({"train": rows}).save_to_disk("parts")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "train.csv").write_text("text\nOne.\nTwo.\n")
    (tmp_path / "rows.jsonl").write_text('{"text": "One."}\n{"text": "Two."}\n')
    for number, source in enumerate(("hub:saved", "hub:parts", "hub:folder", "hub:rows.jsonl")):
        assert ingest(source, f"d{number}", offline=True).articles_added == 2, source


@pytest.fixture
def contacted(monkeypatch):
    """The hosts that this process looks up; none of them is reached."""
    hosts = []

    def look_up(host, *_, **__):
        hosts.append(host)
        raise socket.gaierror("no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return hosts


def test_local_files_are_read_without_a_word_to_anyone(tmp_path, monkeypatch, contacted):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    folder = tmp_path / "folder"
    (folder / ".cache").mkdir(parents=True)
    (folder / ".cache" / "hidden.csv").write_text("text\nHidden.\n")
    (folder / "dataset_infos.json").write_text('{"text": "No article."}')
    (folder / "README.md").write_text("---\nconfigs:\n- config_name: a\n  data_files: http://data.invalid/x.csv\n---\n")
    (folder / "A.TSV").write_text("text\tyear\nOne.\t1\n")
    (folder / "b.txt").write_text("Two.\n")
    (folder / "c.ndjson").write_text('{"text": "Three."}\n')
    datasets.Dataset.from_dict({"text": ["Four."]}).to_parquet(folder / "d.parquet")
    for offline in (True, False):
        assert ingest(f"hub:{folder}", tmp_path / f"d{offline}", offline=offline).articles_added == 4
    assert contacted == []


@pytest.mark.parametrize(
    "name", ["claims.pandas", "claims.pkl", "claims.squad", "claims.webdataset", "claims", "claims.py"]
)
def test_an_ending_never_names_a_reader(tmp_path, contacted, name):
    (tmp_path / name).write_bytes(pickle.dumps(RunsCode(tmp_path / "ran")))
    with pytest.raises(FaultsError, match=r"its ending is '.*'; allowed: \.arrow, \.csv, .*; save the data as Parquet"):
        ingest(f"hub:{tmp_path / name}", tmp_path / "d")
    with pytest.raises(FaultsError, match=r"the folder has no file that can be read; allowed: \.arrow"):
        ingest(f"hub:{tmp_path}", tmp_path / "d")
    assert not (tmp_path / "ran").exists()
    assert contacted == []


@pytest.mark.parametrize(
    "name", ["pandas", "csv", "https://data.invalid/x.csv", "s3://bucket/x", "missing.jsonl", "a/b/c"]
)
def test_what_is_neither_a_path_nor_a_name_on_the_hub(tmp_path, monkeypatch, contacted, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "claims.pkl").write_bytes(pickle.dumps(RunsCode(tmp_path / "ran")))
    with pytest.raises(FaultsError, match=r"there is no such file or folder, .* expected hub:OWNER/NAME"):
        ingest(f"hub:{name}", tmp_path / "d")
    assert not (tmp_path / "ran").exists()
    assert contacted == []


class RunsCode:
    """An object whose pickle creates a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_the_hub_is_refused_offline(tmp_path, harness):
    done = harness("ingest", "hub:owner/name", "--into", "d", "--offline")
    assert done.returncode == 2
    assert done.stderr == (
        "harness: hub:owner/name: needs the network (huggingface.co), which --offline refuses; give a local folder\n"
    )
    assert not (tmp_path / "d").exists()


def test_the_first_line_names_the_host(harness_process):
    """A host without a name, so that the network is never asked."""
    settings = {"HF_ENDPOINT": "http://hub.invalid", "HF_HUB_DOWNLOAD_TIMEOUT": "1", "HF_HUB_OFFLINE": "1"}
    done = harness_process("ingest", "hub:owner/name", "--into", "d", **settings)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "network: hub.invalid"
    assert "hub:owner/name: cannot be loaded: " in done.stderr
    assert "Traceback" not in done.stderr


TALK = (
    "The debate\n\nANN: We need jobs. We need them now.\nAnd growth.\n(APPLAUSE)\n"
    "[00:01:05] MR. DE VRIES: He said this: no.\n"
)


@pytest.mark.parametrize("name", ["talk.transcript.txt", "talk.txt"])
def test_a_transcript(tmp_path, name):
    (tmp_path / name).write_text(TALK)
    dataset = ingested(tmp_path, tmp_path / name, transcript=name == "talk.txt")
    (article,) = dataset.articles
    assert (article.article_id, article.title, article.text) == ("talk", "The debate", TALK)
    assert [(claim.speaker, claim.text) for claim in dataset.claims] == [
        (None, "The debate"),
        ("ANN", "We need jobs."),
        ("ANN", "We need them now."),
        ("ANN", "And growth."),
        (None, "(APPLAUSE)"),
        ("MR. DE VRIES", "He said this: no."),
    ]


def test_a_transcript_in_a_table_is_one_article_of_its_lines(tmp_path):
    (tmp_path / "t.csv").write_text("article_id,speaker,text\nx,Ann,One. Two.\ny,Cy,Four.\nx,Bob,Three.\n")
    dataset = ingested(tmp_path, tmp_path / "t.csv", transcript=True)
    assert {a.article_id: a.text for a in dataset.articles} == {"x": "One. Two.\nThree.", "y": "Four."}
    assert [(c.speaker, c.text) for c in dataset.claims] == [
        ("Ann", "One."),
        ("Ann", "Two."),
        ("Bob", "Three."),
        ("Cy", "Four."),
    ]


@pytest.mark.parametrize("text", ["He said this: no.", "Nobody speaks.", "at 5: x", "What now?: x", "http://x.org"])
def test_a_text_without_speakers_is_no_transcript(tmp_path, text):
    (tmp_path / "a.txt").write_text(text)
    assert "no line starts with 'Speaker: '" in refusal(tmp_path / "a.txt", transcript=True)


def test_patterns(tmp_path):
    for name in ("b.md", "sub/a.md", "sub/deep/c.md", "sub/d.zip", "odd[1].txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("Some text.")
    found = read_articles([f"{tmp_path}/**/*"])
    assert [f.article.article_id for f in found] == ["b", "odd-1", "a", "c"]
    assert len(read_articles([tmp_path / "odd[1].txt"])) == 1  # a file of that name is itself
    assert "pattern matches no article files; expected one of .txt" in refusal(f"{tmp_path}/*.html")


@pytest.mark.parametrize(("name", "title"), [("page.md", "T"), ("page", None)])
def test_standard_input(tmp_path, harness, name, title):
    import subprocess
    import sys

    run = [sys.executable, "-m", "harness", "ingest", "-", "--name", name, "--into", "d"]
    done = subprocess.run(run, cwd=tmp_path, input=b"# T\nOne. Two.", capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    (article,) = open_dataset(tmp_path / "d").articles
    assert (article.article_id, article.title, article.text) == ("page", title, "# T\nOne. Two.")
    done = harness("ingest", "-", "--into", "d")
    assert "standard input: has no file name; set the article id with --name ID" in done.stderr


ROWS = '\n{"text": "Costs rose by 5 percent."}\n{"text": "We love parks.", "n": 2}\n'


def test_rows_of_json_under_the_name_of_a_text_are_refused_and_not_read_as_one_article(tmp_path, monkeypatch):
    (tmp_path / "rows.txt").write_text(ROWS)
    said = "is rows of JSON, which would be read as one article; save it as a .jsonl file"
    assert refusal(tmp_path / "rows.txt") == f"{tmp_path / 'rows.txt'}: {said}"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(ROWS.encode())))
    assert refusal("-", name="stdin") == f"standard input: {said}, or say what it is with --name rows.jsonl"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(ROWS.encode())))
    articles = read_articles(["-"], ReadOptions(name="rows.jsonl", columns={"text": "text"}))
    assert [each.article.text for each in articles] == ["Costs rose by 5 percent.", "We love parks."]


@pytest.mark.parametrize("text", ["{A}\nB c.", f"Some text.\n{ROWS}", f"{ROWS}Some text.", '{"n": 1, "id": "a"}'])
def test_a_text_with_braces_is_an_article(tmp_path, text):
    (tmp_path / "a.txt").write_text(text)
    assert [each.article.text for each in read_articles([tmp_path / "a.txt"])] == [text]


SAID = {
    "cp1252": "The café’s price — 5 € — rose. It’s the “Straße” that was déjà vu.",
    "cp1251": "Президент заявил, что экономика выросла на пять процентов за год.",
    "cp1250": "Premier powiedział wczoraj, że gospodarka urosła o pięć procent. Bezrobocie spadło.",
    "cp1256": "قال الرئيس إن الاقتصاد نما بنسبة خمسة في المئة هذا العام.",
    "shift_jis": "総理大臣は昨日、経済が五パーセント成長したと述べた。",
    "gb18030": "总理昨天说，经济增长了百分之五。失业率下降。",
}


@pytest.mark.parametrize("encoding", SAID)
def test_the_encoding_is_detected_and_told(tmp_path, encoding):
    path = tmp_path / "a.txt"
    path.write_bytes(SAID[encoding].encode(encoding))
    done = ingest(path, tmp_path / "d")
    assert done.encodings == ((str(path), encoding),)
    assert open_dataset(tmp_path / "d").articles[0].text == SAID[encoding]


def test_the_encoding_is_said_on_stderr_and_can_be_named(tmp_path, harness):
    (tmp_path / "a.txt").write_bytes("Başbakan dün söyledi.".encode("cp1254"))
    done = harness("ingest", "a.txt", "--into", "guessed")
    assert done.stderr.startswith("a.txt: not UTF-8; read as cp12")
    done = harness("ingest", "a.txt", "--into", "named", "--encoding", "cp1254")
    assert done.stderr == "a.txt: read as cp1254\n"
    assert open_dataset(tmp_path / "named").articles[0].text == "Başbakan dün söyledi."
    done = harness("ingest", "a.txt", "--into", "x", "--encoding", "utf-8")
    assert "a.txt: cannot be decoded as utf-8; omit --encoding to detect the encoding" in done.stderr
    done = harness("ingest", "a.txt", "--into", "x", "--encoding", "cp12544")
    assert "a.txt: encoding: unknown encoding 'cp12544'; use utf-8, cp1252" in done.stderr
    done = harness("ingest", "a.txt", "--into", "x", "--encoding", "hex")
    assert "a.txt: encoding: unknown encoding 'hex'" in done.stderr


def test_bytes_in_no_encoding_are_refused(tmp_path):
    (tmp_path / "a.txt").write_bytes(bytes(range(1, 256)) * 20)
    assert "a.txt: is not UTF-8, and its encoding cannot be detected; save it as UTF-8, or name it" in refusal(
        tmp_path / "a.txt"
    )


@pytest.mark.parametrize("text", ["e\u0301 and \u00e9", "ﬁ \u212b \u2460", "a\u00ad\u200b\u202eb\ufeff"])
def test_unicode_is_kept_as_it_came(tmp_path, text):
    for name, data in {
        "a.txt": text,
        "b.md": text,
        "c.csv": f"text\n{text}\n",
        "d.transcript.txt": f"ANN: {text}",
    }.items():
        (tmp_path / name).write_text(data, encoding="utf-8")
        assert text in (read_articles([tmp_path / name])[0].article.text or ""), name


def test_a_declared_encoding_of_a_page(tmp_path):
    body = "<p>Цены выросли на пять процентов за год, сказал министр. Это много.</p>" * 5
    page = (
        f'<html><head><meta charset="windows-1251"><title>Ц</title></head><body><article>{body}</article></body></html>'
    )
    (tmp_path / "a.html").write_bytes(page.encode("cp1251"))
    (found,) = read_articles([tmp_path / "a.html"])
    assert found.encoding == "cp1251"
    assert (found.article.text or "").startswith("Цены выросли на пять процентов")


def test_articles_from_python(tmp_path):
    articles = [Article(article_id=name, text=f"This is {name}. And more.") for name in ("a", "b")]
    assert ingest(iter(articles), tmp_path / "d").claims_added == 4
    with pytest.raises(HarnessError, match="text: is missing or empty"):
        ingest(Article(article_id="c"), tmp_path / "d")


def test_a_language_without_rules_is_a_warning(tmp_path):
    done = ingest([Article(article_id="a", text="Abc def. Ghi jkl.", language="xx")], tmp_path / "d")
    assert done.warnings == ("language 'xx': the segmentation has no rules for this language; check the claims",)
    assert ingest([Article(article_id="b", text="One.", language="en-GB")], tmp_path / "d").warnings == ()


def test_the_language_of_an_article_reaches_the_segmentation(tmp_path):
    """`bijv.` is an abbreviation in Dutch alone."""
    text = "Zij zeggen bijv. Rotterdam groeit. Goed."
    ingest([Article(article_id=language, text=text, language=language) for language in ("nl", "en")], tmp_path / "d")
    claims = open_dataset(tmp_path / "d").claims
    assert [c.text for c in claims if c.article_id == "nl"] == ["Zij zeggen bijv. Rotterdam groeit.", "Goed."]
    assert len([c for c in claims if c.article_id == "en"]) == 3


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("no-such-folder", ""),
        ("no-such-folder/more.d/", ""),
        ("www.example.org/page", ", or write https://www.example.org/page if it is the address of a page"),
        ("example.org", ", or write https://example.org if it is the address of a page"),
    ],
)
def test_what_does_not_exist_is_not_called_a_file_of_another_kind(source, hint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FaultsError) as error:
        ingest(source, into="w")
    (fault,) = error.value.faults
    assert (fault.code, fault.message) == ("does-not-exist", f"does not exist; check the path{hint}")
