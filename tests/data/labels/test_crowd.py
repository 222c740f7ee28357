"""Dawid-Skene and MACE: crowd-kit's numbers, real crowds, and crowds that leave little to infer."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import numpy as np
import pytest

from harness.data.labels.crowd import Crowd, dawid_skene, mace
from harness.data.labels.gold import decided_labels, infer

REFERENCE = json.loads((Path(__file__).parent / "crowd_reference.json").read_text(encoding="utf-8"))
"""Probabilities of every tenth item by crowd-kit 1.4.2: `DawidSkene(n_iter=30, tol=-inf)` and `MACE(n_restarts=1)`."""
DESKS = ("CT", "ABC", "CNN", "WP", "NPR", "PF", "TG", "NYT", "FC")


def crowd_of_eight():
    """200 items with 3 labels, each labeled by about six of eight annotators, who are right in 35 to 90 percent."""
    draw = random.Random(21)  # the reference was made from exactly these draws
    truth = [draw.choice((0, 0, 0, 1, 1, 2)) for _ in range(200)]
    entries = []
    for annotator in range(8):
        skill = 0.35 + 0.55 * draw.random()
        for item, label in enumerate(truth):
            if draw.random() < 0.75:
                entries.append((item, annotator, label if draw.random() < skill else draw.randrange(3)))
    return Crowd(*np.array(entries).T), np.array(truth)


@pytest.mark.parametrize(
    ("name", "infer_labels"),
    [
        ("dawid_skene", lambda crowd: dawid_skene(crowd, iterations=30, tolerance=0)),
        ("mace", lambda crowd: mace(crowd, starts=1)),
    ],
)
def test_the_probabilities_are_crowd_kits(name, infer_labels):
    crowd, _ = crowd_of_eight()
    # crowd-kit raises probabilities below 1e-10 to 1e-10, therefore not closer.
    np.testing.assert_allclose(infer_labels(crowd).probabilities[::10], REFERENCE[name], atol=1e-9, rtol=0)


def test_models_are_right_more_often_than_the_majority():
    crowd, truth = crowd_of_eight()
    shares = crowd.shares()
    is_tie = np.isclose(*np.sort(shares, axis=1)[:, -2:].T)
    by_majority = ((shares.argmax(axis=1) == truth) & ~is_tie).mean()
    for model in (dawid_skene, mace):
        consensus = model(crowd)
        assert (consensus.probabilities.argmax(axis=1) == truth).mean() > by_majority
        assert np.allclose(consensus.probabilities.sum(axis=1), 1)
        assert consensus.is_settled


def test_the_likelihood_rises_with_every_iteration():
    crowd, _ = crowd_of_eight()
    likelihoods = [dawid_skene(crowd, iterations=n, tolerance=0).likelihood for n in range(1, 12)]
    assert likelihoods == sorted(likelihoods)


def test_an_adversary_is_seen_through():
    """Two careful annotators and two who always say the opposite of what is true: Dawid-Skene learns from both."""
    draw = random.Random(3)
    truth = [draw.randrange(2) for _ in range(300)]
    flip = {0: 0.05, 1: 0.05, 2: 0.1, 3: 0.9}
    given = [
        (f"c{item:03}", f"w{annotator}", str(label ^ (draw.random() < rate)))
        for item, label in enumerate(truth)
        for annotator, rate in flip.items()
    ]
    model = infer(given, "dawid_skene")
    assert np.abs(model.consensus.reliability - [0.95, 0.95, 0.9, 0.1]).max() < 0.05
    assert (model.consensus.probabilities.argmax(axis=1) == truth).mean() > 0.97


@pytest.mark.parametrize("model", ["dawid_skene", "mace"])
def test_the_order_of_labels_makes_no_difference(model):
    crowd, _ = crowd_of_eight()
    given = [(f"c{i:03}", f"w{a}", "xyz"[label]) for i, a, label in zip(*crowd, strict=True)]
    first = infer(given, model)
    random.Random(1).shuffle(given)
    second = infer(given, model)
    assert first[:3] == second[:3]
    np.testing.assert_array_equal(first.consensus.probabilities, second.consensus.probabilities)


@pytest.mark.parametrize("model", ["dawid_skene", "mace"])
@pytest.mark.parametrize(
    "given",
    [
        [("c1", "ann", "yes")],  # one label
        [("c1", "ann", "yes"), ("c2", "ann", "no")],  # one annotator
        [("c1", "ann", "yes"), ("c2", "bob", "no")],  # no overlap
        [("c1", f"w{n:03}", "yes" if n % 3 else "no") for n in range(900)],  # whose likelihood is below the least float
    ],
)
def test_crowds_that_leave_little_to_infer(model, given):
    result = infer(given, model)
    probabilities = result.consensus.probabilities
    assert np.isfinite(probabilities).all()
    # Of an annotator with one label, Dawid-Skene learns nothing: the claim is undecided, and never "no".
    assert decided_labels(result).get("c1", "yes") == "yes"


def test_a_model_that_has_not_settled_says_so():
    crowd, _ = crowd_of_eight()
    assert not dawid_skene(crowd, iterations=2).is_settled
    assert not mace(crowd, iterations=2, starts=1).is_settled


def read_crowd(folder, name):
    """The last label of each worker on each item of a published crowd."""
    if name == "claimrank":
        rows = []
        for path in sorted((folder / "claimrank").glob("transcripts_all_sources/*.tsv")):
            with path.open(encoding="utf-8", newline="") as lines:
                table = list(csv.DictReader(lines, delimiter="\t"))
            rows += [(f"{path.stem}-{row['ID']}", desk, row[desk]) for row in table for desk in DESKS]
    else:
        lines = (folder / "agreement" / name / "labels.txt").read_text(encoding="utf-8").splitlines()
        rows = [(item, worker, label) for worker, item, label in (line.split("\t") for line in lines)]
    return [(*key, label) for key, label in {(item, worker): label for item, worker, label in rows}.items()]


def coded(given):
    """A crowd whose labels are numbered in the order in which the first annotators use them, as crowd-kit does."""
    names = [sorted(set(column)) for column in zip(*given, strict=True)]
    numbers = [{name: number for number, name in enumerate(column)} for column in names]
    entries = np.array(sorted([(numbers[1][a], numbers[0][i], numbers[2][v]) for i, a, v in given]))
    order = list(dict.fromkeys(entries[:, 2].tolist()))
    crowd = Crowd(entries[:, 1], entries[:, 0], np.argsort(order)[entries[:, 2]])
    return crowd, names[0], [names[2][code] for code in order]


# By crowd-kit 1.4.2, DawidSkene(n_iter=10, tol=-inf) and MACE(n_restarts=1): sums of the squared probabilities. The
# rows were sorted by annotator, as its MACE mixes up annotators and labels that do not first occur in their order.
@pytest.mark.parametrize(
    ("name", "by_dawid_skene", "by_mace"),
    [
        ("HITspam-UsingMTurk", 4254.76344289043, 4128.578673178574),
        ("claimrank", 6674.914315458738, 4069.0568774033172),
        ("AdultContent2", 9844.684170459273, 9170.206132874664),
    ],
)
def test_published_crowds_have_crowd_kits_probabilities(benchmarks, name, by_dawid_skene, by_mace):
    crowd, items, labels = coded(read_crowd(benchmarks, name))
    consensus = dawid_skene(crowd, iterations=10, tolerance=0)
    assert (consensus.probabilities**2).sum() == pytest.approx(by_dawid_skene, rel=1e-9)
    one_start = mace(crowd, starts=1)
    assert (one_start.probabilities**2).sum() == pytest.approx(by_mace, rel=1e-9)
    if name != "AdultContent2":  # of HITspam's gold, no item has labels
        return
    lines = (benchmarks / "agreement" / name / "gold.txt").read_text(encoding="utf-8").splitlines()
    gold = {items.index(item): label for item, label in (line.split("\t") for line in lines) if item in set(items)}
    assert len(gold) == 333  # of 1,517
    n_right = [
        sum(labels[best[row]] == label for row, label in gold.items())
        for best in (result.probabilities.argmax(axis=1) for result in (dawid_skene(crowd), one_start))
    ]
    assert n_right == [249, 260]  # the majority: 248, and 10 ties
