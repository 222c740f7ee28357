"""Coverage-guided fuzzing of every reader of publishers' files: 10,000 inputs each (`make soak`).

`python tests/soak/fuzz_readers.py` runs every reader in a process of its own and prints a line for each;
`python tests/soak/fuzz_readers.py NAME RUNS` runs one. Needs the extra `fuzz`. A reader may refuse an input with an
error of the harness; any other exception, and an input that takes 10 seconds, is a fault.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

RUNS = 10_000
SLOWEST_S = 10
SAMPLE = 3000
ROOT = Path(__file__).parents[2]


def benchmarks() -> Path:
    """Where the publishers' files are, if anywhere; inputs grow from the first lines of them."""
    return Path(os.environ.get("HARNESS_BENCHMARKS", ROOT.parent / "shared" / "benchmarks"))


def seeds(name: str, folder: Path) -> None:
    """The first lines of a publisher's files as inputs to start from."""
    from harness.data.benchmarks.benchmark import load_benchmark

    described = load_benchmark(name)
    for number, file in enumerate(file for part in described.parts.values() for file in part.files):
        path, _, member = file.partition("!")
        found = next(benchmarks().glob(f"*/{path}"), None) if benchmarks().is_dir() else None
        if found is not None and number < 8:
            try:
                data = ZipFile(found).read(member) if member else found.read_bytes()
            except KeyError:
                continue
            (folder / str(number)).write_bytes(data if data.startswith(b"PK") else data[:SAMPLE])


def fuzz(name: str, runs: int) -> None:
    """Fuzzes the reader of a benchmark; leaves the process with its exit code."""
    import atheris

    with atheris.instrument_imports(include=["harness"]):
        from harness.data.benchmarks.benchmark import load_benchmark
        from harness.data.formats import READERS
        from harness.data.formats.source import SourceFile
        from harness.errors import HarnessError
        from harness.schemes import load_scheme
    described = load_benchmark(name)
    part = next(iter(described.parts.values()))
    scheme, options = load_scheme(described.scheme), described.options | part.options

    def one(data: bytes) -> None:
        companions = dict.fromkeys(described.companions, data)
        try:
            articles = READERS[part.format or described.format](
                SourceFile(Path("a"), data, scheme, options, companions)
            )
        except HarnessError as error:
            if not str(error):
                raise ValueError("an error without words") from None
        else:
            if not articles:
                raise ValueError("no article and no error")

    with tempfile.TemporaryDirectory() as folder:
        seeds(name, Path(folder))
        arguments = [sys.argv[0], folder, f"-runs={runs}", f"-timeout={SLOWEST_S}", "-seed=13", "-max_len=20000"]
        atheris.Setup(arguments, one)
        atheris.Fuzz()


def everything() -> int:
    """Every reader once; the number of those that failed."""
    from harness.data.benchmarks.benchmark import benchmark_names, load_benchmark

    of_format = {load_benchmark(name).format: name for name in benchmark_names()}
    failed = 0
    for reader, name in sorted(of_format.items()):
        done = subprocess.run(
            [sys.executable, __file__, name, str(RUNS)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tempfile.gettempdir(),
        )
        covered = [line for line in done.stderr.splitlines() if " cov: " in line]
        said = covered[-1].split("cov: ")[1].split()[0] if covered else "0"
        sys.stdout.write(f"{reader}: {RUNS:,} inputs, {said} edges, {'no fault' if not done.returncode else 'FAULT'}\n")
        sys.stdout.flush()
        if done.returncode:
            failed += 1
            sys.stdout.write(done.stderr[-3000:])
    return failed


if __name__ == "__main__":
    if len(sys.argv) > 1:
        fuzz(sys.argv[1], int(sys.argv[2]))
    else:
        sys.exit(everything())
