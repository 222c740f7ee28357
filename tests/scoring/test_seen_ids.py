"""Ids beyond those in memory are known, too."""

from __future__ import annotations

from harness.scoring import seen_ids as module


def test_ids_are_known_after_they_left_memory(monkeypatch):
    monkeypatch.setattr(module, "IN_MEMORY", 10)
    with module.seen_ids() as seen:
        assert [seen.first_place(f"id-{number}", f"file-{number // 7}") for number in range(95)] == [None] * 95
        places = [seen.first_place(f"id-{number}", "again") for number in range(95)]
        assert places == [f"file-{number // 7}" for number in range(95)]
        assert seen.first_place("new", "again") is None
