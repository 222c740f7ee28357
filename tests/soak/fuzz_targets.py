"""The readers that are fuzzed, and the valid files that their inputs grow from."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

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


EXPORTS: dict[str, dict[str, Any]] = {
    "sheet": {"gold": "single:author-pass-1"},
    "doccano": {"gold": "single:author-pass-1"},
    "label-studio": {"addresses": {"author-pass-1": "a@example.org"}},
}


ARTICLES = {
    ".txt": "Title\n\nOne town voted. It cost 5 million.\n\nTwo.\n",
    ".md": "# T\n\nOne *town* voted. `code`\n\n- item [x](y)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
    ".html": "<html lang=en><head><title>T</title></head><body><h1>T</h1><p>One town voted. <b>It</b> cost 5.</p>"
    "<table><tr><td>a</td></tr></table></body></html>",
    ".jsonl": '{"article_id": "a", "title": "T", "published": "2020-01-01", "text": "One town voted. It cost 5."}\n',
    ".csv": 'text,title,article_id,published,speaker\n"One town, voted. It cost 5.",T,a,2020-01-01,Bob\nTwo.,U,b,,\n',
}
CLAIMS = {
    ".jsonl": '{"claim_id": "a", "text": "Ten cats.", "start": 0, "article_id": "x", "speaker": "Bob"}\n'
    '{"claim_id": "b", "text": "Two."}\n',
    ".csv": "claim_id,text,article_id,start\na,Ten cats.,x,0\nb,Two.,x,12\n",
}
PASSAGES = (
    '{"passage_id": "p", "document_id": "d", "text": "It rained."}\n'
    '{"passage_id": "q", "document_id": "d", "text": "It was dry."}\n'
)
CONFIG = """\
name: r
task: checkability
dataset: DATA
split: {k: 3, by: article}
classifiers:
- {name: tfidf_logreg, C: 3}
- {name: ensemble, members: [length, {name: nb_logreg}]}
metrics: [f1, {name: f_beta, beta: 2}]
"""
SUBMISSIONS = {
    "scifact": (
        ".jsonl",
        '{"id": 1, "evidence": {"11": {"sentences": [1, 2], "label": "SUPPORT"}}}\n{"id": 2, "evidence": {}}\n',
    ),
    "fever": (".jsonl", '{"id": 1, "predicted_label": "REFUTES", "predicted_evidence": [["a", 1]]}\n'),
    "checkthat-2019-task1": (".tsv", "1\t0.5\n2\t0.25\n3\t0.125\n"),
    "checkthat-2024-task1": (".tsv", "id\tclass_label\trun_id\n1\tYes\tr\n2\tNo\tr\n"),
}


def kind_of(suffix: str) -> str:
    """The structure of a file by its suffix."""
    return KINDS.get(suffix, "text")


class Target(NamedTuple):
    """A reader, and the valid files that its inputs grow from."""

    read: Callable[[Path], object]
    """Reads one file; refuses it with an error of the harness."""
    seeds: tuple[bytes, ...]
    suffix: str
    kind: str


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
    from harness.data.benchmarks.benchmark import Benchmark, benchmark_names, load_benchmark
    from harness.data.formats import READERS
    from harness.data.formats.source import SourceFile
    from harness.errors import HarnessError
    from harness.schemes import load_scheme

    for name in benchmark_names():
        described = load_benchmark(name)
        part = next(iter(described.parts.values()))
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

        def read(path: Path, companions: dict[str, bytes] = companions, described: Benchmark = described) -> object:
            part = next(iter(described.parts.values()))
            scheme, options = load_scheme(described.scheme), described.options | part.options
            file = SourceFile(path, path.read_bytes(), scheme, options, companions)
            articles = READERS[part.format or described.format](file)
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
    for suffix, seed in ARTICLES.items():
        yield (
            f"articles {suffix}",
            Target(lambda path: read_articles([path]), (seed.encode(),), suffix, kind_of(suffix)),
        )
    for suffix, seed in CLAIMS.items():
        target = Target(lambda path: list(claim_rows(path, ReadOptions())), (seed.encode(),), suffix, kind_of(suffix))
        yield f"claims {suffix}", target
    yield from document_targets()
    rated = [f"{n},{who},{'yes' if n % 3 else 'no'}\n" for n in range(6) for who in "ab"]
    table = "".join(["item,annotator,label\n", *rated])
    yield "label table", Target(harness.agreement, (table.encode(),), ".csv", "csv")
    yield "corpus", Target(open_corpus, (PASSAGES.encode(),), ".jsonl", "jsonl")
    yield from dataset_targets(data, folder)
    yield from tool_targets(data, folder)

    def check(path: Path) -> None:
        if faults := harness.check(path):
            raise harness.FaultsError(faults)

    shipped = (ROOT / "experiments" / "quickstart.yaml").read_text().replace("public-matters", str(data))
    configs = (shipped.encode(), CONFIG.replace("DATA", str(data)).encode())
    yield "config", Target(check, configs, ".yaml", "yaml")
    for benchmark, (suffix, seed) in SUBMISSIONS.items():
        read = partial(harness.check_submission, benchmark)
        yield f"submission to {benchmark}", Target(read, (seed.encode(),), suffix, kind_of(suffix))


def document_targets() -> Iterator[tuple[str, Target]]:
    """The documents that `harness ingest` takes; what runs in a process of its own runs in a fork, which is faster."""
    import seed_documents

    from harness.data.articles.documents import isolated
    from harness.data.articles.sources import read_articles

    isolated.subprocess = seed_documents.forking()  # type: ignore[attr-defined]
    for suffix, (kind, make) in seed_documents.SEEDS.items():
        yield f"articles {suffix}", Target(lambda path: read_articles([path]), make(), suffix, kind)


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
