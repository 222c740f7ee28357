"""`harness label` with 100,000 claims: the time to the first question, and from a key to the next question."""

import io
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from rich.console import Console

from harness.annotate.order import Ordering
from harness.annotate.questions import label_questions
from harness.annotate.session import Session
from harness.annotate.terminal import Terminal
from harness.data.dataset import Dataset, started_info, write_dataset
from harness.data.labels.label_log import open_to_label
from harness.data.load import open_folder
from harness.data.packed.records import column_of
from harness.files import sha256
from harness.records import Article, Claim, make_claim_id

N_ARTICLES, N_SENTENCES = 1000, 100
START_S = 2.0
"""Most seconds of processor time until the first question: the time on a machine that does nothing else."""
ORDER_S = 1.0
"""Most seconds of processor time that an order adds to the start."""
KEY_S = 0.05
"""Most seconds from a key to the next question, at the 95th percentile; the disk is waited for in them."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("label") / "big"
    articles, claims = [], []
    for number in range(N_ARTICLES):
        texts = [f"In year {number} the town spent {i} euros on {i} roads, the mayor said." for i in range(N_SENTENCES)]
        article = Article(article_id=f"a{number}", text=" ".join(texts))
        articles.append(article)
        start = 0
        for text in texts:
            end = start + len(text)
            claim_id = make_claim_id(article.article_id, start, end, sha256(text))
            claims.append(Claim(claim_id=claim_id, article_id=article.article_id, start=start, end=end, text=text))
            start = end + 1
    write_dataset(Dataset(folder, started_info("big", "en", ("three-axes",)), tuple(articles), tuple(claims)))
    return folder


@pytest.fixture(scope="module")
def scores(folder: Path) -> Path:
    path = folder.parent / "scores.jsonl"
    rows = (
        {"claim_id": claim_id, "score": {"no": 0.4, "yes": 0.6}, "predicted": "yes"}
        for claim_id in column_of(open_folder(folder, ()).current, "claim_id")
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("more", [[], ["--order", "random"], ["--order", "diversity", "--suggest", "factual={scores}"]])
def test_start(benchmark: BenchmarkFixture, folder: Path, scores: Path, more: list[str]) -> None:
    seconds = []
    options = [option.format(scores=scores) for option in more]

    def show_first_question() -> None:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "harness", "label", str(folder), "--as", "ann", *options]
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    benchmark.pedantic(show_first_question, rounds=3)  # type: ignore[no-untyped-call]
    benchmark.extra_info["processor_seconds"] = round(min(seconds), 2)
    assert min(seconds) < START_S + (ORDER_S if more else 0)


@pytest.mark.parametrize("name", ["random", "diversity", "uncertainty"])
def test_order(benchmark: BenchmarkFixture, folder: Path, scores: Path, name: str) -> None:
    claims = open_folder(folder, ()).current
    ordering = Ordering(name, scores=(scores,) if name == "uncertainty" else ())
    start = time.process_time()
    ordered = benchmark.pedantic(lambda: ordering.sort(claims))  # type: ignore[no-untyped-call]
    assert time.process_time() - start < ORDER_S
    assert len({claim.claim_id for claim in ordered}) == len(claims)


def test_key(benchmark: BenchmarkFixture, folder: Path) -> None:
    with open_to_label(folder, "ann", blind=True) as (dataset, log):
        console = Console(file=io.StringIO(), force_terminal=True, width=80, height=24)
        session = Session(label_questions(dataset, None, ()), log)
        terminal = Terminal(session, console, "big", interactive=False)
        benchmark.pedantic(lambda: terminal.run(iter("1")), rounds=200)  # type: ignore[no-untyped-call]
    if benchmark.stats:
        times = sorted(benchmark.stats.stats.data)
        assert times[int(0.95 * len(times))] < KEY_S
