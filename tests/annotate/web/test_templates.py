"""The page in a real browser: keys, spans, hostile text, and what a screen reader gets."""

from __future__ import annotations

import pytest
from dataset_folders import lines

SELECT = """([from, to]) => {
  const walker = document.createTreeWalker(document.getElementById("article"), NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  const first = nodes.find((node) => node.data.includes(from));
  const last = nodes.find((node) => node.data.includes(to));
  getSelection().setBaseAndExtent(first, first.data.indexOf(from), last, last.data.indexOf(to) + to.length);
}"""
IN_VIEW = """() => {
  const box = document.querySelector("mark").getBoundingClientRect();
  const frame = document.getElementById("article").getBoundingClientRect();
  return box.top >= frame.top && box.top < frame.bottom;
}"""


ORDER = """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), textarea, [tabindex='0']")]
  .map((element) => element.id || element.getAttribute("href") || element.textContent.trim())"""


def says(page, text):
    page.wait_for_function("(text) => document.getElementById('message').textContent.includes(text)", arg=text)


def press(page, keys, text):
    for key in keys:
        page.keyboard.press(key)
    says(page, text)


def log_of(page_site, name):
    return lines(page_site[0] / "annotations" / f"{name}.jsonl")


def test_keys_do_what_they_do_in_the_terminal(page_site, open_as):
    page = open_as("p0")
    assert "token" not in page.url
    press(page, "1", "saved: factual = yes")
    # Keys that are pressed while an answer is on its way wait for it.
    page.keyboard.press("1")
    press(page, "2", "saved: factual = no")
    press(page, "u", "taken back: factual = no")
    press(page, "s", "skipped")
    press(page, ["c", "3"], "'fairly sure' goes with your next answer")
    press(page, ["n", "w", "1", "Enter"], "the note goes with your next answer")
    press(page, "2", "saved: tone = loud (with a note, confidence: fairly sure)")
    press(page, ["c", "2"], "'unsure' goes with your next answer")
    press(page, "!", "flagged: look again")
    assert page.input_value("#confidence") == "unsure"
    press(page, ["f", "0", "1"], "marked: quantity")
    assert page.input_value("#confidence") == "unsure"
    press(page, ["9", "9"], "there is no such feature; give 1-11")
    # Enter ends a number, Escape forgets it.
    press(page, ["3", "Enter"], "marked: feature0")
    press(page, "1", "1_")
    press(page, ["Escape", "9"], "there is no number 9 here; give 1-2")
    page.keyboard.press("?")
    page.wait_for_selector("#guideline[open]")
    page.keyboard.press("j")
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('mark').textContent.startsWith('The ferry')")
    page.keyboard.press("l")
    page.wait_for_selector("table")
    page.keyboard.press("l")
    page.wait_for_selector("#question")
    assert page.locator("mark").inner_text().startswith("The ferry")
    written = [(a["role"], a["axis"], a["label"]) for a in log_of(page_site, "p0")]
    assert written == [
        ("label", "factual", "yes"),
        ("label", "tone", "calm"),
        ("label", "factual", "no"),
        ("withdraw", "factual", "no"),
        ("label", "tone", "loud"),
        ("flag", "factual", "look again"),
        ("label", "quantity", "yes"),
        ("label", "feature0", "yes"),
    ]


def test_hostile_text_shows_as_text(open_as):
    page = open_as("p1")
    assert page.title().startswith("Sentence 1 of 5")
    shown = page.locator("mark").inner_text()
    assert shown == 'Ha\\u202elf\\u202c of <script>document.title="x"</script> & {{ 7 * 7 }} \U0001f600 cost 5 million.'
    assert "\\x1b[31m" in page.locator("#article").inner_text()
    press(page, "n", "")
    page.keyboard.type("</textarea><script>document.title='y'</script>")
    page.keyboard.press("Enter")
    press(page, "1", "saved: factual = yes (with a note)")
    page.keyboard.press("u")
    says(page, "taken back")
    assert page.title().startswith("Sentence 1 of 5")


