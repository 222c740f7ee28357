"""The package itself: its public names, and the functions behind the commands."""

from __future__ import annotations

import pydoc
import re
import subprocess
import sys
from importlib.metadata import version

import pytest

import harness
from harness.cli.command import harness as command_line


def functions_by_command():
    """The table of commands in the docstring of the package: command and option to function."""
    return dict(re.findall(r"^ {4}harness (\S.*?) {2,}(\w+)$", harness.__doc__, flags=re.MULTILINE))


def test_every_public_name_is_there_and_documented():
    for name in harness.__all__:
        assert getattr(harness, name).__doc__
    assert {"compare_results", "build_report"} <= set(harness.__all__)
    assert harness.__version__ == version("claim-harness")
    assert "__version__" in dir(harness)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        _ = harness.nonsense


def test_the_help_of_the_package_leads_from_each_command_to_its_function():
    table = functions_by_command()
    assert {command.partition(" ")[0] for command in table} == set(command_line.commands)
    assert set(table.values()) <= set(harness.__all__)
    text = pydoc.render_doc(harness)
    assert all(re.search(rf"harness {re.escape(command)} +{function}\b", text) for command, function in table.items())


def test_every_public_name_stands_in_the_help():
    assert [name for name in harness.__all__ if not re.search(rf"\b{name}\b", harness.__doc__)] == []


def test_importing_the_package_imports_no_heavy_library():
    code = "import sys, harness; print([m for m in ('numpy', 'pydantic', 'pandas', 'sklearn') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
