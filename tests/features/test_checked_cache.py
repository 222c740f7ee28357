"""A cache of bytes that processes share: nothing is lost, and what is damaged is computed again."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from harness.features.checked_cache import LARGE, CheckedCache
from harness.features.vector_cache import VectorCache, compute_or_load
from harness.files import WriteError

PROCESSES, ENTRIES = 3, 20


def _entry(key: str) -> bytes:
    return key.encode() * 1000


def _write(path, barrier, number: int) -> None:
    cache = CheckedCache(path, 10**9)
    barrier.wait(timeout=60)
    for each in range(ENTRIES):
        keys = [f"own-{number}-{each}", f"all-{each}"]  # the second one is written by all processes
        cache.put_bytes({key: _entry(key) for key in keys})


def test_processes_that_write_at_once_lose_nothing(tmp_path):
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(PROCESSES)
    path = tmp_path / "new folder" / "cache.sqlite"  # which all create at once
    writers = [context.Process(target=_write, args=(path, barrier, number)) for number in range(PROCESSES)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0] * PROCESSES
    cache = CheckedCache(path, 10**9)
    assert cache.contents() == (ENTRIES * (PROCESSES + 1), 0)
    keys = [f"own-{number}-{each}" for number in range(PROCESSES) for each in range(ENTRIES)]
    assert cache.get_bytes(keys) == {key: _entry(key) for key in keys}


def _overwrite(cache: CheckedCache, change: str) -> None:
    with closing(sqlite3.connect(cache.path)) as connection, connection:
        connection.execute(f"UPDATE vectors SET vector = {change} WHERE number = 2")


@pytest.mark.parametrize(
    "change",
    [
        "substr(vector, 1, length(vector) - 4)",
        "vector || x'00000000'",
        "x'00' || substr(vector, 2)",
        "(SELECT vector FROM vectors WHERE number = 1)",
        "x''",
        "NULL",
        "'text'",
        "7",
    ],
)
def test_a_damaged_vector_is_computed_again(tmp_path, change):
    cache = VectorCache(tmp_path / "vectors.sqlite")
    computed = []

    def lengths(texts: list[str]):
        computed.append(texts)
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)

    texts = ["a", "bb", "ccc"]
    expected = compute_or_load("space", texts, lengths, cache)
    _overwrite(cache, change)
    assert cache.contents() == (3, 1)
    assert np.array_equal(compute_or_load("space", texts, lengths, cache), expected)
    assert computed == [texts, ["bb"]]
    assert cache.contents() == (3, 0)
    assert np.array_equal(compute_or_load("space", texts, lengths, cache), expected)
    assert len(computed) == 2


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + bytes(200)])
def test_a_file_that_is_no_cache_caches_nothing_without_an_error(tmp_path, content):
    cache = CheckedCache(tmp_path / "cache.sqlite", 10**9)
    cache.path.write_bytes(content)
    cache.put_bytes({"a": b"1"})
    assert cache.get_bytes(["a"]) == ({} if content else {"a": b"1"})
    cache.clear()
    cache.put_bytes({"a": b"2"})
    assert cache.get_bytes(["a"]) == {"a": b"2"}


def test_the_oldest_entries_go_first(tmp_path):
    cache = CheckedCache(tmp_path / "cache.sqlite", 50_000)
    for number in range(20):
        cache.put_bytes({str(number): bytes(10_000)})
    kept = sorted(map(int, cache.get_bytes([str(number) for number in range(20)])))
    assert kept == list(range(kept[0], 20))
    assert cache.path.stat().st_size <= 60_000


def test_an_entry_larger_than_the_limit_is_not_kept_and_displaces_no_other(tmp_path):
    cache = CheckedCache(tmp_path / "cache.sqlite", max_bytes=100_000)
    cache.put_bytes({"small": b"1" * 1_000})
    cache.put_bytes({"large": b"2" * 100_001})
    assert cache.get_bytes(["small", "large"]) == {"small": b"1" * 1_000}


def test_an_entry_that_is_written_in_parts_is_read_whole(tmp_path):
    cache = CheckedCache(tmp_path / "cache.sqlite", max_bytes=10 * LARGE)
    entry = np.random.default_rng(0).bytes(2 * LARGE + 17)
    cache.put_bytes({"large": memoryview(entry), "small": b"1"})
    assert cache.get_bytes(["large", "small"]) == {"large": entry, "small": b"1"}
    assert cache.contents() == (2, 0)
    with closing(sqlite3.connect(cache.path)) as connection, connection:
        connection.execute("UPDATE vectors SET vector = substr(vector, 1, length(vector) - 1) WHERE key = 'large'")
    assert cache.contents() == (2, 1)
    assert cache.get_bytes(["large"]) == {}
    cache.put_bytes({"large": entry})
    assert cache.get_bytes(["large"]) == {"large": entry}


def test_a_file_that_is_no_cache_counts_as_damaged_until_it_is_deleted(tmp_path):
    cache = CheckedCache(tmp_path / "c.sqlite", 1_000_000)
    for place in (lambda path: path.write_text("no cache at all"), os.mkfifo):
        place(cache.path)
        cache.put_bytes({"a": b"1"})
        assert cache.get_bytes(["a"]) == {}
        assert cache.contents() == (1, 1)
        cache.clear()
        assert not cache.path.exists()
    cache.path.mkdir()
    with pytest.raises(WriteError, match=r"c.sqlite: cannot be written: a folder exists where a file is needed"):
        cache.clear()