def test_a_selected_text_becomes_a_span_with_exact_offsets(page_site, open_as):
    page = open_as("p2")
    before = len(lines(page_site[0] / "claims.jsonl"))
    page.evaluate(SELECT, ["script>", "5 million"])
    page.keyboard.press("w")
    page.keyboard.press("Enter")
    says(page, "the span is corrected")
    expected = 'script>document.title="x"</script> & {{ 7 * 7 }} \U0001f600 cost 5 million'
    assert page.locator("mark").inner_text() == expected
    claims = lines(page_site[0] / "claims.jsonl")
    assert len(claims) == before + 1
    assert expected in [claim["text"] for claim in claims]


def test_passages_are_judged_by_keys(page_site, open_as):
    page = open_as("p8")
    page.keyboard.press("/")
    page.keyboard.type("the ferry")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('mark').textContent.startsWith('The ferry')")
    press(page, "e", "passages for the sentence")
    press(page, "1", "what does it say of the sentence?")
    press(page, "1", "saved: supports")
    assert page.locator("#evidence b").first.inner_text() == "p2"
    press(page, ["Escape", "1"], "saved: factual = yes")
    assert [(e["passage_id"], e["stance"]) for e in lines(page_site[0] / "evidence.jsonl")] == [("p2", "supports")]


def test_a_session_under_one_name_in_two_windows(page_site, open_as):
    first, second = open_as("p3"), open_as("p3", expects="409")
    press(first, "1", "saved: factual = yes")
    second.keyboard.press("2")
    second.wait_for_function("() => document.getElementById('trouble').textContent.includes('another window')")
    assert "tone" in second.locator("#question").inner_text()
    assert len(log_of(page_site, "p3")) == 1


def test_a_note_outlives_its_window(open_as):
    page = open_as("p4")
    page.keyboard.press("n")
    page.keyboard.type("half a thought")
    press(page, ["Escape", "c", "2"], "'unsure' goes with your next answer")
    page.reload()
    assert page.input_value("#note") == "half a thought"
    assert page.input_value("#confidence") == "unsure"
    press(page, ["1"], "saved: factual = yes (with a note, confidence: unsure)")
    assert (page.input_value("#note"), page.input_value("#confidence")) == ("", "")
    # What is taken back is offered again.
    press(page, ["u"], "taken back")
    assert (page.input_value("#note"), page.input_value("#confidence")) == ("half a thought", "unsure")


def test_a_server_that_is_gone_is_told(open_as):
    page = open_as("p5", expects="ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    page.keyboard.press("1")
    page.wait_for_function("() => document.getElementById('trouble').textContent.includes('does not answer')")
    page.context.set_offline(False)
    press(page, "1", "saved: factual = yes")
    assert page.locator("#trouble").inner_text() == ""


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_no_fault_that_axe_knows_and_no_sideways_scrolling(open_as, scheme, width):
    from axe_core_python.base import AXE_SCRIPT

    page = open_as("p6", color_scheme=scheme, viewport={"width": width, "height": 844})
    page.keyboard.press("?")
    for path in ("", "/queue"):
        if path:
            page.goto(page.url.rstrip("/") + path)
        page.evaluate(AXE_SCRIPT)
        result = page.evaluate("() => axe.run()")
        assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in result["violations"]] == []
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_what_a_screen_reader_gets(open_as):
    page = open_as("p7")
    assert page.locator("#message").get_attribute("role") == "status"
    assert page.locator("#trouble").get_attribute("role") == "alert"
    press(page, "1", "saved: factual = yes")
    assert page.evaluate("() => document.activeElement.id") == "question"
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.textContent.trim()").startswith("1")
    assert page.get_by_role("button", name="1 calm").count() == 1
    assert page.get_by_label("Note, stored with your answer").count() == 1
    assert page.evaluate(IN_VIEW)
    order = page.evaluate(ORDER)
    assert order[:3] == ["#question", "/queue", "article"]
