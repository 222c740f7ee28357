"""Scores a submission made elsewhere with the official metric, in the benchmark's own formats."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.data.benchmark import load_benchmark
from harness.data.formats import SUBMISSIONS
from harness.errors import Fault, FaultsError, HarnessError
from harness.files import read_bytes
from harness.metrics.official import checkthat_ranking

MOST_UNPACKED = 200 * 1024 * 1024


class Evaluation(NamedTuple):
    """The official numbers of a submission."""

    benchmark: str
    mean: Mapping[str, float]
    """Over the files, unweighted."""
    files: Mapping[str, Mapping[str, float]]
    """Base name of the prediction file to its numbers."""

    def document(self) -> dict[str, Any]:
        """The numbers as `harness evaluate --json` prints them."""
        files = {name: dict(values) for name, values in self.files.items()}
        return {"benchmark": self.benchmark, "mean": dict(self.mean), "files": files}


def evaluate(benchmark: str, gold: Sequence[str | Path], predictions: Sequence[str | Path]) -> Evaluation:
    """The official scorer's numbers, digit for digit; ties between scores keep the order of the submitted file.

    Args:
        benchmark: a benchmark's name.
        gold: gold files in the publisher's format; a member of a zip is `a.zip!path`.
        predictions: as many; paired with gold by base name where the two sets of base names are equal, else in order.
    Raises: FaultsError: every fault of every file; a missing or an extra id is one.
    """
    described = load_benchmark(benchmark)
    if described.official is None:
        raise HarnessError(f"benchmark '{benchmark}' has no official scorer")
    reader = SUBMISSIONS[described.format]
    numbers: dict[str, Mapping[str, float]] = {}
    faults: list[Fault] = []
    for gold_name, name in _paired(list(map(str, gold)), list(map(str, predictions))):
        try:
            truth = reader.read_gold(*_opened(gold_name))
        except FaultsError as error:
            faults += error.faults
            continue
        try:
            scores = reader.read_scores(*_opened(name))
        except FaultsError as error:
            faults += error.faults
            continue
        wrong = _mismatches(name, gold_name, truth, scores)
        faults += wrong
        if not wrong:
            ordered = np.array([truth[line] for line in scores], dtype=bool)
            values = np.fromiter(scores.values(), dtype=np.float64, count=len(scores))
            numbers[_base(name)] = checkthat_ranking(ordered, values, described.official.cutoffs)
    if faults:
        raise FaultsError(faults)
    first = next(iter(numbers.values()))
    mean = {metric: float(np.mean([found[metric] for found in numbers.values()])) for metric in first}
    return Evaluation(benchmark, mean, numbers)


def _base(name: str) -> str:
    return Path(name.rpartition("!")[2]).name


def _paired(gold: list[str], predictions: list[str]) -> list[tuple[str, str]]:
    if len(gold) != len(predictions):
        raise HarnessError(f"{len(gold)} gold files and {len(predictions)} prediction files; give as many of each")
    names = [_base(name) for name in predictions]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise HarnessError(f"two prediction files are called '{repeated[0]}'; give each a name of its own")
    by_name = {_base(name): name for name in gold}
    if set(by_name) == set(names) and len(by_name) == len(gold):
        return [(by_name[_base(name)], name) for name in predictions]
    return list(zip(gold, predictions, strict=True))


def _opened(name: str) -> tuple[Path, bytes]:
    archive, bang, member = name.rpartition("!")
    if not bang:
        return Path(name), read_bytes(Path(name))
    read_bytes(Path(archive))
    try:
        with zipfile.ZipFile(archive) as opened:
            size = opened.getinfo(member).file_size
            if size > MOST_UNPACKED:
                raise FaultsError.one(name, f"unpacks to {size:,} bytes; at most {MOST_UNPACKED:,} are read")
            return Path(name), opened.read(member)
    except KeyError:
        raise FaultsError.one(archive, f"has no member '{member}'") from None
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise FaultsError.one(archive, f"is not a zip file that can be read: {error}") from None


def _mismatches(name: str, gold: str, truth: Mapping[str, bool], scores: Mapping[str, float]) -> list[Fault]:
    faults = []
    for ids, message in (
        ([line for line in truth if line not in scores], "no score for line number"),
        ([line for line in scores if line not in truth], f"a score for what {_base(gold)} does not have: line number"),
    ):
        if ids:
            more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
            listed = ", ".join(ids[:5])
            faults.append(Fault(name, None, None, f"{message} {listed}{more}; give one score per gold line"))
    return faults
