"""The language of an article that declares none."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.data.articles.language import Detection, detected_language
from harness.records import Article

ENGLISH = "The council said that the bridge was closed for repairs, and that it is to open again in the spring. "
TEXTS = {
    "en": ENGLISH * 2,
    "de": "Der Stadtrat teilte am Montag mit, dass die Brücke wegen Bauarbeiten gesperrt ist und erst im Frühjahr "
    "wieder geöffnet wird. Die Kosten liegen höher als geplant.",
    "fr": "Le conseil municipal a annoncé lundi que le pont était fermé pour des travaux et qu'il ne rouvrirait qu'au "
    "printemps prochain. Les coûts dépassent le budget prévu.",
    "uk": "Міська рада повідомила в понеділок, що міст закрито на ремонт і що його знову відкриють лише навесні. "
    "Витрати виявилися більшими, ніж планувалося раніше.",
    "zh": "市议会星期一表示，这座桥因维修而关闭，要到春天才会重新开放。费用高于计划，"
    "居民对此表示不满，要求市长作出解释。记者在现场看到，许多车辆不得不绕行。",
}


@pytest.mark.parametrize("language", TEXTS)
def test_a_language_is_detected(language):
    assert detected_language(TEXTS[language]) == language


@pytest.mark.parametrize("text", ["", "Der Stadtrat tagt.", "1 2 3 " * 100, "lorem ipsum dolor sit amet " * 20])
def test_a_short_or_unclear_text_has_none(text):
    assert detected_language(text) is None


def test_an_article_gets_the_language_that_differs_from_the_default():
    detection = Detection()
    german = Article(article_id="a", text=TEXTS["de"])
    assert detection.of(german, "en").language == "de"
    assert detection.of(german, "de-AT").language is None
    assert detection.of(german.model_copy(update={"language": "nl"}), "en").language == "nl"
    assert detection.of(Article(article_id="b", text=ENGLISH * 2), "en").language is None
    assert detection.notes() == ["language 'de' detected in 1 article without a declared language (a)"]


def test_english_that_is_declared_for_another_language_and_the_reverse():
    detection = Detection()
    german = Article(article_id="a", text=TEXTS["de"], language="en-US")
    english = Article(article_id="b", text=ENGLISH * 2, language="fr")
    assert detection.of(german, "en").language == "de"
    assert detection.of(english, "en").language == "en"
    assert detection.of(german.model_copy(update={"article_id": "c"}), "en", is_row=True).language == "en-US"
    assert detection.of(english.model_copy(update={"language": "en-GB"}), "en").language == "en-GB"
    assert detection.notes() == [
        "language 'en-US' declared, but 'de' detected in 1 article (a); 'de' is taken",
        "language 'fr' declared, but 'en' detected in 1 article (b); 'en' is taken",
        "language 'en-US' declared, but 'de' detected in 1 article (c); 'en-US' is kept: correct the column language",
    ]


@pytest.mark.parametrize(
    ("language", "text"), [("he", "ראש העיר אמר כי העבודה תסתיים ביוני."), ("th", "เมืองใช้เงิน 3 ล้านยูโรสำหรับสะพาน")]
)
def test_a_script_of_its_own_tells_a_short_text(language, text):
    assert detected_language(text) == language


def test_english_articles_of_an_english_dataset_load_no_model():
    code = (
        "import sys; from harness.data.articles.language import detected_language as d; "
        f"print(d({ENGLISH * 2!r}), 'py3langid' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["en", "False"]
