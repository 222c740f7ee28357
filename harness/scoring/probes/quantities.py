"""Edits of numbers and of their units, which make a right claim wrong."""

from __future__ import annotations

import re
from random import Random

from harness.features.cues import MONTHS

FACTORS = (3, 4, 6)
"""Factors of a changed number: so large that no rounding makes it right."""
_WORDS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
_NUMBER = re.compile(
    rf"(?<![\w.,:/$€£#-])(?P<sign>[$€£]?)(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|{'|'.join(_WORDS)})"
    r"(?![\d:/]|[.,]\d|(?:st|nd|rd|th)\b|-(?:one|two|three|four|five|six|seven|eight|nine)\b)"
    r"(?=[\s.,;%)-]|$)"
)
_YEAR = re.compile(r"1[0-9]\d\d|20\d\d|21\d\d")
_PERCENT = re.compile(r"\s?(?:%|percent\b|per cent\b)")
_LOWER_BOUND = re.compile(
    r"\b(?:more than|over|at least|above|exceed(?:s|ed|ing)?|passe[sd]|topped|surpassed)\s+$", re.IGNORECASE
)
_UPPER_BOUND = re.compile(
    r"\b(?:less than|fewer than|under|below|up to|at most|nearly|almost|no more than)\s+$", re.IGNORECASE
)
_DAY_BEFORE = re.compile(rf"\b(?:{MONTHS})\s+$")
_DAY_AFTER = re.compile(rf"\s+(?:of\s+)?(?:{MONTHS})\b")
_NUMBER_OF_NAME = re.compile(
    r"\b(?!(?:In|By|On|At|The|A|About|Only|Some|Over|From|To|Just|Nearly|Almost)\b)[A-Z][\w’'.-]*\s+$"
)
"""A capitalized word before a number makes it a part of a name: "Flight 143", "Taipei 101"."""
_OF_SHARE = re.compile(r"\s+(?:\w+\s+)?(?:in|of|out of)\s+(?:every\s+)?(?:two|three|four|five|ten|a hundred|\d+)\b")
_UNCHANGEABLE = re.compile(
    rf"\b(?:(?:and|to|of|or|those|these|all|the|other|another|every)|(?:\d|one|{'|'.join(_WORDS)})\s+(?:\w+\s+)?in)\s+$",
    re.IGNORECASE,
)
"""Words before a number of a range or a share ("3 of 5"), which would need a second change."""


def _bound(before: str) -> int:
    """1 if a number is a lower bound, so that only a larger one is wrong; -1 for an upper bound; 0 for neither."""
    if _LOWER_BOUND.search(before) and not _UPPER_BOUND.search(before):
        return 1
    return -1 if _UPPER_BOUND.search(before) else 0


def change_number(text: str, random: Random) -> str | None:
    """The claim with its first number, years and days left out, several times as large or as small."""
    for match in _NUMBER.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        digits = match["digits"]
        if _YEAR.fullmatch(digits) or _DAY_BEFORE.search(before) or _DAY_AFTER.match(after):
            continue
        if (
            _OF_SHARE.match(after)
            or _UNCHANGEABLE.search(before)
            or _NUMBER_OF_NAME.search(before)
            or re.match(r"\s*(?:-|to|of|and|or)\s*(?:the\s+)?\d", after)
        ):
            continue
        changed = _changed_digits(digits, _bound(before), random, is_percent=bool(_PERCENT.match(after)))
        if changed is not None:
            return f"{before}{match['sign']}{changed}{after}"
    return None


def _changed_digits(digits: str, bound: int, random: Random, *, is_percent: bool) -> str | None:
    if digits in _WORDS:
        return _changed_word(digits, bound, random)
    value, decimals = float(digits.replace(",", "")), len(digits.partition(".")[2])
    factor = random.choice(FACTORS)
    up, down = value * factor, value / factor
    usable = [number for number in (up, down) if number >= (2 if not decimals else 2 * 10**-decimals)]
    if is_percent:
        usable = [number for number in usable if number <= 100]
    if bound:
        usable = [number for number in usable if (number > value) == (bound > 0)]
    if value < 2 and not decimals:  # "1 day" would need another noun
        return None
    written = [
        f"{number:,.{decimals}f}" if "," in digits or number >= 10_000 else f"{number:.{decimals}f}"
        for number in usable
    ]
    written = [number for number in written if number != digits and not _YEAR.fullmatch(number)]
    return random.choice(written) if written else None


