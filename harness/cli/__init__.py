"""The command line: each command parses its arguments, makes one call, and sets the exit code."""

from harness.cli.command import main

__all__ = ["main"]
