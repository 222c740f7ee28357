"""Bad articles, rows, datasets and disks, through the real command: said in words, and nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness import add_claims, ingest, open_dataset

TEXT = "The ferry\n\nIt carried 2,100 people in May. It was late on nine days.\n"
ROWS = "text,factual\nA new one.,yes\n"


@pytest.fixture
def folder(tmp_path):
    """A dataset folder with one article and one label."""
    (tmp_path / "ferry.txt").write_text(TEXT)
    ingest([tmp_path / "ferry.txt"], tmp_path / "d")
    add_claims(tmp_path / "d", [{"article_id": "ferry", "text": "The ferry", "factual": "no"}], "me")
    return tmp_path / "d"


def content(folder: Path) -> dict[str, bytes]:
    """Every file but the lock, temporary files too."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def refused(done: subprocess.CompletedProcess[str], *parts: str, code: int = 2) -> None:
    """A user's mistake: the exit code, and a message with all that has to be in it."""
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert done.returncode == code, said
    for part in parts:
        assert part in said, said


ARTICLES = [
    ("a.txt", b"", "a.txt: is empty; an article needs text"),
    ("a.txt", b"\xef\xbb\xbf\r\n \r\n", "a.txt: is empty; an article needs text"),
    ("a.txt", bytes(range(256)), "a.txt: is not a text file: it has a NUL byte at offset 0; save it as UTF-8 text"),
    ("a.txt", bytes(range(1, 256)), "a.txt: is not UTF-8, and its encoding cannot be detected; save it as UTF-8, or"),
    ("a.txt", "Prices rose.".encode("utf-16-le"), "a.txt: is not a text file: it has a NUL byte at offset 1; save it"),
    ("a.html", b"", "a.html: is empty; an article needs text"),
    ("a.html", b"\x7fELF\x00\x01", "a.html: is not a text file; an HTML file is expected"),
    (
        "a.html",
        b"<html><body><nav>Home</nav></body></html>",
        "a.html: contains no article text, only menus",
    ),
    ("a.jsonl", b"", "a.jsonl: is empty; expected one JSON object per line"),
    ("a.jsonl", b"caf\xe9", "a.jsonl:1: is not UTF-8: byte 0xe9 at offset 3; save the file as UTF-8"),
    (
        "a.zip",
        b"PK",
        "a.zip: unknown suffix '.zip'; expected one of .txt, .text, .md, .markdown, .html, .htm, .jsonl, .ndjson, .csv",
    ),
    ("a.md", b" \n", "a.md: is empty; an article needs text"),
    (
        "a.csv",
        b"title\nx\n",
        "a.csv: no column is called 'text'; name the column that holds the text: --column text=NA",
    ),
    ("a.csv", b'text\nA.\n"B\n', "a.csv:3: is not well-formed CSV: unexpected end of data; look for a stray quote"),
    ("a.tsv", b"text\ttitle\nA.\n", "a.tsv:2: has 1 cell, the header has 2; look for"),
    ("a.parquet", b"PAR1", "a.parquet: is not a readable Parquet file: "),
    ("a.transcript.txt", b"Nobody speaks.", "a.transcript.txt: no line starts with 'Speaker: '"),
]


@pytest.mark.parametrize(("name", "data", "message"), ARTICLES, ids=[f"{case[0]}-{case[2]}" for case in ARTICLES])
def test_an_article_that_cannot_be_read(tmp_path, harness, name, data, message):
    (tmp_path / name).write_bytes(data)
    refused(harness("ingest", name, "--into", "d"), message)
    assert not (tmp_path / "d").exists()


def test_a_source_that_is_not_there_and_a_folder_without_articles(tmp_path, harness):
    (tmp_path / "empty").mkdir()
    done = harness("ingest", "nowhere.txt", "empty", "--into", "d")
    refused(
        done, "nowhere.txt: does not exist; check the path", "empty: contains no article files; expected one of .txt"
    )
    assert not (tmp_path / "d").exists()


def test_a_broken_line_and_a_wrong_type_are_told_in_one_message(tmp_path, harness):
    rows = [json.dumps({"article_id": f"a{number}", "text": "A sentence."}) for number in range(9)]
    rows[6], rows[8] = rows[6][:-4], rows[8].replace('"A sentence."', "5")
    (tmp_path / "a.jsonl").write_text("\n".join(rows))
    done = harness("ingest", "a.jsonl", "--into", "d")
    refused(
        done,
        "a.jsonl:7: is not JSON: EOF while parsing a string at column 39",
        "a.jsonl:9: text: expected a text, got 5",
    )
    assert len(done.stderr.splitlines()) == 2
    assert not (tmp_path / "d").exists()


