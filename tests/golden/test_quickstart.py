"""The quickstart, end to end: the whole printed table, and the README that shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The folder in which the quickstart runs."""
    return tmp_path_factory.mktemp("quickstart")


@pytest.fixture(scope="module")
def table(root, folder) -> str:
    import os
    import subprocess
    import sys

    command = [sys.executable, "-m", "harness", "run", str(root / "experiments" / "quickstart.yaml")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_quickstart_prints_what_it_printed(table, snapshot):
    assert table == snapshot


def test_the_readme_shows_the_real_output(table, root):
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert table.strip() in readme
    assert len(readme.splitlines()) <= 120


def test_the_readme_names_commands_that_exist(root):
    from harness.cli.command import harness as group

    readme = (root / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^harness (\w+)", readme, flags=re.MULTILINE))
    assert named
    assert named <= set(group.commands)


def test_the_python_of_the_readme_runs(table, folder, root, monkeypatch, capsys):
    """Where the command ran, as a reader of the README runs it: units that are there are found again."""
    monkeypatch.chdir(folder)
    readme = (root / "README.md").read_text(encoding="utf-8")
    code = readme.split("```python\n")[1].split("```")[0]
    exec(compile(code, "README.md", "exec"), {})
    assert "tfidf_logreg" in capsys.readouterr().out
