"""Code that configs name: only this runs, its source is what is hashed, and --no-code refuses it."""

from __future__ import annotations

import os
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest

from harness.user_code.import_graph import local_modules
from harness.user_code.local_code import (
    CodeChanged,
    CodeRefused,
    code_as_imported,
    code_fingerprint,
    import_named_module,
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


def test_each_target_of_local_code_is_announced_and_an_installed_package_once(folder):
    tmp_path, announced = folder
    write(tmp_path, la_top="One = Two = 1\n", la_other__part="Three = 1\n")
    targets = ["la_top:One", "sklearn.svm:SVC", "la_top:Two", "sklearn.dummy:DummyClassifier", "la_other.part:Three"]
    for target in [*targets, *targets]:
        import_named_module(target.partition(":")[0], target)
    assert announced == ["la_top:One", "sklearn.svm:SVC", "la_top:Two", "la_other.part:Three"]


def test_code_can_be_refused(folder):
    tmp_path, announced = folder
    write(tmp_path, lx_top="raise SystemExit('ran')\n")
    refuse_code("--no-code")
    with pytest.raises(CodeRefused, match="'lx_top:Thing' is code that the config names, which --no-code refuses"):
        import_named_module("lx_top", "lx_top:Thing")
    assert announced == []


def write_twin(path: Path, text: str) -> None:
    """Writes text of the same length, and keeps the time of the last change, as `cp -p` and `rsync -t` may do."""
    status = path.stat()
    path.write_text(text)
    assert path.stat().st_size == status.st_size
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_cached_pyc_of_the_same_size_and_time_is_not_run(folder, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    tmp_path, _ = folder
    write(tmp_path, lp_top="from lp_helper import VALUE\n", lp_helper="VALUE = 7\n")
    sys.path.insert(0, str(tmp_path))
    try:
        assert import_module("lp_top").VALUE == 7  # by Python itself, which writes lp_helper.pyc
        write_twin(tmp_path / "lp_helper.py", "VALUE = 8\n")
        assert import_named_module("lp_top", "lp_top:Thing").VALUE == 8
        write_twin(tmp_path / "lp_helper.py", "VALUE = 9\n")
        assert import_named_module("lp_top", "lp_top:Thing").VALUE == 9
    finally:
        sys.path.remove(str(tmp_path))


def test_a_module_that_was_imported_before_a_config_named_it_is_current(folder, monkeypatch):
    tmp_path, _ = folder
    write(tmp_path, lb_top="import lb_helper\n", lb_helper="VALUE = 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    first = import_module("lb_top")
    write(tmp_path, lb_helper="VALUE = 80\n")
    named = import_named_module("lb_top", "lb_top:Thing")
    assert named is not first
    assert named.lb_helper.VALUE == 80


def test_a_module_that_adds_a_folder_to_the_import_path_is_followed_there(folder, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    tmp_path, _ = folder
    write(
        tmp_path,
        ls_top=f"import sys\nsys.path.insert(0, {str(tmp_path / 'lib')!r})\nfrom ls_helper import VALUE\n",
        lib__ls_helper="VALUE = 7\n",
    )
    assert import_named_module("ls_top", "ls_top:Thing").VALUE == 7
    before = code_fingerprint(["ls_top"])
    write(tmp_path, lib__ls_helper="VALUE = 80\n")
    assert import_named_module("ls_top", "ls_top:Thing").VALUE == 80
    assert code_fingerprint(["ls_top"]) != before


def test_folders_without_init_are_followed_and_imported(folder):
    tmp_path, _ = folder
    write(tmp_path, lw__part__top="from ..other.deep import VALUE\n", lw__other__deep="VALUE = 7\n")
    (tmp_path / "lw" / "__init__.py").write_text("")
    assert set(local_modules("lw.part.top")) == {"lw", "lw.part.top", "lw.other.deep"}
    assert import_named_module("lw.part.top", "lw.part.top:Thing").VALUE == 7
    write(tmp_path, lw__other__deep="VALUE = 80\n")
    assert import_named_module("lw.part.top", "lw.part.top:Thing").VALUE == 80


def test_modules_that_share_a_helper_share_it_after_an_edit_too(folder):
    tmp_path, _ = folder
    write(tmp_path, lh_a="import lh_c\n", lh_b="import lh_c\n", lh_c="VALUE = 7\n", lh_other="")
    import_named_module("lh_a", "lh_a:Thing")
    other = import_named_module("lh_other", "lh_other:Thing")
    write(tmp_path, lh_c="VALUE = 80\n")
    a, b = (import_named_module(name, f"{name}:Thing") for name in ("lh_a", "lh_b"))
    assert a.lh_c is b.lh_c is sys.modules["lh_c"]
    assert (a.lh_c.VALUE, import_named_module("lh_other", "lh_other:Thing")) == (80, other)


def test_code_that_changes_before_it_is_imported_is_an_error_and_not_run(folder):
    tmp_path, _ = folder
    write(tmp_path, lg_top="def late():\n    import lg_helper\n    return lg_helper.VALUE\n", lg_helper="VALUE = 7\n")
    top = import_named_module("lg_top", "lg_top:Thing")
    before = code_fingerprint(["lg_top"])
    write(tmp_path, lg_helper="VALUE = 80\n")
    assert code_fingerprint(["lg_top"]) == before  # of the source that runs
    with pytest.raises(CodeChanged, match=r"lg_helper\.py: was changed while"):
        top.late()
    assert import_named_module("lg_top", "lg_top:Thing").late() == 80
    assert code_fingerprint(["lg_top"]) != before


def test_code_stays_as_it_is_while_a_run_lasts(folder):
    tmp_path, _ = folder
    write(tmp_path, lk_top="VALUE = 7\n")
    first = import_named_module("lk_top", "lk_top:Thing")
    write(tmp_path, lk_top="VALUE = 80\n")
    with code_as_imported():
        assert import_named_module("lk_top", "lk_top:Thing") is first
        del sys.modules["lk_top"]  # as in a worker process that has not imported it yet
        with pytest.raises(CodeChanged):
            import_named_module("lk_top", "lk_top:Thing")
    assert import_named_module("lk_top", "lk_top:Thing").VALUE == 80


def test_a_script_that_was_edited_since_it_began_is_never_the_same_twice(tmp_path, monkeypatch):
    script = tmp_path / "script.py"
    script.write_text("x = 1\n")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(script), raising=False)
    assert code_fingerprint(["__main__"]) != code_fingerprint(["__main__"])
    monkeypatch.setattr("harness.user_code.local_code.BEGAN", time.time() + 60)
    assert code_fingerprint(["__main__"]) == code_fingerprint(["__main__"])


HIJACK = "import pathlib\npathlib.Path(r'{mark}').write_text('ran')\n"


OPTIONAL = ("brotli", "lz4", "numexpr", "bottleneck", "simplejson", "chardet", "xlrd", "zstandard", "cchardet", "click")
OPTIONAL += ("joblib", "numpy", "cloudpickle", "psutil", "sitecustomize", "usercustomize")


@pytest.mark.parametrize(
    "arguments",
    [
        ("ingest", "page.html", "--into", "x"),
        ("run", "quickstart", "--limit", "5", "--only", "tfidf_logreg"),
        ("run", "quickstart", "--limit", "5", "--only", "tfidf_logreg", "--only", "length", "--jobs", "2"),
    ],
    ids=["ingest", "run", "run in worker processes"],
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
