"""How well the main text of web pages is found: prints shingle F1 over the public article pages.

    python tests/benchmarks/article_text.py [FOLDER]

The benchmark's own metric: multisets of four-word shingles; precision and recall are means over pages, F1 is their
harmonic mean. A page from which no article is read counts as empty text. Captions, which the gold texts leave out, are
not counted, but in the figures `with_captions`.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
import time
from collections import Counter
from pathlib import Path

from harness.data.articles.html import read_page
from harness.errors import FaultsError

ROOT = Path(__file__).parents[2]
SHINGLE = 4


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """How often each run of four words occurs; the whole text where it is shorter."""
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1)) if words)


def precision_and_recall(gold: str, found: str) -> tuple[float, float]:
    """Of one page; 1 where both texts are equal, 0 where nothing is shared."""
    wanted, had = shingles(gold), shingles(found)
    shared = (wanted & had).total()
    if wanted == had:
        return 1.0, 1.0
    return shared / max(1, had.total()), shared / max(1, wanted.total())


def measure(folder: Path) -> dict[str, float]:
    """The figures over all pages of a folder."""
    truth = json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))
    running, whole = list[tuple[float, float]](), list[tuple[float, float]]()
    refused, n_captions, seconds = 0, 0, 0.0
    for name, page in sorted(truth.items()):
        data = gzip.decompress((folder / "html" / f"{name}.html.gz").read_bytes())
        start = time.perf_counter()
        try:
            found = read_page(data, name)
            text, captions = found.fields["text"] or "", [p for p in found.marked.parts if p.part == "caption"]
        except FaultsError:
            text, captions, refused = "", [], refused + 1
        seconds += time.perf_counter() - start
        n_captions += len(captions)
        whole.append(precision_and_recall(page["articleBody"], text))
        for caption in reversed(captions):
            text = text[: caption.start] + text[caption.end :]
        running.append(precision_and_recall(page["articleBody"], text))
    figures = {"pages": len(truth), "refused": refused, "captions": n_captions}
    figures |= _means(running, "") | _means(whole, "_with_captions")
    return figures | {"seconds_per_page": seconds / len(truth)}


def _means(scores: list[tuple[float, float]], suffix: str) -> dict[str, float]:
    precision, recall = (sum(column) / len(scores) for column in zip(*scores, strict=True))
    f1 = 2 * precision * recall / (precision + recall)
    return {f"precision{suffix}": precision, f"recall{suffix}": recall, f"f1{suffix}": f1}


if __name__ == "__main__":
    benchmarks = Path(os.environ.get("HARNESS_BENCHMARKS", ROOT.parent / "shared" / "benchmarks"))
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else benchmarks / "article_pages"
    for figure, value in measure(chosen).items():
        sys.stdout.write(f"{figure:>24}  {value:.4g}\n")
