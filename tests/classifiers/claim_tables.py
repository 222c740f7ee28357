"""Small tables of claims and gold for the tests of classifiers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.data.claims import Claims, Gold

YES_NO = ("no", "yes")
THREE = ("opinion", "forecast", "statistic")

STATISTICS = [
    "The bakery sold 412 loaves on Monday, 9 percent more than a year ago.",
    "Rents in the old town rose by 14 percent between 2019 and 2023.",
    "The clinic has 62 beds and treated 5,310 patients last year.",
    "Unemployment fell to 4.1 percent, the lowest figure since 1998.",
    "The bridge cost 31 million, twice what the council had planned.",
    "Only 3 of the 27 buses run on electricity.",
]
OPINIONS = [
    "What a lovely evening it was!",
    "Nobody should have to wait that long.",
    "I think we all deserve better, honestly.",
    "Thank you all for coming tonight.",
    "Why would anybody like this building?",
    "It is the ugliest square I can imagine.",
]
FORECASTS = [
    "The new school will open its doors next autumn.",
    "By 2030 every street will have trees.",
    "Next winter the pool is going to close.",
    "They will certainly raise the fares again.",
    "The theater is going to move to the harbor next year.",
    "Soon there will be no shop left on the hill.",
]
RIGHT_TO_LEFT = "ارتفعت الأسعار بنسبة 5٪ في عام 2020، ‏وقالت الوزيرة: «لا نعرف السبب»."
STRANGE = [
    RIGHT_TO_LEFT,
    "👩🏽‍🚀 in 2024: 3️⃣ trips̀",
    "",
    " \t",
    "🦆🦆 déjà vu 🦆",
    "İstanbul ǅ ﬁ ß \u2028 x",
    "?!…",
    "a" * 100_000,
    "ten words " * 10_000,
]


def claims_of(texts: Sequence[str], prefix: str = "c", per_article: int = 4) -> Claims:
    """Claims with these texts, `per_article` to an article, numbered from 0."""
    n = len(texts)

    def column(values: Sequence[object]) -> np.ndarray:
        made = np.empty(n, dtype=np.object_)
        made[:] = values
        return made

    first = [row % per_article == 0 for row in range(n)]
    last = [row % per_article == per_article - 1 or row == n - 1 for row in range(n)]
    return Claims(
        claim_id=column([f"{prefix}{row}" for row in range(n)]),
        article_id=column([f"{prefix}-article-{row // per_article}" for row in range(n)]),
        text=column(list(texts)),
        position=np.arange(n, dtype=np.int64) % per_article,
        previous=column(["" if first[row] else texts[row - 1] for row in range(n)]),
        next=column(["" if last[row] else texts[row + 1] for row in range(n)]),
        title=column([None] * n),
        speaker=column([None] * n),
        published=column([None] * n),
    )


def gold_of(codes: Sequence[int], labels: tuple[str, ...] = YES_NO) -> Gold:
    """Gold from indices into the labels."""
    return Gold(labels, np.array(codes, dtype=np.int64))


def yes_no() -> tuple[Claims, Gold]:
    """Twelve claims, statistics being the positive ones."""
    return claims_of(OPINIONS + STATISTICS), gold_of([0] * 6 + [1] * 6)


def three_labels() -> tuple[Claims, Gold]:
    """Eighteen claims of three labels."""
    return claims_of(OPINIONS + FORECASTS + STATISTICS), gold_of([0] * 6 + [1] * 6 + [2] * 6, THREE)
