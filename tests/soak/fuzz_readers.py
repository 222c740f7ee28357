"""Fuzzing of every reader by structure: at least 100,000 inputs over all of them (`make soak`).

`python tests/soak/fuzz_readers.py [RUNS [NAME...]]` changes parts of valid files in the structure that they have, so
that most inputs get past the first check, and prints a line for each reader: inputs, the share that was accepted, and
faults. A reader may refuse an input with an error of the harness that has words; any other exception, and an input that
takes 10 seconds, is a fault. Exits with 1 if there is one; the inputs are kept in a folder that is named.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import os
import random
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from multiprocessing import Pool
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
from fuzz_targets import targets
from structures import changed

RUNS = 2_600
"""Inputs per reader; there are about 52."""
SLOWEST_S = 10


class Outcome(NamedTuple):
    """What became of the inputs of one reader."""

    name: str
    inputs: int
    accepted: int
    faults: dict[str, int]


def too_slow(*_: object) -> None:
    raise TimeoutError(f"took more than {SLOWEST_S} s")


def fuzz(name: str, runs: int, kept: Path) -> Outcome:
    """Reads changed inputs; keeps the first one of every kind of fault."""
    from harness.errors import HarnessError

    faulthandler.enable()
    signal.signal(signal.SIGALRM, too_slow)
    draw = random.Random(f"{name} 13")
    accepted, faults = 0, Counter[str]()
    with tempfile.TemporaryDirectory() as made, contextlib.redirect_stdout(io.StringIO()):
        target = targets(Path(made))[name]
        path = Path(made) / f"input{target.suffix}"
        for number in range(runs):
            seed = draw.choice(target.seeds)
            path.write_bytes(seed if number == 0 else changed(seed, target.kind, draw))
            signal.alarm(SLOWEST_S)
            try:
                target.read(path)
                accepted += 1
            except HarnessError as error:
                if number == 0:
                    faults[f"the seed is refused: {str(error)[:300]}"] += 1
                elif not str(error):
                    faults["an error without words"] += 1
            except Exception as error:
                last = traceback.extract_tb(error.__traceback__)
                ours = next((frame for frame in reversed(last) if "/harness/" in frame.filename), last[-1])
                fault = f"{type(error).__name__} at {Path(ours.filename).name}:{ours.lineno}: {str(error)[:100]!r}"
                if not faults[fault] and len(faults) < 20:
                    shutil.copyfile(path, kept / f"{name.replace('/', '-')}-{len(faults)}{target.suffix}")
                faults[fault] += 1
            finally:
                signal.alarm(0)
    return Outcome(name, runs, accepted, dict(faults))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(runs: int, names: list[str]) -> int:
    """Fuzzes readers on all cores; the number of kinds of faults."""
    kept = Path(tempfile.mkdtemp(prefix="fuzz-faults-"))
    with tempfile.TemporaryDirectory() as made:
        chosen = names or list(targets(Path(made)))
    outcomes = []
    with Pool(int(os.environ.get("FUZZ_PROCESSES", os.cpu_count() or 1)), maxtasksperchild=1) as pool:
        for outcome in pool.imap_unordered(_fuzz, [(name, runs, kept) for name in chosen]):
            outcomes.append(outcome)
            faults = "no fault" if not outcome.faults else f"{sum(outcome.faults.values())} FAULTS"
            share = outcome.accepted / outcome.inputs
            say(f"{outcome.name}: {outcome.inputs:,} inputs, {share:.0%} accepted, {faults}")
            for fault, count in outcome.faults.items():
                say(f"  {count} x {fault}")
    inputs, accepted = sum(o.inputs for o in outcomes), sum(o.accepted for o in outcomes)
    n_faults = sum(len(outcome.faults) for outcome in outcomes)
    total = f"{len(outcomes)} readers, {inputs:,} inputs, {accepted / inputs:.0%} accepted"
    say(f"{total}, {n_faults} kinds of fault; {kept}")
    return n_faults


def _fuzz(arguments: tuple[str, int, Path]) -> Outcome:
    return fuzz(*arguments)


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS, sys.argv[2:]) else 0)
