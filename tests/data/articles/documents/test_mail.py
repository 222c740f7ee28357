"""E-mails: their own text, without replies, signatures and attachments."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from harness import FaultsError
from harness.data.articles.article_file import InputFile, ReadOptions
from harness.data.articles.documents.mail import read_mail

PLAIN = """\
Hello,

the ferry carried 3 million people in 2023, which is more than ever before in
its history. The council voted to raise the budget of the ferry by 12 percent
this year.

- First item.
- Second item that is
  longer.

On Mon, 4 Mar 2024 at 10:00, Bob Smith
<bob@x.org> wrote:
> How many people?
>
> Bob

Thanks.
--\x20
Ann\x20Smith
"""


def nested(depth: int) -> bytes:
    """A mail whose text is in this many parts."""
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth))
    closed = b"".join(b"--b%d--\n" % n for n in reversed(range(depth)))
    return b"Subject: a\n" + opened + b"Content-Type: text/plain\n\nThe town voted.\n" + closed


def mail(plain=None, html=None, **headers) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "Ferry traffic grows – 12 %"
    message["From"] = "Ann <ann@x.org>"
    message["Date"] = "Tue, 05 Mar 2024 10:00:00 +0100"
    if plain is not None:
        message.set_content(plain)
    if html is not None:
        (message.add_alternative if plain is not None else message.set_content)(html, subtype="html")
    return message


def read(message):
    reading = ReadOptions()
    data = message if isinstance(message, bytes) else bytes(message)
    (loaded,) = read_mail(InputFile("a.eml", "a.eml", data, reading))
    return loaded, list(reading.notes)


def test_plain_text():
    message = mail(PLAIN, "<p>The ferry.</p>")
    message.add_attachment(b"abc", maintype="application", subtype="pdf", filename="report.pdf")
    loaded, notes = read(message)
    article = loaded.article
    assert (article.title, article.published) == ("Ferry traffic grows – 12 %", "2024-03-05")
    assert article.text.split("\n") == [
        "the ferry carried 3 million people in 2023, which is more than ever before in its history. The council voted "
        "to raise the budget of the ferry by 12 percent this year.",
        "First item.",
        "Second item that is longer.",
    ]
    assert [part.part for part in loaded.marked.parts] == ["list item", "list item"]
    assert dict(loaded.marked.dropped) == {"quoted passage": 1, "signature": 1, "greeting": 1, "closing": 1}
    assert notes == ["a.eml: attachments are not read: report.pdf"]


def test_html_is_read_where_the_plain_text_says_little():
    html = (
        "<html><head><style>p {}</style></head><body><table><tr><td><h1>Ferry</h1>"
        "<p>The ferry carried 3 million <b>people</b>.<br>It is a record &amp; that nobody expected.</p>"
        "<div style='display: none'>preview</div></td></tr>"
        "<tr><td><table><tr><th>Year</th><th>N</th></tr><tr><td>2022</td><td>3</td></tr></table></td></tr></table>"
        "<div class='gmail_signature'>Ann</div><p>-----Original Message-----</p><p>Old text.</p></body></html>"
    )
    loaded, _ = read(mail("See the HTML version.", html))
    assert loaded.article.text.split("\n") == [
        "Ferry",
        "The ferry carried 3 million people.",
        "It is a record & that nobody expected.",
        "Year: 2022; N: 3",
    ]
    assert [part.part for part in loaded.marked.parts] == ["heading", "table cell"]
    assert dict(loaded.marked.dropped) == {"quoted passage or signature": 1, "quoted passage": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("New.\n\nVon: Bob\nGesendet: Montag\n\nAlt.\n", "New."),
        (
            "---------- Forwarded message ---------\nFrom: Bob\nDate: Monday\n\nThe news.",
            "From: Bob\nDate: Monday\nThe news.",
        ),
        ("New.\n\nAm 4. März 2024 schrieb Bob:\n> Alt.\n\nMehr.", "New.\nMehr."),
        ("Text.\n\nSent from my iPhone", "Text."),
        ("From: Bob\nSent: Monday\n\nThe whole message.", "From: Bob\nSent: Monday\nThe whole message."),
        ("-- dashes are text.", "-- dashes are text."),
    ],
)
def test_replies_and_signatures(text, expected):
    assert read(mail(text))[0].article.text == expected


FACT = "The ferry carried 3 million people."


@pytest.mark.parametrize(
    ("greeting", "closing"),
    [
        ("Dear Mr. Smith,", "Kind regards,"),
        ("Hi all", "Best"),
        ("Sehr geehrte Frau Dr. Weiß,\nsehr geehrter Herr Braun,", "Mit freundlichen Grüßen"),
        ("Hallo zusammen,", "Viele Grüße aus Kiel"),
        ("Chère Anne, cher Paul,", "Bien cordialement,"),
        ("Estimados señores,", "Un saludo"),
        ("Gentile Dott. Rossi,", "Distinti saluti"),
        ("Geachte mevrouw De Vries,", "Met vriendelijke groet,"),
        ("Szanowni Państwo!", "Z poważaniem"),
        ("Prezados senhores,", "Atenciosamente,"),
    ],
)
def test_a_greeting_and_a_closing_are_no_claims(greeting, closing):
    under = "Ann Smith\nHead of Press, Town of X\n+44 20 7946 0000"
    loaded, _ = read(mail(f"{greeting}\n\n{FACT}\n\n{closing}\n{under}\n"))
    assert loaded.article.text == FACT
    assert dict(loaded.marked.dropped) == {"greeting": greeting.count("\n") + 1, "closing": 1}


@pytest.mark.parametrize(
    "text",
    [
        "Dear prices keep shoppers away.",  # a sentence
        "Hi Ann, the ferry carried 3 million people in 2023.",  # shares its line
        "Beste Ergebnisse aller Zeiten!",
        f"{FACT}\nDear all,",  # not at the beginning
        f"{FACT}\nThanks to the council, it did.",
        "Best regards\n" + "\n".join(f"Ferry number {n} sank." for n in range(12)),  # not at the end
    ],
)
def test_what_only_looks_like_a_courtesy_stays(text):
    assert read(mail(text))[0].article.text == text


def test_a_postscript_under_the_closing_stays():
    loaded, _ = read(mail(f"{FACT}\n\nCheers\nAnn\n\nPS: The budget rose by 12 percent.\n"))
    assert loaded.article.text == f"{FACT}\nPS: The budget rose by 12 percent."


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"Just some text.\n", "is no e-mail: it has no From, Date or Subject; export the message as .eml"),
        (bytes(mail("> Only a quotation.\n")), "has no text of its own (left out: 1 quoted passage); save the text"),
        (
            b"Subject: a\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 1_001 + b"--b--\n",
            "has 1,002 parts; at most 1,000 are read",
        ),
        (nested(101), "has parts in more than 100 other parts; no more are read. Save its text as .txt"),
        (nested(5_000), "has parts in more than 100 other parts"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(data, message):
    with pytest.raises(FaultsError) as refused:
        read(data)
    assert str(refused.value).startswith(f"a.eml: {message}")


def test_parts_in_as_many_others_as_are_read():
    assert read(nested(100))[0].article.text == "The town voted."


def test_odd_headers_and_charsets():
    data = b"Subject: =?x?q?a?=\nDate: nonsense\nContent-Type: text/plain; charset=nobody\n\nCaf\xc3\xa9 is open.\n"
    loaded, _ = read(data)
    assert loaded.article.text == "Café is open."
    assert loaded.article.published is None


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfSubject: a\n\nCaf\xc3\xa9 is open.\n",
        b"Subject: a\n\nCaf\xc3\xa9 is open.\n",
        b"Subject: a\nContent-Transfer-Encoding: 8bit\n\nCaf\xe9 is open.\n",
        b"Subject: a\nContent-Type: text/plain; charset=us-ascii\n\nCaf\xe9 is open.\n",
        "Subject: a\nContent-Type: text/plain; charset=iso-2022-jp\n\nCaf\u00e9 is open.\n".encode(),
    ],
)
def test_a_charset_that_is_missing_or_wrong(data):
    assert read(data)[0].article.text == "Café is open."


def test_parts_without_a_mark_between_them():
    assert read(b"Subject: a\nContent-Type: multipart/mixed\n\nOne town voted.\n")[0].article.text == "One town voted."


def test_a_message_that_has_attachments_only_says_so():
    message = mail()
    message.add_attachment(mail("Inner."))
    with pytest.raises(FaultsError, match=r"has no text; save what its attachments say as \.txt"):
        read(message)
