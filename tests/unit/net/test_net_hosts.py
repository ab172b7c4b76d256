"""bot.net.http.Hosts: where our tokens may go, and nowhere else."""

from __future__ import annotations

import pytest

from bot.net.http import Hosts

PUBLIC = Hosts(("microsoft.com", "smba.trafficmanager.net"))
LOCAL = Hosts(("127.0.0.1", "localhost", "::1", "microsoft.com"), loopback=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://microsoft.com",
        "https://graph.microsoft.com/v1.0/users",
        "https://a.b.microsoft.com:8443/",
        "https://GRAPH.Microsoft.COM/",
        "https://smba.trafficmanager.net/emea/",
    ],
)
def test_admits_listed_names_and_names_below(url: str) -> None:
    assert PUBLIC.admits(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://graph.microsoft.com/",
        "https://evilmicrosoft.com/",
        "https://microsoft.com.evil.org/",
        "https://trafficmanager.net/",
        "https://microsoft.com@evil.org/",
        "https://user:password@graph.microsoft.com/",
        "https://evil.org/?x=microsoft.com",
        "https://evil.org\\@microsoft.com/",
        "https://evil.org#.microsoft.com",
        "ftp://microsoft.com/",
        "//microsoft.com/",
        "microsoft.com",
        "https://",
        "https:///x",
        "",
        "https://[",
        "https://microsoft.com:port/",
        "http://127.0.0.1/",
        "https://127.0.0.1/",
        "https://localhost/",
    ],
)
def test_refuses_everything_else(url: str) -> None:
    assert not PUBLIC.admits(url)


def test_loopback_only_where_listed_and_switched_on() -> None:
    for url in ("http://127.0.0.1:3978/x", "https://localhost/", "http://[::1]:80/"):
        assert LOCAL.admits(url)
        assert not Hosts(LOCAL.allowed).admits(url)
        assert not Hosts(("microsoft.com",), loopback=True).admits(url)
    assert not LOCAL.admits("http://graph.microsoft.com/")
    assert not LOCAL.admits("http://127.0.0.2/")
    assert not LOCAL.admits("http://me@127.0.0.1/")
    assert not LOCAL.admits("http://127.0.0.1.evil.org/")


def test_of_takes_the_hosts_of_bases() -> None:
    hosts = Hosts.of("https://graph.microsoft.com", "http://127.0.0.1:99/graph", loopback=True)
    assert hosts.admits("https://graph.microsoft.com/beta")
    assert hosts.admits("http://127.0.0.1:99/graph/beta")
    assert not hosts.admits("https://api.partnercenter.microsoft.com/")


def test_metadata_hosts_speak_plain_http() -> None:
    hosts = Hosts((), metadata=("169.254.169.254",))
    assert hosts.admits("http://169.254.169.254/metadata/identity/oauth2/token")
    assert not hosts.admits("http://x.169.254.169.254/")
    assert not hosts.admits("https://169.254.169.254/")


def test_an_empty_name_admits_nothing() -> None:
    assert not Hosts(("",)).admits("https://evil.org./")
    assert not Hosts(()).admits("https://microsoft.com/")
