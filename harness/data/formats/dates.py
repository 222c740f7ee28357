"""Dates in the names of publishers' files: `20160926_1pres`, `26_09_2016_ann`, `AL2003_G4_1`."""

from __future__ import annotations

import re
from datetime import date

from harness.data.formats.source import SourceFile

YEAR_FIRST = re.compile(r"(?<![0-9])(?P<year>[12][0-9]{3})[-_]?(?P<month>[0-9]{2})[-_]?(?P<day>[0-9]{2})(?![0-9])")
DAY_FIRST = re.compile(r"(?<![0-9])(?P<day>[0-9]{2})[-_](?P<month>[0-9]{2})[-_](?P<year>[12][0-9]{3})(?![0-9])")
YEAR = re.compile(r"(?<![0-9])[A-Z]{2}(?P<year>[12][0-9]{3})(?![0-9])")
"""A state and a year."""


def published_date(file: SourceFile, name: str) -> str | None:
    """Returns the date of an article in ISO 8601: what the benchmark's option `published` says, or what its name says.

    Args:
        file: file of the article; its option `published` maps names to dates that the names do not have.
        name: name of the article, such as that of its file.
    Returns: a day or a year; None if neither says one. Digits that are no date, such as 20182601, say none.
    """
    stated: str | None = file.options.get("published", {}).get(name)
    if stated is not None:
        return stated
    for pattern in (YEAR_FIRST, DAY_FIRST):
        match = pattern.search(name)
        if match is None:
            continue
        try:
            return date(int(match["year"]), int(match["month"]), int(match["day"])).isoformat()
        except ValueError:
            return None
    match = YEAR.search(name)
    return match["year"] if match is not None else None
