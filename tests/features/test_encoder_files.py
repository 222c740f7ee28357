"""Encoders by name and path, their cache, and the errors where one is missing; needs no torch."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import numpy as np
import pytest

from harness.errors import FaultsError, HarnessError
from harness.features.encoder_files import (
    TrainingRecord,
    encoder_fingerprint,
    extend_training_record,
    find_encoder,
    hub_by_argument,
    hub_host,
    most_tokens,
    read_trained_on,
    require_extra,
    write_trained_on,
)
from harness.features.vector_cache import VectorCache

SENTENCE = "Rents rose by 14 percent between 2019 and 2023."


@pytest.fixture
def no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty Hub cache, and no network."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def test_a_missing_package_is_named_with_its_extra():
    with pytest.raises(HarnessError, match=r"needs no_such_package; .* pip install 'claim-harness\[transformers\]'"):
        require_extra("transformers", "json", "no_such_package")


def test_a_name_that_the_hub_cannot_give_is_said(no_hub):
    assert hub_host("nobody/no-such-encoder") == "huggingface.co"
    with pytest.raises(HarnessError, match=r"'nobody/no-such-encoder': no such folder, and the download .* failed"):
        find_encoder("nobody/no-such-encoder")


def test_offline_asks_nothing_of_the_hub_and_ends_with_the_call(tmp_path, monkeypatch):
    """Also what has no host to be asked for, such as the encoder of a retriever."""
    from huggingface_hub import constants

    asked = []

    def look_up(host, *_, **__):
        asked.append(host)
        raise socket.gaierror("no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    before = constants.HF_HUB_OFFLINE

    @hub_by_argument
    def find(*, offline):
        assert (os.environ.get("HF_HUB_OFFLINE") == "1") == offline
        return find_encoder("nobody/no-such-encoder")

    with pytest.raises(HarnessError, match=r"the download from the Hub failed"):
        find(offline=True)
    assert asked == []
    assert before == constants.HF_HUB_OFFLINE
    assert "HF_HUB_OFFLINE" not in os.environ
    if not before:
        with pytest.raises(HarnessError, match=r"the download from the Hub failed"):
            find(offline=False)
        assert asked


@pytest.mark.parametrize("path", ["./nowhere", "/no/such/folder", "~/no-such-folder", "a/b/c"])
def test_a_path_is_never_looked_for_on_the_hub(path):
    assert hub_host(path) is None
    with pytest.raises(HarnessError, match="is not a folder"):
        find_encoder(path)


def test_offline_refuses_an_encoder_of_the_hub_before_reading_data(harness_process, tmp_path):
    (tmp_path / "e.yaml").write_text(
        "{name: e, task: checkability, dataset: public-matters, "
        "classifiers: [{name: transformer, model: nobody/no-such-encoder}]}"
    )
    done = harness_process("run", "e.yaml", "--offline", HF_HUB_CACHE=str(tmp_path / "hub"))
    assert done.returncode == 2
    assert "needs the network (huggingface.co), which --offline refuses" in done.stderr


def test_the_fingerprint_is_of_the_weights_and_not_of_the_record(tmp_path):
    (tmp_path / "config.json").write_text('{"max_position_embeddings": 512}')
    (tmp_path / "model.safetensors").write_bytes(b"one")
    first = encoder_fingerprint(tmp_path)
    write_trained_on(tmp_path, extend_training_record(TrainingRecord(), ["claimbuster"], [SENTENCE]))
    assert encoder_fingerprint(tmp_path) == first
    (tmp_path / "model.safetensors").write_bytes(b"other")
    assert encoder_fingerprint(tmp_path) != first
    assert most_tokens(tmp_path) == 510


def test_what_an_encoder_was_trained_on_is_kept_without_its_text(tmp_path):
    before = extend_training_record(TrainingRecord(), ["claimbuster"], [SENTENCE, "Thank you very much."])
    write_trained_on(tmp_path, extend_training_record(before, ["policlaim"], ["Six words are enough for this."]))
    found = read_trained_on(tmp_path)
    assert found.sources == ("claimbuster", "policlaim")
    assert found.has([SENTENCE.upper(), "Thank you very much.", "six words are enough for this"]).tolist() == [
        True,
        False,  # short: said by everybody
        True,
    ]
    assert "Rents" not in (tmp_path / "trained_on.json").read_text()
    (tmp_path / "trained_on.json").write_text('{"texts": 3}')
    with pytest.raises(FaultsError, match="not a valid training record"):
        read_trained_on(tmp_path)


def test_vectors_come_back_and_the_oldest_go_first(tmp_path):
    cache = VectorCache(tmp_path / "v.sqlite", max_bytes=400_000)
    vectors = {str(n): np.full(1000, n, dtype=np.float32) for n in range(1000)}
    for start in range(0, 1000, 50):
        cache.put({key: vectors[key] for key in list(vectors)[start : start + 50]})
    found = cache.get(list(vectors))
    assert 0 < len(found) < 150  # a vector is 4,000 bytes
    assert "999" in found
    assert "0" not in found
    assert all(np.array_equal(vector, vectors[key]) for key, vector in found.items())
    assert (tmp_path / "v.sqlite").stat().st_size <= 400_000


def test_a_cache_that_cannot_be_written_caches_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    cache = VectorCache(tmp_path / "file" / "v.sqlite")
    cache.put({"a": np.zeros(3, dtype=np.float32)})
    assert cache.get(["a"]) == {}
