"""From Partner Center to the channel: what is posted, what is not, and what later changes do to the cards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.errors import AlertDeskError
from bot.sandbox.client_lifecycle import announce
from tests.support.desk import Desk, running_desk
from tests.support.seen import Post


def ago(**span: float) -> str:
    return f"{datetime.now(UTC) - timedelta(**span):%Y-%m-%dT%H:%M:%S.%f}0Z"


async def alert_cards(desk: Desk, where: str = "alerts") -> list[Post]:
    return [post for post in await desk.posts(where) if post.has_card and "refresh" in post.card.json]


def status_in_portal(desk: Desk, alert: dict[str, Any], status: str, by: str) -> None:
    """A status that the portal's own buttons of the sandbox do not offer."""
    tenant = desk.partner().tenant_id
    desk.cloud.world.change_alert(tenant, alert["id"], status, None, by, desk.cloud.now(), "portal")


async def test_a_new_alert_becomes_one_card_in_the_routed_channel_and_nowhere_else(desk: Desk) -> None:
    alert, post = await desk.posted()
    assert alert["displayName"] in post.card.text
    assert "High" in post.card.text
    assert alert["subscriptionId"] in post.card.text
    assert desk.cloud.world.customers[alert["customerTenantId"]].name in post.card.text
    assert {"alert.fraud", "alert.legitimate", "subscription.cancel"} <= post.card.verbs
    own_chats = [
        key for key, person in desk.cloud.world.people.items() if person.directory in desk.cloud.world.partners
    ]
    for where in ("general", "joint", "leads", "fabrikam", "fabrikam general", "chat", *own_chats):
        assert not await desk.cards_of(alert, where), where
    await desk.settle()
    assert len(await desk.cards_of(alert)) == 1, "a second poll posts nothing again"
    assert set(await desk.outbox()) <= {"pending"}, "only redraws of the response clock still wait"


async def test_every_member_sees_the_same_card(desk: Desk) -> None:
    alert, post = await desk.posted()
    for person in ("ada", "max", "gil", "nora", "gus"):
        assert (await desk.card(alert, person=person)).json["attachments"] == post.json["attachments"]


async def test_the_first_sync_is_quiet_and_the_route_begins_with_a_summary(desk: Desk) -> None:
    posts = await desk.posts()
    cards = await alert_cards(desk)
    open_alerts = [
        alert for alert in desk.cloud.world.alerts[desk.partner().tenant_id].values() if alert["status"] != "resolved"
    ]
    young = [alert for alert in open_alerts if alert["detectedDateTime"] > ago(hours=24)]
    assert len(cards) == len(young) < len(open_alerts)
    (summary,) = [post for post in posts if "are now sent here" in post.text]
    assert posts.index(summary) < posts.index(cards[0])
    assert f"{len(open_alerts)} alerts open" in summary.text
    assert f"the other {len(open_alerts) - len(young)}" in summary.text
    assert not any(post.thread for post in posts), "nothing of the past is told"


async def test_a_new_route_posts_at_most_ten_cards_the_most_severe_first(tmp_path: Path) -> None:
    async with running_desk(tmp_path, installed=False) as desk:
        for severity, count in (("low", 4), ("high", 5), ("medium", 6)):
            for _ in range(count):
                await desk.alert(severity=severity)
        await announce(desk.cloud)
        await desk.settle()
        cards = await alert_cards(desk)
        assert len(cards) == 10
        severities = [next(word for word in ("High", "Medium", "Low") if word in post.card.text) for post in cards]
        assert severities == sorted(severities, key=["High", "Medium", "Low"].index)
        assert "Low" not in severities, "the eleventh and further ones are counted, not posted"
        (summary,) = [post for post in await desk.posts() if "are now sent here" in post.text]
        assert "25 alerts open" in summary.text
        assert "the other 15" in summary.text


