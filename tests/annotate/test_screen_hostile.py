"""Text of others acts nowhere: no character of any screen or list controls a terminal, reorders or hides."""

from __future__ import annotations

import io
import json
import unicodedata

import pytest
from dataset_folders import TWO_AXES, to_label, write_lines
from rich.console import Console

from harness import adjudicate, check, label
from harness.files import sha256
from harness.records import Article, Claim, make_claim_id
from harness.text_tables import JOINERS

CONTROLS = "".join(
    character
    for character in map(chr, range(0x110000))
    if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") and character != "\x00"
)
"""All control and format characters: C0, C1, bidirectional marks, overrides and isolates, tags, separators."""
SEQUENCES = (
    "\x1b[2J\x1b[H",  # clear the screen
    "\x1b]0;title\x07",
    "\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;cm0gLXJm\x07",  # the clipboard
    "\x1bP+q544e\x1b\\",  # a request that the terminal answers as if it were typed
    "\x1b[6n\x9b6n",
    "\x1b[201~1",  # the end of a paste
    "[bold red]markup[/] [link=https://example.org]x[/link] :smile:",
    "\u202eevil\u202c \u2066x\u2069 a\u200bb",
    "12\r\n\b\b99",
)


def quoted(text):
    """A text as YAML, with every character that is not plain escaped."""
    escaped = (c if (c.isascii() and c.isalnum()) or c == " " else f"\\U{ord(c):08x}" for c in text)
    return f'"{"".join(escaped)}"'


@pytest.fixture(scope="module", params=[CONTROLS, " ".join(SEQUENCES)], ids=["controls", "sequences"])
def screens(request, tmp_path_factory):
    """All that the commands print of a dataset in which every text is hostile."""
    hostile = request.param
    scheme = TWO_AXES.replace("tasks:\n", "tasks:\n  verdict: {axis: factual}\n")
    for part in ("It states something.", "Does it state something?", "calm", "Does it give a number?", "Two questions"):
        scheme = scheme.replace(f'"{part}"', part).replace(part, quoted(f"{part} {hostile}"))
    folder = to_label(tmp_path_factory.mktemp("hostile") / "d", {"a": "An article."}, scheme).folder
    text = f"The mayor {hostile} said."
    article = Article(article_id="a", text=text, title=f"Title {hostile}", publisher=f"P {hostile}")
    claim = Claim(
        claim_id=make_claim_id("a", 0, len(text), sha256(text)), article_id="a", start=0, end=len(text), text=text
    )
    (folder / "articles.jsonl").write_text(article.model_dump_json() + "\n")
    (folder / "claims.jsonl").write_text(claim.model_copy(update={"speaker": hostile}).model_dump_json() + "\n")
    passage = {"passage_id": "p", "document_id": "p", "text": f"The mayor {hostile}", "title": f"T {hostile}"}
    write_lines(folder / "corpus.jsonl", [passage])
    out = io.StringIO()
    console = Console(file=out, force_terminal=False, width=80, highlight=False)
    note = ["n", hostile, "\n"]
    label(folder, "ann", keys=["?", "f", "\n", "e", "/", f"mayor {hostile}", "\n", "1", "1", "\n"], console=console)
    label(
        folder,
        "ann",
        keys=[*note, "!", *note, "1", "1", "/", f"x {hostile}", "\n", "j", hostile, "\n", "u"],
        console=console,
    )
    label(folder, "bob", keys="22", console=console)
    adjudicate(folder, "chief", keys=["1", "q"], console=console)
    assert check([folder]) == []
    return folder, out.getvalue()


def acts(text):
    """The characters of an output that a terminal would act on."""
    kinds = ("Cc", "Cf", "Zl", "Zp")
    return {c for c in text if unicodedata.category(c) in kinds and c not in JOINERS and c != "\n"}


def test_no_screen_has_a_character_that_acts(screens):
    _, output = screens
    assert [line for line in output.split("\n") if acts(line)] == []
    for shown in ("The mayor ", "It ", "calm ", "ann notes: ", "What does it say", "no other sentence contains"):
        assert shown in output


def test_no_list_has_a_character_that_acts(screens, harness):
    folder, _ = screens
    listed = harness("disputes", folder, "--flagged").stdout + harness("disputes", folder).stdout
    claim_id = json.loads((folder / "claims.jsonl").read_text())["claim_id"]
    listed += harness("withdraw", folder, "--claim", claim_id, "--as", "ann").stdout
    assert "ann" in listed
    assert "taken back: " in listed
    assert acts(listed) == set()