def test_duplicate_ids_of_a_jsonl_file(tmp_path, harness):
    rows = [json.dumps({"article_id": "a", "text": text}) for text in ("One.", "Two.")]
    (tmp_path / "a.jsonl").write_text("\n".join(rows))
    refused(harness("ingest", "a.jsonl", "--into", "d"), "a.jsonl:2: article_id: duplicate id 'a' (first on line 1)")
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xef\xbb\xbfOne rose. Two fell.", "One rose. Two fell."),
        (b"Title\r\n\r\nOne rose.\r\nTwo fell.\r\n", "Title\r\n\r\nOne rose.\r\nTwo fell.\r\n"),
        ("One rose. \u2028Two 😀 fell.".encode(), "One rose. \u2028Two 😀 fell."),
    ],
    ids=["BOM", "CRLF", "unusual characters"],
)
def test_unusual_but_sound_text_works(tmp_path, harness, data, text):
    (tmp_path / "a.txt").write_bytes(data)
    done = harness("ingest", "a.txt", "--into", "d")
    assert done.returncode == 0, done.stderr
    dataset = open_dataset(tmp_path / "d")
    assert dataset.articles[0].text == text
    assert [claim.text for claim in dataset.claims][-2:] == [text[c.start : c.end] for c in dataset.claims][-2:]


@pytest.mark.soak
def test_fifty_megabytes_in_a_single_line(tmp_path, harness):
    text = ("the number rose to five and " * 2_000_000)[:50_000_000]
    (tmp_path / "a.txt").write_text(text)
    done = harness("ingest", "a.txt", "--into", "d")
    assert done.returncode == 0, done.stderr
    assert "1 article added (1 claim)" in done.stdout
    (tmp_path / "cut.jsonl").write_text('{"article_id": "a", "text": "' + text)
    before = {name: len(data) for name, data in content(tmp_path / "d").items()}
    refused(harness("ingest", "cut.jsonl", "--into", "d"), "cut.jsonl:1: is not JSON: EOF while parsing a string")
    assert {name: len(data) for name, data in content(tmp_path / "d").items()} == before
    for path in (tmp_path / "d", tmp_path):  # pytest keeps the folder
        for file in path.glob("*.*"):
            file.unlink()


FILES_OF_ROWS = [
    ("x.csv", "", "x.csv: has no rows; expected one labeled claim per line"),
    ("x.csv", b"text,factual\nA\0,yes\n", "x.csv: is not a text file: it has a NUL byte at offset 14"),
    (
        "x.tsv",
        'text\tfactual\nA.\tyes\n"B\tyes\n',
        "x.tsv:3: is not well-formed TSV: unexpected end of data; look for a",
    ),
    ("x.tsv", "text\tfactual\nA.\tyes\nB.\n", "x.tsv:3: has 1 cell, the header has 2; look for"),
    (
        "x.tsv",
        "factual\nyes\n",
        "x.tsv:2: text: is missing; identify the claim by claim_id, by article_id and text, or by",
    ),
    ("x.csv", "text,factual\nA.,yes\nB.,maybe\n", "x.csv:3: factual: no label is called 'maybe'."),
    (
        "x.csv",
        "text,verdict\nA.,yes\n",
        "x.csv: column 'verdict' is neither an axis of the scheme 'three-axes' (factual, checkable,",
    ),
    ("x.jsonl", '{"text": "A cla', "x.jsonl:1: is not JSON: Unterminated string starting at column 10"),
    ("x.jsonl", '{"text": "A.", "factual": "yes"}\n{"text"\n', "x.jsonl:2: is not JSON: Expecting ':' delimiter at"),
    ("x.jsonl", '{"text": "half \\ud83d", "factual": "yes"}', "x.jsonl:1: text: contains half a character"),
    ("x.xls", "PK", "x.xls: unknown suffix '.xls'; expected one of .jsonl, .csv, .tsv, .xlsx"),
]


