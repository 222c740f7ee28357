"""Files are written whole or not at all, and what cannot be read or written says so in words."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import FaultsError
from harness.files import (
    WriteError,
    atomic_file,
    atomic_folder,
    check_state_file,
    decode,
    fingerprint,
    read_bytes,
    sha256,
    write_bytes,
    write_files,
    write_text,
)

HERE = Path("a.txt")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufeff")))
def test_utf8_is_decoded_as_it_is(text):
    assert decode(text.encode(), HERE) == text
    assert decode(b"\xef\xbb\xbf" + text.encode(), HERE) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_needs_its_mark(encoding):
    assert decode(("\ufeff" + "Prices 😀\r\n").encode(encoding), HERE).removeprefix("\ufeff") == "Prices 😀\r\n"
    with pytest.raises(FaultsError, match=r"a\.txt: is not a text file: it has a NUL byte at offset . *; save it as"):
        decode("Prices".encode(encoding), HERE)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"one\ntwo\nthr\xe9\xe9\n", "a.txt:3: is not UTF-8: byte 0xe9 at offset 11; save the file as UTF-8"),
        (b"\xed\xa0\x80", "a.txt:1: is not UTF-8: byte 0xed at offset 0; save the file as UTF-8"),
        (b"ab\x00", "a.txt: is not a text file: it has a NUL byte at offset 2; save it as UTF-8 text"),
        (
            "\ufeffab".encode("utf-32-le"),
            "a.txt: is not a text file: it has a NUL byte at offset 2; save it as UTF-8 text",
        ),
    ],
)
def test_what_is_no_text_is_refused(data, message):
    with pytest.raises(FaultsError) as refused:
        decode(data, HERE)
    assert str(refused.value) == message


def test_what_cannot_be_read_says_why(tmp_path):
    for path, part in [
        (tmp_path / "no", "does not exist; check the path"),
        (tmp_path, "is a folder; expected a file"),
    ]:
        with pytest.raises(FaultsError) as refused:
            read_bytes(path)
        assert str(refused.value) == f"{path}: {part}"
    (tmp_path / "file").write_text("")
    with pytest.raises(FaultsError, match="file/inside: cannot be read: Not a directory"):
        read_bytes(tmp_path / "file" / "inside")


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "new" / "folder" / "a"
    write_text(path, "one")
    write_bytes(path, b"two")
    assert path.read_bytes() == b"two"
    assert [file.name for file in path.parent.iterdir()] == ["a"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "a", "\ud800")
    with pytest.raises(TypeError):
        write_bytes(tmp_path / "a", "no bytes")  # type: ignore[arg-type]
    assert (tmp_path / "a").read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("inside", "part"),
    [
        ("file/a", "file: cannot be written: a file exists where a folder is needed; choose another path"),
        ("file/folder/a", "folder: cannot be written: a file exists where a folder is needed; choose another path"),
        ("folder", "folder: cannot be written: a folder exists where a file is needed; choose another path"),
        ("x" * 300, "x: cannot be written: the name is too long; choose a shorter one"),
    ],
)
def test_a_place_that_cannot_be_written_says_why(tmp_path, inside, part):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(WriteError, match=part):
        write_text(tmp_path / inside, "text\n")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder"]


def test_a_read_only_file_system_says_so():
    if Path("/proc/version").exists():
        with pytest.raises(WriteError, match="/proc/nothing: cannot be written: "):
            write_text(Path("/proc/nothing/a"), "x")


@pytest.mark.parametrize("old", [None, "old\n"])
def test_a_disk_that_fills_up_half_way_changes_nothing(tmp_path, old):
    """A limit on the size of files makes the second write stop in the middle, as a full disk does."""
    path = tmp_path / "second"
    if old is not None:
        path.write_text(old)
    code = "import sys; from pathlib import Path; from harness.files import write_files, WriteError\n"
    code += "folder = Path(sys.argv[1])\n"
    code += "try: write_files({folder / 'first': b'small', folder / 'second': b'x' * 9_999})\n"
    code += "except WriteError as error: print(error)"

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))

    command = [sys.executable, "-B", "-c", code, str(tmp_path)]
    done = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, check=True)
    remedy = "the file would exceed the file-size limit (ulimit -f); raise it and run the same command again"
    assert done.stdout == f"{path}: cannot be written: {remedy}\n"
    left = [] if old is None else [("second", old)]
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == left


def test_what_may_never_end_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        with pytest.raises(FaultsError, match="is a device or a pipe; expected a file"):
            read_bytes(tmp_path / name)
    assert read_bytes(Path(os.devnull)) == b""


PART = st.none() | st.text(max_size=3) | st.integers()


@given(st.lists(PART, max_size=4), st.lists(PART, max_size=4))
def test_fingerprints_differ_with_any_part(one, other):
    assert (fingerprint(one) == fingerprint(other)) == (one == other)


@given(st.lists(st.text(max_size=3)) | st.lists(st.integers()) | st.lists(PART | st.booleans() | st.tuples(PART)))
def test_a_fingerprint_is_the_digest_of_the_json_of_all_parts(parts):
    assert fingerprint(parts) == sha256(json.dumps(parts, separators=(",", ":")))


def test_a_file_that_nothing_depends_on_is_not_waited_for(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("os.fsync", synced.append)
    write_files({tmp_path / "cost": b"1", tmp_path / "unit": b"2"}, unsynced=[tmp_path / "cost"])
    assert len(synced) == 1
    assert [(tmp_path / name).read_bytes() for name in ("cost", "unit")] == [b"1", b"2"]


@pytest.mark.parametrize("kind", ["pipe", "link to a device", "stream"])
def test_a_device_or_pipe_is_not_replaced(tmp_path, kind):
    path = tmp_path / "out.csv"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "stream":
        path = Path("/dev/fd/1")
    else:
        path.symlink_to("/dev/zero")
    before = [*tmp_path.iterdir()]
    with pytest.raises(WriteError, match="is a device or a pipe; choose another path"):
        write_text(path, "new")
    with pytest.raises(WriteError, match="is a device or a pipe"), atomic_file(path):
        pass
    with pytest.raises(WriteError, match="is a device or a pipe"), atomic_folder(path):
        pass
    assert [*tmp_path.iterdir()] == before
    assert kind == "stream" or not path.is_file()


def test_a_state_file_that_nobody_may_look_at_is_named(tmp_path, monkeypatch):
    def refuse(path, **_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(FaultsError, match=r"state\.json: cannot be read: no permission"):
        check_state_file(tmp_path / "state.json")


def test_a_state_file_with_an_impossible_name_is_not_there(tmp_path):
    check_state_file(tmp_path / ("long" * 100))
