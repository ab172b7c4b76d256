"""Storms as a conversation sees them: one card that counts, lists and links, and single cards again when it is calm."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.alerts import Alert, AlertRecord
from bot.domain.delivery import ItemKind
from bot.domain.storms import CALM, EVERYTHING, POSTS_MOST, REDRAW_EVERY, RollUp, RollUpState, ScopeKind
from bot.errors import Transient
from bot.services.filtering import words_query
from bot.texts.working import snooze_over_line
from tests.factories import ADA, CHANNEL, CUSTOMER, FABRIKAM, GENERAL, NORTHWIND, SUBSCRIPTION, alert, conversation
from tests.fakes import Posted, Trouble
from tests.support.house import House

TEN_MINUTES = CALM.total_seconds()


@pytest.fixture
async def desk(house: House) -> House:
    """Northwind's alerts go to the channel."""
    await house.baseline()
    await house.route()
    house.directory.customers[CUSTOMER] = "Contoso Ltd"
    return house


def many(count: int, start: int = 0, **changes: Any) -> list[Alert]:
    """Each of a subscription and customer of its own, unless told otherwise."""
    return [
        alert(
            f"alert-{number:04}",
            **{"subscription_id": f"sub-{number:04}", "customer_tenant_id": f"customer-{number:04}", **changes},
        )
        for number in range(start, start + count)
    ]


def of_one(count: int, start: int = 0, **changes: Any) -> list[Alert]:
    """All of one subscription."""
    return many(count, start, **{"subscription_id": SUBSCRIPTION, "customer_tenant_id": CUSTOMER, **changes})


async def come(house: House, alerts: Sequence[Alert]) -> None:
    """They are new at Partner Center, and are read."""
    house.source.put(*alerts)
    await house.intake.poll(house.northwind)


async def open_ones(house: House, where: str = CHANNEL) -> list[RollUp]:
    async with house.store.read() as tx:
        return list(await tx.rollups.open_in(where))


async def members(house: House, rollup: RollUp, status: str = "") -> tuple[AlertRecord, ...]:
    async with house.store.read() as tx:
        return await house.cards.rollups.members(tx, rollup.id, status)


def words(posted: Posted) -> str:
    """All that stands on the card."""
    return str(posted.message.card)


async def waited(house: House, seconds: float = 0.0) -> None:
    """So much later everything that is due is sent."""
    house.clock.forward(seconds)
    await house.deliver()


async def calm(house: House) -> None:
    await house.calming.step()
    await house.deliver()


@pytest.mark.parametrize(
    ("alerts", "cards"),
    [(of_one(5), 5), (many(30), 30), (many(15, customer_tenant_id=CUSTOMER), 15)],
    ids=["subscription", "conversation", "customer"],
)
async def test_below_the_limits_each_alert_has_its_own_card(desk: House, alerts: list[Alert], cards: int) -> None:
    await come(desk, alerts)
    assert await open_ones(desk) == []
    await desk.deliver()
    assert len(desk.channel.cards()) == cards


@pytest.mark.parametrize(
    ("alerts", "kind"),
    [
        (of_one(6), ScopeKind.SUBSCRIPTION),
        (many(16, customer_tenant_id=CUSTOMER), ScopeKind.CUSTOMER),
        (many(31), ScopeKind.CONVERSATION),
    ],
    ids=["subscription", "customer", "conversation"],
)
async def test_above_one_card_stands_for_all_that_came_and_were_not_sent(
    desk: House, alerts: list[Alert], kind: ScopeKind
) -> None:
    await come(desk, alerts)
    (rollup,) = await open_ones(desk)
    assert rollup.scope.kind is kind
    await desk.deliver()
    (card,) = desk.channel.cards()
    assert f"Many alerts at once · {len(alerts)}" in words(card)
    assert len(await members(desk, rollup)) == len(alerts)


async def test_alerts_that_come_slowly_are_no_storm(desk: House) -> None:
    for number in range(12):
        await come(desk, of_one(1, number))
        desk.clock.forward(13)
    assert await open_ones(desk) == []


async def test_what_was_sent_before_stays_as_it_is(desk: House) -> None:
    await come(desk, of_one(3))
    await desk.deliver()
    await come(desk, of_one(4, 3))
    (rollup,) = await open_ones(desk)
    await desk.deliver()
    assert len(desk.channel.cards()) == 4
    assert {record.alert.id for record in await members(desk, rollup)} == {f"alert-{n:04}" for n in range(3, 7)}


