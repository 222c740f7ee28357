"""Code that configs name: only this runs, its source is what is hashed, and --no-code refuses it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.local_code import (
    CodeRefused,
    code_fingerprint,
    import_named_module,
    local_modules,
    refuse_code,
    working_folder,
)


@pytest.fixture
def folder(tmp_path: Path):
    """A working folder whose modules configs may name, and which this process forgets afterwards."""
    modules = set(sys.modules)
    announced: list[str] = []
    with working_folder(tmp_path, announced.append):
        yield tmp_path, announced
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_local_modules_are_followed_wherever_they_are_imported(folder):
    tmp_path, _ = folder
    write(
        tmp_path,
        lc_top="import json, numpy\nimport lc_pack.deep\ndef late():\n    from lc_pack import part, NAME\n",
        lc_helper="from importlib import import_module\nimport_module('lc_last')\n",
        lc_last="import lc_top\n",  # a circle
        lc_unused="",
        lc_pack__part="from . import other\nfrom .. import nothing\n",
        lc_pack__other="import lc_helper\n",
        lc_pack__deep__inner="",
        lc_pack__unused="",
    )
    (tmp_path / "lc_pack" / "__init__.py").write_text("NAME = 1\n")
    (tmp_path / "lc_pack" / "deep" / "__init__.py").write_text("from .inner import *\n")
    assert set(local_modules("lc_top")) == {
        "lc_top",
        "lc_pack",
        "lc_pack.deep",
        "lc_pack.deep.inner",
        "lc_pack.part",
        "lc_pack.other",
        "lc_helper",
        "lc_last",
    }
    assert not set(sys.modules) & {"lc_top", "lc_pack"}, "reading the imports imports nothing"


def test_the_fingerprint_changes_with_each_of_them_and_with_no_other(folder):
    tmp_path, _ = folder
    write(tmp_path, lf_top="import lf_helper\n", lf_helper="x = 1\n", lf_unused="")
    before = code_fingerprint(["lf_top"])
    write(tmp_path, lf_unused="x = 2\n")
    assert code_fingerprint(["lf_top"]) == before
    write(tmp_path, lf_helper="x = 2\n")
    changed = code_fingerprint(["lf_top"])
    assert changed != before
    write(tmp_path, lf_top="import lf_helper  # the same\n")
    assert code_fingerprint(["lf_top"]) not in (before, changed)


def test_installed_modules_are_not_local(folder):
    assert local_modules("numpy.linalg") == {}
    assert local_modules("json") == {}
    assert local_modules("harness.files") == {}
    assert code_fingerprint(["harness.files"]) == code_fingerprint([])
    assert code_fingerprint(["rich"]) != code_fingerprint([])  # a plug-in counts with its file


def test_code_without_a_file_is_never_the_same_twice():
    assert code_fingerprint(["no_such_module"]) != code_fingerprint(["no_such_module"])


def test_only_what_is_named_and_what_it_imports_can_be_imported(folder):
    tmp_path, announced = folder
    write(tmp_path, ln_top="import ln_helper\n", ln_helper="VALUE = 7\n", ln_stranger="")
    with pytest.raises(ModuleNotFoundError):
        __import__("ln_stranger")
    with pytest.raises(ModuleNotFoundError):
        __import__("ln_top")
    module = import_named_module("ln_top", "ln_top:Thing")
    assert module.ln_helper.VALUE == 7
    assert announced == ["ln_top:Thing"]
    with pytest.raises(ModuleNotFoundError):
        __import__("ln_stranger")


def test_a_changed_module_is_imported_anew_with_what_it_imports(folder):
    tmp_path, announced = folder
    write(tmp_path, lr_top="from lr_helper import VALUE\n", lr_helper="VALUE = 7\n")
    first = import_named_module("lr_top", "lr_top:Thing")
    assert import_named_module("lr_top", "lr_top:Thing") is first
    write(tmp_path, lr_helper="VALUE = 80\n")
    assert import_named_module("lr_top", "lr_top:Thing").VALUE == 80
    assert announced == ["lr_top:Thing"]


def test_code_can_be_refused(folder):
    tmp_path, announced = folder
    write(tmp_path, lx_top="raise SystemExit('ran')\n")
    refuse_code("--no-code")
    with pytest.raises(CodeRefused, match="'lx_top:Thing' is code that the config names, which --no-code refuses"):
        import_named_module("lx_top", "lx_top:Thing")
    assert announced == []


HIJACK = "import pathlib\npathlib.Path(r'{mark}').write_text('ran')\n"


OPTIONAL = ("brotli", "lz4", "numexpr", "bottleneck", "simplejson", "chardet", "xlrd", "zstandard", "cchardet", "click")


@pytest.mark.parametrize(
    "arguments",
    [("ingest", "page.html", "--into", "x"), ("run", "quickstart", "--limit", "5", "--only", "tfidf_logreg")],
    ids=lambda arguments: arguments[0],
)
def test_a_file_of_the_working_folder_stands_in_for_no_package(harness_process, tmp_path, arguments):
    mark = tmp_path / "ran"
    for name in OPTIONAL:
        (tmp_path / f"{name}.py").write_text(HIJACK.format(mark=mark))
    paragraph = "<p>The city spent 31 million on trams in 2023, and the council wants to spend as much in 2024.</p>"
    (tmp_path / "page.html").write_text(f"<html><body><article>{paragraph * 3}</article></body></html>")
    done = harness_process(*arguments)
    assert done.returncode == 0, done.stderr
    assert not mark.exists()
