"""The report in a real browser: what it shows, what it does not run, and how it is used without a mouse."""

from __future__ import annotations

import itertools
import json
import re
from contextlib import contextmanager
from pathlib import Path

import pytest
from hostile_texts import HOSTILE, PLACES

from harness import HarnessError, build_report, run
from harness.runner.result_files import sealed

COUNT = re.compile(r"([\d,]+) of ([\d,]+) claims")


def shown(page) -> int:
    found = COUNT.match(page.locator("#count").inner_text())
    assert found
    return int(found[1].replace(",", ""))


def wait_for(page, count):
    """Until the search, which waits for a pause in typing, has found so many."""
    from playwright.sync_api import expect

    expect(page.locator("#count")).to_have_text(re.compile(rf"^{count} of"))


def choose(page, **options):
    for name, value in options.items():
        key = "label" if name in ("a", "b") else "value"
        page.select_option(f"#{name}", **{key: value})


@pytest.fixture
def page(open_page, hostile_report):
    page = open_page(hostile_report)
    page.wait_for_selector("#claims li")
    return page


def test_markup_in_claims_labels_and_titles_shows_as_text(page):
    page.fill("#search", "script")
    wait_for(page, 6)  # 3 articles each of two texts
    texts = page.locator("#claims .claim").all_inner_texts()
    assert set(texts) == {HOSTILE[0], HOSTILE[1]}
    page.fill("#search", "7 * 7")
    wait_for(page, 2)
    assert page.locator("#claims .claim").first.inner_text() == HOSTILE[2]
    assert page.title() == "A <title> & </title><script>document.title='t'</script>"
    assert page.locator("h1").inner_text() == page.title()
    assert page.locator("main img, main i, main b:not(.answers b), main u, main script").count() == 0
    assert page.locator("#leaderboard th", has_text="<i>length</i>").count() == 1


def test_the_policy_runs_nothing_but_the_page_s_own_script(open_page, hostile_report):
    """Even a script that got into the page as markup would not run."""
    page = open_page(hostile_report, strict=False)
    refused = page.evaluate(
        """() => new Promise((done) => {
          document.addEventListener('securitypolicyviolation', (event) => done(event.effectiveDirective));
          const script = document.createElement('script');
          script.textContent = "document.title = 'ran'";
          document.body.append(script);
          setTimeout(() => done('ran'), 1000);
        })"""
    )
    assert refused.startswith("script-src")
    assert page.title() != "ran"


def test_the_file_names_no_address(hostile_report):
    text = hostile_report.read_text(encoding="utf-8")
    assert set(re.findall(r"""<[^>]*?\s(?:src|href|srcset|action)\s*=\s*["']?(.)""", text)) == {"#"}
    assert not re.search(r"url\(|@import|https?:|//[a-z]", text.split('id="data"')[0])


def test_filters_agree_with_the_predictions(page, hostile_run):
    import pyarrow.parquet as pq

    tables = {}
    for folder in (hostile_run / "results").iterdir():
        tables[folder.name.rsplit("-", 1)[0]] = pq.read_table(folder / "predictions.parquet").to_pandas()
    one, other = tables["tfidf_logreg"], tables["rules"]
    settled = one["gold"].notna()
    right = {name: (table["predicted"] == table["gold"]) & settled for name, table in tables.items()}
    choose(page, a="rules", b="tfidf_logreg", which="a-right-b-wrong")
    assert shown(page) == (right["rules"] & ~right["tfidf_logreg"] & settled).sum()
    choose(page, which="any-wrong")
    wrong = sum((~value & settled).astype(int) for value in right.values())
    assert shown(page) == (wrong > 0).sum() > 0
    choose(page, which="all-wrong")
    assert shown(page) == (wrong == len(tables)).sum()
    choose(page, which="differ")
    assert shown(page) == (one["predicted"] != other["predicted"]).sum()
    choose(page, which="all", gold="0")
    assert shown(page) == (one["gold"] == "no").sum()
    choose(page, gold="-1")
    assert shown(page) == (~settled).sum() == 8
    choose(page, gold="", order="down", a="tfidf_logreg")
    best = set(one["claim_id"][one["score:yes"] > one["score:yes"].max() - 1e-4])
    assert page.locator("#claims .where span:last-child").first.inner_text() in best


