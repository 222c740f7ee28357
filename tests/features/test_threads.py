"""Threads of encoders: the fastest number is measured once, used in the block, and said."""

import time

import pytest

from harness.features import threads as module
from harness.features.threads import best_threads, chosen_threads

torch = pytest.importorskip("torch")


@pytest.fixture
def cores(monkeypatch):
    monkeypatch.setattr(module, "_choices", [])
    monkeypatch.setattr(module, "available_cores", lambda: 6)
    return monkeypatch


def test_the_fastest_number_of_threads_is_measured_once_and_restored(cores):
    before, measured = torch.get_num_threads(), []

    def encode():
        measured.append(torch.get_num_threads())
        time.sleep(0.001 if torch.get_num_threads() == 2 else 0.01)

    for _ in range(2):
        with best_threads(1000, encode):
            assert torch.get_num_threads() == 2
        assert torch.get_num_threads() == before
    assert measured[1:] == [1, 2, 4, 6, 2]  # those that are far slower get no second round
    assert chosen_threads().threads == 2
    assert str(chosen_threads()).startswith("encoder: 2 threads, chosen by measurement (")


def test_few_texts_are_not_measured(cores):
    with best_threads(10, lambda: 1 / 0):
        assert torch.get_num_threads() > 0
    assert chosen_threads() is None
