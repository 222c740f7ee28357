"""A test file lies in the folder of the room it tests, under the name of a module of that room."""

from __future__ import annotations

from pathlib import Path

OF_THE_WHOLE = {"benchmarks", "docs", "golden", "house", "shipped", "soak"}


def names_of(room: Path) -> set[str]:
    """What a test file may be called after: the room itself, and whatever lies in it."""
    return {room.name} | {path.stem for path in room.iterdir()}


def test_a_test_file_carries_the_name_of_the_module_it_tests(root):
    misplaced = []
    for path in sorted((root / "tests").rglob("test_*.py")):
        folder = path.parent.relative_to(root / "tests")
        if path == Path(__file__) or (folder.parts and folder.parts[0] in OF_THE_WHOLE):
            continue
        room = root / "harness" / folder
        subject = path.stem.removeprefix("test_")
        if not room.is_dir() or not any(f"{subject}_".startswith(f"{name}_") for name in names_of(room)):
            misplaced.append(str(path.relative_to(root)))
    assert misplaced == []
