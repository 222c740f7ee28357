"""`python -m harness` is the command `harness`."""

import sys
from pathlib import Path

# `-m` puts the working folder first on the import path, where any file of it would stand in for an installed package.
if sys.path and Path(sys.path[0]) == Path.cwd() != Path(__file__).resolve().parents[1]:
    del sys.path[0]

from harness.cli import main

main()
