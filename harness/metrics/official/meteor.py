"""METEOR as the AVeriTeC program computes it: the tokenizer of nltk 3.7, Porter stems, WordNet synonyms of stems.

Source: nltk's `single_meteor_score`, version 3.7, which the program pins. Later versions split dashes and apostrophes
otherwise; the patterns of 3.7 are set here, so that the installed version does not matter.
"""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from harness.errors import HarnessError

REMEDY = "install the extra (pip install 'claim-harness[averitec]'), then run: python -m nltk.downloader {data}"


class Meteor:
    """METEOR scores; remembers tokens, stems and synonyms.

    Raises: HarnessError: nltk or its sentence model is missing; the message gives the remedy.
    """

    def __init__(self) -> None:
        try:
            import nltk
            from nltk.stem.porter import PorterStemmer
            from nltk.tokenize.destructive import NLTKWordTokenizer
        except ImportError:
            raise HarnessError(f"METEOR needs nltk; {REMEDY.format(data='punkt_tab wordnet')}") from None
        from nltk.tokenize.punkt import PunktLanguageVars, PunktTokenizer

        self.nltk_version = str(nltk.__version__)
        tokenizer: Any = NLTKWordTokenizer()
        *starting_quotes, _ = tokenizer.STARTING_QUOTES
        tokenizer.STARTING_QUOTES = [*starting_quotes, (re.compile(r"(?i)(')(?!re|ve|ll|m|t|s|d|n)(\w)\b"), r"\1 \2")]
        tokenizer.PUNCTUATION = [
            pair for pair in tokenizer.PUNCTUATION if "2012" not in pair[0].pattern and "\u2012" not in pair[0].pattern
        ]
        tokenizer.ENDING_QUOTES = [pair for pair in tokenizer.ENDING_QUOTES if pair[0].pattern != r"\s+"]
        self._tokenize_sentence = tokenizer.tokenize
        try:
            punkt: Any = PunktTokenizer("english")
        except LookupError:
            raise HarnessError(f"METEOR needs nltk's punkt_tab; {REMEDY.format(data='punkt_tab')}") from None
        # Version 3.7 knows no typographic quotes at the end of a sentence.
        patterns = {
            "re_boundary_realignment": re.compile(r"[\"')\]}]+?(?:\s+|(?=--)|$)", re.MULTILINE),
            "_re_non_word_chars": r"(?:[)\";}\]\*:@\'\({\[?!])",
        }
        language = punkt._lang_vars = type("Language", (PunktLanguageVars,), patterns)()
        punkt._match_potential_end_contexts = lambda text: _sentence_ends(language, text)
        self._split = punkt.tokenize
        self._stem = cache(PorterStemmer().stem)
        self._wordnet = _wordnet()
        self.tokens = lru_cache(maxsize=100_000)(self._tokens)
        self._synonyms = cache(self._find_synonyms)

    @property
    def note(self) -> str:
        """Which METEOR this is, for the reader of its values."""
        return f"METEOR with the tokens of nltk 3.7 (installed: {self.nltk_version}), {self.wordnet_note}"

    @property
    def wordnet_note(self) -> str:
        """What a reader has to know of WordNet: that it was used, or what is wrong without it and the remedy."""
        if self.has_wordnet:
            return "with WordNet"
        return (
            "WITHOUT WordNet, so that no synonym matches and values are too low; run: python -m nltk.downloader wordnet"
        )

    @property
    def has_wordnet(self) -> bool:
        """Whether WordNet is there; without it no synonym matches."""
        return self._wordnet is not None

    def _tokens(self, text: str) -> tuple[str, ...]:
        return tuple(token.lower() for sentence in self._split(text) for token in self._tokenize_sentence(sentence))

    def _find_synonyms(self, word: str) -> frozenset[str]:
        """The lemmas of all senses of a word, those of several words left out, and the word itself."""
        names = {lemma.name() for sense in _senses(self._wordnet, word) for lemma in sense.lemmas()}
        return frozenset({name for name in names if "_" not in name} | {word})

    def score(self, candidate: str, reference: str) -> float:
        """The METEOR of a candidate text against a reference text, in [0, 1)."""
        candidate_tokens, reference_tokens = self.tokens(candidate), self.tokens(reference)
        matches = self._matches(candidate_tokens, reference_tokens)
        m = len(matches)
        if not m:
            return 0.0
        precision, recall = m / len(candidate_tokens), m / len(reference_tokens)
        f_mean = precision * recall / (0.9 * precision + 0.1 * recall)
        chunks = 1 + sum(
            (right[0] - left[0], right[1] - left[1]) != (1, 1) for left, right in itertools.pairwise(matches)
        )
        return f_mean * (1 - 0.5 * (chunks / m) ** 3)

    def _matches(self, candidate: Sequence[str], reference: Sequence[str]) -> list[tuple[int, int]]:
        """Pairs of positions in candidate and reference, in the order of the candidate.

        Each pass walks the candidate from its end and takes the last free reference token that fits.
        """
        free = _Free([*enumerate(candidate)], [*enumerate(reference)])
        pairs = free.match(operator.eq)
        if free.both:
            free = _Free(
                [(place, self._stem(word)) for place, word in free.candidate],
                [(place, self._stem(word)) for place, word in free.reference],
            )
            pairs += free.match(operator.eq)
        if free.both and self.has_wordnet:
            pairs += free.match(lambda own, other: other in self._synonyms(own))
        return sorted(pairs)


