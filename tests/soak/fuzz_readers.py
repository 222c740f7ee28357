"""Fuzzing of every reader by structure: at least 100,000 inputs over all of them (`make soak`).

`python tests/soak/fuzz_readers.py [RUNS [NAME...]]` changes parts of valid files in the structure that they have, so that
most inputs get past the first check, and prints a line for each reader: inputs, the share that was accepted, and faults. A
reader may refuse an input with an error of the harness that has words; any other exception, and an input that takes 10
seconds, is a fault. Exits with 1 if there is one; the inputs are kept in a folder that is named.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing import Pool
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
from structures import changed

RUNS = 2_600
"""Inputs per reader; there are about 45."""
SLOWEST_S = 10
SAMPLE = 3000
"""Bytes of a publisher's file that inputs grow from."""
ROOT = Path(__file__).parents[2]
KINDS = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "text",
    ".xlsx": "zip",
    ".yaml": "yaml",
}


EXPORTS = {
    "sheet": {"gold": "single:author-pass-1"},
    "doccano": {"gold": "single:author-pass-1"},
    "label-studio": {"addresses": {"author-pass-1": "a@example.org"}},
}


class Target(NamedTuple):
    """A reader, and the valid files that its inputs grow from."""

    read: Callable[[Path], object]
    """Reads one file; refuses it with an error of the harness."""
    seeds: tuple[bytes, ...]
    suffix: str
    kind: str


class Outcome(NamedTuple):
    """What became of the inputs of one reader."""

    name: str
    inputs: int
    accepted: int
    faults: dict[str, int]


def benchmarks() -> Path:
    return Path(os.environ.get("HARNESS_BENCHMARKS", ROOT.parent / "shared" / "benchmarks"))


def sample(data: bytes, kind: str) -> bytes:
    """The first rows of a publisher's file, whole ones."""
    if kind == "zip" or len(data) <= SAMPLE:
        return data
    if kind == "json":
        tree = json.loads(data)
        cut = tree[:5] if isinstance(tree, list) else dict(list(tree.items())[:5]) if isinstance(tree, dict) else tree
        return json.dumps(cut).encode()
    return data[: max(data.rfind(b"\n", 0, SAMPLE), data.find(b"\n")) + 1]


def cited(companion: bytes, data: bytes) -> bytes:
    """The entries of a companion file whose ids stand in the sample of the main one."""
    return json.dumps({key: entry for key, entry in json.loads(companion).items() if key.encode() in data}).encode()


def publishers_targets() -> Iterator[tuple[str, Target]]:
    """One target for each format of a publisher whose files are here."""
    from harness.data.archives import open_input
    from harness.data.benchmarks.benchmark import benchmark_names, load_benchmark
    from harness.data.formats import READERS
    from harness.data.formats.source import SourceFile
    from harness.errors import HarnessError
    from harness.schemes import load_scheme

    for name in benchmark_names():
        described = load_benchmark(name)
        part = next(iter(described.parts.values()))
        scheme, options = load_scheme(described.scheme), described.options | part.options
        published = next(iter(part.files))
        file, _, member = published.partition("!")
        suffix = Path(published).suffix
        kind = "jsonl" if "jsonl" in (part.format or described.format) else KINDS[suffix]
        data, folder = b"", ROOT
        for where in benchmarks().glob(f"*/{file}"):  # archives of several labs have the same name
            with contextlib.suppress(HarnessError):
                data = sample(open_input(f"{where}!{member}" if member else str(where)).data, kind)
                folder = Path(str(where).removesuffix(file))
        if not data:
            continue
        companions = {n: cited((folder / n).read_bytes(), data) for n in described.companions if (folder / n).exists()}
        reader = READERS[part.format or described.format]

        def read(path: Path, reader=reader, scheme=scheme, options=options, companions=companions) -> object:
            articles = reader(SourceFile(path, path.read_bytes(), scheme, options, companions))
            if not articles:
                raise ValueError("no article and no error")
            return articles

        yield name, Target(read, (data,), suffix, "tsv" if kind == "text" and b"\t" in data else kind)


