"""What happens to conversations: the bot is removed, renamed around, archived, moved or blocked."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from bot.domain.people import Conversation
from tests.support.desk import Desk


async def known(desk: Desk, where: str = "alerts") -> Conversation:
    async with desk.parts.store.read() as tx:
        found = await tx.conversations.get(desk.place(where).id)
    assert found is not None
    return found


async def sent_to(desk: Desk, since: int) -> list[Any]:
    return [entry for entry in desk.requests("connector", since=since) if entry.method in ("POST", "PUT")]


@pytest.mark.parametrize(
    ("stop", "start"), [("remove", "install"), ("archiveTeam", "unarchiveTeam"), ("deleteChannel", "restoreChannel")]
)
async def test_what_stops_keeps_its_work_and_goes_on_later(desk: Desk, stop: str, start: str) -> None:
    place = desk.place("alerts")
    old, post = await desk.posted()
    await desk.lifecycle(stop, place)
    before = desk.mark()
    alert = await desk.alert()
    await desk.in_portal(old, "resolve", reason="fraud", by="max")
    for _ in range(3):
        await desk.settle("northwind")
        desk.clock.forward(120)
    assert await sent_to(desk, before) == []
    await desk.lifecycle(start, place)
    await desk.settle("northwind")
    assert await desk.card(alert)
    after = await desk.card(old)
    assert after.id == post.id
    assert "Fraud by" in after.card.text
    assert len([found for found in await desk.posts() if "are now sent here" in found.text]) == 1, (
        "the route did not begin anew"
    )


async def test_other_conversations_go_on_meanwhile(desk: Desk) -> None:
    await desk.lifecycle("install", "chat")
    await desk.ask("ada", "subscribe", "chat")
    await desk.lifecycle("remove", "alerts")
    alert = await desk.alert()
    await desk.settle("northwind")
    assert await desk.card(alert, "chat")
    assert not await desk.cards_of(alert)


async def test_a_deleted_team_gets_nothing(desk: Desk) -> None:
    place = desk.place("alerts")
    await desk.lifecycle("deleteTeam", place)
    before = desk.mark()
    await desk.alert()
    await desk.settle("northwind")
    assert await sent_to(desk, before) == []


async def test_renaming_is_followed(desk: Desk) -> None:
    place = desk.place("alerts")
    await desk.lifecycle("renameChannel", place, name="Incidents & <b>more</b>")
    assert (await known_by_id(desk, place.id)).name == "Incidents & <b>more</b>"
    await desk.lifecycle("renameTeam", place, name="SecOps")
    assert (await known_by_id(desk, place.id)).team_name == "SecOps"
    alert = await desk.alert()
    await desk.settle("northwind")
    assert any(alert["displayName"] in str(message.activity) for message in place.messages.values())


async def known_by_id(desk: Desk, conversation_id: str) -> Conversation:
    async with desk.parts.store.read() as tx:
        found = await tx.conversations.get(conversation_id)
    assert found is not None
    return found


async def test_removed_from_a_personal_chat(desk: Desk) -> None:
    await desk.ask("ada", "help", "ada")
    await desk.lifecycle("remove", "ada", person="ada")
    said = await desk.ask("ada", "export all")
    assert not desk.place("ada").installed
    assert "sign in" in said.text, "a link, as for everybody who has not installed it"
    await desk.ask("ada", "help", "ada")
    assert "personal chat" in (await desk.ask("ada", "export all")).text


async def test_people_who_join_and_leave_are_no_matter(desk: Desk) -> None:
    count = len(await desk.posts())
    assert await desk.lifecycle("removeMember", person="nora") == [202]
    assert await desk.lifecycle("addMember", person="nora") == [202]
    assert len(await desk.posts()) == count


async def test_an_install_that_is_told_twice_greets_once(desk: Desk) -> None:
    place = desk.place("general")
    greetings = [post for post in await desk.posts("general") if post.is_greeting]
    assert len(greetings) == 1
    await desk.lifecycle("install", place)
    assert len([post for post in await desk.posts("general") if post.is_greeting]) == 1


async def test_a_blocked_conversation_is_left_alone_until_something_is_heard_from_it(desk: Desk) -> None:
    for status, code in (
        (403, "BotDisabledByAdmin"),
        (403, "BotNotInConversationRoster"),
        (403, "ConversationBlockedByUser"),
        (403, "MessageWritesBlocked"),
        (404, "ConversationNotFound"),
    ):
        alert = await desk.alert()
        await desk.fault("connector", "POST", "/activities$", status=status, code=code)
        await desk.settle("northwind")
        before = desk.mark()
        other = await desk.alert()
        for _ in range(3):
            await desk.settle("northwind")
            desk.clock.forward(120)
        assert await sent_to(desk, before) == [], code
        await desk.ask("ada", "help")
        await desk.deliver()
        assert await desk.card(alert), code
        assert await desk.card(other), code


async def test_a_new_service_url_is_followed(desk: Desk) -> None:
    """Teams moves a tenant to another region: the next activity tells where to."""
    heard: list[str] = []

    async def take(request: web.Request) -> web.Response:
        heard.append(f"{request.method} {request.path}")
        assert request.headers["Authorization"].startswith("Bearer ")
        return web.json_response({"id": f"17{len(heard):011d}"}, status=201)

    elsewhere = web.Application()
    elsewhere.router.add_route("*", "/{rest:.*}", take)
    runner = web.AppRunner(elsewhere, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/amer/"
        await desk.say("ada", "help")
        activity = desk.requests("bot")[-1].body
        assert (await desk.raw({**activity, "id": "1999999999999", "serviceUrl": url}))[0] == 202
        assert len(heard) == 1, "the answer already goes there"
        await desk.alert()
        await desk.settle("northwind")
        assert len(heard) == 2
        assert all(call.startswith("POST /amer/v3/conversations/") for call in heard)
        assert (await known(desk)).service_url == url
    finally:
        await runner.cleanup()


async def test_a_service_url_that_is_not_ours_is_refused(desk: Desk) -> None:
    await desk.say("ada", "help")
    activity = desk.requests("bot")[-1].body
    for url in ("https://evil.invalid/", "http://localhost:1/", "http://127.0.0.1.evil.invalid/"):
        status, _ = await desk.raw({**activity, "id": f"x{url}", "serviceUrl": url})
        assert status == 403
    assert (await known(desk)).service_url == activity["serviceUrl"]