def _changed_word(word: str, bound: int, random: Random) -> str | None:
    value = _WORDS[word]
    others = [
        name
        for name, number in _WORDS.items()
        if (number >= 2.5 * value and bound >= 0) or (number <= value / 2.5 and bound <= 0)
    ]
    return random.choice(others) if others else None


_UNITS = {
    # name: (singular, plural), larger unit, smaller unit; at least ten times as large or as small
    "second": (("second", "seconds"), "hour", None),
    "minute": (("minute", "minutes"), "day", "second"),
    "hour": (("hour", "hours"), "week", "minute"),
    "day": (("day", "days"), "month", "hour"),
    "week": (("week", "weeks"), "year", "hour"),
    "month": (("month", "months"), "decade", "day"),
    "year": (("year", "years"), "century", "week"),
    "decade": (("decade", "decades"), "century", "month"),
    "century": (("century", "centuries"), "millennium", "year"),
    "millennium": (("millennium", "millennia"), None, "decade"),
    "millimeter": (("millimeter", "millimeters"), "meter", None),
    "centimeter": (("centimeter", "centimeters"), "meter", "millimeter"),
    "meter": (("meter", "meters"), "kilometer", "centimeter"),
    "kilometer": (("kilometer", "kilometers"), None, "meter"),
    "inch": (("inch", "inches"), "yard", None),
    "foot": (("foot", "feet"), "mile", "inch"),
    "yard": (("yard", "yards"), "mile", "inch"),
    "mile": (("mile", "miles"), None, "yard"),
    "square mile": (("square mile", "square miles"), "mile", "mile"),
    "square kilometer": (("square kilometer", "square kilometers"), "kilometer", "kilometer"),
    "square meter": (("square meter", "square meters"), "meter", "meter"),
    "cubic meter": (("cubic meter", "cubic meters"), "meter", "meter"),
    "acre": (("acre", "acres"), "square mile", None),
    "hectare": (("hectare", "hectares"), "square kilometer", None),
    "gram": (("gram", "grams"), "kilogram", "milligram"),
    "milligram": (("milligram", "milligrams"), "gram", None),
    "kilogram": (("kilogram", "kilograms"), "ton", "gram"),
    "pound": (("pound", "pounds"), "ton", "ounce"),
    "ounce": (("ounce", "ounces"), "pound", None),
    "ton": (("ton", "tons"), None, "kilogram"),
    "thousand": (("thousand", "thousand"), "million", None),
    "million": (("million", "million"), "billion", "thousand"),
    "billion": (("billion", "billion"), "trillion", "million"),
    "trillion": (("trillion", "trillion"), None, "billion"),
    "degree Celsius": (("degree Celsius", "degrees Celsius"), "kelvin", "kelvin"),
    "kelvin": (("kelvin", "kelvins"), "degree Celsius", "degree Celsius"),
}
_SPELLINGS = {form: name for name, (forms, _, _) in _UNITS.items() for form in forms}
_BRITISH = re.compile(r"meter")
_UNIT = re.compile(
    r"(?P<number>\d|\b(?:" + "|".join(_WORDS) + r"|hundred|thousand|million|billion|trillion))(?P<gap>[\s-])"
    r"(?P<unit>"
    + "|".join(sorted((*_SPELLINGS, *(s.replace("meter", "metre") for s in _SPELLINGS)), key=len, reverse=True))
    + r")"
    r"(?![\w'’])(?!-)"
)
_NO_UNIT = re.compile(r"\s+(?:old|of age|ago|earlier|later)\b")
"""After a time span these make an age or a date, where some other units are not idiomatic."""


def change_unit(text: str, random: Random) -> str | None:
    """The claim with another unit or scale after its first number that has one: miles for square miles."""
    for match in _UNIT.finditer(text):
        spelled = match["unit"]
        name = _SPELLINGS[spelled.replace("metre", "meter")]
        (singular, _), larger, smaller = _UNITS[name]
        before_number = re.sub(r"[\d.,$€£]*$", "", text[: match.start("number")])
        bound = _bound(before_number)
        usable = [unit for unit in ((larger,) if bound > 0 else (smaller,) if bound < 0 else (larger, smaller)) if unit]
        if not usable or _NO_UNIT.match(text[match.end() :]):
            continue
        forms = _UNITS[random.choice(usable)][0]
        unit = (
            forms[0] if spelled.replace("metre", "meter") == singular and singular != _UNITS[name][0][1] else forms[1]
        )
        if "metre" in spelled:
            unit = _BRITISH.sub("metre", unit)
        return text[: match.start("unit")] + unit + text[match.end() :]
    return None
