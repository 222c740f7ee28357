"""Warnings about systems that are tested on claims in another language than they were made for or trained on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def language_warnings(
    name: str,
    made_for: Sequence[str],
    *,
    learns: bool,
    sides: Sequence[tuple[Iterable[str], Iterable[str]]],
    language_of: Mapping[str, str],
) -> list[str]:
    """Returns a warning for each relation that the test claims of a system do not meet.

    Args:
        name: name of the system.
        made_for: languages that its classifier supports; empty for any.
        learns: whether it is fitted to the training claims.
        sides: article ids of the training claims and of the test claims, of each fold.
        language_of: language by article id.
    """
    if made_for:
        tested = {language_of[article] for _, test in sides for article in set(test)}
        if unsupported := sorted(tested - set(made_for)):
            return [f"{name} was made for {', '.join(made_for)}; the data is in '{', '.join(unsupported)}'"]
    if not learns or len(set(map(_primary, set(language_of.values())))) < 2:
        return []
    trained, unknown = set[str](), set[str]()
    for train, test in sides:
        train_languages = {language_of[article] for article in set(train)}
        known = set(map(_primary, train_languages))
        new = {language_of[article] for article in set(test) if _primary(language_of[article]) not in known}
        if new and known:
            trained |= train_languages
            unknown |= new
    if not unknown:
        return []
    return [
        f"{name} was trained on '{', '.join(sorted(trained))}'; the test claims contain '{', '.join(sorted(unknown))}'"
    ]


def _primary(language: str) -> str:
    """The language of a tag without its region: `pt` for `pt-BR`."""
    return language.replace("_", "-").partition("-")[0].lower()
