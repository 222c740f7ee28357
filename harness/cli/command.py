"""The command `harness`: its subcommands, and the translation of errors to messages and exit codes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from harness.cli import (
    agreement,
    annotate,
    audit,
    compare,
    data,
    experiments,
    report,
    retrieval,
    score,
    start,
    verify,
)
from harness.cli.faults import FaultOutput, all_faults_option
from harness.cli.labeling import assign
from harness.cli.more_labels import commands as more_labels
from harness.cli.output import guard_streams
from harness.cli.storage import cache
from harness.errors import FaultsError, HarnessError, fault_lines
from harness.text_tables import visible
from harness.user_code.local_code import working_folder

EXIT_INTERNAL_ERROR = 70
"""Exit code of an internal error (`EX_SOFTWARE` of sysexits.h)."""
SPARE_BYTES = 64 << 20
"""Memory that a process which is not short of it can still get; a library's code takes that much."""
COMPUTING = frozenset(("run", "score", "verify", "next", "probe", "curve", "suspects"))
"""Commands that load the libraries for linear algebra, which crash or hang in a process that may map little memory."""
LEAST_MEMORY = 1_400_000_000
"""Bytes of address space with which these commands work with one thread; libraries and stacks take most of it."""
EXIT_INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells use it: 128 + signal 2."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(None, "-V", "--version", package_name="claim-harness", prog_name="harness")
@click.pass_context
def harness(context: click.Context) -> None:
    """Evaluate how well systems identify claims that can, and should, be fact-checked."""
    if context.invoked_subcommand in COMPUTING:
        _require_memory()


for command in (
    *experiments.COMMANDS,
    *data.COMMANDS,
    *compare.COMMANDS,
    *more_labels.COMMANDS,
    *report.COMMANDS,
    *audit.COMMANDS,
    *agreement.COMMANDS,
    *annotate.COMMANDS,
    *assign.COMMANDS,
    *start.COMMANDS,
    *score.COMMANDS,
    *retrieval.COMMANDS,
    *verify.COMMANDS,
    *cache.COMMANDS,
):
    command.params.append(all_faults_option())
    harness.add_command(command)


def main() -> None:
    """Runs a command. Errors of the user print a message and set the exit code, without a traceback."""
    output = FaultOutput()
    # Looking for plugins reads the metadata of every installed package, and there is nothing here to plug into.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    guard_streams()
    try:
        with working_folder(Path.cwd(), _announce_code):
            code = harness.main(standalone_mode=False, obj=output)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort as abort:
        if isinstance(abort.__cause__, EOFError):  # of a damaged file; at the end of its input, a prompt names no cause
            _internal_error(abort.__cause__)
        _interrupted()
    except KeyboardInterrupt:
        _interrupted()
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except HarnessError as error:
        # Several problems are printed one per line, each with its own place, as linters do.
        lines = [str(error)]
        if isinstance(error, FaultsError):
            lines = fault_lines(error.faults, all_faults=output.all_faults)
        text = "\n".join(lines)
        click.echo(f"harness: {text}" if "\n" not in text else text, err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        from harness.files import explain_os_error

        click.echo(f"harness: {explain_os_error(error)}", err=True)
        sys.exit(2)
    except Exception as error:
        if isinstance(error, MemoryError) or _memory_is_short():
            click.echo("harness: not enough memory; free some, or raise its limit, and run the command again", err=True)
            sys.exit(2)
        _internal_error(error)


def _internal_error(error: BaseException) -> NoReturn:
    message = f"internal error (please report it): {type(error).__name__}: {error}; traceback in {_write_log()}"
    click.echo(f"harness: {message}", err=True)
    sys.exit(EXIT_INTERNAL_ERROR)


def _require_memory() -> None:
    """Raises: HarnessError: the process has a limit of memory that is too low, which no library would explain."""
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return
    if limit < LEAST_MEMORY:
        raise HarnessError(
            f"not enough memory: the limit of this process is {limit / 1e6:,.0f} MB (ulimit -v), and this command "
            f"needs {LEAST_MEMORY / 1e6:,.0f} MB; raise the limit and run the command again"
        )
    # A thread maps up to 100 MB for its stack and buffers, and there are as many as processors.
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(variable, "1")


def _memory_is_short() -> bool:
    """Whether the process cannot get a little more memory, so that a library failed for want of it in its own way."""
    import mmap

    try:
        mmap.mmap(-1, SPARE_BYTES).close()
    except (OSError, MemoryError):
        return True
    return False


def _announce_code(target: str) -> None:
    click.echo(f"running code that the config names: {target} (--no-code refuses it)", err=True)


def _interrupted() -> None:
    click.echo("harness: interrupted; completed work is saved. Run the same command again to continue", err=True)
    sys.exit(EXIT_INTERRUPTED)


def _write_log() -> str:
    """Writes the command and the traceback to a temporary file; returns its path."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="harness-", suffix=".log", delete=False, encoding="utf-8") as log:
        # The texts of others can be in it, and a terminal obeys control characters of what it shows.
        log.write(visible(f"{' '.join(sys.argv)}\n{traceback.format_exc()}"))
    return log.name
