"""Edits of the names of a claim, and of the source that it names."""

from __future__ import annotations

import re
from random import Random

KINDS = (
    # Countries without "the", so that one can stand for another.
    "Albania Algeria Argentina Australia Austria Bangladesh Belgium Bolivia Brazil Bulgaria Cambodia Cameroon "
    "Canada Chile China Colombia Croatia Cuba Cyprus Denmark Ecuador Egypt Estonia Ethiopia Finland France "
    "Germany Ghana Greece Guatemala Hungary Iceland India Indonesia Iran Iraq Ireland Israel Italy Jamaica Japan "
    "Kazakhstan Kenya Latvia Lebanon Libya Lithuania Madagascar Malaysia Mali Malta Mexico Moldova Mongolia "
    "Morocco Mozambique Namibia Nepal Nicaragua Nigeria Norway Pakistan Panama Paraguay Peru Poland Portugal "
    "Romania Russia Rwanda Senegal Serbia Slovakia Slovenia Somalia Spain Sudan Sweden Switzerland Syria Tanzania "
    "Thailand Tunisia Tuvalu Uganda Ukraine Uruguay Venezuela Vietnam Yemen Zambia Zimbabwe",
    "Albanian Algerian American Argentine Australian Austrian Belgian Brazilian British Bulgarian Canadian "
    "Chilean Chinese Colombian Croatian Cuban Danish Dutch Egyptian Estonian Ethiopian Finnish French German "
    "Greek Hungarian Icelandic Indian Indonesian Iranian Iraqi Irish Israeli Italian Japanese Kenyan Korean "
    "Latvian Lebanese Lithuanian Malaysian Mexican Moroccan Nigerian Norwegian Pakistani Peruvian Polish "
    "Portuguese Romanian Russian Serbian Somali Spanish Swedish Swiss Syrian Thai Tunisian Turkish Ukrainian "
    "Venezuelan Vietnamese",
    "Alabama Alaska Arizona Arkansas California Colorado Connecticut Delaware Florida Idaho Illinois Indiana Iowa "
    "Kansas Kentucky Louisiana Maine Maryland Massachusetts Michigan Minnesota Mississippi Missouri Montana "
    "Nebraska Nevada Ohio Oklahoma Oregon Pennsylvania Tennessee Texas Utah Vermont Virginia Wisconsin Wyoming",
    "Accra Algiers Amsterdam Ankara Athens Baghdad Baltimore Bangkok Barcelona Beijing Belgrade Berlin Bogota "
    "Boston Brussels Bucharest Budapest Cairo Caracas Chicago Copenhagen Dakar Damascus Delhi Denver Detroit "
    "Dublin Edinburgh Flint Frankfurt Geneva Glasgow Hamburg Hanoi Havana Helsinki Houston Istanbul Jakarta "
    "Johannesburg Kharkiv Kyiv Lagos Lima Lisbon Liverpool London Madrid Manila Marseille Melbourne Miami Milan "
    "Minsk Montreal Moscow Mumbai Munich Nairobi Naples Osaka Oslo Paris Philadelphia Prague Riga Rome Santiago "
    "Seattle Seoul Shanghai Sofia Stockholm Sydney Tallinn Tehran Tokyo Toronto Tunis Vienna Vilnius Warsaw "
    "Zagreb Zurich",
    "Africa Asia Europe Antarctica Oceania",
    "Mercury Venus Mars Jupiter Saturn Uranus Neptune",
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "Amazon Danube Elbe Euphrates Ganges Mekong Mississippi Nile Rhine Rhone Seine Thames Tigris Volga",
    "Microsoft Google Facebook Toyota Volkswagen Boeing Airbus Siemens Samsung Sony Nokia Pfizer Novartis",
)
"""Names by kind: a name is swapped for another of its kind."""
_KIND_OF = {name: kind.split() for kind in reversed(KINDS) for name in kind.split()}
_NAME = re.compile(rf"\b(?:{'|'.join(sorted(_KIND_OF, key=len, reverse=True))})\b(?![’'-]?[A-Z])")
_CAPITAL_BEFORE = re.compile(r"(?:[A-Z][\w’'.-]*\s+(?:of\s+(?:the\s+)?|and\s+|&\s+)?|[-’'])$")
_CAPITAL_AFTER = re.compile(r"(?:\s+|-)[A-Z]|\s+(?:of|and|&)\s+[A-Z]")
"""A capital beside a name makes it a part of a longer one: "Bank of England", "Paris Agreement"."""


