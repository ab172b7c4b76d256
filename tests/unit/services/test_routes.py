"""Which partner's alerts go where, who may say so, and how a new route begins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.delivery import ItemKind, OutboxItem
from bot.domain.people import ConversationState, Person, Roles, Route
from bot.errors import NotAllowed, NotChecked, Transient, Unknown, UserError
from bot.services.routes import FIRST_CARDS
from tests.factories import (
    ADA,
    CHANNEL,
    FABRIKAM,
    FAY,
    GENERAL,
    GIL,
    GUS,
    MAX,
    NORA,
    NORTHWIND,
    alert,
    conversation,
    minutes,
    personal,
    resolved,
)
from tests.support.house import House


async def routes(house: House, where: str = CHANNEL) -> tuple[Route, ...]:
    async with house.store.read() as tx:
        return await tx.conversations.routes(where)


def kinds(items: list[OutboxItem]) -> list[str]:
    return [item.kind for item in items if not item.payload.get("clock")]


@pytest.fixture
async def ready(house: House) -> House:
    """Northwind's first sync is done, and the channel is known."""
    await house.baseline()
    await house.know(conversation())
    return house


@pytest.mark.parametrize("who", [ADA, MAX], ids=lambda who: who.name)
async def test_an_admin_agent_routes_their_own_partner_here(ready: House, who: Person) -> None:
    assert await ready.routes.subscribe(who, conversation(), "") == ("Northwind",)
    (route,) = await routes(ready)
    assert (route.partner, route.on, route.by_id, route.filter) == (NORTHWIND, True, who.aad_id, "")
    assert await ready.audited() == [("route on", "done", who.name)]
    assert await ready.audited(FABRIKAM) == []


@pytest.mark.parametrize("who", [GIL, NORA, GUS, FAY], ids=lambda who: who.name)
async def test_nobody_else_turns_a_route_on_or_off(ready: House, who: Person) -> None:
    with pytest.raises(NotAllowed):
        await ready.routes.subscribe(who, conversation(), "")
    assert await routes(ready) == ()
    await ready.route()
    with pytest.raises(NotAllowed):
        await ready.routes.unsubscribe(who, conversation())
    assert [route.on for route in await routes(ready)] == [True]


async def test_who_cannot_be_checked_changes_nothing(ready: House) -> None:
    ready.directory.away = Transient("503")
    with pytest.raises(NotChecked):
        await ready.routes.subscribe(ADA, conversation(), "")
    assert await routes(ready) == ()


async def test_an_admin_agent_of_two_partners_in_one_tenant_routes_those_that_they_may(ready: House) -> None:
    """Two partners whose roles are checked in the same tenant; the person is Admin Agent of one."""
    house = ready
    house.env.partners[FABRIKAM] = replace(house.fabrikam, role_tenant_id=NORTHWIND)  # type: ignore[index]
    assert await house.routes.subscribe(ADA, conversation(), "") == ("Northwind",)
    house.directory.held[FABRIKAM, ADA.aad_id] = Roles(admin_agent=True)
    assert await house.routes.subscribe(ADA, conversation(), "") == ("Northwind", "Fabrikam")


async def test_a_bad_filter_routes_nothing(ready: House) -> None:
    with pytest.raises(UserError, match="Did you mean 'severity'"):
        await ready.routes.subscribe(ADA, conversation(), "sevrity:high")
    assert await routes(ready) == ()


async def test_turning_off_ends_it_and_is_on_record(ready: House) -> None:
    await ready.routes.subscribe(ADA, conversation(), "")
    assert await ready.routes.unsubscribe(ADA, conversation()) == ("Northwind",)
    assert [route.on for route in await routes(ready)] == [False]
    assert [act for act, *_ in await ready.audited()] == ["route on", "route off"]
    await ready.waiting()
    await ready.take_in(alert("new"))
    async with ready.store.write() as tx:
        assert await ready.cards.announce(tx, await ready.record(alert("new"))) == 0


async def test_saying_the_same_again_changes_nothing(ready: House) -> None:
    await ready.routes.subscribe(ADA, conversation(), "severity:high")
    await ready.waiting()
    await ready.routes.subscribe(ADA, conversation(), "severity:high")
    ready.channel.join(conversation(GENERAL), ADA, NORTHWIND)
    await ready.routes.unsubscribe(ADA, conversation(GENERAL))
    assert await ready.waiting() == []
    assert len(await ready.audit()) == 1


# Beginnings --------------------------------------------------------------------------------------------------------


async def test_a_new_route_begins_with_a_summary_and_the_young_open_alerts_most_severe_first(ready: House) -> None:
    house = ready
    now = house.clock.now()
    await house.take_in(
        alert("low", severity="low"),
        alert("high", severity="high"),
        alert("strange", severity="catastrophic"),
        alert("old", detected_at=now - minutes(24 * 60 + 1)),
        resolved("decided"),
        alert("theirs", partner=FABRIKAM),
    )
    await house.routes.subscribe(ADA, conversation(), "")
    items = [item for item in await house.waiting() if not item.payload.get("clock")]
    assert kinds(items) == [ItemKind.SUMMARY_CARD] + [ItemKind.ALERT_CARD] * 3
    assert items[0].payload == {"partner": NORTHWIND, "posted": 3}
    async with house.store.read() as tx:
        posted = [(await tx.cards.get(item.card_id)).alert.id for item in items[1:]]  # type: ignore[union-attr]
    assert posted == ["high", "strange", "low"]


