"""The command `harness`, and what happens when something goes wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.cli import agreement, audit, compare, data, experiments, report, score, start
from harness.errors import HarnessError

EXIT_BUG = 70
EXIT_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="claim-harness", prog_name="harness")
def harness() -> None:
    """Evaluate how well systems tell which claims can, and should, be checked."""


for command in (
    *experiments.COMMANDS,
    *data.COMMANDS,
    *compare.COMMANDS,
    *report.COMMANDS,
    *audit.COMMANDS,
    *agreement.COMMANDS,
    *start.COMMANDS,
    *score.COMMANDS,
):
    harness.add_command(command)


def main() -> None:
    """Runs a command; a user's mistake is a message and an exit code, never a traceback."""
    sys.path.append(str(Path.cwd()))  # so that a config can name a classifier of the user's own as module:Class
    try:
        code = harness.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        _interrupted()
    except KeyboardInterrupt:
        _interrupted()
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except HarnessError as error:
        click.echo(f"harness: {error}" if "\n" not in str(error) else str(error), err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        from harness.files import explain_os_error

        click.echo(f"harness: {explain_os_error(error)}", err=True)
        sys.exit(2)
    except Exception as error:
        click.echo(f"harness: a bug of ours: {type(error).__name__}: {error}. The log is {_log()}", err=True)
        sys.exit(EXIT_BUG)


def _interrupted() -> None:
    click.echo("harness: interrupted; finished work is kept, run the same command again to go on", err=True)
    sys.exit(EXIT_INTERRUPTED)


def _log() -> str:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="harness-", suffix=".log", delete=False, encoding="utf-8") as log:
        log.write(f"{' '.join(sys.argv)}\n{traceback.format_exc()}")
    return log.name
