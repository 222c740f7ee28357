"""The finite verb of a plain English sentence, and what edits of it give: negation, a hedge, the future."""

from __future__ import annotations

import re
from typing import NamedTuple

from harness.features.cues import COUNTS

_FORMS = """
add adds added added|announce announces announced announced|approve approves approved approved|ask asks asked asked
ban bans banned banned|become becomes became become|begin begins began begun|break breaks broke broken
build builds built built|buy buys bought bought|carry carries carried carried|cause causes caused caused
change changes changed changed|close closes closed closed|collect collects collected collected
contain contains contained contained|cover covers covered covered|create creates created created
cross crosses crossed crossed|cut cuts cut cut|decline declines declined declined|destroy destroys destroyed destroyed
discover discovers discovered discovered|double doubles doubled doubled|drop drops dropped dropped
earn earns earned earned|employ employs employed employed|end ends ended ended|enter enters entered entered
exceed exceeds exceeded exceeded|fall falls fell fallen|find finds found found|fly flies flew flown
form forms formed formed|get gets got gotten|give gives gave given|go goes went gone|grow grows grew grown
happen happens happened happened|have has had had|hold holds held held|include includes included included
increase increases increased increased|invent invents invented invented|join joins joined joined
kill kills killed killed|last lasts lasted lasted|launch launches launched launched|lead leads led led
leave leaves left left|lie lies lay lain|live lives lived lived|lose loses lost lost|make makes made made
measure measures measured measured|open opens opened opened|own owns owned owned|pass passes passed passed
pay pays paid paid|produce produces produced produced|publish publishes published published
reach reaches reached reached|receive receives received received
reduce reduces reduced reduced|reject rejects rejected rejected|release releases released released
replace replaces replaced replaced|rise rises rose risen|run runs ran run
see sees saw seen|sell sells sold sold|send sends sent sent|serve serves served served|show shows showed shown
sign signs signed signed|sink sinks sank sunk|spend spends spent spent|spread spreads spread spread
stand stands stood stood|start starts started started|stop stops stopped stopped|take takes took taken
use uses used used|visit visits visited visited|vote votes voted voted|weigh weighs weighed weighed|win wins won won
write writes wrote written
"""


class Forms(NamedTuple):
    """The forms of a verb."""

    base: str
    present: str
    """Third person singular."""
    past: str
    participle: str


VERBS = tuple(Forms(*entry.split()) for line in _FORMS.strip().splitlines() for entry in line.split("|"))
_BY_PAST = {forms.past: forms for forms in VERBS}
_BY_PRESENT = {forms.present: forms for forms in VERBS}
_BY_BASE = {forms.base: forms for forms in VERBS}
BE = Forms("be", "is", "was", "been")
_PARTICIPLES = {forms.participle for forms in VERBS} | {"been", "known", "done", "come", "set", "put", "met", "shut"}
MAX_SUBJECT = 6
"""Words before a form that is past and participle; after more of them, another verb may be the finite one."""
_PAST_BE = ("was", "were")
_BE = ("is", "are", *_PAST_BE)
_NEGATORS = re.compile(r"\b(?:not|never|no|none|nobody|nothing|neither|nor|hardly|cannot|\w+n['’]t)\b", re.IGNORECASE)
_NOT_PLAIN = re.compile(
    r"[?!:;\"“”«»()]|\b(?:and|but|or|if|all|every|each|most|both|only|any|than ever|who|whom|whose|which|that|where|"
    r"when|while|because|although|though|unless|whether|what|how|why|may|might|could|would|should|must|shall|will|can)\b",
    re.IGNORECASE,
)
"""What makes a sentence too complex for an edit of one verb: its effect would not be known."""
_PAST_TIME = re.compile(
    r"\b(?:1\d{3}|20[0-4]\d|ago|last|yesterday|since|until|former|formerly|once|earlier|then|already|now|today|"
    r"currently|still|century|first|was|were)\b",
    re.IGNORECASE,
)
"""Words beside a verb that fix the time, so that the future would contradict them."""
_OF_SUBORDINATE = re.compile(r"\b(?:since|before|after|until|as|so|than|it)\b[^,]*$", re.IGNORECASE)
"""Words before a verb that make it one of a subordinate clause, or of an aside ("it is said")."""
_COUNTED = re.compile(rf"\d|\b(?:a|an|one|some|many|several|few|half|{COUNTS})\b", re.IGNORECASE)
"""Words that make a subject one of some, of which a denial says something else."""
_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")


class FiniteVerb(NamedTuple):
    """The finite verb of a sentence."""

    before: str
    word: str
    after: str
    kind: str
    """`be` (a form of be), `perfect` (have before a participle), or `full`."""
    forms: Forms
    """Forms of the verb; for `perfect`, those of have."""

    @property
    def is_past(self) -> bool:
        """Whether it stands in the past tense."""
        if self.kind == "full":
            return self.word == self.forms.past
        return self.word in (*_PAST_BE, "had")