@cache
def shared_meteor() -> Meteor:
    """The scores that all metrics of a process share, because reading the data takes seconds.

    Raises: HarnessError: nltk or its sentence model is missing; the message gives the remedy.
    """
    return Meteor()


@dataclass
class _Free:
    """The tokens that no pass has matched, with their positions."""

    candidate: list[tuple[int, str]]
    reference: list[tuple[int, str]]

    @property
    def both(self) -> bool:
        """Whether both sides have a free token."""
        return bool(self.candidate and self.reference)

    def match(self, fits: Callable[[str, str], bool]) -> list[tuple[int, int]]:
        """Takes the pairs that fit out of both sides, and returns their positions."""
        pairs = []
        for c in reversed(range(len(self.candidate))):
            for r in reversed(range(len(self.reference))):
                if fits(self.candidate[c][1], self.reference[r][1]):
                    pairs.append((self.candidate.pop(c)[0], self.reference.pop(r)[0]))
                    break
        return pairs


def _sentence_ends(language: Any, text: str) -> list[tuple[re.Match[str], str]]:
    """The places where a sentence may end, with the words around them, as version 3.7 has them.

    The word before a place begins at the last blank before it, blanks directly before the place left out; so `No. .`
    is one place, while later versions see two.
    """
    ends = list[tuple[re.Match[str], str]]()
    start = len(text)
    for match in reversed(list(language.period_context_re().finditer(text))):
        # A place inside the word before a later place is part of that place.
        if match.end() > start:
            continue
        before = text[: match.start()].rsplit(maxsplit=1)
        start = len(before[0]) if len(before) == 2 else 0
        ends.append((match, (before[-1] if before else "") + match.group() + match.group("after_tok")))
    return ends[::-1]


def _senses(wordnet: Any, word: str) -> list[Any]:
    """The senses of a word by the base forms of version 3.7, which strips endings until a form is in WordNet."""
    senses = []
    for pos in wordnet.MORPHOLOGICAL_SUBSTITUTIONS:
        for form in _base_forms(wordnet, word, pos):
            offsets = wordnet._lemma_pos_offset_map[form][pos]
            senses += [wordnet.synset_from_pos_and_offset(pos, offset) for offset in offsets]
    return senses


def _base_forms(wordnet: Any, word: str, pos: str) -> list[str]:
    """The forms of a word that WordNet has as a part of speech."""
    known, rules = wordnet._lemma_pos_offset_map, wordnet.MORPHOLOGICAL_SUBSTITUTIONS[pos]

    def in_wordnet(forms: list[str]) -> list[str]:
        return [form for form in dict.fromkeys(forms) if form in known and pos in known[form]]

    exceptions = wordnet._exception_map[pos]
    if word in exceptions:
        return in_wordnet([word, *exceptions[word]])
    forms, matches = [word], list[str]()
    while forms and not matches:
        stripped = [form[: -len(old)] + new for form in forms for old, new in rules if form.endswith(old)]
        matches = in_wordnet([*forms, *stripped])
        forms = stripped
    return matches


def _wordnet() -> Any:
    """WordNet, or None if its data are missing."""
    from nltk.corpus import wordnet

    try:
        wordnet.ensure_loaded()
    except LookupError:
        return None
    return wordnet
