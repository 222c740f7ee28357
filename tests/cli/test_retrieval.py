"""`harness index` and `harness search`, through the real command."""

import json
import subprocess
import sys

import pytest


def harness(*args, cwd):
    command = [sys.executable, "-m", "harness", *args]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path):
    rows = [
        {"passage_id": "p0", "document_id": "d0", "text": "The [bold]tower[/bold] is \u001b[31m96 meters high."},
        {"passage_id": "p1", "document_id": "d1", "text": "The bridge opened in 1932.", "title": "Bridges"},
    ]
    (tmp_path / "c.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_index_then_search(folder):
    assert harness("index", "c.jsonl", cwd=folder).stdout == "c-index: 2 passages of c.jsonl indexed by bm25\n"
    document = json.loads(harness("search", "c-index", "Bridges of 1932", "--json", cwd=folder).stdout)
    assert document["query"] == "Bridges of 1932"
    (result,) = document["results"]
    assert {key: result[key] for key in ("rank", "passage_id", "document_id", "title", "matched")} == {
        "rank": 1,
        "passage_id": "p1",
        "document_id": "d1",
        "title": "Bridges",
        "matched": ["bridges", "1932"],
    }


def test_text_of_a_passage_is_printed_as_data(folder):
    harness("index", "c.jsonl", cwd=folder)
    printed = harness("search", "c-index", "tower", cwd=folder).stdout
    assert "[bold]tower[/bold]" in printed
    assert "\x1b" not in printed


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (("index", "c.jsonl", "--retriever", "bm52"), "Did you mean 'bm25'?"),
        (("index", "c.jsonl", "--set", "k1=-1"), "k1: expected greater than or equal to 0"),
        (("index", "absent.jsonl"), "does not exist"),
        (("search", ".", "tower"), "is not an index"),
    ],
)
def test_a_mistake_is_said_in_words(folder, args, part):
    refused = harness(*args, cwd=folder)
    assert refused.returncode == 2
    assert part in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_bad_corpus_is_named_and_no_index_is_left(folder):
    lines = (folder / "c.jsonl").read_text()
    (folder / "c.jsonl").write_text(lines + lines + lines[:40])
    before = sorted(path.name for path in folder.iterdir())
    refused = harness("index", "c.jsonl", cwd=folder)
    assert refused.returncode == 2
    assert "c.jsonl:5: is cut short" in refused.stderr
    assert "c.jsonl:3: passage_id: duplicate id 'p0' (first on line 1)" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert sorted(path.name for path in folder.iterdir()) == before
