"""Packages of others: installed from a wheel, found by their entry points, used, kept, and at fault by name."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from harness.registry import CannotImport, import_object

DIGITS = '''\
"""Scores claims by their digits."""

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from harness.classifiers.base import Classifier, Scorer, two_columns


@dataclass(frozen=True)
class DigitScorer(Scorer):
    most: int

    def score(self, claims):
        counts = [min(sum(map(str.isdigit, text)), self.most) for text in claims.text]
        return two_columns(np.array(counts) / self.most)


class Digits(Classifier):
    """Scores a claim by its digits."""

    most: int = Field(default=9, ge=1)

    def fit(self, claims, gold, seed):
        return DigitScorer(self.most)
'''
CONFIG = (
    "{name: e, task: checkability, dataset: public-matters, metrics: [average_precision], intervals: {resamples: 100}, "
    "split: {k: 2}, classifiers: [length, {name: digits, most: 4}]}"
)


def wheel(folder: Path, name: str, files: dict[str, str], entry_points: str) -> Path:
    """A wheel of a package: its modules, and what says of them what they add."""
    about = f"{name}-1.2.dist-info"
    said = {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.2\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": entry_points,
    }
    path = folder / f"{name}-1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for place, text in {**files, **said}.items():
            archive.writestr(place, text)
        archive.writestr(f"{about}/RECORD", "".join(f"{place},,\n" for place in [*files, *said, f"{about}/RECORD"]))
    return path


def install(paths: list[Path], site: Path) -> None:
    """Installs wheels into a folder: by pip, or by what pip does with one where there is no pip."""
    if not paths:
        return
    if importlib.util.find_spec("pip") is None:
        for path in paths:
            with zipfile.ZipFile(path) as archive:
                archive.extractall(site)
        return
    quiet = ["--no-index", "--no-deps", "--no-compile", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "install", *quiet, "--target", str(site), *map(str, paths)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> dict[str, Path]:
    """A good package, one that cannot be imported, one without its class, and one that takes the good one's name."""
    folder = tmp_path_factory.mktemp("wheels")
    points = "[harness.classifiers]\ndigits = digit_counts:Digits\n[harness.scorers]\nD = digit_counts:DigitScorer\n"
    broken = "[harness.classifiers]\nbroken = broken_thing:Broken\n[harness.metrics]\nbroken_metric = broken_thing:M\n"
    return {
        "good": wheel(folder, "digit_counts", {"digit_counts.py": DIGITS}, points),
        "broken": wheel(folder, "broken_thing", {"broken_thing.py": "import not_there_at_all\n"}, broken),
        "empty": wheel(
            folder,
            "empty_thing",
            {"empty_thing.py": "raise SystemExit(3)\n"},
            "[harness.classifiers]\nempty = empty_thing:E\n",
        ),
        "rival": wheel(
            folder, "rival", {"rival.py": ""}, "[harness.classifiers]\ndigits = rival:Digits\nlength = rival:L\n"
        ),
    }


@pytest.fixture
def command_process(harness_process, wheels, tmp_path):
    """The command line, in a process of its own, where some of the packages are installed."""

    def call(installed: list[str], *args: object) -> subprocess.CompletedProcess[str]:
        site = tmp_path / "site"
        install([wheels[name] for name in installed], site)
        inherited = os.environ.get("PYTHONPATH")
        path = os.pathsep.join([str(site), *([inherited] if inherited else [])])
        return harness_process(*args, PYTHONPATH=path)

    return call