def own_targets(folder: Path) -> Iterator[tuple[str, Target]]:
    """Targets for the files that users bring, and for our own."""
    sys.path.insert(0, str(ROOT / "tests"))
    from small_dataset import make_dataset

    import harness
    from harness.data.articles.article_file import ReadOptions
    from harness.data.articles.sources import read_articles
    from harness.data.corpora.passages import open_corpus
    from harness.scoring.claim_tables import claim_rows

    data = make_dataset(folder / "made")
    labels = "item,annotator,label\n" + "".join(
        f"{n},{who},{'yes' if n % 3 else 'no'}\n" for n in range(6) for who in "ab"
    )
    articles = (
        '{"article_id": "a", "title": "T", "published": "2020-01-01", "text": "One town voted. It cost 5."}\n' * 1
    )
    table = 'text,title,article_id,published,speaker\n"One town, voted. It cost 5.",T,a,2020-01-01,Bob\nTwo.,U,b,,\n'
    html = "<html lang=en><head><title>T</title></head><body><h1>T</h1><p>One town voted. <b>It</b> cost 5.</p><table><tr><td>a</td></tr></table></body></html>"
    for suffix, kind, seed in (
        (".txt", "text", "Title\n\nOne town voted. It cost 5 million.\n\nTwo.\n"),
        (".md", "text", "# T\n\nOne *town* voted. `code`\n\n- item [x](y)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"),
        (".html", "text", html),
        (".jsonl", "jsonl", articles),
        (".csv", "csv", table),
    ):
        yield f"articles {suffix}", Target(lambda path: read_articles([path]), (seed.encode(),), suffix, kind)
    claims = '{"claim_id": "a", "text": "Ten cats.", "start": 0, "article_id": "x", "speaker": "Bob"}\n{"claim_id": "b", "text": "Two."}\n'
    claim_table = "claim_id,text,article_id,start\na,Ten cats.,x,0\nb,Two.,x,12\n"
    for suffix, kind, seed in ((".jsonl", "jsonl", claims), (".csv", "csv", claim_table)):
        yield (
            f"claims {suffix}",
            Target(lambda path: list(claim_rows(path, ReadOptions())), (seed.encode(),), suffix, kind),
        )
    yield "label table", Target(lambda path: harness.agreement(path), (labels.encode(),), ".csv", "csv")
    passages = '{"passage_id": "p", "document_id": "d", "text": "It rained."}\n{"passage_id": "q", "document_id": "d", "text": "It was dry."}\n'
    yield "corpus", Target(lambda path: open_corpus(path), (passages.encode(),), ".jsonl", "jsonl")
    yield from dataset_targets(data, folder)
    yield from tool_targets(data, folder)
    config = (
        (ROOT / "experiments" / "quickstart.yaml")
        .read_bytes()
        .replace(b"dataset: public-matters", f"dataset: {data}".encode())
    )
    rich = (
        b"name: r\ntask: checkability\ndataset: %b\nsplit: {k: 3, by: article}\nclassifiers:\n- {name: tfidf_logreg, C: 3}\n- {name: ensemble, members: [length, {name: nb_logreg}]}\nmetrics: [f1, {name: f_beta, beta: 2}]\n"
        % str(data).encode()
    )

    def check(path: Path) -> None:
        if faults := harness.check(path):
            raise harness.FaultsError(faults)

    yield "config", Target(check, (config, rich), ".yaml", "yaml")
    for benchmark, seed, suffix, kind in (
        (
            "scifact",
            b'{"id": 1, "evidence": {"11": {"sentences": [1, 2], "label": "SUPPORT"}}}\n{"id": 2, "evidence": {}}\n',
            ".jsonl",
            "jsonl",
        ),
        ("fever", b'{"id": 1, "predicted_label": "REFUTES", "predicted_evidence": [["a", 1]]}\n', ".jsonl", "jsonl"),
        ("checkthat-2019-task1", b"1\t0.5\n2\t0.25\n3\t0.125\n", ".tsv", "tsv"),
        ("checkthat-2024-task1", b"id\tclass_label\trun_id\n1\tYes\tr\n2\tNo\tr\n", ".tsv", "tsv"),
    ):
        yield (
            f"submission to {benchmark}",
            Target(lambda path, b=benchmark: harness.check_submission(b, path), (seed,), suffix, kind),
        )


def dataset_targets(data: Path, folder: Path) -> Iterator[tuple[str, Target]]:
    """A dataset folder, with one of its files changed."""
    import harness

    log = next((data / "annotations").glob("*.jsonl"))
    for name in ("articles.jsonl", "claims.jsonl", "dataset.yaml", f"annotations/{log.name}"):
        copied = Path(tempfile.mkdtemp(dir=folder)) / "d"
        shutil.copytree(data, copied)

        def read(path: Path, copied: Path = copied, name: str = name) -> object:
            shutil.copyfile(path, copied / name)
            return harness.open_dataset(copied)

        content = (data / name).read_bytes()
        yield f"dataset {name.partition('/')[0]}", Target(read, (content,), Path(name).suffix, KINDS[Path(name).suffix])


def tool_targets(data: Path, folder: Path) -> Iterator[tuple[str, Target]]:
    """Files of labeling tools, as `harness add` takes them."""
    import harness

    opened = harness.open_dataset(data)
    for to, suffix, kind in (
        ("label-studio", ".json", "json"),
        ("doccano", ".jsonl", "jsonl"),
        ("prodigy", ".jsonl", "jsonl"),
        ("csv", ".csv", "csv"),
        ("sheet", ".xlsx", "zip"),
    ):
        out = folder / f"{to}{suffix}"
        harness.export(opened, to, out, **EXPORTS.get(to, {}))
        copied = Path(tempfile.mkdtemp(dir=folder)) / "d"

        def read(path: Path, copied: Path = copied) -> object:
            shutil.rmtree(copied, ignore_errors=True)
            shutil.copytree(data, copied)
            return harness.add_claims(copied, path, "somebody", ignore_other_columns=path.suffix in (".csv", ".xlsx"))

        yield f"labels of {to}", Target(read, (sample(out.read_bytes(), kind),), suffix, kind)


def targets(folder: Path) -> dict[str, Target]:
    return dict([*publishers_targets(), *own_targets(folder)])


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
            print(f"{outcome.name}: {outcome.inputs:,} inputs, {share:.0%} accepted, {faults}", flush=True)
            for fault, count in outcome.faults.items():
                print(f"  {count} x {fault}", flush=True)
    inputs, accepted = sum(o.inputs for o in outcomes), sum(o.accepted for o in outcomes)
    n_faults = sum(len(outcome.faults) for outcome in outcomes)
    print(
        f"{len(outcomes)} readers, {inputs:,} inputs, {accepted / inputs:.0%} accepted, {n_faults} kinds of fault; {kept}"
    )
    return n_faults


def _fuzz(arguments: tuple[str, int, Path]) -> Outcome:
    return fuzz(*arguments)


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS, sys.argv[2:]) else 0)