async def test_further_alerts_join_and_the_card_is_drawn_again_at_most_every_ten_seconds(desk: House) -> None:
    await come(desk, of_one(6))
    await desk.deliver()
    (card,) = desk.channel.cards()
    for number in range(30):  # over a minute
        await come(desk, of_one(1, 6 + number))
        await waited(desk, 2.0)
    assert len(desk.channel.cards()) == 1
    assert 5 <= len(card.versions) <= 60 / REDRAW_EVERY.total_seconds() + 1
    await waited(desk, REDRAW_EVERY.total_seconds())
    assert "Many alerts at once · 36" in words(card)


async def test_the_card_counts_lists_and_links(desk: House) -> None:
    await come(desk, [*of_one(8, severity="low"), *of_one(4, 8, severity="high", alert_type="CryptoMining")])
    await desk.deliver()
    (card,) = desk.channel.cards()
    said = words(card)
    for part in (
        "12: 4 high, 8 low",
        "usageAnomalyDetected (8), CryptoMining (4)",
        "Contoso Ltd",
        "Storm since 12:30 UTC",
    ):
        assert part in said, part
    assert said.count("alert.details") == 2 * 10  # each with its fallback
    assert said.index("A-1012") < said.index("A-1009") < said.index("A-1008"), "the worst first"
    assert "and 2 more" in said
    assert f"all subscription:{SUBSCRIPTION} since:2026-03-01T12:25Z" in said


async def test_the_link_reaches_every_alert(desk: House) -> None:
    await come(desk, [*of_one(6), *of_one(40, 6, detected_at=desk.clock.now() - timedelta(hours=3))])
    await desk.deliver()
    button = next(it for it in _actions(desk.channel.cards()[0].message.card) if it["title"].startswith("All since"))
    async with desk.store.read() as tx:
        wanted = words_query(button["data"]["words"], frozenset({NORTHWIND}), desk.partners, desk.clock.now())
        assert await tx.alerts.count(wanted) == 46


def _actions(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, list):
        return [found for each in part for found in _actions(each)]
    if not isinstance(part, dict):
        return []
    own = [part] if part.get("type") == "Action.Execute" else []
    return own + [found for each in part.values() for found in _actions(each)]


async def test_other_alerts_have_their_own_cards_while_one_subscription_storms(desk: House) -> None:
    await come(desk, of_one(10))
    await come(desk, many(3, 20))
    await desk.deliver()
    assert len(desk.channel.cards()) == 1 + 3


async def test_another_conversation_has_its_own_storm(desk: House) -> None:
    await desk.route(where=GENERAL, words="severity:high")
    await come(desk, [*of_one(6, severity="low"), *of_one(4, 6, severity="high")])
    await desk.deliver()
    assert len(await open_ones(desk)) == 1
    assert len(desk.channel.cards(CHANNEL)) == 1
    assert await open_ones(desk, GENERAL) == []
    assert len(desk.channel.cards(GENERAL)) == 4


async def test_more_than_five_storms_at_once_share_the_conversations_card(desk: House) -> None:
    for place in range(8):
        await come(desk, many(6, 10 * place, subscription_id=f"sub-{place}", customer_tenant_id=f"customer-{place}"))
        desk.clock.forward(20)  # so that the conversation itself is below its limit
    kinds = [rollup.scope.kind for rollup in await open_ones(desk)]
    assert kinds.count(ScopeKind.SUBSCRIPTION) == 5
    assert kinds.count(ScopeKind.CONVERSATION) == 1
    await desk.deliver()
    assert len(desk.channel.cards()) == 6
    assert sum([len(await members(desk, rollup)) for rollup in await open_ones(desk)]) == 48


async def test_in_a_storm_a_conversation_gets_no_more_than_twenty_posts_in_ten_minutes(desk: House) -> None:
    await come(desk, of_one(6))
    for number in range(100, 160):  # ten a minute: none of them is a storm
        await come(desk, many(1, number))
        await waited(desk, 6.0)
    await come(desk, many(200, 300))
    await waited(desk, 10.0)
    assert len(desk.channel.cards()) <= POSTS_MOST
    assert {rollup.scope for rollup in await open_ones(desk)} > {EVERYTHING}


