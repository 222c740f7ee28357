"""The command line: arguments in, one call, exit code out."""

from harness.cli.command import main

__all__ = ["main"]
