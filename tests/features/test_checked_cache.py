"""The cache of bytes: its limit."""

from __future__ import annotations

from harness.features.checked_cache import CheckedCache


def test_an_entry_larger_than_the_limit_is_not_kept_and_displaces_no_other(tmp_path):
    cache = CheckedCache(tmp_path / "cache.sqlite", max_bytes=100_000)
    cache.put_bytes({"small": b"1" * 1_000})
    cache.put_bytes({"large": b"2" * 100_001})
    assert cache.get_bytes(["small", "large"]) == {"small": b"1" * 1_000}
