"""The screen as lines of text: it fits, it shows the sentence in its article, and the text of others stays text."""

from __future__ import annotations

import io

import pytest
from dataset_folders import TWO_AXES, lines, to_label
from rich.console import Console

from harness import adjudicate, check, label

HOSTILE = (
    "The mayor said \x1b]0;owned\x07\x1b[2J\x1b[31mall is well\x1b[0m. "
    "Then [bold red]he[/] \u202eleft\u202c \x9b31mtown \u2066now\u2069. It \x08\x08\x08was :smile: late."
)


def shown(folder, keys, *, width=80, height=24, terminal=True, features=False, **options) -> list[str]:
    """The screens that keys lead to, as the bytes that a terminal gets."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=width, height=height, highlight=False, **options)
    label(folder, "ann", keys=keys, console=console, features=features)
    return out.getvalue().split("\x1b[2J" if terminal else "\nd, ann: ")[1 if terminal else 0 :]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 24), (120, 50), (80, 12)])
def test_every_screen_fits(tmp_path, width, height):
    long = "\n".join(f"Sentence {n} says that the ferry carried {n} people over the cold water." for n in range(80))
    folder = to_label(tmp_path / "d", {"long": long}).folder
    for screen in shown(folder, "11211222?\n\nsu", width=width, height=max(height, 16), no_color=True):
        rows = screen.split("\n")
        assert len(rows) <= max(height, 16)


def test_the_sentence_stands_marked_in_its_article(tmp_path):
    folder = to_label(tmp_path / "d").folder
    screen = shown(folder, "11", terminal=False)[-1]
    assert "The bridge opened in 1932. »Nobody paid to cross it.« Many people love it." in screen
    assert "1  yes  It states something." in screen
    assert "sentence 2 of 7, 2 of 14 answered" in screen


def test_a_long_sentence_is_shown_as_a_whole(tmp_path):
    words = " ".join(f"word{n}" for n in range(600))
    folder = to_label(tmp_path / "d", {"long": f"The council met. It {words} ended.\n\nThen all left."}).folder
    screen = "".join(shown(folder, "11"))
    assert "word0 " in screen
    assert "word599" in screen


def test_hostile_text_is_shown_and_does_nothing(tmp_path):
    scheme = TWO_AXES.replace("It states something.", "It [blink]states[/] something.\\u202e")
    folder = to_label(tmp_path / "d", {"a": "An article.\n\nIt is fine."}, scheme).folder
    articles, claims = folder / "articles.jsonl", folder / "claims.jsonl"
    # The reader of article files takes control characters out; a file written by hand can have them.
    from harness.files import sha256
    from harness.records import Article, Claim, make_claim_id

    article = Article(article_id="a", text=HOSTILE, title="A\x1b[31m title")
    articles.write_text(article.model_dump_json() + "\n")
    claim_id = make_claim_id("a", 0, len(HOSTILE), sha256(HOSTILE))
    claim = Claim(claim_id=claim_id, article_id="a", start=0, end=len(HOSTILE), text=HOSTILE)
    claims.write_text(claim.model_dump_json() + "\n")
    out = io.StringIO()
    console = Console(file=out, force_terminal=False, width=100, highlight=False)
    label(folder, "ann", keys="?n\x1b[31m\n", console=console)
    text = out.getvalue()
    assert not {"\x1b", "\x07", "\x08", "\x9b", "\u202e", "\u202c", "\u2066", "\u2069"} & set(text)
    for part in ("\\x1b]0;owned\\x07", "[bold red]he[/]", "\\u202eleft", ":smile:", "\\x9b31mtown", "\\x08\\x08"):
        assert part in " ".join(text.split())


def test_the_guideline_is_a_key_away_and_paged(tmp_path):
    scheme = TWO_AXES.replace("  Read the whole article first.", "\n".join(f"  - Rule {n}." for n in range(60)))
    folder = to_label(tmp_path / "d", None, scheme).folder
    question, first, second, *_ = shown(folder, "?\n")
    assert "Rule 0." not in question
    assert "It rained." in first
    assert "Enter: next page" in first
    assert "Rule 20." in second
    whole = shown(folder, "?", terminal=False)
    assert "Rule 59." in "".join(whole)


def test_features_are_marked_and_taken_back_by_number(tmp_path):
    folder = to_label(tmp_path / "d").folder
    # Features are asked for after the last axis; the second one takes a value.
    keys = [*"11", "1", "2", *"the mayor\n", "1", "\n", *"2", "q"]
    screens = shown(folder, keys, features=True, terminal=False)
    assert "1 [ ] quantity" in screens[2]
    assert "1 [x] quantity" in screens[3]
    assert "2 [x] source = the mayor" in screens[4]
    assert "1 [ ] quantity" in screens[5]
    assert "»Nobody paid to cross it.«" in screens[6]
    marks = [(a["axis"], a["role"], a.get("value")) for a in lines(folder / "annotations/ann.jsonl")]
    assert marks == [
        ("factual", "label", None),
        ("tone", "label", None),
        ("quantity", "label", None),
        ("source", "label", "the mayor"),
        ("quantity", "withdraw", None),
        ("factual", "label", None),
    ]
    assert check([folder]) == []


def test_an_adjudicator_sees_labels_notes_and_old_guidelines(tmp_path):
    folder = to_label(tmp_path / "d").folder
    label(folder, "ann", keys="nas it says\n1q")
    scheme = folder / "schemes" / "two-axes.yaml"
    scheme.write_text(scheme.read_text().replace('version: "1"', 'version: "2"'))
    label(folder, "bob", keys="2q")
    out = io.StringIO()
    adjudicate(folder, "chief", keys="f", console=Console(file=out, width=80, highlight=False))
    assert "yes: ann (guideline 1, now 2)\n  no: bob\n  ann notes: as it says\n" in out.getvalue()
    assert "there are no features to mark here" in out.getvalue()


FEATURES = "".join(f'  - {{name: feature{n}, feature: true, question: "Is it {n}?"}}\n' for n in range(9))
ELEVEN = TWO_AXES.replace("tasks:\n", f"{FEATURES}tasks:\n")


def test_enter_ends_a_number_of_fewer_digits_and_a_half_one_is_forgotten(tmp_path):
    folder = to_label(tmp_path / "d", scheme=ELEVEN).folder
    shown(folder, "f3\n\n1q")
    records = lines(folder / "annotations/ann.jsonl")
    assert [(a["axis"], a["label"]) for a in records] == [("feature0", "yes"), ("factual", "yes")]
    # Escape closes the list, and the digit is gone with it.
    screens = shown(folder, "f0\x1b1q")
    assert "0_" not in screens[-1]
    assert lines(folder / "annotations/ann.jsonl")[-1]["axis"] == "tone"


def test_a_note_without_an_answer_is_told_when_one_leaves(tmp_path):
    folder = to_label(tmp_path / "d").folder
    assert "not stored, as no answer followed: the note 'odd' (sentence 1)" in shown(folder, "nodd\nq")[-1]
    assert "not stored" not in "".join(shown(folder, "nodd\n1q"))
    # A flag stores it too.
    assert "not stored" not in "".join(shown(folder, "nodd\n!q"))


def test_a_flagged_sentence_is_number_one_of_one(tmp_path):
    folder = to_label(tmp_path / "d").folder
    label(folder, "ann", keys="1111!q")
    out = io.StringIO()
    label(folder, "ann", keys="q", flagged=True, console=Console(file=out, width=80))
    assert "sentence 1 of 1, 0 of 1 answered" in out.getvalue()


def test_definitions_are_wrapped_where_there_is_room_and_the_guideline_has_even_lines(tmp_path):
    definition = "It states " + "something or other " * 5 + "to the end."
    guideline = "Read the whole\n  article first, and\n  then decide. " + "Do so with care. " * 8
    scheme = TWO_AXES.replace("It states something.", definition).replace("Read the whole article first.", guideline)
    folder = to_label(tmp_path / "d", scheme=scheme).folder
    first, page, *_ = (screen.split("\n") for screen in shown(folder, "?\n", no_color=True))
    assert any(row.endswith("to the end.\x1b[0m") for row in first)
    assert "…" not in "".join(first)
    assert "Read the whole article first, and then decide. Do so with care." in "\n".join(page)
    # Where there is none, they are cut.
    assert "…" in "".join(shown(folder, "", height=12))
