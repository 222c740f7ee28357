"""Downloads from a real server on this machine: resumed where they were cut, whole or not at all; harmful zips."""

from __future__ import annotations

import io
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness import FaultsError, HarnessError
from harness.data.archives import Archive
from harness.data.benchmarks.benchmark import Benchmark, Part
from harness.data.benchmarks.download import download
from harness.data.benchmarks.fetch import fetch
from harness.files import sha256

CONTENT = b"line\n" * 40_000


class Server(ThreadingHTTPServer):
    """Serves `content` at every path; `script` says what each answer does, the last for all that follow."""

    def __init__(self, content, script):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.script, self.asked = content, list(script), []

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}/file.tsv"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        asked = self.headers.get("Range")
        server.asked.append(asked)
        what = server.script.pop(0) if len(server.script) > 1 else server.script[0]
        if isinstance(what, int):
            self.send_error(what)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and what != "whole" else 0
        if start > len(server.content):
            self.send_error(416)
            return
        body = server.content[start:]
        self.send_response(206 if start or what == "unasked" else 200)
        if start and what != "no range":
            begin = start - 1 if what == "other range" else start
            size = "*" if what == "undeclared" else len(server.content)
            self.send_header("Content-Range", f"bytes {begin}-{len(server.content) - 1}/{size}")
        if what != "undeclared":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if what == "cut" else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def serve():
    started = []

    def start(content, *script):
        server = Server(content, script or ["range"])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("script", "attempts"),
    [
        (["range"], 1),
        (["cut", "cut", "range"], 3),
        ([503, 429, "range"], 3),
        (["cut", "whole"], 2),
        (["cut", "other range", "range"], 3),
        (["cut", "no range", "range"], 3),
        (["unasked", "range"], 2),
    ],
)
def test_a_file_comes_whole_however_often_it_is_cut(serve, tmp_path, script, attempts):
    server = serve(CONTENT, *script)
    download(server.address, tmp_path / "file.tsv", pause_s=0)
    assert (tmp_path / "file.tsv").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["file.tsv"]
    assert len(server.asked) == attempts


def test_the_next_call_goes_on_where_the_last_was_cut(serve, tmp_path):
    server = serve(CONTENT, "cut", 500, 500, 500, "range")
    with pytest.raises(
        HarnessError, match=r"download failed after 4 attempts: the server responded 500 .*100,000 bytes are saved"
    ):
        download(server.address, tmp_path / "file.tsv", pause_s=0)
    assert not (tmp_path / "file.tsv").exists()
    download(server.address, tmp_path / "file.tsv", pause_s=0)
    assert server.asked[-1] == "bytes=100000-"
    assert (tmp_path / "file.tsv").read_bytes() == CONTENT


def test_a_part_that_is_no_beginning_is_thrown_away(serve, tmp_path):
    server = serve(b"short", "range")
    (tmp_path / "file.tsv.part").write_bytes(b"much longer than what there is")
    download(server.address, tmp_path / "file.tsv", pause_s=0)
    assert (tmp_path / "file.tsv").read_bytes() == b"short"


@pytest.mark.parametrize("script", [["range"], ["undeclared"], ["cut", "cut", "range"]])
def test_the_limit_is_of_the_file_over_all_attempts(serve, tmp_path, monkeypatch, script):
    monkeypatch.setattr("harness.data.benchmarks.download.MAX_BYTES", len(CONTENT) - 1)
    # Each attempt alone stays below the limit: what counts is what they come to together.
    server = serve(CONTENT, *script)
    with pytest.raises(HarnessError, match="the file is larger than the limit of 199,999 bytes"):
        download(server.address, tmp_path / "file.tsv", pause_s=0)
    assert list(tmp_path.iterdir()) == []


def test_attempts_without_a_declared_size_count_together(serve, tmp_path, monkeypatch):
    monkeypatch.setattr("harness.data.benchmarks.download.MAX_BYTES", 150_000)
    server = serve(CONTENT, "undeclared")
    (tmp_path / "file.tsv.part").write_bytes(CONTENT[:100_000])
    with pytest.raises(HarnessError, match="larger than the limit of 150,000 bytes"):
        download(server.address, tmp_path / "file.tsv", pause_s=0)
    assert list(tmp_path.iterdir()) == []