@pytest.mark.parametrize(("name", "data", "message"), FILES_OF_ROWS, ids=[f"{case[2]}" for case in FILES_OF_ROWS])
def test_rows_that_cannot_be_added(tmp_path, harness, folder, name, data, message):
    (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    before = content(folder)
    refused(harness("add", "d", "--claims", name, "--as", "me"), message)
    assert content(folder) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["d", "--text", "A.", "--label", "factual=yes", "--as", "../x"], "annotator: expected letters, digits, dot,"),
        (["d", "--text", "A.", "--label", "factual", "--as", "me"], "--label: expected AXIS=L, got 'factual'"),
        (["d", "--text", "A.", "--label", "law=1", "--label", "law=0", "--as", "me"], "an axis is given twice"),
        (["d", "--text", "A.", "--as", "me"], "row: has no label; give at least one of: factual, checkable,"),
        (["d", "--as", "me"], "give either --claims FILE, or --text TEXT with --label AXIS=L"),
        (["d", "--claims", "x.csv", "--label", "law=yes", "--as", "me"], "give either --claims FILE, or --text T"),
        (["d", "--claims", "nowhere.csv", "--as", "me"], "nowhere.csv: does not exist; check the path"),
        (
            ["nowhere", "--text", "A.", "--label", "law=yes", "--as", "me"],
            "nowhere: is not a folder; expected a dataset folder",
        ),
        (
            [".", "--text", "A.", "--label", "law=yes", "--as", "me"],
            ".: is not a dataset folder: it has no dataset.yaml",
        ),
    ],
)
def test_an_add_that_cannot_be(tmp_path, harness, folder, arguments, message):
    before = content(tmp_path)
    refused(harness("add", *arguments), message)
    assert content(tmp_path) == before
    assert not (tmp_path / "nowhere").exists()


def test_one_claim_is_added_from_the_command_line(tmp_path, harness, folder):
    done = harness("add", "d", "--text", "A new one.", "--label", "factual=yes", "--label", "law=1", "--as", "me")
    assert done.stdout == "d: added 1 claim and 2 labels (0 replace an earlier label, 0 duplicates skipped)\n"
    assert harness("check", "d").stdout == "no faults in d\n"


def test_a_table_becomes_a_dataset_by_one_command(tmp_path, harness):
    rows = "sentence;is_claim;doc\nThe harbor lent 400 boats in May.;1;a\nThank you.;0;a\nThank you.;0;a\nHello.;0;b\n"
    (tmp_path / "news.csv").write_text(rows)
    columns = ["--column", "text=sentence", "--column", "label=is_claim", "--column", "article_id=doc"]
    arguments = ["add", "news", "--claims", "news.csv", *columns, "--labels", "1=yes, 0=no", "--as", "me"]
    would = harness(*arguments, "--dry-run")
    assert would.stdout.startswith("news: would add 2 articles, 4 claims and 4 labels")
    assert not (tmp_path / "news").exists()
    added = harness(*arguments)
    assert "news: added 2 articles, 4 claims and 4 labels" in added.stdout
    assert "Next steps:" in added.stdout
    assert "new scheme 'news' from the labels (label: yes, no)" in added.stderr
    assert harness("check", "news", "news/experiment.yaml").returncode == 0
    before = content(tmp_path / "news")
    assert (
        "added 0 claims and 0 labels (0 replace an earlier label, 4 duplicates skipped)" in harness(*arguments).stdout
    )
    assert content(tmp_path / "news") == before


def test_all_faults_of_a_dataset_at_once(harness, folder):
    """Offsets that do not match, an id twice, a label outside its scheme; each with file and line."""
    claims = [json.loads(line) for line in (folder / "claims.jsonl").read_text().splitlines()]
    claims[1]["start"] += 1
    claims.append(claims[0])
    (folder / "claims.jsonl").write_text("".join(json.dumps(claim) + "\n" for claim in claims))
    log = folder / "annotations" / "me.jsonl"
    log.write_text(log.read_text().replace('"no"', '"nope"'))
    before = content(folder)
    done = harness("check", "d")
    refused(
        done,
        "d/annotations/me.jsonl:1: label: no label is called 'nope'. Did you mean 'no'?",
        "d/claims.jsonl:2: text: does not equal articles.jsonl 'ferry'[12:42]: found "
        '"It carried 2,100 people in May."',
        "d/claims.jsonl:4: claim_id: duplicate id 'ferry-",
        "(first on line 1); remove one of the two",
        code=1,
    )
    assert done.stderr == ""
    faults = json.loads(harness("check", "d", "--json").stdout)["faults"]
    assert [(fault["path"], fault["line"], fault["code"]) for fault in faults] == [
        ("d/annotations/me.jsonl", 1, "unknown-name"),
        ("d/claims.jsonl", 2, "text-mismatch"),
        ("d/claims.jsonl", 2, "id-mismatch"),
        ("d/claims.jsonl", 4, "duplicate-id"),
    ]
    refused(harness("add", "d", "--text", "A.", "--label", "law=yes", "--as", "me"), "d/claims.jsonl:4: claim_id")
    refused(harness("ingest", "ferry.txt", "--into", "d"), "d/claims.jsonl:4: claim_id")
    assert content(folder) == before


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("dataset.yaml", b"\x00\x01", "d/dataset.yaml: is not a text file: it has a NUL byte at offset 0"),
        ("dataset.yaml", b"format: 1\nformat: [", "d/dataset.yaml:2: is not YAML: "),
        ("articles.jsonl", b"\xff", "d/articles.jsonl:1: is not UTF-8: byte 0xff"),
        ("annotations/odd name.jsonl", b"", "d/annotations/odd name.jsonl: expected the annotator's name as file name"),
        (
            "splits/a.jsonl",
            b'{"claim_id": "x", "part": "y"}',
            "d/splits/a.jsonl:1: claim_id: no claim 'x' in claims.jsonl",
        ),
    ],
)
def test_a_damaged_file_of_a_dataset(harness, folder, name, data, message):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    refused(harness("check", "d"), message, code=1)