async def test_all_pages_are_read(tmp_path: Path) -> None:
    async with running_desk(tmp_path, installed=False) as desk:
        await desk.switch(page_size=7)
        found = await desk.poll()
        assert found.new == len(desk.cloud.world.alerts[desk.partner().tenant_id])
        assert len(desk.requests("graph", "GET", "skiptoken")) >= found.new // 7


async def test_a_customer_is_named_and_the_guid_serves_where_partner_center_is_away(desk: Desk) -> None:
    await desk.fault("partnercenter", times=None, status=503)
    alert, post = await desk.posted()
    name = desk.cloud.world.customers[alert["customerTenantId"]].name
    assert alert["customerTenantId"] in post.card.text
    assert name not in post.card.text
    await desk.heal()
    again = await desk.alert(customerTenantId=alert["customerTenantId"], subscriptionId=alert["subscriptionId"])
    await desk.settle("northwind")
    assert name in (await desk.card(again)).card.text
    assert name in (await desk.card(alert)).card.text, "the earlier card learns the name too"


async def test_resolved_in_the_portal_changes_the_card_and_names_who(desk: Desk) -> None:
    alert, post = await desk.posted()
    await desk.in_portal(alert, "resolve", reason="fraud", by="max")
    await desk.settle("northwind")
    after = await desk.card(alert)
    upn = desk.cloud.world.people["max"].upn
    assert after.id == post.id
    assert after.edited
    assert f"Fraud by {upn}" in after.card.text
    assert "Decided in Partner Center" in after.card.text
    assert await desk.lines(post) == [f"{post.card.label} was marked as fraud in Partner Center by {upn}."]
    assert not {"alert.fraud", "alert.legitimate", "subscription.cancel"} & after.card.verbs
    await desk.settle("northwind")
    assert len(await desk.lines(post)) == 1, "told once"


async def test_reopened_in_the_portal_gives_the_buttons_back(desk: Desk) -> None:
    alert, post = await desk.posted()
    await desk.in_portal(alert, "resolve", reason="legitimate", by="ada")
    await desk.settle("northwind")
    await desk.in_portal(alert, "reopen", by="max")
    await desk.settle("northwind")
    after = await desk.card(alert)
    assert "alert.fraud" in after.card.verbs
    assert (await desk.lines(post))[
        -1
    ] == f"{post.card.label} was reopened in Partner Center by {desk.cloud.world.people['max'].upn}."


async def test_taken_into_investigation_in_the_portal(desk: Desk) -> None:
    alert, post = await desk.posted()
    status_in_portal(desk, alert, "investigating", "someone@northwindcloud.example")
    await desk.settle("northwind")
    assert "Investigating" in (await desk.card(alert)).card.text
    assert await desk.lines(post) == [
        f"{post.card.label} was taken into investigation in Partner Center by someone@northwindcloud.example."
    ]


async def test_another_verdict_in_the_portal_is_seen_by_the_full_walk(tmp_path: Path) -> None:
    async with running_desk(tmp_path, FULL_SYNC_HOURS="0.2") as desk:
        alert, post = await desk.posted()
        await desk.in_portal(alert, "resolve", reason="legitimate", by="ada")
        await desk.settle("northwind")
        await desk.in_portal(alert, "resolve", reason="fraud", by="max")
        await desk.settle("northwind")
        assert len(await desk.lines(post)) == 1, "the list of open alerts cannot show it"
        desk.clock.forward(13 * 60)
        await desk.settle("northwind")
        upn = desk.cloud.world.people["max"].upn
        assert (await desk.lines(post))[
            -1
        ] == f"The verdict of {post.card.label} was changed to fraud in Partner Center by {upn}."
        assert f"Fraud by {upn}" in (await desk.card(alert)).card.text


async def test_seen_again_redraws_the_card_and_says_no_line(desk: Desk) -> None:
    alert, post = await desk.posted(lastObservedDateTime=ago(hours=2))
    desk.at_partner_center(alert)["lastObservedDateTime"] = "2031-05-06T07:08:09.0000000Z"
    await desk.settle("northwind")
    assert "06 May 2031, 07:08 UTC" in (await desk.card(alert)).card.text
    assert await desk.lines(post) == []