def test_context_speaker_gold_and_every_answer_stand_with_a_claim(page):
    page.fill("#search", "Lima spent 8 million")
    wait_for(page, 1)
    card = page.locator("#claims > li")
    assert card.locator(".near").all_inner_texts() == [
        "Lima spent 1 million on trams in 2010.",
        "Lima spent 15 million on trams in 2012.",
    ]
    answers = card.locator(".answers li").all_inner_texts()
    assert len(answers) == 5
    assert answers[0].split() == ["gold", "yes"]
    assert {answer.split()[0] for answer in answers[1:]} == {"tfidf_logreg", "<i>length</i>", "rules", "majority"}


def test_reasons_mark_the_words_that_moved_the_score(page):
    choose(page, a="rules")
    page.fill("#search", "Riga spent 17 million")
    wait_for(page, 1)
    assert page.locator("mark.for").all_inner_texts()[-1] == "million"
    assert page.locator(".claim mark").all_inner_texts() == ["spent", "million"]
    assert page.locator(".reasons li").all_inner_texts() == [
        "+0.5 number: <u>digits</u>",
        "−0.25 word",
        "+0.125 bias",
    ]
    choose(page, a="majority")
    assert page.locator(".claim mark, .reasons").count() == 0


def test_pages_turn_by_keyboard_and_the_count_says_so(page):
    assert shown(page) == 64
    first = page.locator("#claims .claim").first.inner_text()
    page.locator("#next").focus()
    page.keyboard.press("Enter")
    assert "26 to 50 shown" in page.locator("#count").inner_text()
    assert page.locator("#claims .claim").first.inner_text() != first
    page.locator("#last").focus()
    page.keyboard.press("Space")
    assert "51 to 64 shown" in page.locator("#count").inner_text()
    assert page.locator("#next").is_disabled()
    page.fill("#page", "1")
    page.locator("#page").press("Tab")
    assert page.locator("#claims .claim").first.inner_text() == first


