"""RTF: its text and title."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from harness import FaultsError
from harness.data.articles.article_file import InputFile, ReadOptions
from harness.data.articles.documents import worker
from harness.data.articles.documents.isolated import read_isolated
from harness.data.articles.documents.rich_text import read_rtf

RTF = rb"""{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}}{\info{\title Ferry \'fcber alles}{\author X}}
\pard\b The ferry carried 3 million people.\b0\par It cost 5 \u8364? each. Caf\'e9.\par
\trowd\cellx100\cellx200 Year\cell Spent\cell\row\pard Either a | b.\par}"""


def test_rtf():
    (loaded,) = read_rtf(InputFile("a.rtf", "a.rtf", RTF, ReadOptions()))
    assert loaded.article.title == "Ferry über alles"
    assert loaded.article.text == (
        "The ferry carried 3 million people.\nIt cost 5 € each. Café.\nYear Spent\nEither a | b."
    )


def test_lower_limits_of_the_system_hold():
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))

    command = [sys.executable, "-P", worker.__file__, "rtf"]
    done = subprocess.run(command, input=RTF, capture_output=True, preexec_fn=limit, check=True)
    assert b"3 million people" in done.stdout


def test_a_library_that_is_installed_elsewhere_is_found(tmp_path, monkeypatch):
    (tmp_path / "striprtf").mkdir()
    (tmp_path / "striprtf" / "__init__.py").touch()
    (tmp_path / "striprtf" / "striprtf.py").write_text("def rtf_to_text(text, errors): return 'by another one'")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert read_isolated("rtf", RTF, "a.rtf")["text"] == "by another one"


def test_another_file_under_the_name_of_an_rtf_file():
    with pytest.raises(FaultsError, match=r"a\.rtf: is no RTF file.*save it as RTF"):
        read_rtf(InputFile("a.rtf", "a.rtf", b"Plain text.", ReadOptions()))


def test_hidden_and_deleted_text_is_left_out_and_scripts_are_read():
    data = (
        rb"{\rtf1\ansi{\fonttbl{\f0 A;}{\f1\fcharset204 B;}}{\f1 \'cf\'f0\'e8\'e2\'e5\'f2.}\par A"
        rb"{\v hidden \'e9}{\rtlch\f0 \deleted gone}"
        rb"{\revised new}{\viewkind4 x}\u-10179?\u-8704?.}"
    )
    (loaded,) = read_rtf(InputFile("a.rtf", "a.rtf", data, ReadOptions()))
    assert loaded.article.text == "Привет.\nAnewx\U0001f600."