def test_a_path_that_is_nothing_to_check(tmp_path, harness):
    refused(harness("check", "nowhere"), "nowhere: does not exist; no shipped experiment, dataset or benchmark")
    (tmp_path / "a.txt").write_text("")
    refused(harness("check", "a.txt"), "a.txt: expected a dataset folder (with dataset.yaml) or a config (.yaml)")


@pytest.mark.parametrize("into", ["file", "file/d"])
def test_a_dataset_where_a_file_stands(tmp_path, harness, into):
    (tmp_path / "a.txt").write_text(TEXT)
    (tmp_path / "file").write_text("mine")
    done = harness("ingest", "a.txt", "--into", into)
    refused(done, f"{into}: cannot be written: a file exists where a folder is needed; choose another path")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere; the read-only mount below stands in for it")
def test_a_dataset_folder_without_write_permission(tmp_path, harness, folder):
    (tmp_path / "x.csv").write_text(ROWS)
    before = content(folder)
    folder.chmod(0o555)
    try:
        for done in (harness("ingest", "x.txt", "--into", "d"), harness("add", "d", "--claims", "x.csv", "--as", "me")):
            refused(done, "d: cannot be written: no permission; check the permissions of the file and its folder")
    finally:
        folder.chmod(0o755)
    assert content(folder) == before


COMMANDS = (["add", "d", "--claims", "x.csv", "--as", "new"], ["ingest", "more", "--into", "d"])


@pytest.mark.parametrize("command", COMMANDS, ids=["add", "ingest"])
@pytest.mark.parametrize("kib", [1, 4, 40])
def test_a_file_that_may_not_grow(tmp_path, folder, command, kib):
    """A limit on the size of files stops the write in the middle, in one file of the dataset or another."""
    more(tmp_path)
    before = content(folder)
    script = f'ulimit -f {kib}; exec "$@"'  # bash counts blocks of 1024 bytes
    run = ["bash", "-c", script, "bash", sys.executable, "-B", "-m", "harness", *command]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    refused(
        done, "d/", "cannot be written: the file would exceed the file-size limit (ulimit -f); raise it and run the"
    )
    assert content(folder) == before
    assert len(open_dataset(folder).annotations) == 1


def more(folder: Path) -> None:
    """About 100 KiB of articles and of rows to add."""
    (folder / "more").mkdir()
    for number in range(5):
        sentences = [f"The number of ferries in town {n} of region {number} rose to {n + 7}. " for n in range(300)]
        (folder / "more" / f"n{number}.txt").write_text("".join(sentences))
    rows = [f"A claim about the number {number} and what it did last year.,yes\n" for number in range(300)]
    (folder / "x.csv").write_text("text,factual\n" + "".join(rows))