async def test_at_most_ten_cards_come_with_it_and_the_summary_counts(ready: House) -> None:
    await ready.take_in(*(alert(f"alert-{number}") for number in range(FIRST_CARDS + 3)))
    await ready.routes.subscribe(ADA, conversation(), "")
    items = await ready.waiting()
    assert items[0].payload["posted"] == FIRST_CARDS == 10
    assert kinds(items).count(ItemKind.ALERT_CARD) == 10


async def test_the_filter_counts_from_the_beginning(ready: House) -> None:
    await ready.take_in(alert("low", severity="low"), alert("high"))
    await ready.routes.subscribe(ADA, conversation(), "severity:high")
    assert kinds(await ready.waiting()) == [ItemKind.SUMMARY_CARD, ItemKind.ALERT_CARD]


async def test_another_filter_begins_anew_and_posts_no_card_twice(ready: House) -> None:
    await ready.take_in(alert("low", severity="low"), alert("high"))
    await ready.routes.subscribe(ADA, conversation(), "severity:high")
    await ready.waiting()
    await ready.routes.subscribe(ADA, conversation(), "")
    assert kinds(await ready.waiting()) == [ItemKind.SUMMARY_CARD, ItemKind.ALERT_CARD]
    async with ready.store.read() as tx:
        assert len(await tx.cards.of_alert(alert("high").key)) == 1


async def test_before_the_first_sync_nothing_begins(house: House) -> None:
    await house.know(conversation())
    await house.take_in(alert())
    await house.routes.subscribe(ADA, conversation(), "")
    assert await house.waiting() == []
    await house.baseline()
    await house.routes.open_new(NORTHWIND)
    assert kinds(await house.waiting()) == [ItemKind.SUMMARY_CARD, ItemKind.ALERT_CARD]
    await house.routes.open_new(NORTHWIND)
    assert await house.waiting() == []


@pytest.mark.parametrize("state", [ConversationState.REMOVED, ConversationState.ARCHIVED, ConversationState.BLOCKED])
async def test_a_conversation_that_takes_nothing_begins_when_it_is_back(house: House, state: str) -> None:
    await house.baseline()
    await house.know(conversation(state=state))
    await house.take_in(alert())
    async with house.store.write() as tx:
        await tx.conversations.put_route(Route(CHANNEL, NORTHWIND, on=True))
    await house.routes.open_new(NORTHWIND)
    assert [route.summarised for route in await routes(house)] == [False]
    await house.conversations.installed(conversation())
    assert kinds(await house.waiting()) == [ItemKind.SUMMARY_CARD, ItemKind.ALERT_CARD]


async def test_configured_channels_are_routed_once_known_and_a_person_may_turn_them_off(house: House) -> None:
    house.env.partners[NORTHWIND] = replace(house.northwind, channels=(CHANNEL,))  # type: ignore[index]
    await house.baseline()
    await house.routes.configured()
    assert [(route.partner, route.on) for route in await routes(house)] == [(NORTHWIND, True)]
    assert await house.waiting() == []
    await house.conversations.installed(conversation())
    assert kinds(await house.waiting()) == [ItemKind.SUMMARY_CARD]
    await house.routes.unsubscribe(ADA, conversation())
    await house.routes.configured()  # the next start
    assert [route.on for route in await routes(house)] == [False]


async def test_a_route_may_lead_to_a_personal_chat(house: House) -> None:
    await house.baseline()
    await house.know(personal(ADA))
    house.channel.join(personal(ADA), ADA, NORTHWIND)
    assert await house.routes.subscribe(ADA, personal(ADA), "") == ("Northwind",)
    assert kinds(await house.waiting()) == [ItemKind.SUMMARY_CARD]


async def test_words_that_name_a_partner_leave_the_others_routes_alone(ready: House) -> None:
    """Ada is Admin Agent of both, whose roles are of one tenant."""
    ready.partners[FABRIKAM] = replace(ready.fabrikam, role_tenant_id=NORTHWIND)
    ready.directory.grant(FABRIKAM, ADA, admin_agent=True)
    assert await ready.routes.subscribe(ADA, conversation(), "") == ("Northwind", "Fabrikam")
    words = "partner:fabrikam reseller:Adatum"
    assert await ready.routes.subscribe(ADA, conversation(), words) == ("Fabrikam",)
    assert {(route.partner, route.filter) for route in await routes(ready)} == {(NORTHWIND, ""), (FABRIKAM, words)}


async def test_another_partners_name_routes_nothing(ready: House) -> None:
    with pytest.raises(Unknown, match="No partner of your tenant fits 'partner:Fabrikam', so nothing was changed"):
        await ready.routes.subscribe(ADA, conversation(), "partner:Fabrikam")
    assert await routes(ready) == ()
