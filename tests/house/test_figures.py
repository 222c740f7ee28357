"""The check of the source: what it refuses, and what it lets pass."""

from __future__ import annotations

from pathlib import Path

import figures
import pytest


@pytest.fixture
def package(tmp_path: Path):
    """Writes a package from file names and texts, with the `__init__` files that it lacks; returns its folder."""

    def write(files: dict[str, str]) -> Path:
        root = tmp_path / "pkg"
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        for folder in {(root / name).parent for name in files} | {root}:
            if not (folder / "__init__.py").exists():
                (folder / "__init__.py").write_text('"""A room."""\n')
        return root

    return write


def faults_of(root: Path, allowed: dict[str, str] | None = None) -> list[str]:
    return figures.faults(root, allowed or {})


LAZY = {
    "data.py": "class Data:\n    def frame(self):\n        from pkg.tables import f\n\n        return f(self)\n",
    "tables.py": "from pkg.data import Data\n",
}


def test_a_tree_without_circles_has_no_faults(package):
    assert faults_of(package({"a.py": "import json\n", "b.py": "from pkg import a\n", "c.py": "import pkg.b\n"})) == []


@pytest.mark.parametrize(
    "files",
    [
        {"a.py": "from pkg.b import f\n", "b.py": "import pkg.a\n"},
        {"a.py": "from pkg.b import f\n", "b.py": "from pkg import c\n", "c.py": "from .a import f\n"},
        {"a.py": "from pkg.b import f\n", "b.py": "try:\n    import pkg.a\nexcept ImportError:\n    pass\n"},
        {"a.py": "class A:\n    from pkg.b import f\n", "b.py": "from pkg.a import A\n"},
        {"__init__.py": '"""A room."""\nfrom pkg.a import f\n', "a.py": "from pkg import f\n"},
        {"__init__.py": '"""A room."""\nfrom pkg.a import f\n', "a.py": "from . import f\n"},
    ],
    ids=["two", "three", "in try", "in a class", "with the package", "with the package, relative"],
)
def test_a_circle_at_import_time_is_a_fault(package, files):
    (line,) = faults_of(package(files))
    assert line.startswith("circle at import time: pkg")
    assert " <-> pkg.a" in line or " <-> pkg.b" in line


@pytest.mark.parametrize(
    "files",
    [
        {"__init__.py": '"""A room."""\nfrom pkg.a import f\n', "a.py": "from pkg import b\n", "b.py": ""},
        {"a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pkg.b\n", "b.py": "import pkg.a\n"},
    ],
    ids=["a module beside it", "for the type checker"],
)
def test_what_runs_in_no_circle_is_none(package, files):
    assert faults_of(package(files)) == []


@pytest.mark.parametrize("test", ["if TYPE_CHECKING:\n    f = 1\nelse:", "if not TYPE_CHECKING:"])
def test_the_other_side_of_a_type_check_runs(package, test):
    text = f"from typing import TYPE_CHECKING\n{test}\n    import pkg.b\n"
    assert faults_of(package({"a.py": text, "b.py": "import pkg.a\n"})) == ["circle at import time: pkg.a <-> pkg.b"]


def test_a_lazy_import_that_closes_a_circle_is_a_fault(package):
    assert faults_of(package(LAZY)) == [
        "pkg.data:3: the import of pkg.tables in Data.frame closes a circle",
    ]


def test_a_listed_lazy_import_is_none(package):
    assert faults_of(package(LAZY), {"pkg.data:Data.frame": "for notebooks"}) == []


def test_a_listed_function_does_not_hide_another(package):
    files = LAZY | {"data.py": LAZY["data.py"] + "\n\ndef other():\n    import pkg.tables\n"}
    (line,) = faults_of(package(files), {"pkg.data:Data.frame": "for notebooks"})
    assert "in other closes a circle" in line


def test_a_listed_import_that_closes_no_circle_is_a_fault(package):
    root = package({"a.py": "def f():\n    import pkg.b\n", "b.py": ""})
    assert faults_of(root, {"pkg.a:f": "no longer"}) == ["pkg.a:f: is listed in LAZY_CIRCLES, and closes no circle"]


def test_a_crowded_folder_is_a_fault(package):
    root = package({f"room/m{number}.py": "" for number in range(figures.MAX_FILES - 1)})
    assert faults_of(root) == []
    (root / "room" / "more.py").touch()
    assert faults_of(root) == [f"{root / 'room'}: has 17 Python files; at most 16 are allowed"]


def test_a_package_says_what_it_is(package):
    root = package({"room/__init__.py": "x = 1\n"})
    assert faults_of(root) == [f"{root / 'room' / '__init__.py'}: has no docstring"]
    (root / "room" / "__init__.py").rename(root / "room" / "a.py")
    assert faults_of(root) == [f"{root / 'room'}: has no __init__.py"]


def test_the_exit_code_and_the_lines(package, capsys):
    root = package({"a.py": "import pkg.b\n", "b.py": "import pkg.a\n"})
    assert figures.main([str(root), "--check"]) == 1
    assert "circle at import time: pkg.a <-> pkg.b\n" in capsys.readouterr().out


def test_the_figures_count_what_they_name(package, capsys):
    text = '''"""A module."""


class Wrapper:
    """Wraps."""

    def name(self):
        """Forwards."""
        return self.inner.name

    def fit(self, claims):  # type: ignore[override]
        return self.inner.fit(claims)

    def score(self, claims):
        return self.inner.fit(claims)


def f(kept):
    # why
    (found, x), said = g(1, 2, 3, 4, 5, 6), [found for found in kept]
    for a in x:
        if a:
            with a as made:
                try:
                    if found := a:
                        done = a
                    elif a:
                        x = a
                finally:
                    pass
'''
    root = package({"a.py": text, "b.py": "class Wrapper:\n    found: int\n"})
    counted = {title: (value, places) for title, value, places in figures.figures(root)}
    assert [place.partition(" ")[2] for place in counted["forwarding members"][1]] == ["Wrapper.name", "Wrapper.fit"]
    assert counted["type: ignore"][0] == "1, [override] 1"
    assert counted["class names in several modules"][1] == ["Wrapper pkg.a, pkg.b"]
    assert counted["vague bindings"][0] == "6: found 3, said 1, kept 0, made 1, done 1"
    # Lines of code: 7 of the class, 12 of f, 2 of b.py.
    assert counted["comment lines in 100 code lines"][0] == "4.8 (1 of 21)"
    assert counted["calls with six or more positional arguments"][0] == "1"
    assert counted["functions nested deeper than four levels"][1] == [f"{root / 'a.py'}:18 f 5"]
    assert counted["lines of a function"][0] == f"median 2.5, longest 13 ({root / 'a.py'}:18 f)"
    assert figures.main([str(root), "--places"]) == 0
    assert "    Wrapper pkg.a, pkg.b\n" in capsys.readouterr().out