@pytest.mark.timeout(300)
async def test_five_thousand_alerts_are_a_handful_of_cards(desk: House) -> None:
    """How long it takes is printed (`-s`), and grows with the number of alerts alone."""
    desk.source.page_size = 100  # as Graph's are
    began = time.monotonic()
    await come(desk, many(1000))
    first = time.monotonic() - began
    await come(desk, many(4000, 1000))
    rest = time.monotonic() - began - first
    print(f"1,000 alerts in {first:.1f} s, 4,000 more in {rest:.1f} s")  # noqa: T201 figures are wanted
    await waited(desk, 10.0)
    (card,) = desk.channel.cards()
    assert "Many alerts at once · 5,000" in words(card)


async def test_the_first_cards_of_a_new_route_are_no_storm(desk: House) -> None:
    await desk.route(where=GENERAL, begun=False)
    await desk.take_in(*of_one(10))
    await desk.routes.open_new(NORTHWIND)
    await desk.deliver()
    assert await open_ones(desk, GENERAL) == []
    assert len(desk.channel.cards(GENERAL)) == 11


async def test_its_priority_is_that_of_its_worst_member(desk: House) -> None:
    await come(desk, of_one(6, severity="low"))
    await come(desk, many(2, 50, severity="medium"))
    await come(desk, of_one(1, 6, severity="high"))
    await desk.delivery.step()
    assert "Many alerts at once" in words(desk.channel.cards()[0])


# What happens to its alerts -------------------------------------------------------------------------------------------


async def test_a_decision_shows_on_the_card_and_decisions_of_a_minute_are_one_line(desk: House) -> None:
    alerts = of_one(20)
    await come(desk, alerts)
    await desk.deliver()
    desk.clock.forward(30)
    for each in alerts[:12]:
        desk.source.in_the_portal(each.key, "resolved", "fraud")
    await come(desk, [])
    await waited(desk, REDRAW_EVERY.total_seconds())
    (card,) = desk.channel.cards()
    assert "12: 12 fraud" in words(card)
    assert desk.channel.texts() == []
    await waited(desk, 60)
    (line,) = [post for post in desk.channel.posts if post.message.text]
    assert line.message.text.startswith("12 of these alerts were decided or changed in the last minute.")
    assert line.thread == card.id
    await waited(desk, 600)
    assert len(desk.channel.texts()) == 1


async def test_a_single_decision_is_told_in_its_own_words(desk: House) -> None:
    alerts = of_one(7)
    await come(desk, alerts)
    await desk.deliver()
    desk.source.in_the_portal(alerts[0].key, "resolved", "legitimate", by="kim@northwind.example")
    desk.clock.forward(5)
    await come(desk, [])
    await waited(desk, 60)
    assert desk.channel.texts() == ["A-1001 was marked as legitimate in Partner Center by kim@northwind.example."]


async def test_when_all_are_decided_it_says_so(desk: House) -> None:
    alerts = of_one(6)
    await come(desk, alerts)
    await desk.deliver()
    for each in alerts:
        desk.source.in_the_portal(each.key, "resolved", "ignore")
    desk.clock.forward(5)
    await come(desk, [])
    await waited(desk, REDRAW_EVERY.total_seconds())
    (card,) = desk.channel.cards()
    assert "All of them are decided." in words(card)
    assert "alert.details" not in words(card)


async def test_the_members_for_a_bulk_verdict_are_of_one_status_and_at_most_fifty(desk: House) -> None:
    alerts = [*of_one(60, severity="low"), *of_one(2, 60, severity="high", status="investigating")]
    await come(desk, alerts)
    (rollup,) = await open_ones(desk)
    active = await members(desk, rollup, "active")
    assert len(active) == 50
    assert {record.alert.status for record in active} == {"active"}
    assert [record.alert.id for record in await members(desk, rollup, "investigating")] == ["alert-0061", "alert-0060"]
    assert (await members(desk, rollup))[0].alert.severity == "high"


# Afterwards -----------------------------------------------------------------------------------------------------------


async def test_when_it_is_calm_it_closes_and_its_alerts_get_their_cards_back_ten_in_ten_minutes(desk: House) -> None:
    alerts = [*of_one(20, severity="low"), *of_one(5, 20, severity="high")]
    await come(desk, alerts)
    await desk.deliver()
    await waited(desk, TEN_MINUTES - 1)
    await calm(desk)
    assert len(await open_ones(desk)) == 1
    await waited(desk, 1)
    await calm(desk)
    assert await open_ones(desk) == []
    assert "Calm since 12:40 UTC" in words(desk.channel.cards()[0])
    for round_of_ten, total in enumerate((10, 20, 25, 25)):
        for _ in range(3):
            await calm(desk)
        cards = desk.channel.cards()[1:]
        assert len(cards) == total, round_of_ten
        assert all("high" in str(card.message.card).lower() for card in cards[:5])
        desk.clock.forward(TEN_MINUTES)
    (rollup,) = await _all(desk, RollUpState.CLOSED)
    assert "Further alerts have cards of their own again." in words(desk.channel.cards()[0])
    assert rollup.closed_at is not None


