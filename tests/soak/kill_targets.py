"""The commands that `kill_commands.py` kills, with the folder in which each starts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

import harness

BENCHMARK = "factcheck-bench"
BENCHMARK_FOLDER = "factcheck_bench"
AT = "2026-01-02T00:00:00Z"
ARCHIVE_FILES = 6
PLACES = ("Oslo", "Lima", "Quito", "Riga")
EXPERIMENT = {
    "name": "e",
    "task": "checkability",
    "dataset": "d",
    "split": {"protocol": "grouped_folds", "k": 2, "by": "article"},
    "classifiers": ["majority", "length", "tfidf_logreg"],
    "metrics": ["f1"],
    "intervals": {"resamples": 100},
}
CHAIN = {
    "name": "chain",
    "task": "chain",
    "dataset": "public-matters",
    "split": {"protocol": "grouped_folds", "k": 2, "by": "article"},
    "detect": {"gold": "single:author-pass-1", "classifier": "tfidf_logreg"},
    "retrieve": {"retriever": "bm25", "k": 2},
    "judge": {"scheme": "verdict", "gold": "single:author-pass-1", "classifier": "pair_logreg"},
    "intervals": {"resamples": 100},
}
OWN_FILES = ("notes.txt", ".partial-notes.md", ".partial-harness-of-mine.md", ".partial-harness.old")
"""Files of the user beside ours, with names that are nearly like those of our temporary ones."""


class Target(NamedTuple):
    """A command to kill."""

    name: str
    """Name of its line of the table; several targets may share one."""
    arguments: Sequence[str]
    parts: Sequence[str] = ("d",)
    """Files and folders that it starts with; see `make_world`."""
    after: Sequence[Sequence[str]] = ()
    """Commands that run before, so that it replaces what they wrote."""
    whole: Sequence[str] = ()
    """Folders that are old or new as a whole."""
    appended: str | None = None
    """Log that is written line by line: after a kill it may have the first lines, the last of them cut."""
    keys: str = ""
    """What is typed."""


def sentences(place: str, number: int) -> list[str]:
    """Sentences of an article: facts first."""
    facts = [f"{place} spent {n * 7 + number} million on trams in 20{10 + n}." for n in range(3)]
    return [*facts, f"Let us hope for {place}.", f"Who would not love {place}?"]


def make_world(folder: Path, *, with_chain: bool) -> None:
    """Makes everything that the targets start with, in the working folder; the chain takes a while."""
    for name in ("articles", "changed", "more"):
        (folder / name).mkdir(parents=True)
    rows = []
    for number, place in enumerate(PLACES):
        lines = sentences(place, number)
        (folder / "articles" / f"{place}.txt").write_text("\n".join(lines))
        rows += [f"{place},{line},{'yes' if 'spent' in line else 'no'}" for line in lines]
    (folder / "archive").mkdir()
    for number in range(ARCHIVE_FILES):
        lines = [
            json.dumps({"id": f"{number}-{place}", "text": "\n".join(sentences(place, number))}) for place in PLACES
        ]
        (folder / "archive" / f"{number}.jsonl").write_text("\n".join(lines))
    (folder / "labels.csv").write_text("\n".join(["article_id,text,checkable", *rows]) + "\n")
    (folder / "more.csv").write_text("\n".join(["article_id,text,checkable", *rows[:8], "New,A new claim.,yes"]) + "\n")
    (folder / "changed" / "Oslo.txt").write_text("\n".join([*sentences("Oslo", 0)[:4], "It rained in May."]))
    (folder / "more" / "Porto.txt").write_text("\n".join(sentences("Porto", 9)))
    harness.ingest(["articles"], "d")
    harness.add_claims("d", "labels.csv", "ann", at=AT)
    passages = [
        {"passage_id": f"p{n}", "document_id": f"d{n}", "text": f"Trams in {place} cost {n} million."}
        for n, place in enumerate(PLACES)
    ]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(passage) + "\n" for passage in passages))
    (folder / "e.yaml").write_text(yaml.safe_dump(EXPERIMENT))
    (folder / "big.yaml").write_text(yaml.safe_dump(EXPERIMENT | {"random_seeds": [1, 2], "name": "big"}))
    harness.run("e.yaml", save_models=True)
    if with_chain:
        harness.run(CHAIN, out="chains", save_models=True)
    shutil.copytree("runs", "plain")
    for model in Path("plain").rglob("model"):
        shutil.rmtree(model)
    (model,) = Path("runs").glob("*/results/tfidf*/model")
    shutil.copytree(model, "model")
    (folder / "own").mkdir()
    for place in (folder, folder / "own"):
        for name in OWN_FILES:
            (place / name).write_text("mine")


def _export(to: str, out: str, *more: str, again: bool = False) -> Target:
    arguments = ("export", "d", "--to", to, "-o", out, *more)
    return Target("export", arguments, after=[arguments] if again else ())


REPORT = ("report", "runs/e", "-o", "own/r.html")
AUDIT = ("audit", "d", "--atlas", "own/atlas.json")
INDEX = ("index", "corpus.jsonl", "-o", "own/i")
VERIFY = ("verify", "articles/Oslo.txt", "articles/Lima.txt", "--chain", "chains/chain", "--corpus", "corpus.jsonl")
VERIFY += ("-o", "own/v")
VERIFIED = ("articles", "chains", "corpus.jsonl")
SCORE = ("score", "articles", "--system", "model", "--no-reasons", "-o")
ARCHIVE = ("score", "archive", "--system", "model", "-o", "own/scores")
SHARDS = (("run", "e.yaml", "--shard", "1/2"), ("run", "e.yaml", "--shard", "2/2"))
TARGETS = (
    Target("run", ("run", "e.yaml"), ("d", "e.yaml")),
    Target("run", ("run", "e.yaml", "--fresh"), ("d", "e.yaml", "plain:runs")),
    Target("run", ("run", "big.yaml"), ("d", "big.yaml")),
    Target("run --save-models", ("run", "e.yaml", "--save-models"), ("d", "e.yaml", "plain:runs")),
    Target("run --save-models", ("run", "e.yaml", "--save-models", "--fresh"), ("d", "e.yaml", "runs")),
    Target("run --shard", SHARDS[0], ("d", "e.yaml")),
    Target("run --shard", SHARDS[1], ("d", "e.yaml"), [SHARDS[0]]),
    Target("add", ("add", "d", "--claims", "more.csv", "--as", "bob", "--at", AT), ("d", "more.csv")),
    Target(
        "add",
        (
            "add",
            "n",
            "--claims",
            "more.csv",
            "--as",
            "bob",
            "--at",
            AT,
            "--new-scheme",
            "s",
            "--column",
            "label=checkable",
        ),
        ("more.csv",),
    ),
    Target("add", ("add", "d", "--claims", "more.csv", "--as", "ann", "--at", AT), ("d", "more.csv")),
    Target("ingest", ("ingest", "more", "--into", "d"), ("d", "more")),
    Target("ingest", ("ingest", "changed", "--into", "d"), ("d", "changed")),
    Target("ingest", ("ingest", "articles", "--into", "n"), ("articles",)),
    Target("ingest", ("ingest", "articles", "--into", "c", "--as-corpus"), ("articles",)),
    Target("fetch", ("fetch", BENCHMARK), ()),
    Target("fetch", ("fetch", BENCHMARK), (), after=[("fetch", BENCHMARK)]),
    Target("report", REPORT, ("d", "runs")),
    Target("report", (*REPORT, "--title", "T"), ("d", "runs"), [REPORT]),
    Target("score", (*SCORE, "own/s.jsonl"), ("articles", "model")),
    Target("score", (*SCORE, "own/s.csv"), ("articles", "model")),
    Target("score", (*SCORE, "own/s.html"), ("articles", "model"), [(*SCORE, "own/s.html", "--language", "en")]),
    Target("score", (*SCORE, "own/s.parquet"), ("articles", "model")),
    Target("score -o FOLDER", ARCHIVE, ("archive", "model")),
    Target("score -o FOLDER", ARCHIVE, ("archive", "model"), [(*ARCHIVE, "--shard", "1/2")]),
    _export("csv", "own/x.csv"),
    _export("hf", "own/hub"),
    _export("hf", "own/hub", "--gold", "single:ann", again=True),
    _export("label-studio", "own/k.json"),
    _export("doccano", "own/x.jsonl", again=True),
    Target("audit", AUDIT, ("d",)),
    Target("audit", ("audit", "d", "d2", *AUDIT[2:]), ("d", "d:d2"), [AUDIT]),
    Target("index", INDEX, ("corpus.jsonl",), whole=["own/i"]),
    Target("index", (*INDEX, "--set", "k1=1.5"), ("corpus.jsonl",), [INDEX], ["own/i"]),
    Target("verify", VERIFY, VERIFIED),
    Target("verify", (*VERIFY, "--author", "A"), VERIFIED, [VERIFY]),
    Target("label", ("label", "d", "--as", "cal"), ("d",), appended="d/annotations/cal.jsonl", keys="1" * 40),
)
