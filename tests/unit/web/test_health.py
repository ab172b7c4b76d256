"""Health: alive, ready by part, and numbers; what stops no turn makes nobody unready."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.domain.delivery import ItemKind, NewItem
from bot.domain.people import Route
from bot.errors import Refused, Transient
from bot.ports import SyncState
from bot.web import health
from tests.factories import CHANNEL, FABRIKAM, NORTHWIND, conversation
from tests.support.site import Site


async def test_it_is_alive(site: Site) -> None:
    assert await site.get("/healthz") == (200, {"status": "ok"})


async def test_it_is_ready_before_anything_was_read(site: Site) -> None:
    status, body = await site.get("/readyz")
    assert (status, body["ready"], body["store"], body["token"]) == (200, True, {"ok": True}, {"ok": True})
    assert body["partners"][NORTHWIND] == {"first_sync_done": False, "read_seconds_ago": None, "problem": None}


async def test_it_tells_the_age_of_what_waits_and_of_what_was_read(site: Site) -> None:
    house = site.house
    await house.know(conversation())
    now = house.clock.now()
    async with house.store.write() as tx:
        await tx.outbox.add([NewItem(CHANNEL, ItemKind.NOTICE)], now)
        await tx.syncs.put(SyncState(FABRIKAM, True, now - timedelta(seconds=10), now, "consent is missing"))
    house.clock.forward(90)
    status, body = await site.get("/readyz")
    assert status == 200
    assert (body["outbox"]["items"]["pending"], body["outbox"]["oldest_seconds"]) == (1, 90)
    assert body["partners"][FABRIKAM] == {
        "first_sync_done": True,
        "read_seconds_ago": 100,
        "problem": "consent is missing",
    }


async def test_a_route_into_a_conversation_that_nobody_heard_of_is_told(site: Site) -> None:
    await site.house.route()
    async with site.house.store.write() as tx:
        await tx.conversations.put_route(Route("19:typo@thread.tacv2", NORTHWIND, on=True))
        await tx.conversations.put_route(Route("19:off@thread.tacv2", NORTHWIND, on=False))
    assert (await site.get("/readyz"))[1]["conversations_never_heard_of"] == ["19:typo@thread.tacv2"]


@pytest.mark.parametrize(
    ("days", "warns"),
    [(90.0, False), (14.0, False), (13.9, True), (-1.0, True)],
    ids=["fresh", "14", "under-14", "over"],
)
async def test_it_tells_when_a_readers_sign_in_ends_and_warns_before(site: Site, days: float, warns: bool) -> None:
    ends = site.house.clock.now() + timedelta(days=days)
    site.readers.ends[NORTHWIND] = ends
    status, body = await site.get("/readyz")
    assert (status, body["ready"], set(body["readers"])) == (200, True, {NORTHWIND})
    found = body["readers"][NORTHWIND]
    assert (found["sign_in_ends"], found["days_left"]) == (ends.isoformat(), days)
    if warns:
        assert f"ends in {max(0, int(days))} days" in found["warning"]
        assert "python -m bot login" in found["warning"]
    else:
        assert found["warning"] is None
    assert found["problem"] is None


async def test_it_tells_of_a_readers_sign_in_that_does_not_work_any_more(site: Site) -> None:
    site.readers.ends[NORTHWIND] = site.house.clock.now() + timedelta(days=90)
    async with site.house.store.write() as tx:
        await tx.syncs.put(SyncState(NORTHWIND, True, error="The sign-in does not work any more (AADSTS50173)."))
    status, body = await site.get("/readyz")
    assert (status, body["readers"][NORTHWIND]["problem"]) == (200, "The sign-in does not work any more (AADSTS50173).")


async def test_a_readers_sign_in_that_cannot_be_read_stops_no_turn(site: Site) -> None:
    assert "readers" not in (await site.get("/readyz"))[1], "where nobody signed in there is nothing to tell"
    site.readers.ends[FABRIKAM] = Refused("The sign-in cannot be decrypted.")
    status, body = await site.get("/readyz")
    assert (status, body["readers"]) == (200, {FABRIKAM: {"problem": "The sign-in cannot be decrypted."}})


async def test_without_a_token_no_turn_can_be_answered(site: Site) -> None:
    site.token_away = Transient("Entra does not answer")
    status, body = await site.get("/readyz")
    assert (status, body["ready"], body["token"]) == (503, False, {"ok": False, "problem": "Entra does not answer"})
    assert body["store"] == {"ok": True}


async def test_without_the_database_neither(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> None:
        raise Transient("The database does not answer.")

    monkeypatch.setattr(site.house.store, "ping", away)
    status, body = await site.get("/readyz")
    assert (status, body["store"]["ok"], "outbox" in body) == (503, False, False)
    assert await site.get("/healthz") == (200, {"status": "ok"})


async def test_a_part_that_does_not_answer_in_time_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(site.house.store, "ping", never)
    monkeypatch.setattr(health, "_PART_SECONDS", 0.02)
    status, body = await site.get("/readyz")
    assert (status, body["store"]) == (503, {"ok": False, "problem": "no answer in time"})


async def test_the_numbers_count_every_answer_by_route_and_not_by_path(site: Site) -> None:
    await site.get("/healthz")
    await site.get("/exports/" + "x" * 30)
    await site.get("/no/such/place")
    status, text = await site.get("/metrics")
    assert status == 200
    assert 'alertdesk_http_seconds_count{route="/healthz",status="200"}' in text
    assert 'route="other",status="404"' in text
    assert "x" * 30 not in text
    assert "/no/such/place" not in text


async def test_what_the_bot_waits_for_before_it_can_work_is_told_as_the_stores_trouble(site: Site) -> None:
    site.starting = "The database does not answer."
    status, body = await site.get("/readyz")
    assert (status, body["store"]) == (503, {"ok": False, "problem": "The database does not answer."})
    assert "outbox" not in body


async def test_services_that_do_not_answer_stop_no_turn_and_are_told(site: Site) -> None:
    site.services = {"graph": {"ok": False, "problem": "It answers HTTP 503."}}
    status, body = await site.get("/readyz")
    assert (status, body["services"]) == (200, site.services)
