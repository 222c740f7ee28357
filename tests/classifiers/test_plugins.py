"""A package of somebody else: installed by pip, found by name, run, kept, and told apart when it is broken."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

MODULE = '''
"""Scores a claim by its exclamation marks."""
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from harness.classifiers.base import Classifier, Scorer, two_columns


@dataclass(frozen=True)
class LoudScorer(Scorer):
    """The marks, times a factor."""

    factor: float
    cutoff: float = 1.0

    def score(self, claims):
        """Counts."""
        marks = np.array([text.count("!") for text in claims.text], dtype=float)
        return two_columns(marks * self.factor, margins=True)


class Loud(Classifier):
    """Scores a claim by its exclamation marks."""

    yes_or_no_only = True
    factor: float = Field(default=1.0, gt=0)

    def fit(self, claims, gold, seed):
        """Learns nothing."""
        return LoudScorer(self.factor)
'''
ENTRY_POINTS = """\
[harness.classifiers]
loud = loud_claims:Loud
silent = loud_claims.absent:Silent

[harness.scorers]
LoudScorer = loud_claims:LoudScorer
"""
CONFIG = """\
name: plugged
task: checkability
dataset: public-matters
classifiers: [majority, {name: loud, factor: 2}]
metrics: [f1, average_precision]
intervals: {resamples: 100}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder into which pip installed a wheel."""
    folder = tmp_path_factory.mktemp("plugin")
    wheel, info = folder / "loud_claims-1.0-py3-none-any.whl", "loud_claims-1.0.dist-info"
    members = {
        "loud_claims.py": MODULE,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: loud-claims\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": ENTRY_POINTS,
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in [*members, f"{info}/RECORD"]))
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        folder / "site",
    ]
    done = subprocess.run([*install, wheel], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "site"


def test_it_stands_in_the_list_and_runs_and_is_kept(harness, site, tmp_path):
    assert "loud" in harness("list", "classifiers", PYTHONPATH=str(site)).stdout
    assert "loud" not in harness("list", "classifiers").stdout
    (tmp_path / "e.yaml").write_text(CONFIG, encoding="utf-8")
    done = harness("run", "e.yaml", "--save-models", "--json", PYTHONPATH=str(site))
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert [result["system"] for result in document["results"]] == ["majority", "loud"]
    kept = Path(next(model["path"] for model in document["models"] if model["system"] == "loud"))
    (tmp_path / "article.txt").write_text("It rose by 5 percent. Down with them!", encoding="utf-8")
    scored = harness("score", "article.txt", "--system", kept, "--json", PYTHONPATH=str(site))
    assert scored.returncode == 0, scored.stderr
    refused = harness("score", "article.txt", "--system", kept)
    assert refused.returncode != 0
    assert "Traceback" not in refused.stderr


def test_a_broken_one_is_named_and_breaks_no_other(harness, site, tmp_path):
    (tmp_path / "e.yaml").write_text(CONFIG.replace("loud, factor: 2", "silent"), encoding="utf-8")
    done = harness("run", "e.yaml", PYTHONPATH=str(site))
    assert done.returncode == 2
    assert "module 'loud_claims.absent' cannot be imported" in done.stderr
    assert "it comes with loud-claims 1.0" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    wrong = harness("run", "e.yaml", "--set", "classifiers=[loud, {name: loud, factor: -1}]", PYTHONPATH=str(site))
    assert "factor" in wrong.stderr
    assert harness("list", "classifiers", PYTHONPATH=str(site)).returncode == 0
