"""Progress: how far, how fast, how long still, and the last step; a line now and then where there is no terminal."""

from __future__ import annotations

import threading

import pytest

from harness import run
from harness.cli import progress
from harness.cli.progress import Count, duration, show_progress


class Clock:
    """A clock that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_line_says_amount_rate_remaining_time_and_last_step(clock):
    count = Count("fits", 40, clock=clock)
    clock.now = 31
    assert count.line() == "0 of 40 fits, 31 s so far"
    for number in range(10):
        count.advance(f"tfidf_svm[C=1] fold-{number}, seed 13")
    clock.now = 300
    assert count.line() == "10 of 40 fits, 2.0 a minute, about 15 min left: tfidf_svm[C=1] fold-9, seed 13"


def test_work_of_unknown_size_has_a_rate_only(clock):
    count = Count("claims", None, clock=clock)
    count.advance("page-1", 2500)
    clock.now = 50
    assert count.line() == "2,500 claims, 50.0 a second: page-1"


def test_bytes_are_shown_in_a_larger_unit(clock):
    count = Count("MB", 30_000_000, size=1_000_000, clock=clock)
    count.advance("train.tsv", 10_000_000)
    clock.now = 4
    assert count.line() == "10.0 of 30.0 MB, 2.5 a second, about 8 s left: train.tsv"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (119, "119 s"), (150, "2 min"), (7100, "118 min"), (12000, "3 h 20 min")]
)
def test_durations_in_words(seconds, words):
    assert duration(seconds) == words


def test_where_stderr_is_no_terminal_a_line_comes_at_each_interval_even_within_a_step(monkeypatch, capsys):
    monkeypatch.setattr(progress, "INTERVAL_S", 0.01)
    printed = threading.Event()
    monkeypatch.setattr(
        progress.click, "echo", lambda line, err: printed.set() if err and "1 of 2 fits" in line else None
    )
    with show_progress("fits")(2) as advance:
        advance("majority fold-1, seed 13")
        assert printed.wait(20)


def test_quick_work_prints_nothing(capsys):
    with show_progress("fits")(1) as advance:
        advance("majority fold-1, seed 13")
    assert capsys.readouterr().err == ""


def test_a_run_names_each_fit_with_setting_fold_and_seed(small, tmp_path):
    from contextlib import nullcontext

    steps: list[str] = []
    totals: list[int | None] = []

    def watch(total):
        totals.append(total)
        return nullcontext(steps.append)

    config = tmp_path / "c.yaml"
    config.write_text(
        f"name: c\ntask: checkability\ndataset: {small}\nsplit: {{k: 2}}\nrandom_seeds: [1, 2]\n"
        "classifiers: [prior_random, {name: length, cap: {each: [5, 9]}}]\nmetrics: [f1]\nintervals: {method: none}\n"
    )
    run(config, out=tmp_path / "runs", progress=watch)
    fits = [f"prior_random fold-{fold}, seed {seed}" for fold in (0, 1) for seed in (1, 2)]
    fits += [f"length[cap={cap}] fold-{fold}" for cap in (5, 9) for fold in (0, 1)]
    systems = ["prior_random", "length[cap=5]", "length[cap=9]"]
    assert steps == [*fits, *(f"{system}: values and intervals" for system in systems)]
    assert totals == [11]
    steps.clear()
    run(config, out=tmp_path / "runs", progress=watch)
    assert (steps, totals) == ([], [11])  # nothing has changed: what is stored is printed
