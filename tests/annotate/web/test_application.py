"""What each request does, and which ones are refused."""

from __future__ import annotations

import json

import pytest
from dataset_folders import change_line, lines, to_label, write_lines

from harness import assign, check, open_dataset
from harness.annotate.labeling import Labeling, LabelOptions

from .conftest import HOST, call, site_of, to_verify


def log_of(site, annotator="ann"):
    path = site.desks.folder / "annotations" / f"{annotator}.jsonl"
    return [(a["axis"], a["role"], a["label"]) for a in lines(path)] if path.exists() else []


def test_a_link_becomes_a_cookie_and_the_token_leaves_the_address(site):
    reply = call(site.app, "GET", f"/enter?token={site.guard.tokens['ann']}")
    assert (reply.status, reply.headers["location"]) == (303, "/")
    cookie = reply.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert site.guard.tokens["ann"] not in reply.headers["set-cookie"]
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert call(site.app, "GET", "/enter?token=wrong").status == 403


def test_an_answer_is_on_disk_when_the_reply_comes(site):
    ann = site.browser()
    assert "The bridge opened in 1932." in ann.get().text
    reply = ann.post("/label", number=1, note=" seen ", confidence="certain")
    assert reply.status == 200
    assert json.loads(reply.body)["message"] == "saved: factual = yes (with a note, confidence: certain)"
    (line,) = lines(site.desks.folder / "annotations/ann.jsonl")
    assert (line["label"], line["note"], line["confidence"]) == ("yes", "seen", 1.0)
    assert check([site.desks.folder]) == []


def test_forms_work_without_a_script(site):
    ann = site.browser()
    reply = ann.post("/label", {"accept": "text/html"}, number=1)
    assert (reply.status, reply.headers["location"]) == (303, "/")
    assert "saved: factual = yes" in ann.get().text


def test_every_key_has_a_form(site):
    ann = site.browser()
    for path, fields, message in (
        ("/label", {"number": 2}, "saved: factual = no"),
        ("/label", {"number": 9}, "choose one of the labels"),
        ("/label", {"number": "²"}, "choose one of the labels"),
        ("/skip", {}, "skipped; it comes again when you start again"),
        ("/undo", {}, "back at the question that you skipped"),
        ("/undo", {}, "taken back: factual = no"),
        ("/jump", {"number": 3}, ""),
        ("/jump", {"number": "x"}, "expected the number of a sentence"),
        ("/find", {"text": "FERRY"}, ""),
        ("/find", {"text": "<zebra>"}, "no other sentence contains '<zebra>'"),
        ("/flag", {"note": "odd"}, "flagged: look again"),
        ("/flag", {}, "the flag is taken back"),
        ("/mark", {"axis": "source", "value": "the mayor"}, "marked: source"),
        ("/mark", {"axis": "factual"}, "there is no such feature to mark"),
    ):
        reply = ann.post(path, **fields)
        assert (reply.status, json.loads(reply.body)["message"]) == (200, message), path
    assert log_of(site)[-1] == ("source", "label", "yes")
    assert check([site.desks.folder]) == []


def test_annotators_are_blind_to_each_other(site):
    ann, bob = site.browser("ann"), site.browser("bob")
    ann.post("/label", number=1, note="a secret of ann")
    assert "secret" not in bob.get().text + bob.get("/queue").text
    bob.post("/label", number=2)
    assert (log_of(site, "ann"), log_of(site, "bob")) == (
        [("factual", "label", "yes")],
        [("factual", "label", "no")],
    )


def test_a_page_that_is_behind_stores_nothing(site):
    ann, phone = site.browser(), site.browser()
    turn = site.desks.by_name["ann"].turn
    ann.post("/label", number=1, turn=turn)
    for again in (ann, phone):
        reply = again.post("/label", number=2, turn=turn)
        assert reply.status == 409
        assert "another window or tab of yours went on" in json.loads(reply.body)["trouble"]
        assert "tone" in json.loads(reply.body)["panel"]
    assert log_of(site) == [("factual", "label", "yes")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example:8000"}, 421),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"cookie": "harness-8000=x"}, 403),
        ({"content-type": "application/json"}, 415),
        ({"content-type": "text/plain"}, 415),
    ],
)
def test_a_form_from_elsewhere_is_refused(site, headers, status):
    reply = site.browser().post("/label", headers, number=1)
    assert reply.status == status
    assert log_of(site) == []


