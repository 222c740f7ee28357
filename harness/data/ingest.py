"""Articles into a dataset folder: new ones become claims, awaited ones bring a stand-off dataset to life."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harness.data.articles import read_articles
from harness.data.check import open_folder
from harness.data.dataset import Dataset, DatasetInfo, write_claims, write_info
from harness.data.segment import sentences
from harness.errors import Fault, FaultsError
from harness.files import locked, sha256
from harness.records import Article, Claim, make_claim_id


class Ingested(NamedTuple):
    """What an ingest did to a dataset folder."""

    folder: Path
    articles_added: int
    claims_added: int
    brought_to_life: int
    """Stand-off articles whose text was found."""
    unchanged: int
    """Articles that were there already."""
    awaited: int
    """Stand-off articles whose text is still missing."""


def make_claim(article: Article, start: int, end: int, **more: str | None) -> Claim:
    """The claim of a span of an article that has its text."""
    text = (article.text or "")[start:end]
    claim_id = make_claim_id(article.article_id, start, end, sha256(text))
    return Claim(claim_id=claim_id, article_id=article.article_id, start=start, end=end, text=text, **more)


def claims_of(article: Article, *, split_quotations: bool = True) -> list[Claim]:
    """One claim per sentence of an article that has its text."""
    spans = sentences(article.text or "", split_quotations=split_quotations)
    return [make_claim(article, span.start, span.end) for span in spans]


def ingest(sources: Sequence[str | Path], into: str | Path) -> Ingested:
    """Adds articles and their sentences to a dataset folder, which is created if absent; never renumbers.

    Args:
        sources: article files (.txt, .html, .jsonl) or folders of them.
        into: a dataset folder. An article that is there already adds nothing.
    Raises: FaultsError: every fault of every source; nothing is written then.
    """
    folder = Path(into)
    articles = read_articles([Path(source) for source in sources])
    with locked(folder, "ingest"):
        if not (folder / "dataset.yaml").exists():
            _start(folder)
        dataset = open_folder(folder)
        return _ingest(dataset, articles)


def _start(folder: Path) -> None:
    name = folder.resolve().name
    info = DatasetInfo(
        format=1,
        name=name,
        version="0.1",
        title=name,
        licence="not stated",
        language="en",
        schemes=("three-axes",),
        segmentation={"split_quotations": True},
    )
    write_claims(folder, [], [])
    write_info(folder, info)


def _ingest(dataset: Dataset, articles: Sequence[Article]) -> Ingested:
    present = {article.article_id: article for article in dataset.articles}
    awaited = {article.text_sha256: article for article in dataset.awaited}
    claimed = {claim.article_id for claim in dataset.claims}
    claims = list(dataset.claims)
    faults: list[Fault] = []
    added = alive = unchanged = 0
    for article in articles:
        name, digest = article.article_id, sha256(article.text or "")
        if digest in awaited:
            standoff = awaited.pop(digest)
            present[standoff.article_id] = standoff.model_copy(update={"text": article.text})
            alive += 1
            continue
        if any(digest == other.text_sha256 for other in dataset.articles):
            unchanged += 1
            continue
        if awaited and len(awaited) == len(dataset.articles):
            faults.append(_stranger(name, digest, awaited))
            continue
        known = present.get(name)
        if known is not None and known.text != article.text:
            message = "the dataset has an article of this id with other text; rename the file to add this one beside it"
            faults.append(Fault(name, None, "article_id", message))
        elif known is not None and name in claimed:
            unchanged += 1
        else:
            present[name] = known or article
            new = claims_of(article, **dataset.info.segmentation)
            claims += new
            claimed.add(name)
            added += known is None
    if faults:
        raise FaultsError(faults)
    claims = [_with_text(claim, present[claim.article_id]) for claim in claims]
    count = len(claims) - len(dataset.claims)
    if added or alive or count:
        write_claims(dataset.folder, present.values(), claims)
    return Ingested(dataset.folder, added, count, alive, unchanged, len(awaited))


def _with_text(claim: Claim, article: Article) -> Claim:
    if claim.text is not None or article.text is None:
        return claim
    return claim.model_copy(update={"text": article.text[claim.start : claim.end]})


def _stranger(name: str, digest: str, awaited: dict[str | None, Article]) -> Fault:
    wanted = ", ".join(f"{article.article_id} (SHA-256 {sha[:12]}...)" for sha, article in awaited.items() if sha)
    message = (
        f"its text (SHA-256 {digest[:12]}...) is none of those this stand-off dataset waits for: {wanted}. "
        "Take the publisher's text unchanged: the same line ends, nothing added or trimmed"
    )
    return Fault(name, None, None, message)
