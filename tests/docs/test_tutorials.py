"""The tutorials: every command runs, and prints what the page shows. With --snapshot-update the pages are rewritten."""

from __future__ import annotations

from pathlib import Path

import pytest
from tutorials import commands, fits, played


@pytest.fixture
def assert_page_is_real(request, tmp_path):
    def play(path: Path) -> None:
        page = path.read_text(encoding="utf-8")
        assert len(commands(page)) > 5
        now = played(page, tmp_path)
        if request.config.getoption("--snapshot-update"):
            path.write_text(now, encoding="utf-8")
        else:
            assert now == page

    return play


def test_the_first_experiment_prints_what_its_page_shows(root, assert_page_is_real):
    assert_page_is_real(root / "docs/tutorials/first-experiment.md")


def test_the_public_benchmark_prints_what_its_page_shows(root, benchmarks, tmp_path, assert_page_is_real):
    (tmp_path / "clef2019-factchecking-task1").symlink_to(benchmarks / "clef2019")
    assert_page_is_real(root / "docs/tutorials/public-benchmark.md")


def test_your_own_data_prints_what_its_page_shows(root, assert_page_is_real):
    assert_page_is_real(root / "docs/tutorials/your-own-data.md")


def test_verdicts_on_your_own_evidence_print_what_their_page_shows(root, assert_page_is_real):
    assert_page_is_real(root / "docs/tutorials/your-own-evidence.md")


def test_every_tutorial_is_tested(root):
    names = {path.name for path in (root / "docs/tutorials").iterdir()}
    assert names == {"first-experiment.md", "public-benchmark.md", "your-own-data.md", "your-own-evidence.md"}


@pytest.mark.parametrize(
    ("shown", "right"),
    [
        ("a\nb\nc\n", True),
        ("a\n...\nc\n", True),
        ("a\nb\nc\n...\n", True),
        ("...\nc\n", True),
        ("a\nc\n", False),
        ("", False),
        ("a\n...\nd\n", False),
    ],
)
def test_what_fits_an_output(shown, right):
    assert fits("a\nb\nc\n", shown) is right
