"""Who does not answer is known from the calls themselves, by name, since when, and until it answers."""

from __future__ import annotations

import httpx
import pytest

from bot.errors import Permanent, Transient
from bot.net.contacts import Contacts
from bot.net.heartbeat import UrlHeartbeat
from bot.net.http import Hosts, Http
from bot.net.sync_http import SyncHttp
from tests.fakes import FakeClock, FakeIds

HOSTS = Hosts(("example.com",), name="graph")
URL = "https://example.com/x"


class Service:
    """Answers what it is told to: a status, or an error of the network."""

    def __init__(self) -> None:
        self.answer: int | Exception = 200
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url}")
        if isinstance(self.answer, Exception):
            raise self.answer
        return httpx.Response(self.answer)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def contacts(clock: FakeClock) -> Contacts:
    return Contacts(clock)


@pytest.fixture
def http(clock: FakeClock, ids: FakeIds, service: Service, contacts: Contacts) -> Http:
    return Http(clock, ids, transport=httpx.MockTransport(service), contacts=contacts)


async def test_trouble_has_a_beginning_and_an_end(
    http: Http, service: Service, contacts: Contacts, clock: FakeClock
) -> None:
    assert contacts.told() == {}
    began = clock.now()
    service.answer = 503
    await http.request("POST", URL, hosts=HOSTS)
    clock.forward(60)
    service.answer = httpx.ConnectError("no")
    with pytest.raises(Transient):
        await http.request("POST", URL, hosts=HOSTS)
    assert contacts.told() == {
        "graph": {
            "ok": False,
            "problem": "example.com cannot be reached.",
            "since": began.isoformat(),
            "last": clock.now().isoformat(),
        }
    }
    service.answer = 403  # a no is an answer
    await http.request("POST", URL, hosts=HOSTS)
    assert contacts.told() == {"graph": {"ok": True}}


async def test_what_has_no_name_is_not_kept(http: Http, service: Service, contacts: Contacts) -> None:
    service.answer = 500
    await http.request("GET", URL, hosts=Hosts(("example.com",)))
    assert contacts.told() == {}


def test_the_blocking_client_tells_too(service: Service, contacts: Contacts, clock: FakeClock) -> None:
    http = SyncHttp(clock, transport=httpx.MockTransport(service), contacts=contacts)
    service.answer = httpx.ReadTimeout("slow")
    with pytest.raises(Transient):
        http.request("GET", URL, hosts=HOSTS)
    assert contacts.told()["graph"] != {"ok": True}
    service.answer = 200
    http.request("GET", URL, hosts=HOSTS)
    assert contacts.told() == {"graph": {"ok": True}}
    http.close()


# The heartbeat -------------------------------------------------------------------------------------------------------


async def test_a_heartbeat_is_one_get_of_that_address(http: Http, service: Service) -> None:
    await UrlHeartbeat(http, "https://beats.example/ping/secret", loopback=False).beat()
    assert service.asked == ["GET https://beats.example/ping/secret"]


@pytest.mark.parametrize("answer", [302, 404, 500, httpx.ConnectError("no"), httpx.ReadTimeout("slow")])
async def test_one_that_is_not_taken_is_told_without_its_secret(
    http: Http, service: Service, answer: int | Exception
) -> None:
    service.answer = answer
    with pytest.raises(Transient) as raised:
        await UrlHeartbeat(http, "https://beats.example/ping/secret", loopback=False).beat()
    assert "secret" not in str(raised.value)
    assert len(service.asked) == 1


async def test_loopback_needs_the_switch(http: Http, service: Service) -> None:
    with pytest.raises(Permanent):
        await UrlHeartbeat(http, "http://127.0.0.1:9/ping", loopback=False).beat()
    assert service.asked == []
