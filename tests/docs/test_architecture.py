"""The architecture page: its list of rooms is the tree of the package, its layers are those that are checked."""

from __future__ import annotations

import ast
import re
import tomllib


def test_every_package_folder_is_listed_with_the_line_of_its_docstring(root):
    page = (root / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^- `(harness/[\w/]+/)`: (.+)$", page, flags=re.MULTILINE))
    real = {}
    for path in (root / "harness").glob("*/**/__init__.py"):
        doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        real[f"{path.parent.relative_to(root).as_posix()}/"] = doc.partition("\n")[0]
    assert listed == real
    assert all(real.values())


def test_the_layers_are_those_that_are_checked(root):
    page = (root / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    shown = page.partition("## The layers")[2].split("```\n")[1].splitlines()
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (contract,) = (entry for entry in contracts if entry["type"] == "layers")
    assert shown == [layer for layer in contract["layers"] if layer != "__main__"]


def test_every_module_under_the_package_itself_is_named(root):
    page = (root / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    modules = {path.name for path in (root / "harness").glob("*.py")} - {"__init__.py", "__main__.py"}
    assert [name for name in modules if f"`{name}`" not in page] == []
