"""Kills `harness label` at random instants while four annotators write at once (`make soak`).

`python tests/soak/kill_labeling.py KILLS` prints one line: kills, answers that were shown as saved, those of them that
are in the logs, kills between a write and what is shown of it, and files with a fault. Exits with 1 if an answer is
lost or a file has a fault.
"""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from harness import check, ingest

ANNOTATORS = ("ann", "bob", "cal", "dee")
N_SENTENCES = 5000
N_KEYS = 4000
KEYS = "11121us!"
"""Keys from which those of a session are drawn: labels, undo, skip, flag."""
SHOWN = re.compile(r"^(saved|taken back|flagged|the flag is taken back)", re.MULTILINE)
ROLE_OF = {"saved": "label", "taken back": "withdraw", "flagged": "flag", "the flag is taken back": "withdraw"}


class Killed(NamedTuple):
    """What is known after some kills."""

    kills: int = 0
    acknowledged: int = 0
    """Answers, and lines that take them back, that were shown as saved."""
    found: int = 0
    """Those of them that are in the log, in the same order."""
    inside: int = 0
    """Kills after a line was on disk, and before that was shown."""
    invalid: int = 0
    """Files with a fault."""

    def __add__(self, other: Killed) -> Killed:  # type: ignore[override]
        return Killed(*map(sum, zip(self, other, strict=True)))


def make_dataset(folder: Path) -> None:
    """Makes a dataset of many short sentences."""
    source = folder.parent / "lines.txt"
    source.write_text(" ".join(f"Line {number} is short." for number in range(N_SENTENCES)))
    ingest([source], folder)


def roles_of(log: Path) -> list[str]:
    """The roles of the lines of a log; a line that is no JSON raises."""
    return [json.loads(line)["role"] for line in log.read_text().splitlines()] if log.exists() else []


def kill_one(folder: Path, annotator: str, rng: random.Random) -> Killed:
    """Starts a session, gives it keys, and kills it."""
    log = folder / "annotations" / f"{annotator}.jsonl"
    n_before = len(roles_of(log))
    command = [sys.executable, "-u", "-m", "harness", "label", folder.name, "--as", annotator]
    with subprocess.Popen(command, cwd=folder.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the session has no pipes")
        first = process.stdout.readline()
        process.stdin.write("".join(rng.choices(KEYS, k=N_KEYS)).encode())
        process.stdin.flush()
        time.sleep(rng.uniform(0.0, 0.3))
        process.send_signal(signal.SIGKILL)
        output = (first + process.stdout.read()).decode()
    shown = [ROLE_OF[message] for message in SHOWN.findall(output)]
    try:
        written = roles_of(log)[n_before:]
    except json.JSONDecodeError:
        return Killed(1, len(shown), 0, 0, 1)
    n_found = next((n for n, pair in enumerate(zip(shown, written, strict=False)) if len(set(pair)) > 1), None)
    n_found = min(len(shown), len(written)) if n_found is None else n_found
    return Killed(1, len(shown), n_found, int(len(written) > len(shown)))


def kill_sessions(folder: Path, n_kills: int, seed: int = 13) -> Killed:
    """Kills sessions of four annotators at once, and checks the dataset."""

    def kill_all(annotator: str) -> Killed:
        rng = random.Random(f"{seed} {annotator}")
        share = n_kills // len(ANNOTATORS) + (ANNOTATORS.index(annotator) < n_kills % len(ANNOTATORS))
        return sum((kill_one(folder, annotator, rng) for _ in range(share)), Killed())

    with ThreadPoolExecutor(len(ANNOTATORS)) as pool:
        total = sum(pool.map(kill_all, ANNOTATORS), Killed())
    faults = check([folder])
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    return total._replace(invalid=total.invalid + len({fault.path for fault in faults}))


def main(n_kills: int) -> int:
    """Prints the counts; 1 if an answer is lost or a file has a fault."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "d"
        make_dataset(folder)
        total = kill_sessions(folder, n_kills)
    sys.stdout.write(
        f"{total.kills} kills: {total.acknowledged:,} answers shown as saved, {total.found:,} of them found, "
        f"{total.inside} kills between a write and its message, {total.invalid} files with a fault\n"
    )
    return int(total.acknowledged != total.found or total.invalid > 0 or not total.acknowledged)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