def mounted(folder: Path, options: str, script: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs a shell script where `folder/disk` is a file system of its own, seen by the script alone."""
    (folder / "disk").mkdir()
    whole = f"mount -t tmpfs -o {options} tmpfs disk || exit 99\n{script}"
    if shutil.which("unshare") is None:
        pytest.skip("no unshare command, so no file system can be mounted for one process")
    run = ["unshare", "--map-root-user", "--mount", "bash", "-c", whole, "bash", sys.executable, "-B", "-m", "harness"]
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip(f"this process may not mount a file system: {done.stderr.strip()}")
    return done


@pytest.mark.parametrize("command", COMMANDS, ids=["add", "ingest"])
@pytest.mark.parametrize("kib", [28, 60])  # the dataset has seven files of 4 KiB or less, each in a page of 4 KiB
def test_a_full_disk(tmp_path, folder, command, kib):
    more(tmp_path)
    before = content(folder)
    words = " ".join(command).replace(" d", " disk/d")
    script = f'cp -r d disk/d; "$@" {words}; code=$?; mkdir out; cp -r disk/d out; exit $code'
    done = mounted(tmp_path, f"size={kib}k", script)
    refused(done, "disk/d", "cannot be written: the disk is full; free some space and run the same command again")
    assert content(tmp_path / "out" / "d") == before
    assert len(open_dataset(tmp_path / "out" / "d").annotations) == 1


def test_a_read_only_disk(tmp_path, folder):
    more(tmp_path)
    commands = [["add", "disk/d", "--claims", "x.csv", "--as", "new"], ["ingest", "more", "--into", "disk/d"]]
    commands += [["ingest", "more", "--into", "disk/new"]]
    runs = "; ".join(f'"$@" {" ".join(command)}; codes="$codes $?"' for command in commands)
    check = '"$@" check disk/d; "$@" add disk/d --claims x.csv --as new --dry-run'
    done = mounted(
        tmp_path, "size=1m", f"cp -r d disk/d; mount -o remount,ro disk; {runs}; {check}; echo $codes; exit 2"
    )
    refused(done, "disk/new: cannot be written: the file system is read-only; choose another folder", "2 2 2\n")
    assert done.stderr.count("disk/d: cannot be written: the file system is read-only; choose another folder") == 2
    assert done.stdout.startswith("no faults in disk/d\ndisk/d: would add 300 claims and 300 labels")


def test_a_command_that_failed_works_again_after_the_cause_is_gone(tmp_path, harness, folder):
    more(tmp_path)
    script = 'ulimit -f 4; exec "$@"'
    run = ["bash", "-c", script, "bash", sys.executable, "-B", "-m", "harness", *COMMANDS[1]]
    assert subprocess.run(run, cwd=tmp_path, capture_output=True, check=False).returncode == 2
    done = harness(*COMMANDS[1])
    assert "5 articles added (1,500 claims)" in done.stdout, done.stderr
    assert harness(*COMMANDS[0]).returncode == 0
    assert harness("check", "d").returncode == 0


def test_a_name_that_is_no_unicode(tmp_path, folder):
    """Paths are bytes on this system; one that is no UTF-8 is still named, in a message that can be printed."""
    odd = os.fsencode(tmp_path) + b"/d\xff"
    try:
        shutil.copytree(os.fsencode(folder), odd)
    except OSError:
        pytest.skip("this file system takes no such name")
    (Path(os.fsdecode(odd)) / "claims.jsonl").write_text("broken\n")
    run = [sys.executable, "-m", "harness", "check", odd]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    refused(done, "claims.jsonl:1: is not JSON", code=1)


def test_a_fault_of_a_column_is_one_line_and_can_be_listed(tmp_path, harness, folder):
    rows = "".join(f"Claim number {number}.,maybe{number},red\n" for number in range(200))
    (tmp_path / "x.csv").write_text("text,factual,colour\n" + rows)
    done = harness("add", "d", "--claims", "x.csv", "--as", "me")
    refused(done, "and 199 more (lines 3, 4, 5, ...)", "201 faults; list each with --all-faults")
    assert len(done.stderr.splitlines()) == 3
    done = harness("add", "d", "--claims", "x.csv", "--as", "me", "--all-faults")
    assert len(done.stderr.splitlines()) == 201


def test_check_prints_one_line_per_kind_too(tmp_path, harness, folder):
    path = folder / "annotations" / "me.jsonl"
    line = json.loads(path.read_text())
    wrong = [line | {"annotation_id": f"x{number}", "claim_id": f"gone-{number}"} for number in range(60)]
    path.write_text("".join(json.dumps(row) + "\n" for row in wrong))
    done = harness("check", "d")
    assert (done.returncode, len(done.stdout.splitlines())) == (1, 2)
    assert "60 faults; list each with --all-faults" in done.stdout
    assert len(harness("check", "d", "--all-faults").stdout.splitlines()) == 60
    assert len(json.loads(harness("check", "d", "--json").stdout)["faults"]) == 60


def test_ingest_tells_on_stderr_what_it_found_and_passed_over(tmp_path, harness):
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "a.csv").write_text("text;n\nIt cost 2,5 million.;1\n")
    (tmp_path / "news" / "._a.csv").write_bytes(b"\0")
    done = harness("ingest", "news", "--into", "x")
    assert (done.returncode, done.stdout) == (0, "x: 1 article added (1 claim); 0 already present\n")
    assert done.stderr.splitlines() == [
        "note: news: passed over hidden files: ._a.csv",
        "note: news/a.csv: the delimiter is: semicolon (found; --delimiter NAME sets another)",
    ]
    refused(harness("ingest", "news", "--into", "y", "--delimiter", "colon"), "delimiter: expected one of comma, semi")
