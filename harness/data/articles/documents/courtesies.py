"""Greeting and closing lines of e-mails, which are no claims.

Only whole lines are left out, and only where a mail has such lines: a greeting at its beginning, a closing among its
last lines, and the short lines under the closing, with names and posts. What shares a line with other words stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.data.articles.documents.content import Document
from harness.data.articles.page_blocks import Block

MAX_WORDS = 8
"""Words of a greeting, or of a line under a closing."""
MAX_END = 12
"""Last lines among which a closing may be."""
MAX_UNDER = 6
"""Lines under a closing that may belong to it."""

_WITH_COMMA = re.compile(
    r"(?:Dear|Sehr geehrte[rs]?|Liebe[rs]?|Ch(?:er|ère)s?|Madame|Monsieur|Mesdames|Messieurs|Estimad[oa]s?|Querid[oa]s?"
    r"|Gentil[ei]|Gentilissim[oaie]|Egregi[oa]?|Car[oaie]|Car[oa]s|Geachte|Beste|Lieve|Szanown[yiae]|Drog[iae]"
    r"|Prezad[oa]s?)\s[^.?!;:\d]*(?:(?:Mr|Mrs|Ms|Dr|Prof|St|Hr|Fr|M|Mme|Sr|Sra|Dott|Sig|Dhr|Mevr)\.[^.?!;:\d]*)*,",
    re.IGNORECASE,
)
"""Words that may begin a sentence or a headline too: the line has to end with a comma."""
_FORMAL = re.compile(r"(?:Sehr geehrte[rs]?|Szanown[yiae])\s[^.?!;:,\d]*!", re.IGNORECASE)
"""Those that may end with an exclamation mark."""
_ALONE = re.compile(
    r"(?:Hi|Hello|Hey|Good (?:morning|afternoon|evening)|Greetings|To whom it may concern|Hallo|Guten (?:Tag|Morgen"
    r"|Abend)|Grüß Gott|Moin|Servus|Bonjour|Bonsoir|Salut|Hola|Buen(?:os días|as tardes|as noches)|Buongiorno|Buonasera"
    r"|Salve|Ciao|Hoi|Dag|Goede(?:morgen|middag|navond)|Cześć|Dzień dobry|Witam|Witaj(?:cie)?|Olá|Oi|Bom dia"
    r"|Boa (?:tarde|noite))(?:\s[^.?!;:\d]*[,!]|(?:\s(?:all|everyone|everybody|team|there|zusammen|alle|à tous|a todos"
    r"|a tutti|allemaal|iedereen|wszystkim|a todos))?\s*[,!.:]?)",
    re.IGNORECASE,
)
"""Words that begin no sentence of an article: they may also stand alone, or before a word for everyone."""
_CLOSING = re.compile(
    r"(?:(?:with )?(?:best|kind|kindest|warm|warmest|many)?\s*(?:regards|wishes|greetings)|all the best|yours|cheers"
    r"|(?:yours )?(?:sincerely|faithfully|truly)(?: yours)?|(?:many )?thanks(?: (?:again|in advance|and (?:best|kind) "
    r"regards))?|thank you(?: (?:again|in advance|very much))?|best"
    r"|mit (?:freundlichen|besten|herzlichen|lieben|vielen) grü(?:ß|ss)en|(?:freundliche|viele|beste|liebe|herzliche"
    r"|schöne) grü(?:ß|ss)e(?: aus \w+)?|mfg|lg|vg|hochachtungsvoll|vielen dank|danke"
    r"|(?:bien )?(?:cordialement|amicalement)|bien à (?:vous|toi)|(?:sincères|meilleures|cordiales) salutations|merci"
    r"|(?:un )?(?:cordial )?(?:saludos?|abrazo)(?: cordial(?:es)?)?|atentamente|cordialmente|(?:muchas )?gracias"
    r"|(?:(?:cordiali|distinti|cari) )?saluti|un caro saluto|cordialmente|grazie(?: mille)?"
    r"|(?:met )?(?:vriendelijke|hartelijke|beste) groet(?:en)?|groet(?:en|jes)?|mvg|hoogachtend|(?:alvast )?bedankt"
    r"|z (?:poważaniem|wyrazami szacunku)|(?:serdecznie )?pozdrawiam(?: serdecznie)?|(?:serdeczne )?pozdrowienia"
    r"|dziękuję|atenciosamente|(?:com os )?(?:melhores |meus )*cumprimentos|(?:um )?abraços?|obrigad[oa])\s*[,.!]?",
    re.IGNORECASE,
)


def without_courtesies(blocks: Sequence[Block], document: Document) -> list[Block]:
    """Returns the lines of an e-mail without its greeting and its closing, which are counted.

    Args:
        blocks: the lines.
        document: counts what is left out.
    """
    first = 0
    while first < len(blocks) and _is_greeting(blocks[first]):
        document.drop("greeting")
        first += 1
    own = list(blocks[first:])
    for index in range(max(0, len(own) - MAX_END), len(own)):
        if own[index].part is None and _CLOSING.fullmatch(own[index].text.strip()):
            document.drop("closing")
            end = index + 1
            while end < len(own) and end - index <= MAX_UNDER and _is_name(own[end]):
                end += 1
            return own[:index] + own[end:]
    return own


def _is_greeting(block: Block) -> bool:
    text = block.text.strip()
    is_short = block.part is None and len(text.split()) <= MAX_WORDS
    return is_short and any(pattern.fullmatch(text) for pattern in (_WITH_COMMA, _FORMAL, _ALONE))


def _is_name(block: Block) -> bool:
    """Whether a line under a closing is a name, a post or an address, and no sentence."""
    text = block.text.strip()
    return block.part is None and len(text.split()) <= MAX_WORDS and not text.endswith((".", "!", "?", ":", "…"))