def find_verb(text: str) -> FiniteVerb | None:
    """The finite verb of a sentence with one clause; None if there is none that is certain.

    Sentences with several clauses, quantifiers, quotations, negations or modal verbs have none.
    """
    if not text.endswith(".") or _NOT_PLAIN.search(text) or _NEGATORS.search(text):
        return None
    words = list(_WORD.finditer(text))
    candidates = [index for index, match in enumerate(words) if index and _is_finite(match.group())]
    candidates = [index for index in candidates if not _is_participle_after(words, index)]
    if len(candidates) != 1:
        return None
    match = words[candidates[0]]
    word, following = match.group(), text[match.end() :]
    if _OF_SUBORDINATE.search(text[: match.start()]) or not _WORD.search(following):
        return None
    if word in _BE:
        return FiniteVerb(text[: match.start()], word, following, "be", BE)
    if word in ("has", "have", "had") and _starts_with_participle(following):
        return FiniteVerb(text[: match.start()], word, following, "perfect", _BY_BASE["have"])
    forms = _BY_PAST.get(word) or _BY_PRESENT.get(word)
    if forms is None or (word == forms.participle and _may_be_participle(text[: match.start()], following)):
        return None
    return FiniteVerb(text[: match.start()], word, following, "full", forms)


def _may_be_participle(before: str, following: str) -> bool:
    """Whether a form that is past and participle may be a participle: "the bridge built by the army"."""
    return following.lstrip().startswith("by ") or len(before.rpartition(",")[2].split()) > MAX_SUBJECT


def _is_finite(word: str) -> bool:
    return word in _BE or word == "have" or word in _BY_PAST or word in _BY_PRESENT


def _is_participle_after(words: list[re.Match[str]], index: int) -> bool:
    """Whether a word follows a form of be or have, with at most two words between: "was built", "had since taken"."""
    if words[index].group() not in _PARTICIPLES:
        return False
    earlier = [match.group() for match in words[max(0, index - 3) : index]]
    return any(word in _BE or word in ("has", "have", "had", "been") for word in earlier)


def _starts_with_participle(text: str) -> bool:
    first_words = _WORD.findall(text)[:2]
    if first_words and first_words[0].endswith("ly"):
        first_words = first_words[1:]
    return bool(first_words) and (first_words[0] in _PARTICIPLES or first_words[0].endswith("ed"))


def negate(text: str) -> str | None:
    """The sentence with the opposite meaning: a plain one with `not`, a negated one without it."""
    plain = _without_not(text)
    if plain is not None:
        return plain
    verb = find_verb(text)
    # "51 percent did not vote" does not deny that 51 percent voted.
    if verb is None or _COUNTED.search(verb.before.rpartition(",")[2]):
        return None
    if verb.kind != "full":
        return f"{verb.before}{verb.word} not{verb.after}"
    helper = "did" if verb.is_past else "does"
    return f"{verb.before}{helper} not {verb.forms.base}{verb.after}"


def _without_not(text: str) -> str | None:
    """A sentence with one `not` after its verb, without it; None for any other sentence."""
    match = re.search(r"\b(is|are|was|were|has|have|had|did|does)(?: not|n['’]t) (\w+)", text)
    if match is None or len(_NEGATORS.findall(text)) != 1 or _NOT_PLAIN.search(text) or not text.endswith("."):
        return None
    helper, word = match.groups()
    if helper not in ("did", "does"):
        return f"{text[: match.start()]}{helper} {word}{text[match.end() :]}"
    forms = _BY_BASE.get(word)
    if forms is None:
        return None
    return f"{text[: match.start()]}{forms.past if helper == 'did' else forms.present}{text[match.end() :]}"


def hedge(text: str) -> str | None:
    """The sentence with `may`: "was" becomes "may have been", "covers" becomes "may cover"."""
    return _with_modal(text, "may")


def to_future(text: str) -> str | None:
    """A sentence about the past as one about the future; None where other words fix the time."""
    verb = find_verb(text)
    if verb is None or not verb.is_past or _PAST_TIME.search(verb.before + verb.after):
        return None
    return f"{verb.before}will {verb.forms.base}{verb.after}"


def _with_modal(text: str, modal: str) -> str | None:
    verb = find_verb(text)
    if verb is None:
        return None
    if verb.kind == "perfect":
        changed = f"{modal} have"
    elif verb.kind == "be":
        changed = f"{modal} have been" if verb.is_past else f"{modal} be"
    else:
        changed = f"{modal} have {verb.forms.participle}" if verb.is_past else f"{modal} {verb.forms.base}"
    return f"{verb.before}{changed}{verb.after}"