async def _all(house: House, state: str) -> list[RollUp]:
    async with house.store.read() as tx:
        record = await tx.alerts.by_number(1001, frozenset({NORTHWIND}))
        assert record is not None
        found = [membership.rollup for membership in await tx.rollups.of_alert(record.alert.key)]
    return [rollup for rollup in found if rollup.state == state]


async def test_a_storm_that_slows_down_ends_though_alerts_still_come(desk: House) -> None:
    await come(desk, of_one(6))
    for number in range(45):  # four a minute
        desk.clock.forward(15)
        await come(desk, of_one(1, 6 + number))
        await calm(desk)
    assert await open_ones(desk) == []


async def test_alerts_that_are_decided_or_old_get_no_card_back(desk: House) -> None:
    young, old = of_one(8), of_one(4, 8, detected_at=desk.clock.now() - timedelta(hours=24))
    await come(desk, [*young, *old])
    for each in young[:5]:
        desk.source.in_the_portal(each.key, "resolved", "fraud")
    desk.clock.forward(TEN_MINUTES)
    await come(desk, [])
    for _ in range(4):
        await calm(desk)
    assert len(desk.channel.cards()) == 1 + 3
    assert await _all(desk, RollUpState.CLOSED)


async def test_a_released_alert_tells_its_news_under_its_own_card_and_is_still_counted(desk: House) -> None:
    alerts = of_one(6)
    await come(desk, alerts)
    await desk.deliver()
    desk.clock.forward(TEN_MINUTES)
    for _ in range(3):
        await calm(desk)
    rollup_card, *own = desk.channel.cards()
    desk.source.in_the_portal(alerts[5].key, "resolved", "fraud")
    desk.clock.forward(1)
    await come(desk, [])
    await waited(desk, 120)
    assert [post.thread in {card.id for card in own} for post in desk.channel.posts if post.message.text] == [True]
    assert "1: 1 fraud" in words(rollup_card)


async def test_an_alert_that_is_reopened_after_the_storm_gets_its_own_card(desk: House) -> None:
    alerts = of_one(6)
    await come(desk, alerts)
    await desk.deliver()
    for each in alerts:
        desk.source.in_the_portal(each.key, "resolved", "fraud")
    desk.clock.forward(TEN_MINUTES)
    await come(desk, [])
    for _ in range(3):
        await calm(desk)
        desk.clock.forward(60)
    assert await _all(desk, RollUpState.CLOSED)
    desk.source.in_the_portal(alerts[0].key, "active")
    await come(desk, [])
    for _ in range(2):
        await waited(desk, 60)
    rollup_card, own = desk.channel.cards()
    assert "A-1001" in words(own)
    assert [post.thread for post in desk.channel.posts if "reopened" in post.message.text] == [own.id]
    assert "1: 1 high" in words(rollup_card)


async def test_a_storm_that_comes_back_takes_in_what_was_not_released(desk: House) -> None:
    await come(desk, of_one(30))
    desk.clock.forward(TEN_MINUTES)
    await calm(desk)
    await come(desk, of_one(6, 100))
    (second,) = await open_ones(desk)
    await waited(desk, 1)
    assert len(desk.channel.cards()) == 2
    for _ in range(8):
        await calm(desk)
        desk.clock.forward(60)
    assert len(desk.channel.cards()) == 2, "no card comes back into a storm of its scope"
    assert len(await members(desk, second)) > 6


async def test_a_snooze_ends_in_the_storm_that_its_alert_was_handed_to(desk: House) -> None:
    alerts = of_one(8)
    await come(desk, alerts)
    await desk.deliver()
    record = await desk.record(alerts[0])
    await desk.working.snooze(record, desk.clock.now() + timedelta(hours=1), ADA)
    desk.clock.forward(TEN_MINUTES)
    await calm(desk)
    await come(desk, of_one(8, start=100))
    (second,) = await open_ones(desk)
    for _ in range(6):
        await calm(desk)
        desk.clock.forward(61)
    await waited(desk, 3600)
    async with desk.store.read() as tx:
        root = await tx.rollups.get(second.id)
    assert root is not None
    assert where_it_ends(desk, record) == [root.activity_id]


