"""A dataset of 8 articles, 56 claims, 8 of them labeled cannot tell."""

from __future__ import annotations

from pathlib import Path

from harness import add_claims, ingest

PLACES = ["Oslo", "Lima", "Quito", "Riga", "Perth", "Turin", "Porto", "Osaka"]


def make_dataset(folder: Path) -> Path:
    sources = folder / "sources"
    sources.mkdir(parents=True)
    rows = []
    for number, place in enumerate(PLACES):
        facts = [f"{place} spent {n * 7 + number} million on trams and buses in 20{10 + n}." for n in range(4)]
        wishes = [f"Let us hope for {place}.", "Well.", f"Who would not love {place}?"]
        (sources / f"{place}.txt").write_text("\n".join([*facts, *wishes]), encoding="utf-8")
        rows += [{"article_id": place, "text": text, "checkable": "yes"} for text in facts]
        rows += [{"article_id": place, "text": text, "checkable": "no"} for text in wishes[1:]]
        rows += [{"article_id": place, "text": wishes[0], "checkable": "cannot tell"}]
    ingest([sources], folder / "small")
    add_claims(folder / "small", rows, "author-pass-1", at="2026-01-01T00:00:00Z")
    return folder / "small"
