"""Temporary folders: ours are removed when their process is dead, and nothing else ever is."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness import partial_files
from harness.files import WriteError, atomic_file, atomic_folder, write_text
from harness.partial_files import TEMPORARY_PREFIX, is_temporary, remove_partial_files, temporary_folder

KILLED = "import os; os.kill(os.getpid(), 9)"


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def run_killed(code: str, folder: Path) -> None:
    imports = "import sys, os; from pathlib import Path; from harness.files import *; folder = Path(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", f"{imports}\n{code}", str(folder)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("next_write", [remove_partial_files, lambda folder: write_text(folder / "b", "b")])
def test_what_a_killed_process_left_is_removed_by_the_next_write(tmp_path, next_write):
    run_killed(f"with atomic_file(folder / 'a.html') as file: file.write_text('half'); {KILLED}", tmp_path)
    assert any(is_temporary(path) for path in tmp_path.iterdir())
    next_write(tmp_path)
    assert not any(is_temporary(path) for path in tmp_path.iterdir())


def test_what_a_living_process_uses_stays(tmp_path):
    with temporary_folder(tmp_path) as folder:
        (folder / "0").write_text("half")
        code = "from pathlib import Path; from harness import partial_files; partial_files.remove_partial_files(Path())"
        subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, timeout=60)
        assert (folder / "0").read_text() == "half"
    assert names(tmp_path) == []


def test_nothing_of_the_user_is_removed(tmp_path):
    """Names that are nearly ours, our names with other content, links, and files with our names."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "0").write_text("mine")
    for name in (".partial-notes.md", f"{TEMPORARY_PREFIX}of-mine.md", f"{TEMPORARY_PREFIX}abcd_123"):
        (tmp_path / name).write_text("mine")
    for name in (".partial-abcd1234", f"{TEMPORARY_PREFIX}abcd_124", f"{TEMPORARY_PREFIX}abcd_125.old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.txt").write_text("mine")
    (tmp_path / f"{TEMPORARY_PREFIX}abcd_126").symlink_to(tmp_path / "mine")
    before = names(tmp_path)
    remove_partial_files(tmp_path)
    write_text(tmp_path / "new", "new")
    assert names(tmp_path) == sorted([*before, "new"])


def test_unfinished_files_and_folders_are_known_as_ours(tmp_path):
    with atomic_file(tmp_path / "a.html") as file, atomic_folder(tmp_path / "b") as folder:
        assert is_temporary(file)
        assert is_temporary(folder / "data" / "c")
        file.write_text("")
    assert not is_temporary(tmp_path / "a.html")


@pytest.fixture(params=[True, False])
def swaps(request, monkeypatch):
    """Whether the file system lets two folders change places."""
    if not request.param:
        monkeypatch.setattr(partial_files, "exchange", lambda *_: False)


@pytest.mark.usefixtures("swaps")
def test_a_folder_replaces_another(tmp_path):
    for text in ("old", "new"):
        with atomic_folder(tmp_path / "a") as folder:
            (folder / f"{text}.txt").write_text(text)
    assert names(tmp_path) == ["a", "a/new.txt"]


def test_a_folder_that_cannot_be_replaced_comes_back(tmp_path, monkeypatch):
    write_text(tmp_path / "kept" / "old.txt", "old")
    real = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(partial_files, "exchange", lambda *_: False)
    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(WriteError), atomic_folder(tmp_path / "kept") as temporary:
        (temporary / "new.txt").write_text("new", encoding="utf-8")
    assert names(tmp_path) == ["kept", "kept/old.txt"]


def test_a_folder_that_was_moved_away_by_a_killed_process_comes_back(tmp_path):
    write_text(tmp_path / "kept" / "old.txt", "old")
    code = "from harness import partial_files; partial_files.exchange = lambda one, other: False\n"
    code += f"real = Path.rename\ndef rename(self, to):\n    real(self, to); {KILLED}\nPath.rename = rename\n"
    run_killed(f"{code}with atomic_folder(folder / 'kept') as new: (new / 'new.txt').write_text('')", tmp_path)
    assert not (tmp_path / "kept").exists()
    remove_partial_files(tmp_path)
    assert names(tmp_path) == ["kept", "kept/old.txt"]


def test_a_file_system_without_locks_is_written_to_and_nothing_is_removed_there(tmp_path, monkeypatch):
    left = tmp_path / f"{TEMPORARY_PREFIX}abcd_123"
    left.mkdir()

    def refuse(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", refuse)
    write_text(tmp_path / "a", "a")
    assert names(tmp_path) == [left.name, "a"]