def test_what_a_screen_reader_needs(page):
    assert page.locator("main, header, nav[aria-label]").count() == 3
    assert page.evaluate("[...document.querySelectorAll('table')].every((table) => table.caption)")
    assert page.evaluate(
        "[...document.querySelectorAll('svg[role=img]')].every((svg) => svg.querySelector('title, desc'))"
    )
    assert page.evaluate("[...document.querySelectorAll('input, select')].every((field) => field.labels.length === 1)")
    assert page.locator("#count").get_attribute("aria-live") == "polite"
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map((heading) => Number(heading.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"


def test_a_system_that_is_unticked_is_not_drawn(page):
    line = page.locator("#curves .chart g.line.key-0").first
    assert line.is_visible()
    page.locator("#show-0").uncheck()
    assert not line.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_the_page(open_page, hostile_report, scheme):
    """WCAG contrast of 4.5 for the text colors against the page."""
    page = open_page(hostile_report, color_scheme=scheme)
    ratio = """(name) => {
      const light = (color) => { const probe = document.createElement('i');
        probe.style.color = color;
        document.body.append(probe);
        const parts = getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
          .map((part) => part <= .03928 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
        probe.remove(); return .2126 * parts[0] + .7152 * parts[1] + .0722 * parts[2]; };
      const [one, other] = [light(`var(${name})`), light('var(--page)')].sort((a, b) => b - a);
      return (one + .05) / (other + .05); }"""
    for name in ("--ink", "--quiet", "--accent", "--good", "--bad"):
        assert page.evaluate(ratio, name) >= 4.5, name
    for number in range(10):
        assert page.evaluate(ratio, f"--k{number}") >= 3, number


def test_nothing_is_cut_off_on_a_narrow_screen(open_page, hostile_report):
    page = open_page(hostile_report, viewport={"width": 400, "height": 800})
    page.wait_for_selector("#claims li")
    assert page.evaluate("document.documentElement.scrollWidth") == 400


def test_print_shows_tables_and_plots_and_the_open_page_of_the_browser(page):
    page.emulate_media(media="print")
    assert not page.locator("#browser").is_visible()
    assert not page.locator("nav").is_visible()
    assert page.locator("#curves .chart").first.is_visible()
    assert page.locator("#claims > li").count() == 25
    closed = page.locator("#pairs details:not([open]) table").first
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#pairs details:not([open])").count() == 0
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert closed.count() == 1


def test_without_javascript_all_but_the_browser_is_there(open_page, hostile_report):
    page = open_page(hostile_report, java_script_enabled=False)
    assert "needs JavaScript" in page.locator("noscript").inner_text()
    assert page.locator("#leaderboard tbody tr").count() == 5  # four systems, and one annotator against the other
    assert page.locator("#curves .chart").count() >= 3
    assert not page.locator("#browser").is_visible()


def test_slices_cost_and_learning_curves_are_drawn(open_page, hostile_run, tmp_path):
    settings = (hostile_run.parents[1] / "hostile.yaml").read_text(encoding="utf-8").split("classifiers:")[0]
    settings = settings.replace("by: article}", "by: article, train_share: {each: [0.5, 1]}}")
    more = 'classifiers: [{name: length, label: "<i>length</i>"}]\nmetrics: [f1]\nslices: [article, length]\n'
    (tmp_path / "curve.yaml").write_text(settings + more, encoding="utf-8")
    outcome = run(tmp_path / "curve.yaml", out=tmp_path / "runs")
    cost = outcome.results[0].cost
    page = open_page(build_report([outcome.folder], tmp_path / "report.html").path)
    assert page.locator("#slices .chart").count() == 2
    assert set(PLACES) <= set(page.locator("#slices tbody th").all_text_contents())
    assert page.locator("#cost tbody tr").count() == 2
    assert cost.claims_scored == 64
    assert "<i>length</i>[train_share=0.5]" in page.locator("#cost tbody th").all_text_contents()
    assert page.locator("#curves figcaption", has_text="by share of the training claims").count() == 1


def test_a_report_without_its_dataset_says_why_and_shows_ids(open_page, hostile_run, tmp_path):
    import shutil

    moved = tmp_path / "run"
    shutil.copytree(hostile_run, moved)
    for path in moved.glob("results/*/result.json"):
        text = path.read_text(encoding="utf-8").replace('"fingerprint": "', '"fingerprint": "0')
        path.write_text(json.dumps(sealed(json.loads(text))), encoding="utf-8")
    made = build_report([moved], tmp_path / "report.html")
    assert made.note
    assert "has changed since these results were made" in made.note
    page = open_page(made.path)
    page.wait_for_selector("#claims li")
    assert "has changed" in page.locator("#no-texts").inner_text()
    assert page.locator("#claims .claim").count() == 0
    assert "Lima-" in page.locator("#claims > li").first.inner_text()


def test_one_result_is_enough_and_the_same_results_give_the_same_bytes(hostile_run, tmp_path):
    one = sorted((hostile_run / "results").iterdir())[0]
    build_report([one], tmp_path / "a.html")
    build_report([one], tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert 'id="pairs"' not in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_progress_counts_the_pairs_of_all_metrics(hostile_run, tmp_path):
    totals, steps = [], []

    @contextmanager
    def progress(total):
        totals.append(total)
        yield lambda step: steps.append(step)

    build_report([hostile_run], tmp_path / "a.html", progress=progress)
    assert totals == [3 * 6]
    assert len(steps) == 18
    assert len({step for step in steps if step.startswith("f1: ")}) == 6


def test_no_results_and_no_such_metric_are_messages(hostile_run, tmp_path):
    with pytest.raises(HarnessError, match="no results; give result folders"):
        build_report([], tmp_path / "a.html")
    with pytest.raises(HarnessError, match="contains no result"):
        build_report([tmp_path], tmp_path / "a.html")
    with pytest.raises(HarnessError, match="Did you mean 'f1'"):
        build_report([hostile_run], tmp_path / "a.html", metric="f11")
    assert not (tmp_path / "a.html").exists()


def test_the_command_writes_the_file(harness, hostile_run, tmp_path):
    done = harness("report", hostile_run, "-o", "made.html", "--metric", "average_precision")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("made.html: 4 systems, 64 claims")
    assert "By AP; higher is better" in Path(tmp_path / "made.html").read_text(encoding="utf-8")


THREE_LABELS = """\
name: kinds
task: claim_type
dataset: claimbuster
split: {{protocol: grouped_folds, k: 2, parts: [groundtruth]}}
classifiers: [complement_nb]
intervals: {{resamples: 100}}
explain: {explain}
"""


@pytest.mark.parametrize("explain", ["true", "false"])
def test_the_page_says_which_label_reasons_speak_for_and_how_to_have_them(bring, tmp_path, explain):
    root = bring("claimbuster")
    (tmp_path / "e.yaml").write_text(THREE_LABELS.format(explain=explain), encoding="utf-8")
    outcome = run(tmp_path / "e.yaml", out=tmp_path / "runs", root=root)
    build_report([outcome.folder], tmp_path / "report.html", root=root)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "towards</mark> the label CFS" in page
    assert ("Set <code>explain: true</code> in the experiment" in page) == (explain == "false")


def test_a_report_of_another_type_is_refused(hostile_run, tmp_path):
    with pytest.raises(HarnessError, match=r"r\.pdf: a report is an HTML file; expected a name that ends in \.html"):
        build_report([hostile_run], tmp_path / "r.pdf")
    assert list(tmp_path.iterdir()) == []
