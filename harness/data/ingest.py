"""Articles into a dataset folder: new ones become claims, awaited ones bring a stand-off dataset to life."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.data.articles import FoundArticle, read_articles, safe_name
from harness.data.check import open_folder
from harness.data.dataset import Dataset, DatasetInfo, Segmentation, claim_files, info_file, with_text
from harness.data.segment import sentences
from harness.errors import Fault, FaultsError
from harness.files import clear_partial, collector_paused, locked, read_bytes, sha256, write_files
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


def claims_of(article: Article, segmentation: Segmentation) -> list[Claim]:
    """One claim per sentence of an article that has its text."""
    spans = sentences(article.text or "", split_quotations=segmentation.split_quotations)
    return [make_claim(article, span.start, span.end) for span in spans]


def ingest(sources: Sequence[str | Path], into: str | Path) -> Ingested:
    """Adds articles and their sentences to a dataset folder, which is created if absent; never renumbers.

    Args:
        sources: article files (.txt, .html, .jsonl) or folders of them.
        into: a dataset folder. An article that is there already adds nothing. While stand-off articles await their
            text, only their texts are taken.
    Raises: FaultsError: every fault of every source; nothing is written then.
    """
    folder = Path(into)
    found = read_articles([Path(source) for source in sources])
    with locked(folder, "ingest"), collector_paused():
        clear_partial(folder)
        new = not (folder / "dataset.yaml").exists()
        return _ingest(_empty(folder) if new else open_folder(folder), found, new=new)


def _empty(folder: Path) -> Dataset:
    name = safe_name(folder.resolve().name, "dataset")
    info = DatasetInfo(
        format=1,
        name=name,
        version="0.1",
        title=name,
        licence="not stated",
        language="en",
        schemes=("three-axes",),
        segmentation=Segmentation(split_quotations=True),
    )
    return Dataset(folder, info, (), ())


def _ingest(dataset: Dataset, found: Sequence[FoundArticle], *, new: bool) -> Ingested:
    texts = {sha256(text): text for text in (source.article.text or "" for source in found)}
    alive = {
        article.article_id: article.model_copy(update={"text": texts[article.text_sha256]})
        for article in dataset.awaited
        if article.text_sha256 in texts
    }
    awaited = [article for article in dataset.awaited if article.article_id not in alive]
    present = {article.article_id: alive.get(article.article_id, article) for article in dataset.articles}
    claimed = {claim.article_id for claim in dataset.claims}
    standoff = {a.text_sha256: a.article_id in alive for a in dataset.articles if a.article_id in claimed}
    claims = [with_text(claim, present[claim.article_id]) for claim in dataset.claims]
    faults: list[Fault] = []
    added = unchanged = 0
    for path, line, article in found:
        name, known = article.article_id, present.get(article.article_id)
        digest = sha256(article.text or "")
        if digest in standoff:
            unchanged += not standoff[digest]
        elif known is not None and known.text == article.text and name in claimed:
            unchanged += 1
        elif awaited and (known is None or known.text is None):
            faults.append(Fault(str(path), line, None, _stranger(digest, awaited)))
        elif known is not None and known.text != article.text:
            message = f"{dataset.folder} has an article '{name}' with other text; give this one another name"
            faults.append(Fault(str(path), line, "article_id", f"{message} to add it beside that one"))
        else:
            present[name] = known or article
            claims += claims_of(article, dataset.info.segmentation)
            claimed.add(name)
            added += known is None
    if faults:
        raise FaultsError(faults)
    count = len(claims) - len(dataset.claims)
    if new or added or alive or count:
        files = claim_files(dataset.folder, present.values(), claims)
        if new:
            _refuse_to_overwrite(files)
            files |= info_file(dataset.folder, dataset.info)
        write_files(files)
    return Ingested(dataset.folder, added, count, len(alive), unchanged, len(awaited))


def _refuse_to_overwrite(files: Mapping[Path, bytes]) -> None:
    """A folder without dataset.yaml may hold what an ingest that was cut short wrote, but nothing else of that name."""
    for path, data in files.items():
        if path.exists() and not set(read_bytes(path).split(b"\n")) <= set(data.split(b"\n")):
            message = "is there already, in a folder without dataset.yaml; move it away, or choose another folder"
            raise FaultsError.one(path, message)


def _stranger(digest: str, awaited: Sequence[Article]) -> str:
    wanted = ", ".join(
        f"{article.article_id} (SHA-256 {(article.text_sha256 or '')[:12]}...)" for article in awaited[:3]
    )
    return (
        f"its text (SHA-256 {digest[:12]}...) is none of those that this stand-off dataset waits for: {wanted}. "
        "Take the publisher's text unchanged: the same line ends, nothing added or trimmed"
    )