def test_an_answer_that_is_final_is_not_asked_again(serve, tmp_path):
    server = serve(CONTENT, 404)
    with pytest.raises(HarnessError, match=r"responded 404 .*may have moved.*harness fetch NAME --from FOLDER"):
        download(server.address, tmp_path / "file.tsv", pause_s=0)
    assert len(server.asked) == 1


def test_nobody_is_there(tmp_path):
    with pytest.raises(HarnessError, match="download failed after 4 attempts"):
        download("http://127.0.0.1:9/file.tsv", tmp_path / "file.tsv", pause_s=0)
    with pytest.raises(HarnessError, match="only http and https URLs"):
        download("file:///etc/passwd", tmp_path / "file.tsv")


ROWS = b"1\tANN\tTaxes rose 5%.\t1\n2\tBOB\tThank you.\t0\n"


def described(address, digest):
    return Benchmark(
        name="tiny",
        title="Tiny",
        summary="two lines",
        source="https://example.org",
        license="CC BY 4.0",
        language="en",
        citation="none",
        format="checkthat_debates",
        scheme="checkthat",
        downloads={"data/": address.removesuffix("file.tsv")},
        parts={"train": Part(files={"data/file.tsv": digest})},
    )


def test_a_benchmark_is_fetched_from_its_publisher(serve, tmp_path, monkeypatch):
    server, said = serve(ROWS), list[str]()
    monkeypatch.setattr(
        "harness.data.benchmarks.fetch.load_benchmark", lambda _: described(server.address, sha256(ROWS))
    )
    done = fetch("tiny", root=tmp_path, say=said.append, pause_s=0)
    assert (done.claims, done.absent) == (2, ())
    assert said == ["fetching from 127.0.0.1"]
    fetch("tiny", root=tmp_path, say=said.append, pause_s=0)
    assert len(server.asked) == 1


def test_a_wrong_hash_is_refused_and_got_again(serve, tmp_path, monkeypatch):
    server = serve(ROWS + b"3\tEVE\tPlanted.\t1\n")
    monkeypatch.setattr(
        "harness.data.benchmarks.fetch.load_benchmark", lambda _: described(server.address, sha256(ROWS))
    )
    with pytest.raises(FaultsError, match="is not the publisher's file"):
        fetch("tiny", root=tmp_path, pause_s=0)
    assert not (tmp_path / "tiny").exists()
    server.content = ROWS
    assert fetch("tiny", root=tmp_path, pause_s=0).claims == 2


def packed(*members, method=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as made:
        for name, data in members:
            made.writestr(name, data)
    return stream.getvalue()


def test_a_zip_is_read_member_by_member(tmp_path):
    data = packed(("v2/train.tsv", ROWS), ("__MACOSX/v2/._train.tsv", b"fork"), ("v2/._train.tsv", b"fork"))
    archive = Archive(tmp_path / "a.zip", data)
    assert archive.names == ["v2/train.tsv"]
    assert archive.find("train.tsv") == archive.read("v2/train.tsv") == ROWS
    assert archive.find("dev.tsv") is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (packed(("a.tsv", ROWS))[:-30], "is not a complete zip file"),
        (b"PK\x03\x04 no", "is not a complete zip file"),
        (packed(("../../etc/a.tsv", ROWS)), "has a member with a path outside its folder"),
        (packed(("/etc/a.tsv", ROWS)), "has a member with a path outside its folder"),
        (packed(("a\\..\\..\\b.tsv", ROWS)), "has a member with a path outside its folder"),
        (packed(("a.tsv", b"0" * (4 << 20))), "to 4,194,304 bytes, more than 100 times"),
    ],
)
def test_a_zip_that_harms_is_refused(tmp_path, data, said):
    with pytest.raises(FaultsError, match=said):
        Archive(tmp_path / "a.zip", data)


def test_a_damaged_member_is_refused(tmp_path):
    data = bytearray(packed(("a.tsv", ROWS * 50), method=zipfile.ZIP_STORED))
    data[200] ^= 1
    with pytest.raises(FaultsError, match=r"member 'a\.tsv' cannot be read"):
        Archive(tmp_path / "a.zip", bytes(data)).read("a.tsv")


def test_a_bomb_in_a_local_copy_writes_nothing(tmp_path, harness):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "v2.zip").write_bytes(packed(("v2/training_v2.tsv", b"0" * (8 << 20))))
    done = harness("fetch", "checkthat-2020-task1", "--from", "copy")
    assert done.returncode == 2
    assert "more than 100 times" in done.stderr
    assert not (tmp_path / "data-root" / "checkthat-2020-task1").exists()