async def test_the_poll_of_one_partner_fails_and_that_of_the_other_goes_on(desk: Desk) -> None:
    await desk.say("fay", "subscribe", "fabrikam")
    theirs, ours = await desk.alert("fabrikam"), await desk.alert()
    await desk.fault("graph", "GET", "securityAlerts", times=3, status=500)
    with pytest.raises(AlertDeskError):
        await desk.poll("fabrikam")
    await desk.settle("northwind")
    assert await desk.card(ours)
    assert not await desk.cards_of(theirs, "fabrikam")
    async with desk.http.get(f"{desk.bot.url}/readyz") as answer:
        told = (await answer.json())["partners"]
    assert told[desk.partner("fabrikam").tenant_id]["problem"]
    assert told[desk.partner().tenant_id]["problem"] is None
    await desk.settle("fabrikam")
    assert await desk.card(theirs, "fabrikam")


async def test_a_partner_that_hangs_delays_no_other(tmp_path: Path) -> None:
    async with running_desk(tmp_path, background=True, installed=False, POLL_SECONDS="1") as desk:
        tenant = desk.partner("fabrikam").tenant_id
        # The tenant stands in the address of its token alone; Graph itself is asked for both at one address.
        await desk.fault("entra", "POST", tenant, times=None, latency=12)
        await announce(desk.cloud)
        assert await desk.appeared(await desk.alert())
        async with desk.parts.store.read() as tx:
            assert not (await tx.syncs.get(tenant)).baseline, "the other one is still held up"
        await desk.heal()


async def test_an_unreadable_alert_blocks_none(desk: Desk) -> None:
    broken, good = await desk.alert(), await desk.alert()
    desk.at_partner_center(broken).update(detectedDateTime=None, firstObservedDateTime=7, lastObservedDateTime="soon")
    found = await desk.poll()
    await desk.deliver()
    assert [problem.id for problem in found.unreadable] == [broken["id"]]
    assert await desk.card(good)
    assert not await desk.cards_of(broken)
    async with desk.http.get(f"{desk.bot.url}/readyz") as answer:
        assert answer.status == 200
        assert "1 alert could not be read" in (await answer.json())["partners"][desk.partner().tenant_id]["problem"]
    desk.at_partner_center(broken).update(detectedDateTime=ago(minutes=1))
    await desk.settle("northwind")
    assert await desk.card(broken), "once it is readable it is posted like any other"


async def test_a_refused_filter_costs_a_walk_of_everything(desk: Desk) -> None:
    await desk.switch(filter_unsupported=True)
    before = desk.mark()
    alert, _ = await desk.posted()
    asked = desk.requests("graph", "GET", "securityAlerts", since=before)
    assert asked[0].status == 400
    assert "%24filter" in asked[0].path or "$filter" in asked[0].path
    assert all("filter" not in entry.path for entry in asked[1:])
    before = desk.mark()
    await desk.in_portal(alert, "resolve", reason="fraud", by="max")
    await desk.settle("northwind")
    assert all("filter" not in entry.path for entry in desk.requests("graph", "GET", "securityAlerts?", since=before))
    assert "Fraud by" in (await desk.card(alert)).card.text


async def test_absence_from_a_list_resolves_nothing(desk: Desk) -> None:
    alert, post = await desk.posted()
    await desk.fault("graph", "GET", r"securityAlerts(\?|$)", status=200, body={"value": []})
    before = desk.mark()
    await desk.settle("northwind")
    assert desk.requests("graph", "GET", f"securityAlerts/{alert['id']}", since=before), "it is read by its id"
    assert (await desk.record(alert)).alert.is_open
    assert "alert.fraud" in (await desk.card(alert)).card.verbs
    assert await desk.lines(post) == []