def swap_entity(text: str, random: Random) -> str | None:
    """The claim with its first country, nationality, city or other listed name replaced by another of its kind."""
    for match in _NAME.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        if _is_part_of_longer_name(before, after):
            continue
        name = match.group()
        others = [other for other in _KIND_OF[name] if other != name and other not in text]
        new = random.choice(others)
        changed = re.sub(rf"\b{name}\b", new, text)
        return re.sub(rf"\b([Aa])n? (?={new}\b)", rf"\1{_n(new)} ", changed)
    return None


def _is_part_of_longer_name(before: str, after: str) -> bool:
    capital_before = _CAPITAL_BEFORE.search(before)
    # The first word of a sentence is capitalized whatever it is.
    if capital_before is not None and re.fullmatch(
        r"(?:The|A|An|In|On|At|From|To|By|Since|For|(?:Half|All|Most|Parts|Some) of)\s+", before
    ):
        capital_before = None
    return capital_before is not None or _CAPITAL_AFTER.match(after) is not None


def _n(word: str) -> str:
    """`n` for the article before a vowel: an Italian, a Ukrainian, a European."""
    return "n" if word[0] in "AEIOU" and not word.startswith(("U", "Eu")) else ""


SOURCES = (
    "according to a report",
    "according to officials",
    "according to a statement",
    "a spokesperson said",
    "a government report said",
)
_SAYING = (
    r"(?:said|says|stated|reported|announced|claimed|wrote|noted|told|added|explained|warned|estimated|found|argued)"
)
_ATTRIBUTED = re.compile(rf"\b(?:{_SAYING}|according to)\b", re.IGNORECASE)
_CLOSED = re.compile(r"[.]$")
_SUFFIX = re.compile(
    rf",\s+(?:according to [^,.;]{{2,80}}|(?:[^,.;]{{2,60}}\s+{_SAYING}|{_SAYING}\s+[^,.;]{{2,60}}))\.$"
)
_PREFIX = re.compile(
    rf"^(?:According to [^,.;]{{2,80}},\s+|[^,;]{{2,80}}?\s{_SAYING}(?:\s+on\s+[\w ]{{3,30}})?\s+that\s+)"
)
_PRONOUN = re.compile(r"^(?:he|she|it|they|we|I|this|that|these|those|his|her|its|their)\b", re.IGNORECASE)


def add_attribution(text: str, random: Random) -> str | None:
    """The claim as the words of an unnamed source; None if it names one, quotes, or is no statement."""
    if _ATTRIBUTED.search(text) or re.search(r"[\"“”«»?!:;]", text) or not _CLOSED.search(text):
        return None
    if len(text.split()) < 4:  # a heading or an exclamation
        return None
    return f"{text[:-1]}, {random.choice(SOURCES)}."


def remove_attribution(text: str, random: Random) -> str | None:
    """The claim without the source that it names at its end or its start; None if it names none, or quotes."""
    del random
    if re.search(r"[\"“”«»?!:;]", text):
        return None
    suffix = _SUFFIX.search(text)
    prefix = _PREFIX.search(text)
    if suffix is not None and not re.search(r"\b(?:that|been|be|is|are|was|were)\b", suffix.group()):
        without = text[: suffix.start()] + "."
    elif prefix is not None:
        without = text[prefix.end() :]
    else:
        return None
    if len(without.split()) < 3 or _ATTRIBUTED.search(without) or _PRONOUN.match(without):
        return None
    return without[0].upper() + without[1:]
