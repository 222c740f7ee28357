"""What tests share: the public benchmark files, and a way to run the command as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from model_server import ModelServer, serving
from publishers import FOLDERS
from small_dataset import make_dataset

ROOT = Path(__file__).parents[1]


def benchmarks_folder() -> Path:
    return Path(os.environ.get("HARNESS_BENCHMARKS", ROOT.parent / "shared" / "benchmarks"))


@pytest.fixture(scope="session")
def benchmarks() -> Path:
    """The public benchmarks in their publishers' own formats."""
    folder = benchmarks_folder()
    if not folder.is_dir():
        pytest.skip(f"no public benchmark files in {folder}; set HARNESS_BENCHMARKS to where they are")
    return folder


@pytest.fixture(scope="session")
def seed_article() -> Path:
    """The seed article, which is not ours to ship."""
    found = sorted((benchmarks_folder().parent / "seeds").glob("*.txt"))
    if not found:
        pytest.skip(f"no seed article in {benchmarks_folder().parent / 'seeds'}; set HARNESS_BENCHMARKS beside it")
    return found[0]


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture
def model_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """A language model's endpoint on this machine, and a reply cache of the test's own."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "reply-cache"))
    with serving() as server:
        yield server


Harness = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    """Runs the command line in an empty folder, with a data root of its own."""

    def call(*args: object, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        settings = os.environ | {"HARNESS_DATA_ROOT": str(tmp_path / "data-root"), "COLUMNS": "100"} | env
        command = [sys.executable, "-m", "harness", *map(str, args)]
        return subprocess.run(
            command, cwd=cwd or tmp_path, env=settings, capture_output=True, text=True, timeout=120, check=False
        )

    return call


@pytest.fixture(scope="session")
def bring(benchmarks: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Fetches benchmarks by name, each once per test process; returns the data root."""
    from harness import fetch

    root = tmp_path_factory.mktemp("fetched")

    def fetch_once(*names: str) -> Path:
        for name in names:
            if not (root / name).exists():
                fetch(name, benchmarks / FOLDERS.get(name, name.replace("-", "_")), root)
        return root

    return fetch_once


@pytest.fixture(scope="session")
def fetched(bring: Callable[..., Path]) -> Path:
    """A data root with two fetched benchmarks."""
    return bring("checkthat-2019-task1", "claimbuster")


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of 8 articles, 56 claims, 8 of them labelled cannot tell."""
    return make_dataset(tmp_path_factory.mktemp("data"))
