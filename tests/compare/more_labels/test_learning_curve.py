"""What twice the training claims bring, read from a run over shares of them."""

from __future__ import annotations

import pytest
from small_dataset import make_dataset

from harness import curve, run
from harness.errors import HarnessError

SHARES = [0.25, 0.5, 0.75, 1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    base = tmp_path_factory.mktemp("curve")
    make_dataset(base)
    return base


def run_at(folder, name, shares, classifiers):
    experiment = {
        "name": name,
        "task": "checkability",
        "dataset": str(folder / "small"),
        "split": {"k": 2, "train_share": {"each": shares}},
        "classifiers": classifiers,
        "metrics": ["average_precision"],
        "intervals": {"resamples": 100},
    }
    run(experiment, out=folder / "runs")
    return folder / "runs" / name


def test_each_system_has_a_curve_with_intervals_and_a_law(folder):
    settings = {"name": "length", "label": "by length"}
    curves = curve(run_at(folder, "shares", SHARES, ["prior_random", settings]))
    assert {system.system for system in curves.curves} == {"by length", "prior_random"}
    for system in curves.curves:
        assert [point.share for point in system.points] == SHARES
        assert all(point.value.low is not None for point in system.points)
    # Nothing is learned from the training claims, so that nothing is gained by more of them.
    flat = next(c for c in curves.curves if c.system == "by length")
    assert flat.law is not None
    assert flat.law.gain == pytest.approx(0)
    assert flat.verdict == "no change"
    assert flat.document()["law"]["low"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("shares", "reason"),
    [([0.5, 1], "needs 4 shares or more to say, and there are 2"), ([0.2, 0.3, 0.5, 0.7], "needs the share 1")],
)
def test_too_few_shares_have_values_but_no_law(folder, shares, reason):
    only = curve(run_at(folder, f"of-{len(shares)}", shares, ["length"])).curves[0]
    assert only.law is None
    assert only.verdict.startswith(reason)
    assert len(only.points) == len(shares)


def test_a_run_without_shares_says_how_to_get_them(folder):
    experiment = {"name": "none", "task": "checkability", "dataset": str(folder / "small"), "classifiers": ["length"]}
    run(experiment | {"split": {"k": 2}}, out=folder / "runs")
    with pytest.raises(HarnessError, match=r"--set 'split.train_share=\{each"):
        curve(folder / "runs" / "none")