async def test_a_snooze_of_an_alert_whose_card_was_not_sent_yet_ends_in_the_storm(desk: House) -> None:
    alerts = of_one(3)
    await come(desk, alerts)
    record = await desk.record(alerts[0])
    await desk.working.snooze(record, desk.clock.now() + timedelta(hours=1), ADA)
    await come(desk, of_one(5, start=100))
    await desk.deliver()
    (card,) = desk.channel.cards()
    assert "Many alerts at once · 8" in words(card)
    await waited(desk, 3600)
    assert where_it_ends(desk, record) == [card.id]


def where_it_ends(house: House, record: AlertRecord) -> list[str]:
    """In which threads the end of the alert's snooze is said."""
    return [post.thread for post in house.channel.posts if post.message.text == snooze_over_line(record.label)]


async def test_a_conversation_that_takes_nothing_gets_nothing_back_until_it_is_there_again(desk: House) -> None:
    await come(desk, of_one(6))
    await desk.deliver()
    async with desk.store.write() as tx:
        await tx.conversations.set_state(CHANNEL, "blocked")
    desk.clock.forward(TEN_MINUTES)
    for _ in range(2):
        await calm(desk)
    await desk.conversations.installed(conversation())
    await calm(desk)
    await waited(desk, 10)
    assert len(desk.channel.cards()) == 1 + 6


async def test_a_route_that_is_off_gets_no_cards_back(desk: House) -> None:
    await come(desk, of_one(6))
    await desk.deliver()
    async with desk.store.write() as tx:
        (route,) = await tx.conversations.routes(CHANNEL, NORTHWIND)
        await tx.conversations.put_route(replace(route, on=False))
    desk.clock.forward(TEN_MINUTES)
    for _ in range(3):
        await calm(desk)
    assert len(desk.channel.cards()) == 1


# Delivery -------------------------------------------------------------------------------------------------------------


async def test_a_deleted_card_is_replaced_by_one_that_says_so(desk: House) -> None:
    await come(desk, of_one(6))
    await desk.deliver()
    (card,) = desk.channel.cards()
    await desk.channel.delete(conversation(), card.id)
    await come(desk, of_one(1, 6))
    await waited(desk, 20)
    await waited(desk, 20)
    (again,) = desk.channel.cards()
    assert again.id != card.id
    assert "Replaces an earlier card" in words(again)
    await come(desk, of_one(1, 7))
    await waited(desk, 20)
    assert "Many alerts at once · 8" in words(desk.channel.cards()[0])


async def test_an_uncertain_card_is_sent_again_and_says_so(desk: House) -> None:
    desk.channel.troubles.append(Trouble(Transient("reset", in_doubt=True)))
    await come(desk, of_one(6))
    await desk.deliver()
    assert desk.channel.cards() == []
    await waited(desk, 600)
    (card,) = desk.channel.cards()
    assert "Possible repeat" in words(card)


async def test_a_press_on_an_uncertain_card_proves_that_it_arrived(desk: House) -> None:
    desk.channel.troubles.append(Trouble(Transient("reset", in_doubt=True), after=True))
    await come(desk, of_one(6))
    await desk.deliver()
    (card,) = desk.channel.cards()
    (rollup,) = await open_ones(desk)
    await desk.adoption.seen(rollup.id, GENERAL, card.id)
    assert (await open_ones(desk))[0].activity_id == ""
    await desk.adoption.seen(rollup.id, CHANNEL, card.id)
    assert (await open_ones(desk))[0].activity_id == card.id
    await come(desk, of_one(1, 6))
    await waited(desk, 600)
    (card,) = desk.channel.cards()
    assert "Many alerts at once · 7" in words(card)


async def test_two_partners_share_the_storm_of_a_conversation(desk: House) -> None:
    await desk.baseline(FABRIKAM)
    await desk.route(FABRIKAM)
    await come(desk, many(20))
    desk.source.put(*many(20, 100, partner=FABRIKAM))
    await desk.intake.poll(desk.fabrikam)
    (rollup,) = await open_ones(desk)
    assert len(await members(desk, rollup)) == 40
    await desk.deliver()
    assert len(desk.channel.cards()) == 1


async def test_the_same_news_twice_is_one_member(desk: House) -> None:
    alerts = of_one(6)
    await come(desk, alerts)
    record = await desk.record(alerts[0])
    async with desk.store.write() as tx:
        assert await desk.cards.announce(tx, record) == 0
        assert {it.kind for it in await tx.outbox.claim("me", desk.clock.now(), 60, 9)} == {ItemKind.ROLLUP_CARD}
