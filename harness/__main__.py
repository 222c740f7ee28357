"""The program `harness`, also as `python -m harness`."""

from __future__ import annotations

import gc
import os
import sys

signal = __import__("_signal")
"""What `signal` wraps; the wrapper takes a while to import, as `importlib` does, before anything can answer Ctrl-C."""
EXIT_INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells use it: 128 + signal 2."""


def main() -> None:
    """Runs the command line; Ctrl-C while it starts or ends is as quiet as while it runs."""
    is_ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not under `nohup`
    if is_ours:
        # No work is lost, and an interrupted import would print a traceback.
        signal.signal(signal.SIGINT, _exit_at_once)
    gc.disable()  # all that an import makes stays, and a collection would walk through it
    from harness.cli import main as run_command

    gc.freeze()
    gc.enable()

    try:
        if is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        run_command()
    except KeyboardInterrupt:  # a second one, while the first is answered
        os._exit(EXIT_INTERRUPTED)
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, _exit_at_once)
        gc.freeze()  # an interpreter that ends walks through all that is not frozen, module by module


def _exit_at_once(*_: object) -> None:
    os._exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    # `-m` puts the working folder first on the import path, where any file of it would stand in for a package.
    if sys.path and sys.path[0] == os.getcwd() != os.path.realpath(__file__).rpartition("/harness/")[0]:  # noqa: PTH109
        del sys.path[0]
    main()
