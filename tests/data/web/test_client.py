"""The guarded client against a real server: what it refuses, what it cuts, and what it sends."""

from __future__ import annotations

import gzip
import shutil
import socket
import ssl
import subprocess
import time
import tracemalloc

import pytest
from web_server import PAGE, to_this_machine, web_serving

from harness.data.web.client import WebClient
from harness.errors import FaultsError


def refusal(client, url):
    """The fault of a fetch: its code and its message, which begins with the URL."""
    with pytest.raises(FaultsError) as refused:
        client.fetch(url)
    (fault,) = refused.value.faults
    assert str(fault).startswith(url)
    return fault.code, fault.message


def test_a_page_and_what_is_sent_for_it(web, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    url = web.page("/a?b=1", "text", Content_Type="Text/HTML; charset=Latin1", Set_Cookie="id=1")
    fetched = web.client().fetch(f"{url}#part")
    assert (fetched.data, fetched.status, fetched.media_type, fetched.charset) == (b"text", 200, "text/html", "latin1")
    assert (fetched.url, fetched.final_url, fetched.is_cut) == (f"{url}#part", url, False)
    assert fetched.date.endswith("+00:00")
    assert [path for path, _ in web.requests] == ["/robots.txt", "/a?b=1"]
    headers = web.requests[1][1]
    assert headers["Host"] == f"news.test:{web.port}"
    assert headers["User-Agent"].startswith("claim-harness/")
    assert sorted(headers) == ["Accept", "Accept-Encoding", "Connection", "Host", "User-Agent"]


def test_this_machine_is_refused_by_default(web):
    web.page("/", "secret")
    code, message = refusal(WebClient(any_port=True), f"http://127.0.0.1:{web.port}/")
    assert code == "not-public"
    assert message.startswith("127.0.0.1 is of this machine (loopback); only public addresses are fetched.")
    code, message = refusal(WebClient(any_port=True), f"http://localhost:{web.port}/")
    assert code == "not-public"
    assert web.requests == []


def test_one_private_address_among_public_ones_is_refused(web):
    client = web.client(resolver=lambda _: ["127.0.0.1", "10.0.0.7"])
    code, message = refusal(client, web.page("/", "x"))
    assert code == "not-public"
    assert message.startswith("news.test (10.0.0.7) is private; only public addresses are fetched.")
    assert web.requests == []


def test_a_name_that_changes_its_address_gains_nothing(web, monkeypatch):
    url = web.page("/", "x")
    answers = iter([["127.0.0.1"], ["127.0.0.1"], ["10.0.0.7"]])
    client = web.client(resolver=lambda _: next(answers))
    asked = set()
    original = socket.getaddrinfo

    def record(host, *args, **options):
        asked.add(host)
        return original(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", record)
    assert client.fetch(url).data == b"x"
    assert asked == {"127.0.0.1"}  # what was checked, and never the name
    assert refusal(client, url)[0] == "not-public"


def test_the_next_address_is_tried_where_one_does_not_answer(web):
    url = web.page("/", "x")
    client = web.client(resolver=lambda _: ["127.0.0.2", "127.0.0.1"], refusal=lambda _: None)
    assert client.fetch(url).data == b"x"


@pytest.mark.parametrize(
    ("target", "code", "message"),
    [
        ("http://10.0.0.1/admin", "not-public", "leads to http://10.0.0.1; 10.0.0.1 is private"),
        ("http://169.254.169.254/latest/", "not-public", "169.254.169.254 is a cloud's metadata service"),
        ("http://[::1]/", "not-public", "::1 is of this machine (loopback)"),
        ("//[::ffff:127.0.0.1]/", "not-public", "::ffff:7f00:1 is an IPv4 address in an IPv6 one"),
        ("file:///etc/passwd", "scheme", "redirects to file:/etc/passwd, which has the scheme 'file'"),
        ("http://2130706433/", "url", "redirects to http://2130706433/, which writes an address as '2130706433'"),
        ("http://ann:pw@example.org/", "url", "redirects to http://***@example.org/, which names a user before '@'"),
        ("http://[", "url", "redirects to http://%5b, which has '%5b' as its host"),
    ],
)
def test_redirects_to_what_is_not_fetched(web, target, code, message):
    found_code, found = refusal(web.client(), web.redirect("/to", target))
    assert found_code == code
    assert message in found


def test_redirects_are_followed_five_times(web):
    web.page("/5", "end")
    for number in range(5):
        web.redirect(f"/{number}", f"{number + 1}", (301, 302, 303, 307, 308)[number])
    fetched = web.client().fetch(web.url("/0"))
    assert (fetched.data, fetched.final_url) == (b"end", web.url("/5"))
    web.redirect("/loop", "/loop")
    code, message = refusal(web.client(), web.url("/loop"))
    assert code == "redirects"
    assert "redirects more than 5 times" in message


def test_robots_of_the_host_that_a_redirect_leads_to_hold(web):
    web.page("/robots.txt", "User-agent: *\nDisallow: /private", Content_Type="text/plain")
    url = web.redirect("/to", web.url("/private/page", host="other.test"))
    code, message = refusal(web.client(), url)
    assert code == "robots"
    assert f"http://other.test:{web.port}/robots.txt does not allow programs to fetch this page" in message
    assert "('Disallow: /private')" in message
    assert [path for path, _ in web.requests] == ["/robots.txt", "/to", "/robots.txt"]


@pytest.mark.parametrize(("status", "is_allowed"), [(404, True), (403, True), (500, False), (503, False)])
def test_robots_that_cannot_be_read(web, status, is_allowed):
    url = web.page("/a", "text")
    web.page("/robots.txt", "User-agent: *\nDisallow: /", status=status)
    if is_allowed:
        assert web.client().fetch(url).data == b"text"
    else:
        code, message = refusal(web.client(), url)
        assert code == "robots"
        assert f"the server responded {status}, so what the site allows is unknown" in message
        assert web.paths == []


def test_robots_that_fail_are_asked_for_once(web):
    web.page("/robots.txt", "", status=500)
    client = web.client()
    for path in ("/a", "/b"):
        assert refusal(client, web.url(path))[0] == "robots"
    assert len(web.requests) == 1


def test_a_redirect_to_a_path_in_utf_8(web):
    def answer(request):
        request.wfile.write("HTTP/1.1 302 Found\r\nLocation: /stra\u00dfe x\r\nContent-Length: 0\r\n\r\n".encode())

    web.routes["/to"] = answer
    web.page("/stra%C3%9Fe%20x", "here")
    assert web.client().fetch(web.url("/to")).data == b"here"


def test_robots_that_redirect_to_a_private_host_are_not_read(web):
    web.redirect("/robots.txt", "http://10.0.0.1/robots.txt")
    assert refusal(web.client(), web.page("/a", "text"))[0] == "not-public"


def test_robots_are_read_once_and_a_host_is_given_time(web):
    web.page("/robots.txt", "User-agent: *\nCrawl-delay: 7\nDisallow: /x")
    urls = [web.page(f"/{name}", "text") for name in "ab"]
    client = web.client()
    for url in urls:
        client.fetch(url)
    assert [path for path, _ in web.requests] == ["/robots.txt", "/a", "/b"]
    assert [round(wait) for wait in web.waits] == [7]
    client.fetch(web.url("/b", host="other.test"))
    assert len(web.waits) == 1


def test_the_pauses_between_redirects_are_no_time_of_the_fetch(web):
    web.page("/robots.txt", "User-agent: *\nCrawl-delay: 0.4")
    web.page("/c", "text")
    web.redirect("/b", "/c")
    client = web.client(limits={"total_s": 0.6})
    client.sleep = time.sleep
    assert client.fetch(web.redirect("/a", "/b")).data == b"text"


def test_a_charset_in_an_encoding_that_is_none(web):
    url = web.page("/", "text", Content_Type="text/html; charset*=a%00b'en'x")
    assert web.client().fetch(url).charset is None


def test_a_page_that_never_ends_is_cut(web):
    fetched = web.client(limits={"max_bytes": 300_000}).fetch(web.endless("/", b"x" * 10_000))
    assert (len(fetched.data), fetched.is_cut) == (300_000, True)


@pytest.mark.parametrize("members", [1, 300])
def test_a_gzip_bomb_is_cut_without_taking_memory(web, members):
    bomb = gzip.compress(b"\0" * (20_000_000 // members), mtime=0) * members
    url = web.page("/", bomb, Content_Encoding="gzip")
    tracemalloc.start()
    try:
        fetched = web.client(limits={"max_bytes": 1_000_000}).fetch(url)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (len(fetched.data), fetched.is_cut) == (1_000_000, True)
    assert peak < 8_000_000


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip"])
def test_packing_that_was_not_asked_for_is_refused(web, encoding):
    code, message = refusal(web.client(), web.page("/", b"...", Content_Encoding=encoding))
    assert code == "connection"
    assert f"packed as '{encoding}', which was not asked for; allowed is gzip" in message


def test_gzip_is_unpacked(web):
    text = "The ferry ran 412 times. " * 40_000
    packed = gzip.compress(text.encode())
    assert web.client().fetch(web.page("/", packed, Content_Encoding="gzip")).data == text.encode()
    assert web.client().fetch(web.page("/", packed + packed, Content_Encoding="gzip")).data == text.encode() * 2
    assert web.client().fetch(web.page("/", packed + b"\0\0\1", Content_Encoding="gzip")).data == text.encode()
    for damaged in (packed[:-20], b"no gzip at all", b"\x1f\x8b\x08"):
        assert refusal(web.client(), web.page("/", damaged, Content_Encoding="gzip"))[0] == "connection"


@pytest.mark.parametrize(
    ("chunk", "limits", "message"),
    [
        (b"x", {"read_s": 0.5, "total_s": 0.3}, "did not end within 0.3 s"),
        (b"", {"read_s": 0.2, "total_s": 2}, "sent nothing for 0.2 s"),
    ],
)
def test_a_slow_page_ends(web, chunk, limits, message):
    url = web.endless("/", chunk, pause_s=0.05, seconds=1.5)
    client = web.client(limits=limits)
    begin = time.monotonic()
    code, text = refusal(client, url)
    assert code == "time-limit"
    assert message in text
    assert time.monotonic() - begin < 1.2


def test_a_server_that_sends_its_head_in_drips_ends(web):
    def drip(request):
        request.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(30):
            request.wfile.write(b"X: y\r\n")
            time.sleep(0.05)

    web.routes["/"] = drip
    assert refusal(web.client(limits={"total_s": 0.3}), web.url("/"))[0] == "time-limit"


def test_a_server_that_takes_no_connection_and_one_that_speaks_something_else(web):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        code, message = refusal(web.client(), f"http://news.test:{closed.getsockname()[1]}/")
    assert code == "connection"
    assert "cannot be connected to" in message
    web.routes["/"] = lambda request: request.wfile.write(b"220 mail.test ESMTP\r\n")
    assert refusal(web.client(), web.url("/"))[0] == "connection"
    web.routes["/"] = lambda request: request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort")
    assert refusal(web.client(), web.url("/"))[0] == "connection"


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "401: the page needs a login, and none is sent"),
        (403, "403: the site refuses programs"),
        (404, "404: there is no such page; check the URL"),
        (429, "429: the site asks for fewer requests (Retry-After: 60); try again later"),
        (500, "500: the server failed; try again later"),
        (204, "204: save the page with your browser"),
        (304, "304: save the page with your browser"),
    ],
)
def test_a_page_that_is_not_given(web, status, message):
    code, text = refusal(web.client(), web.page("/", b"", status=status, Retry_After="60"))
    assert code == "http-status"
    assert f"the server responded {message}" in text


def test_an_empty_page(web):
    assert refusal(web.client(), web.page("/", b"")) == (
        "empty",
        "the server sent nothing; save the page with your browser and give the file",
    )


def test_a_machine_that_cannot_resolve_names(web):
    def fails(host):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    code, message = refusal(web.client(resolver=fails), "http://example.org/")
    assert code == "unresolved"
    assert message.startswith(
        "the name 'example.org' cannot be resolved (Temporary failure in name resolution); check its spelling and "
        "this machine's network and DNS"
    )
    assert "(no address)" in refusal(web.client(resolver=lambda _: []), "http://example.org/")[1]


def test_a_resolver_that_does_not_answer_ends(web):
    client = web.client(resolver=lambda _: time.sleep(2) or ["127.0.0.1"], limits={"connect_s": 0.1})
    code, message = refusal(client, "http://example.org/")
    assert code == "unresolved"
    assert "(no answer within 0.1 s)" in message


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of news.test, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed, which makes the certificate of the server")
    folder = tmp_path_factory.mktemp("tls")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem"]
    name = ["-subj", "/CN=news.test", "-addext", "subjectAltName=DNS:news.test"]
    command = ["openssl", "req", "-x509", *key, *name, "-days", "2", "-out", "certificate.pem"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return folder / "certificate.pem", folder / "key.pem"


def test_certificates_are_checked_for_the_name_although_the_address_is_pinned(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    names = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    trusting = ssl.create_default_context(cafile=certificate[0])
    with web_serving(context) as server:
        server.page("/", PAGE.format(title="x"))
        server.redirect("/down", "http://news.test/")
        url = f"https://news.test:{server.port}/"
        client = server.client(context=trusting)
        assert client.fetch(url).status == 200
        assert set(names) == {"news.test"}
        assert server.requests[-1][1]["Host"] == f"news.test:{server.port}"
        code, message = refusal(client, f"https://other.test:{server.port}/")
        assert code == "connection"
        assert "certificate" in message.lower()
        code, message = refusal(client, f"{url}down")
        assert code == "downgrade"
        assert message.startswith("redirects from https to http://news.test/, which anyone on the way can read")
        assert "certificate" in refusal(server.client(), url)[1].lower()


def test_names_of_this_machine_are_addresses_to_the_helper():
    assert to_this_machine("10.0.0.1") == ["10.0.0.1"]
