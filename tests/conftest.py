"""What tests share: the public benchmark files, and a way to run the command as a user does."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import settings
from model_server import ModelServer, serving
from publishers import FOLDERS
from small_dataset import make_dataset
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).parents[1]
# Enough examples to find what a change breaks; `--hypothesis-profile=default` tries more.
settings.register_profile("quick", max_examples=40, deadline=None)
settings.load_profile("quick")


def benchmarks_folder() -> Path:
    return Path(os.environ.get("HARNESS_BENCHMARKS", ROOT.parent / "shared" / "benchmarks"))


def pytest_configure() -> None:
    """Gives tables the width that they have without a terminal, and tests that run side by side a thread each."""
    os.environ["COLUMNS"] = "120"  # processes of pytest-xdist set another one
    # As `require_torch` does, but before any test loads OpenMP: spinning threads take the processor from other tests.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if "PYTEST_XDIST_WORKER" in os.environ:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ.setdefault(name, "1")
        threadpool_limits(1)  # NumPy has read the environment already


@pytest.fixture(autouse=True)
def unmeasured_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets no test print the threads that an earlier one has measured for its encoder."""
    monkeypatch.setattr("harness.features.threads._choices", [])


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


def settings_of(data_root: Path, env: dict[str, str]) -> dict[str, str]:
    return {"HARNESS_DATA_ROOT": str(data_root), "COLUMNS": "100"} | env


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    """Runs the command line in this process, in an empty folder, with a data root of its own."""

    def call(*args: object, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        command = ["harness", *map(str, args)]
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with pytest.MonkeyPatch.context() as patch:
            for name, value in settings_of(tmp_path / "data-root", env).items():
                patch.setenv(name, value)
            patch.chdir(cwd or tmp_path)
            patch.setattr(sys, "path", [*sys.path])
            patch.setattr(sys, "argv", command)
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = exit_code_of_main()
        forget_modules_in(tmp_path)
        said, complained = (stream.buffer.getvalue().decode() for stream in (out, err))
        return subprocess.CompletedProcess(command, code, said, complained)

    return call


def exit_code_of_main() -> int:
    from harness.cli import main

    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    return 0


def forget_modules_in(folder: Path) -> None:
    """Lets the next test import a module of the same name from a folder of its own."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(f"{folder}{os.sep}"):
            del sys.modules[name]


@pytest.fixture
def harness_process(tmp_path: Path) -> Harness:
    """Runs the command line as a user does, in a process of its own: for what only a process has or can show."""

    def call(*args: object, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        settings = os.environ | settings_of(tmp_path / "data-root", env)
        command = [sys.executable, "-m", "harness", *map(str, args)]
        return subprocess.run(
            command, cwd=cwd or tmp_path, env=settings, capture_output=True, text=True, timeout=120, check=False
        )

    return call


@pytest.fixture(scope="session")
def bring(benchmarks: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Fetches benchmarks by name, each once for all test processes; returns the data root."""
    from harness import fetch

    base = tmp_path_factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "fetched"
    root.mkdir(exist_ok=True)

    def fetch_once(*names: str) -> Path:
        for name in names:
            with FileLock(root.parent / f"fetched-{name}.lock"):
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
    """A dataset of 8 articles, 56 claims, 8 of them labeled cannot tell."""
    return make_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless browser; page tests skip where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.skip("page tests need playwright: pip install 'claim-harness[test]'")
    path = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    if path is None:
        pytest.skip("page tests need a browser: no chromium on the path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