async def test_an_alert_that_is_gone_altogether_stays_as_it_was(desk: Desk) -> None:
    alert, _ = await desk.posted()
    other = await desk.alert()
    del desk.cloud.world.alerts[desk.partner().tenant_id][alert["id"]]
    await desk.settle("northwind")
    assert (await desk.record(alert)).alert.is_open
    assert await desk.card(other)


async def test_a_429_is_obeyed(desk: Desk) -> None:
    alert = await desk.alert()
    await desk.fault("graph", "GET", "securityAlerts", status=429, retry_after=7)
    began = desk.clock.monotonic()
    await desk.settle("northwind")
    assert desk.clock.monotonic() - began >= 7
    assert await desk.card(alert)


async def test_unknown_values_are_shown_as_they_are(desk: Desk) -> None:
    _, post = await desk.posted(severity="apocalyptic", alertType="Quantum_Burglary", confidenceLevel="cosmic")
    for word in ("apocalyptic", "Quantum_Burglary", "cosmic"):
        assert word.lower() in post.card.text.lower()


async def test_a_status_that_nobody_knows_is_shown_and_counts_as_open(tmp_path: Path) -> None:
    async with running_desk(tmp_path, FULL_SYNC_HOURS="0.2") as desk:
        alert = await desk.alert(status="deferred")
        desk.clock.forward(13 * 60)
        await desk.settle("northwind")
        post = await desk.card(alert)
        assert "deferred" in post.card.text
        assert "alert.fraud" in post.card.verbs


async def test_hostile_texts_stay_texts(desk: Desk) -> None:
    evil = (
        "[pay](https://evil.invalid) **now** <at>Max Okafor</at> {{DATE(2024-01-01)}} "
        "${secret} \u202egnp.x\x00\x1b[31m number 9"
    )
    alert = await desk.alert(displayName=evil, description=evil, additionalDetails={evil: evil}, alertType=evil)
    await desk.settle("northwind")
    number = (await desk.record(alert)).number
    (post,) = [found for found in await alert_cards(desk) if found.card.number == number]
    details = await desk.press("ada", post, "Details")
    for card in (post.card, details.card):
        written = str(card.json)
        for bad in ("](http", "<at>", "{{DATE", "${secret", "\u202e", "\x00", "\x1b"):
            assert bad not in written, bad
        headings = [thing for thing in _blocks(card.json) if thing.get("type") == "TextBlock"]
        assert not any("pay" in heading["text"] for heading in headings), "TextBlocks know Markdown"
    assert "\u202e" not in str(post.json["summary"])


def _blocks(thing: Any) -> list[dict[str, Any]]:
    if isinstance(thing, dict):
        return [thing, *(found for value in thing.values() for found in _blocks(value))]
    return [found for value in thing for found in _blocks(value)] if isinstance(thing, list) else []


async def test_the_response_clock_redraws_the_card_at_30_50_and_60_minutes(desk: Desk) -> None:
    alert, post = await desk.posted(detectedDateTime=ago(minutes=25))
    assert "Respond by" in post.card.text
    for updates, minutes, wanted in (
        (1, 6, "Respond by"),
        (2, 20, "Respond by"),
        (3, 10, "The one-hour target passed at"),
    ):
        desk.clock.forward(minutes * 60)
        await desk.deliver()
        assert len(desk.requests("connector", "PUT", post.id)) == updates
        assert wanted in (await desk.card(alert)).card.text


async def test_the_clock_stops_when_it_is_decided(desk: Desk) -> None:
    _, post = await desk.posted(detectedDateTime=ago(minutes=25))
    await desk.press("ada", post, "Mark as fraud")
    await desk.deliver()
    puts = len(desk.requests("connector", "PUT", post.id))
    desk.clock.forward(40 * 60)
    await desk.deliver()
    assert len(desk.requests("connector", "PUT", post.id)) == puts
