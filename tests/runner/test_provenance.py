"""The commit that is recorded beside numbers, and what asking git for it leaves alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from harness.runner.provenance import git_commit


def git(folder: Path, *args: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", *identity, *args], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Path:
    """A repository with one file, as the working folder."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "a.txt").write_text("one\n", encoding="utf-8")
    git(tmp_path, "add", "a.txt")
    git(tmp_path, "commit", "--quiet", "-m", "one")
    monkeypatch.chdir(tmp_path)
    git_commit.cache_clear()
    yield tmp_path
    git_commit.cache_clear()


def test_a_commit_has_a_plus_where_the_folder_has_changes(repository):
    commit = git(repository, "rev-parse", "HEAD")
    assert git_commit() == commit
    git_commit.cache_clear()
    (repository / "a.txt").write_text("two\n", encoding="utf-8")
    assert git_commit() == f"{commit}+"


def test_outside_a_repository_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    git_commit.cache_clear()
    assert git_commit() is None
    git_commit.cache_clear()


def test_the_index_of_the_users_repository_is_neither_locked_nor_written(repository):
    """A file touched but not changed is what `git status` would refresh in the index, under a lock."""
    os.utime(repository / "a.txt", (1, 1))
    before = (repository / ".git" / "index").stat().st_mtime_ns, (repository / ".git" / "index").read_bytes()
    assert git_commit() == git(repository, "rev-parse", "HEAD")
    assert ((repository / ".git" / "index").stat().st_mtime_ns, (repository / ".git" / "index").read_bytes()) == before
    git(repository, "status")
    assert (repository / ".git" / "index").read_bytes() != before[1], "the touched file gives git nothing to refresh"
