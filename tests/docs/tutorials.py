"""Runs a tutorial: its files are written, its commands run in order, and the output shown becomes the real one.

In a `console` block a line after `$ ` is a command and the lines after it are its output, stdout and stderr together; a
line `...` stands for any number of lines. A block with `title="NAME"` is a file of that name.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from harness.cli import main

BLOCK = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
ANY_LINES = "..."


class CommandFailed(Exception):
    """A command of a tutorial that ended with another exit code than the page says."""


def played(page: str, folder: Path) -> str:
    """The page with the output of each command as it is now; blocks that still fit are left as they are."""
    settings = _environment(folder)

    def block(found: re.Match[str]) -> str:
        title = re.search(r'title="([^"]+)"', found["info"])
        if title:
            (folder / title[1]).write_text(found["body"], encoding="utf-8")
            return found[0]
        return found[0] if found["info"] != "console" else f"```console\n{_console(found['body'], folder, settings)}```"

    return BLOCK.sub(block, page)


def commands(page: str) -> list[str]:
    """The commands of a page."""
    blocks = [found["body"] for found in BLOCK.finditer(page) if found["info"] == "console"]
    return [line[2:] for body in blocks for line in body.splitlines() if line.startswith("$ ")]


def _environment(folder: Path) -> dict[str, str]:
    """The variables that commands get: the programs of the tests, and a folder of their own for data and caches."""
    programs = folder / ".bin"
    programs.mkdir()
    for name, module in (("harness", " -m harness"), ("python", "")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n')
        program.chmod(0o755)
    own = {
        "COLUMNS": "100",
        "HARNESS_CACHE": str(folder / ".cache"),
        "HARNESS_DATA_ROOT": str(folder / ".data"),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONUNBUFFERED": "1",
    }
    return os.environ | own


def _console(body: str, folder: Path, settings: dict[str, str]) -> str:
    written = []
    for entry in re.split(r"^(?=\$ )", body, flags=re.MULTILINE):
        if not entry:
            continue
        command, _, shown = entry.partition("\n")
        code, printed = _run(command[2:], folder, settings)
        if code > 1:
            raise CommandFailed(f"{command}: exit code {code}\n{printed}")
        output = re.sub(r"[ \t]+$", "", printed, flags=re.MULTILINE).replace(str(folder), "~")
        written.append(f"{command}\n{shown if fits(output, shown) else output.strip(chr(10)) + chr(10)}")
    return "".join(written)


def _run(command: str, folder: Path, settings: dict[str, str]) -> tuple[int, str]:
    """The exit code of a command, and what it printed.

    A plain `harness` command runs in this process, which spares loading everything anew; all else runs in a shell.
    """
    if re.fullmatch(r"harness [\w ./=-]+", command):
        return _run_here(shlex.split(command), folder, settings)
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout


def _run_here(argv: list[str], folder: Path, settings: dict[str, str]) -> tuple[int, str]:
    printed = io.StringIO()
    with ExitStack() as stack:
        stack.enter_context(chdir(folder))
        stack.enter_context(patch.dict(os.environ, settings))
        stack.enter_context(patch.object(sys, "argv", argv))
        stack.enter_context(patch.object(sys, "path", list(sys.path)))
        stack.enter_context(redirect_stdout(printed))
        stack.enter_context(redirect_stderr(printed))
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0), printed.getvalue()
    raise CommandFailed(f"{argv}: ended without an exit code")


def fits(output: str, shown: str) -> bool:
    """Whether the output of a command is the one shown, `...` standing for any lines."""
    pieces = re.split(rf"^{re.escape(ANY_LINES)}$\n?", shown.strip("\n") + "\n", flags=re.MULTILINE)
    return re.fullmatch(r"(?:.*\n)*?".join(map(re.escape, pieces)), output.strip("\n") + "\n") is not None
