"""`harness cache`: what the caches hold, and their deletion."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from harness.cli.storage.cache import cache
from harness.endpoints.cache import Cache, Usage
from harness.features.counts.corpus_counts import stored_counts


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    stored_counts().put_bytes({"a": b"12", "b": b"34"})
    with Cache(tmp_path) as replies, replies.transaction() as database:
        database.execute("INSERT INTO replies VALUES ('key', '{}')")
        database.execute("INSERT INTO spent VALUES ('ledger', 1, 20)")
    benchmark = tmp_path / "a-benchmark"
    benchmark.mkdir()
    (benchmark / "claims.jsonl").write_text("{}\n")
    for fit, checks in (("whole", "{}"), ("damaged", '{"scorer.json": "0"}')):
        (tmp_path / "fits" / fit).mkdir(parents=True)
        if checks != "{}":
            (tmp_path / "fits" / fit / "scorer.json").write_text("{}")
            (tmp_path / "fits" / fit / "sha256.json").write_text(checks)
    return tmp_path


def call(*options: str, answer: str | None = None):
    return CliRunner().invoke(cache, options, input=answer)


def test_it_shows_entries_and_damage_and_changes_nothing(folder):
    states = {state["name"]: state for state in json.loads(call("--json").stdout)}
    assert {name: (state["entries"], state["damaged"]) for name, state in states.items()} == {
        "replies": (1, 0),
        "vectors": (0, 0),
        "counts": (2, 0),
        "fits": (2, 1),
    }
    assert not (folder / "encodings.sqlite").exists()
    assert re.search("counts .* 0.5 GB +n-grams of 2,000 or more texts, counted again\n", call().stdout)


def test_it_deletes_what_is_named_alone(folder):
    assert call("--prune", "counts", "--prune", "fits").stdout.startswith("counts: 2 deleted")
    assert json.loads(call("--json").stdout)[0]["entries"] == 1
    assert stored_counts().contents() == (0, 0)
    assert not list((folder / "fits").glob("[wd]*/"))
    assert (folder / "a-benchmark" / "claims.jsonl").exists()


def test_replies_are_deleted_after_a_yes_and_what_was_spent_stays(folder):
    assert call("--prune", "replies", answer="n\n").exit_code == 1
    with Cache(folder) as replies:
        assert replies.count() == (1, 0)
        assert call("--prune", "replies", answer="y\n").exit_code == 0
        assert replies.count() == (0, 0)
        assert replies.usage("ledger") == Usage(1, 20)


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_without_a_yes_nothing_is_deleted_and_it_says_so(folder, answer):
    refused = call("--prune", "replies", "--prune", "counts", answer=answer)
    assert refused.exit_code == 1
    assert "nothing was deleted; --yes deletes replies without a question" in refused.stderr
    assert stored_counts().contents()[0] == 2
    with Cache(folder) as replies:
        assert replies.count() == (1, 0)


def test_a_file_that_is_no_cache_is_deleted(folder):
    stored_counts().path.write_bytes(b"no database, but long enough to be taken for one" * 100)
    assert call("--prune", "counts").exit_code == 0
    assert stored_counts().contents() == (0, 0)
