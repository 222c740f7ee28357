"""Sentences written for these tests, in each language that segmentation supports."""

import time

import pytest

from harness.data.sentences.segment import LANGUAGES, sentences, supported


def check(marked: str, language: str) -> None:
    """Segments a text whose sentence ends are marked with '|' in place of a space."""
    text = marked.replace("|", " ")
    assert [text[start:end] for start, end in sentences(text, language=language)] == marked.split("|")


CASES = {
    "ar": """
        وصل الوزير إلى القاهرة.|وقال إن الاتفاق جاهز.
        هل ارتفعت الأسعار؟|نعم، بنسبة ٣.٥ في المئة.
        قال د. أحمد زكي إن اللقاح آمن.|لم يعلق أحد.
        «سنعود غدا.»|ثم غادر القاعة!|ولم يسأله أحد: لماذا؟
        ألقى أ.د. محمد علي كلمة قصيرة.|كان ذلك في سنة ١٩٩٩.|بعد عام رحل.
        بلغ السعر 1.25 دولار...|ثم انخفض.
        انظر ص. 12 من التقرير.|هذا كل شيء.
        تأسست المدينة سنة 300 ق.م. تقريبا.
        """,
    "bg": """
        Министърът пристигна в София.|Той не каза нищо.
        През 2019 г. България внесе 3.5 млн. тона.|Цената беше 20 лв. за тон.
        Роден е през 1950 г.|След това учи в гр. Пловдив.
        Проф. Иванов и д-р Петрова не са съгласни.|Защо?|Никой не знае!
        Живее на ул. „Раковски“ 12.|Там е тихо.
        „Няма да платим.“|Това каза той.
        Вж. стр. 15 и чл. 3, ал. 2 от закона.|Той е ясен.
        Купи ябълки, круши и др.|После си тръгна.
        Св. Климент е роден през IX в. в Македония.
        П. К. Яворов е поет.|А. С. Пушкин също.
        """,
    "en": """
        The tax rose 3.5 percent.|Wages did not.
        """,
    "es": """
        El Sr. García llegó a las 10.|No dijo nada.
        ¿Quién pagó?|Nadie lo sabe.|¡Qué vergüenza!|Así es.
        La Dra. Ruiz vive en EE. UU. desde 2010.|Trabaja en la Univ. de Ohio.
        Viajó a EE. UU.|El vuelo duró 9 horas.
        Cuesta 1.500,50 euros, aprox. 3.2 por ciento más.|Eso dijo Ud. ayer.
        Véase la pág. 12 y el art. 3 de la ley.|Es clara.
        Nació en el año 44 a. C. en Roma.|Murió allí.
        «No pagaremos.»|Eso dijo el ministro.
        Compró pan, leche, etc.|Después se fue.
        Vive en la Avda. de América, núm. 5.|Es el n.º 5.
        Telefónica S.A. ganó más.|¿Cuánto?|Un 4 %.
        Hay frutas, p. ej. manzanas.
        """,
    "it": """
        Il sig. Rossi è arrivato alle 10.|Non ha detto nulla.
        La dott.ssa Bianchi e l'on. Verdi non sono d'accordo.|Perché?|Nessuno lo sa!
        Eni S.p.A. ha guadagnato 3,5 mld. di euro.|L'anno scorso meno.
        Il prof. G. B. Vico nacque a Napoli.|Morì lì.
        Vedi pag. 12 e l'art. 3 della legge.|È chiara.
        Roma fu fondata nel 753 a.C. secondo la tradizione.|Nessuno c'era.
        «Non pagheremo.»|Così disse il ministro.
        Ha comprato pane, latte, ecc.|Poi è uscito.
        Costa 1.500 euro.|Un affare...|Ma non per tutti.
        Piazza S. Pietro era vuota.
        """,
    "nl": """
        Dhr. de Vries en mevr. Jansen kwamen om 10 uur.|Ze zeiden niets.
        De prijs steeg met 3,5 procent, d.w.z. 20 euro.|Waarom?|Niemand weet het!
        Drs. A. B. Bakker woont in St. Oedenrode.|Hij is 80.
        Zie blz. 12 en art. 3 van de wet.|Die is duidelijk.
        Fruit, bijv. Elstar en Jonagold, is duur.|Brood o.a. ook.
        Shell N.V. verdiende meer.|Unilever B.V. niet.
        's Ochtends is het koud.|'s Avonds ook.
        “We betalen niet.”|Dat zei de minister.
        Hij kocht brood, melk enz.|Daarna ging hij weg.
        Op 1 jan. 2020 was alles anders.|Ca. 3.000 mensen kwamen.
        """,
    "tr": """
        Dr. Yılmaz saat 10'da geldi.|Hiçbir şey söylemedi.
        2. Dünya Savaşı 1945'te bitti.|Sonra barış geldi.
        Bu, II. Abdülhamit ve 4. Murat dönemidir.|Neden?|Kimse bilmiyor!
        Bu 19. yüzyılda oldu.|Şimdi 21. yüzyıldayız.
        Fiyatlar 2019'da yüzde 3,5 arttı.|Ücretler artmadı.
        Elma, armut vb. aldı.|Sonra gitti.
        Prof. Dr. Ayşe Kaya ve Doç. Dr. Ali Can katıldı.|Herkes oradaydı.
        Koç Holding A.Ş. kârını açıkladı.|T.C. Merkez Bankası sustu.
        Atatürk Cad. No. 5 boş.|Bkz. s. 12.
        “Ödemeyeceğiz.”|Bakan böyle dedi.
        M. Kemal Paşa M.Ö. 44 yılını anlattı.
        Yıl 2019.|İstanbul kalabalıktı.
        """,
}


@pytest.mark.parametrize(
    ("language", "marked"),
    [(language, line.strip()) for language, table in CASES.items() for line in table.strip().splitlines()],
)
def test_sentences_of_a_language(language: str, marked: str) -> None:
    check(marked, language)


def test_languages() -> None:
    assert set(CASES) == LANGUAGES


@pytest.mark.parametrize("tag", ["en", "EN", "en-US", "en_GB", "ar", "bg", "nl-BE", "es-419", "tr", "it"])
def test_languages_that_are_supported(tag: str) -> None:
    assert supported(tag)


@pytest.mark.parametrize("tag", ["zh", "zh-Hant-TW", "ja", "th", "de", "fr", "und", "", "eng", "english", "-en", "ent"])
def test_languages_that_are_not(tag: str) -> None:
    assert not supported(tag)


def test_a_language_without_a_table_is_cut_by_the_marks() -> None:
    check("Er kam um 10 Uhr.|Warum?|Niemand weiß es.|H. G. Wells schwieg.", "de")
    check("Er kommt bzw. sie geht.", "de")  # before a word in lower case only a line break ends a sentence
    check("Er traf Dr.|Braun.", "de")  # what "not supported" means
    check("他来了。她走了。", "zh")


def test_a_tag_with_region_has_the_rules_of_its_language() -> None:
    check("Véase la pág. 12.|Es clara.", "es-MX")
    check("Véase la pág.|12. Es clara.", "en")


@pytest.mark.parametrize("language", sorted({*LANGUAGES, "xx"}))
def test_time_is_linear_in_every_language(language: str) -> None:
    start = time.perf_counter()
    for unit in ("3. ", "a.A", "؟ ", "г. ", "aaa.", "EE. UU. ", "„A. ", "[a]. "):
        sentences(unit * (100_000 // len(unit)), language=language)
    assert time.perf_counter() - start < 15  # about a second; quadratic time would be minutes
