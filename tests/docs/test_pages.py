"""The docs: generated parts are what the code gives, public names and config keys are described, links are alive."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from blocks import BLOCKS
from check_site import remote_resources
from docstrings import field_docs
from pages import PART, generated
from python_blocks import UndocumentedName, described

import harness
from harness.metrics.intervals import Intervals
from harness.runner.config import Experiment
from harness.runner.splitting.split_config import Inner, Split

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {path.relative_to(DOCS).as_posix(): path for path in sorted(DOCS.rglob("*.md"))}
GENERATED = [name for name, path in PAGES.items() if PART.search(path.read_text(encoding="utf-8"))]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_part_is_what_the_code_gives(name):
    page = PAGES[name].read_text(encoding="utf-8")
    assert generated(page) == page, "rewrite it with: make docs-pages"


def test_every_generated_part_stands_on_one_page():
    named = [found[2] for path in PAGES.values() for found in PART.finditer(path.read_text(encoding="utf-8"))]
    assert sorted(named) == sorted(BLOCKS)


def test_every_public_name_is_on_the_python_page():
    page = PAGES["reference/python.md"].read_text(encoding="utf-8")
    assert set(re.findall(r"^## (\w+)$", page, flags=re.MULTILINE)) == set(harness.__all__)


def test_a_public_name_without_a_docstring_is_refused():
    def bare() -> None: ...

    with pytest.raises(UndocumentedName, match="bare has no docstring"):
        described("bare", bare, "##")


@pytest.mark.parametrize("model", [Experiment, Split, Inner, Intervals])
def test_every_config_key_is_described(model):
    assert [name for name in model.model_fields if not field_docs(model).get(name)] == []


def test_the_index_lists_every_page_but_those_of_a_folder_with_an_index():
    listed = set(LINK.findall(PAGES["README.md"].read_text(encoding="utf-8")))
    of_folders = {f"{name.rpartition('/')[0]}/" for name in PAGES if name.count("/") > 1 and name.endswith("README.md")}
    assert [name for name in PAGES if name not in listed and not name.startswith((*of_folders, "README"))] == []


@pytest.mark.parametrize("name", PAGES)
def test_links_of_a_page_lead_to_files_in_the_docs(name):
    for target in LINK.findall(_prose(PAGES[name])):
        if not target.startswith(("http://", "https://")):
            assert _found(PAGES[name], target), f"{name}: {target}"
            assert (PAGES[name].parent / target.partition("#")[0]).resolve().is_relative_to(DOCS)


def test_links_of_the_readme_lead_somewhere(root):
    for target in LINK.findall(_prose(root / "README.md")):
        assert target.startswith("https://") or _found(root / "README.md", target), target


def test_every_page_is_in_the_menu_of_the_site(root):
    menu = tomllib.loads((root / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
    assert sorted(_leaves(menu)) == sorted(PAGES)


def test_what_a_page_loads_from_another_host_is_found(tmp_path):
    (tmp_path / "a.html").write_text('<a href="https://x.org">x</a><script src="https://unpkg.com/shim"></script>')
    (tmp_path / "b.css").write_text("body { background: url(//x.org/a.png) }")
    found = [entry.partition(": ")[2] for entry in remote_resources(tmp_path)]
    assert found == ["https://unpkg.com/shim", "//x.org/a.png"]


def _prose(path: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def _found(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    path = page.parent / name if name else page
    return path.exists() and (not anchor or anchor in _anchors(path))


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _prose(path), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def _leaves(menu: object) -> list[str]:
    if isinstance(menu, str):
        return [menu]
    entries = menu.values() if isinstance(menu, dict) else menu
    return [leaf for entry in entries for leaf in _leaves(entry)]