def test_a_form_without_the_token_of_its_visit_is_refused(site):
    ann, bob = site.browser("ann"), site.browser("bob")
    for csrf in ("", "x", bob.csrf, site.browser("ann").csrf):
        assert ann.post("/label", csrf=csrf, number=1).status == 403
    assert log_of(site) == []


def test_sizes_and_rates_are_limited(site):
    ann = site.browser()
    assert ann.post("/label", number=1, note="x" * 70_000).status == 413
    assert ann.post("/label", **{f"x{number}": 1 for number in range(30)}).status == 400
    headers = {"cookie": ann.cookie, "origin": f"http://{HOST}", "content-type": "application/x-www-form-urlencoded"}
    assert call(site.app, "POST", "/label", headers, b"csrf=%ff").status == 400
    assert log_of(site) == []
    statuses = [ann.get("/label.css").status for _ in range(200)]
    assert 429 in statuses
    assert site.browser("bob").get().status == 200


@pytest.mark.parametrize(
    "path", ["/../pyproject.toml", "/label.css/..", "/%2e%2e/x", "/templates/page.html.jinja", "/x"]
)
def test_no_path_becomes_a_file_name(site, path):
    assert site.browser().get(path).status == 404


@pytest.mark.parametrize("path", ["/", "/queue", "/enter?token=x", "/label.js", "/label.css", "/x", "/label"])
def test_every_reply_has_the_headers(site, path):
    for headers in ({}, {"host": "evil.example"}):
        reply = call(site.app, "GET", path, headers)
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "unsafe" not in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["referrer-policy"] in ("same-origin", "no-referrer")


def test_pages_have_nothing_inline_and_nothing_from_elsewhere(site):
    ann = site.browser()
    for path in ("/", "/queue"):
        text = ann.get(path).text
        assert "<style" not in text
        assert " style=" not in text
        assert " onclick=" not in text
        assert text.count("<script") == text.count('<script src="/label.js" defer>') == 1
        assert "http" not in text.replace("http-equiv", "")


def test_the_queue_shows_states_page_by_page(site):
    ann = site.browser()
    for path in ("/label", "/label", "/skip", "/flag"):
        ann.post(path, number=1)
    text = ann.get("/queue").text
    assert "factual: yes, tone: calm" in text
    assert text.count('name="number"') == 7
    for state, n in (("open", 6), ("answered", 1), ("skipped", 0), ("flagged", 1), ("nonsense", 7)):
        assert ann.get(f"/queue?state={state}&page=1").text.count('name="number"') == n, state
    assert ann.get("/queue?page=99999999999").status == ann.get("/queue?page=-1").status == 200
    assert call(site.app, "GET", "/queue").status == 403


def test_a_dataset_changed_underneath(site):
    ann, bob = site.browser("ann"), site.browser("bob")
    ann.post("/label", number=1)
    change_line(site.desks.folder / "claims.jsonl", 1, speaker="A mayor")
    reply = ann.post("/label", number=2)
    assert reply.status == 409
    content = json.loads(reply.body)
    assert "Your last answer was not saved, all others are" in content["trouble"]
    assert "Read the dataset again" in content["panel"]
    assert "Read the dataset again" in ann.get().text
    assert log_of(site) == [("factual", "label", "yes")]
    assert ann.post("/again").status == 200
    assert ann.post("/label", number=2).status == 200
    assert bob.post("/label", number=1).status == 200
    assert log_of(site)[-1] == ("tone", "label", "loud")
    assert "A mayor" in ann.post("/jump", number=1).text


def test_faults_that_came_meanwhile_are_told(site):
    ann = site.browser()
    path = site.desks.folder / "claims.jsonl"
    before = path.read_bytes()
    path.write_bytes(before + b"{\n")
    assert ann.post("/label", number=1).status == 409
    assert "is not JSON" in json.loads(ann.post("/again").body)["trouble"]
    path.write_bytes(before)
    assert ann.post("/again").status == 200


