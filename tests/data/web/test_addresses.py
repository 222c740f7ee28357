"""Which URLs and addresses are refused, in whatever spelling, and what the messages say."""

from __future__ import annotations

import pytest

from harness.data.web.addresses import check_url, is_url, shown, why_not_public
from harness.errors import FaultsError

NOT_PUBLIC = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.8.8.8",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.1.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:127.0.0.1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1111%eth0",
    "fec0::1",
    "ff02::1",
    "5f00::1",
    "no address",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_are_not_public(address):
    assert why_not_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"])
def test_public_addresses(address):
    assert why_not_public(address) is None


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("file:///etc/passwd", "has the scheme 'file'; only http and https are fetched. Give a local file by its path"),
        ("ftp://example.org/a", "has the scheme 'ftp'"),
        ("gopher://example.org/", "has the scheme 'gopher'"),
        ("data:text/html,hi", "has the scheme 'data'"),
        (
            "http://2130706433/",
            "writes an address as '2130706433'; expected four decimal numbers (192.0.2.1)",
        ),
        ("http://0x7f000001/", "writes an address as '0x7f000001'"),
        ("http://0x7f.1/", "writes an address as '0x7f.1'"),
        ("http://127.1/", "writes an address as '127.1'"),
        ("http://0177.0.0.1/", "is no valid URL"),
        ("http://1.2.3.4.5/", "writes an address as '1.2.3.4.5'"),
        ("http://①②⑦.⓪.⓪.①/", "is no valid URL"),
        ("http://ann:secret@example.org/", "names a user before '@'; no credentials are sent"),
        ("http://example.org@127.0.0.1/", "names a user before '@'"),
        ("http://@example.org/", "names a user before '@'"),
        ("http://example.org\\@127.0.0.1/", "has a space, a backslash or a control character"),
        ("http://example.org/a b", "has a space, a backslash or a control character"),
        ("http://example.org/\r\nHost: x", "has a space, a backslash or a control character"),
        ("http://exa%6dple.org/", "as its host; expected letters, digits, hyphens and dots"),
        ("http://example..org/", "as its host"),
        ("http://[fe80::1%25eth0]/", "as its host"),
        ("http://[::1/", "is no valid URL"),
        ("http:///path", "names no host; expected one, such as https://example.org/"),
        ("http:/example.org", "names no host; expected one, such as https://example.org/"),
        ("http://", "names no host; expected one, such as https://example.org/"),
        ("http://example.org:22/", "names the port 22; allowed are 80 for http and 443 for https"),
        ("http://example.org:0/", "names the port 0"),
        ("http://example.org:443/", "names the port 443"),
        ("http://example.org:99999/", "names the port 99999"),
        ("http://example.org/" + "a" * 4_000, "has 4,019 characters; allowed are 4,000"),
    ],
)
def test_what_is_refused_before_anything_is_resolved(url, message):
    with pytest.raises(FaultsError) as refused:
        check_url(url)
    assert message in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://Example.ORG./News?id=5#top", "https://example.org/News?id=5"),
        ("http://example.org:80", "http://example.org/"),
        ("https://münchen.de/straße", "https://xn--mnchen-3ya.de/stra%C3%9Fe"),
        ("https://example.org/a/../b", "https://example.org/b"),
        ("https://[2606:4700::1111]/x", "https://[2606:4700::1111]/x"),
        ("https://user.example.org/@ann/5", "https://user.example.org/@ann/5"),
    ],
)
def test_one_spelling_of_a_url(url, expected):
    assert check_url(url).url == expected


def test_a_file_whose_name_looks_like_a_url_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert is_url("http:page.html")
    (tmp_path / "http:page.html").write_text("x")
    assert not is_url("http:page.html")
    assert [is_url(name) for name in ("a.txt", "hub:a/b", "C:/a.txt", "-", tmp_path)] == [False] * 5
    assert is_url("ssh://host/path")


def test_credentials_are_not_printed():
    assert shown("https://ann:secret@example.org/a@b") == "https://***@example.org/a@b"