@pytest.fixture
def command(harness, wheels, tmp_path, monkeypatch):
    """The command line, in this process, where some of the packages are installed."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def call(installed: list[str], *args: object) -> subprocess.CompletedProcess[str]:
        install([wheels[name] for name in installed], site)
        importlib.invalidate_caches()
        return harness(*args)

    return call


def test_an_installed_classifier_is_listed_run_and_kept(command_process, tmp_path):
    listed = command_process(["good"], "list", "classifiers")
    assert "digits" in listed.stdout
    assert "Scores a claim by its digits." in listed.stdout
    (tmp_path / "e.yaml").write_text(CONFIG, encoding="utf-8")
    done = command_process([], "run", "e.yaml", "--save-models")
    assert done.returncode == 0, done.stderr
    results = [json.loads(path.read_text()) for path in tmp_path.rglob("result.json")]
    values = {result["system"]: result["values"]["average_precision"]["value"] for result in results}
    assert set(values) == {"length", "digits"}
    assert 0 < values["digits"] < 1
    (tmp_path / "a.txt").write_text("In 2019 it was 37 percent.\nIt was nice, I think, all of it.\n", encoding="utf-8")
    model = next(path.parent for path in (tmp_path / "runs").rglob("model.json") if "digits" in str(path))
    scored = command_process([], "score", "a.txt", "--system", model, "-o", "scores.jsonl")
    assert scored.returncode == 0, scored.stderr
    rows = [json.loads(line) for line in (tmp_path / "scores.jsonl").read_text().splitlines()]
    assert [row["score"]["yes"] for row in rows] == [1.0, 0.0]


def test_a_wrong_setting_of_an_installed_classifier_is_a_fault_with_its_line(command, tmp_path):
    (tmp_path / "e.yaml").write_text(CONFIG.replace("most: 4", "moost: 4"), encoding="utf-8")
    done = command(["good"], "run", "e.yaml")
    assert done.returncode == 2
    assert "classifiers[1].moost: no field is called 'moost'. Did you mean 'most'?" in done.stderr


def test_a_broken_package_is_named_and_breaks_no_other(command, tmp_path):
    listed = command(["good", "broken", "empty"], "list", "classifiers")
    assert listed.returncode == 0, listed.stderr
    said = " ".join(listed.stdout.split())
    assert "Scores a claim by its digits." in said
    assert "module 'broken_thing' cannot be imported (No module named 'not_there_at_all')" in said
    assert "the package broken-thing 1.2 registers it: repair or uninstall the package" in said
    assert "the package empty-thing 1.2 registers it" in said
    metrics = command([], "list", "metrics")
    assert metrics.returncode == 0, metrics.stderr
    assert "broken-thing 1.2" in metrics.stdout
    (tmp_path / "e.yaml").write_text(CONFIG, encoding="utf-8")
    done = command([], "run", "e.yaml")
    assert done.returncode == 0, done.stderr
    assert command([], "report", "runs/e", "-o", "report.html").returncode == 0
    (tmp_path / "e.yaml").write_text(CONFIG.replace("digits, most: 4", "broken"), encoding="utf-8")
    refused = command([], "run", "e.yaml")
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
    assert "e.yaml:1: classifiers[1]: classifier 'broken_thing:Broken'" in refused.stderr
    assert "the package broken-thing 1.2 registers it" in refused.stderr


def test_two_packages_with_one_name_are_refused_and_a_shipped_name_is_not_taken(command, tmp_path):
    said = " ".join(command(["good", "rival"], "list", "classifiers").stdout.split())
    assert "'digits': several packages register this name: digit-counts 1.2, rival 1.2; uninstall all but one" in said
    assert "number of words" in said  # of the shipped `length`, not the rival's
    (tmp_path / "e.yaml").write_text(CONFIG, encoding="utf-8")
    done = command([], "run", "e.yaml")
    assert done.returncode == 2
    assert "several packages register this name" in done.stderr


@pytest.mark.parametrize(
    ("kind", "annotation", "reason"),
    [
        ("Classifier", "Thing", r"PydanticSchemaGenerationError: .*Thing"),
        ("Metric", '"Nowhere"', "name 'Nowhere' is not defined"),
    ],
)
def test_a_field_of_an_unknown_type_is_a_fault_of_its_class(tmp_path, monkeypatch, kind, annotation, reason):
    base = {"Classifier": "harness.classifiers.base", "Metric": "harness.metrics.base"}[kind]
    name = f"odd_{kind.lower()}"
    (tmp_path / f"{name}.py").write_text(
        f"from {base} import {kind}\nclass Thing: ...\nclass Odd({kind}):\n    field: {annotation} = None\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(CannotImport, match=f"'Odd' has a field that cannot be read .*{reason}"):
        import_object(f"{name}:Odd", kind.lower())