@pytest.mark.parametrize("error", [28, 30])
def test_a_full_disk_and_a_read_only_one(site, monkeypatch, error):
    ann = site.browser()
    ann.post("/label", number=1)

    def refuse(*_):
        raise OSError(error, "refused")

    with monkeypatch.context() as patched:
        patched.setattr("harness.files.os.write", refuse)
        for path in ("/label", "/undo", "/flag", "/mark"):
            reply = ann.post(path, number=2, axis="quantity", note="typed")
            content = json.loads(reply.body)
            assert reply.status == 503
            assert "Your last answer was not saved, all others are." in content["trouble"]
            assert "panel" not in content
        assert "typed</textarea>" in ann.post("/label", {"accept": "text/html"}, number=2, note="typed").text
    assert log_of(site) == [("factual", "label", "yes")]
    assert json.loads(ann.post("/undo").body)["message"] == "taken back: factual = yes"
    assert check([site.desks.folder]) == []


def test_a_corrected_span_is_a_new_claim(site):
    ann, bob = site.browser("ann"), site.browser("bob")
    ann.post("/label", number=1)
    turn = site.desks.by_name["bob"].turn
    assert ann.post("/span", start=10, end=4).status == 422
    assert ann.post("/span", start=0, end=26).status == 422
    assert ann.post("/span", start=27, end=40).status == 422
    assert ann.post("/span", start=3, end=10).status == 200
    claim = site.session().current.claim
    assert (claim.text, claim.start, claim.end) == ("bridge", 4, 10)
    assert check([site.desks.folder]) == []
    assert log_of(site)[-1] == ("factual", "withdraw", "yes")
    assert site.session().n_skipped == 2
    # Bob still sees the question that he had, and gets the new claim later.
    assert bob.post("/label", number=1, turn=turn).status == 200
    assert "bridge" in [question.claim.text for question in site.session("bob").questions]


def test_passages_are_shown_and_judged(tmp_path, site):
    assert "there are no passages to judge here" in site.browser().post("/passages").text
    folder = to_verify(tmp_path / "v")
    with site_of(folder, "cal") as verdicts:
        cal = verdicts.browser("cal")
        assert 'id="evidence"' in cal.get().text
        assert "there is no passage 1 here" in cal.post("/judge", passage=1, stance="refutes").text
        assert "The bridge opened in 1932." in cal.post("/passages").text
        assert "choose one of the stances" in cal.post("/judge", passage=1, stance="maybe").text
        assert "saved: refutes" in cal.post("/judge", passage=1, stance="refutes").text
        shown = json.loads(cal.post("/passages", words="ferry").body)["panel"]
        assert "&amp; &lt;b&gt;more&lt;/b&gt;" in shown
        cal.post("/judge", passage=1, stance="neutral")
        cal.post("/judge", passage=1, stance="no evidence")
        (evidence,) = lines(folder / "evidence.jsonl")
        assert (evidence["passage_id"], evidence["stance"]) == ("p1", "refutes")
        # Passages belong to the claim for which they were looked up.
        assert "passage-1" not in cal.post("/jump", number=2).text
        assert check([folder]) == []


def test_each_is_asked_what_is_assigned_with_suggestions_and_repeats(tmp_path):
    folder = to_label(tmp_path / "d").folder
    assign(folder, ["ann", "bob"], repeats=0.25)
    claim_ids = [claim.claim_id for claim in open_dataset(folder).current]
    write_lines(tmp_path / "model.jsonl", [{"claim_id": name, "score": {"no": 0.2, "yes": 0.8}} for name in claim_ids])
    options = LabelOptions(axes="factual", suggest=tmp_path / "model.jsonl")
    with site_of(folder, "ann", "bob", begin=lambda opened: Labeling(opened, options).session) as site:
        ann = site.browser()
        assert "Suggested by model.jsonl: <b>yes</b> (0.80)" in ann.get().text
        session = site.desks.by_name["ann"].session
        assert len(session.questions) + len(site.desks.by_name["bob"].session.questions) == len(claim_ids) + 2
        ann.post("/flag", note="odd")
        while not session.current.is_repeat:
            ann.post("/label", number=2)
        # What is asked again looks like any other question.
        page = ann.get().text
        for word in ("Suggested", "Yours", "repeat", "again for"):
            assert word not in page
        ann.post("/label", number=1)
        assert ann.get("/queue?state=flagged").text.count("factual: no") == 1
    roles = [role for _, role, _ in log_of(site)]
    assert (roles[0], roles[1:3], roles[-1]) == ("flag", ["suggest", "label"], "repeat")
    assert check([folder]) == []
