"""The commands digest, refunds and evidence, and what the cards of fraud alerts say of the credit request."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from bot.chat.turn import Attach, CloseDialog, OpenDialog, Refuse, Reply, Say, ShowCard, TurnKind
from bot.domain.people import Person
from bot.texts import digest as texts
from bot.texts import evidence as pack_texts
from bot.texts import refund as refund_texts
from cards import actions
from tests.factories import (
    ADA,
    CHANNEL,
    GIL,
    NORA,
    NORTHWIND,
    SUBSCRIPTION,
    alert,
    guid,
    personal,
    pressed,
    resolved,
    said,
    turn,
)
from tests.support.house import House
from tests.support.seen import checked


@pytest.fixture
async def desk(house: House) -> House:
    await house.route()
    await house.take_in(
        resolved("fraud", first_observed_at=house.clock.now() - timedelta(days=50)),
        alert("open", detected_at=house.clock.now() - timedelta(minutes=20)),
        alert("elsewhere", subscription_id=guid(70)),
    )
    house.channel.join(personal(ADA), ADA, NORTHWIND)
    return house


async def ask(house: House, words: str, by: Person = ADA, **more: Any) -> Reply:
    return await house.desk.turn(said(words, by, **more))


async def text_of(house: House, words: str, by: Person = ADA) -> str:
    reply = await ask(house, words, by)
    assert isinstance(reply, Say | Refuse), reply
    return reply.text


def seen(reply: Reply) -> str:
    assert isinstance(reply, ShowCard), reply
    return checked(reply.card).text


async def test_a_digest_is_set_seen_and_stopped_by_typing(desk: House) -> None:
    assert texts.NO_DIGEST in seen(await ask(desk, "digest"))
    told = await text_of(desk, "digest daily 08:00 europe/stockholm")
    assert told == (
        "Daily digest set. Every day at 08:00, Europe/Stockholm. The next one comes 02 Mar 2026, 07:00 UTC."
    )
    told = await text_of(desk, "digest weekly Mon 17:30")
    assert "Mondays at 17:30, Europe/Stockholm" in told  # the zone that is used here
    shown = seen(await ask(desk, "digest", NORA))
    assert "Every day at 08:00, Europe/Stockholm. Next: 02 Mar 2026, 07:00 UTC, set by" in shown
    assert await text_of(desk, "digest off weekly") == "From now on I send no weekly digest here."
    assert await text_of(desk, "digest off") == "From now on I send no daily digest here."
    assert "nothing was changed" in await text_of(desk, "digest off")


async def test_where_nothing_is_sent_no_button_promises_a_digest(desk: House) -> None:
    reply = await ask(desk, "digest", conversation=personal(ADA))
    assert isinstance(reply, ShowCard)
    shown = checked(reply.card)
    assert texts.NOTHING_SENT_HERE in shown.text
    assert texts.SEND_NOW not in shown.buttons


async def test_without_a_zone_it_is_utc_and_says_so(desk: House) -> None:
    assert "08:00, UTC" in (told := await text_of(desk, "digest daily 0800"))
    assert "another time zone" in told


@pytest.mark.parametrize(
    "words",
    [
        *("digest dayly 08:00", "digest daily", "digest daily morning", "digest weekly 08:00", "digest off monthly"),
        *("digest daily 08:00 Mars", "digest now please", "digest weekly", "digest off daily weekly"),
    ],
)
async def test_what_is_not_understood_is_said_and_nothing_is_set(desk: House, words: str) -> None:
    assert texts.USAGE in await text_of(desk, words)
    assert await desk.digests.of(CHANNEL) == ()


@pytest.mark.parametrize("words", ["digest daily 08:00", "digest off", "digest now"])
async def test_who_is_no_admin_agent_sets_nothing(desk: House, words: str) -> None:
    assert "you need the role Admin Agent" in await text_of(desk, words, NORA)
    assert await desk.waiting() == []


async def test_send_one_now_posts_a_digest_that_tells_what_is(desk: House) -> None:
    card = checked((await show(desk)).card)
    button = card.button(texts.SEND_NOW)
    reply = await desk.desk.turn(pressed(actions.DIGEST_SEND, data=button.get("data", {})))
    assert reply == Say(texts.ON_ITS_WAY)
    await desk.deliver()
    (post,) = desk.channel.posts
    shown = checked(post.message.card).text
    for word in ("Digest", "2: 2 high", "A-1002", texts.URGENT, "9 days left", "Day 51 of 60", texts.CREDIT_REQUESTS):
        assert word in shown, word
    assert post.message.summary == "Digest: 3 new, 2 unresolved"


async def show(house: House) -> ShowCard:
    reply = await ask(house, "digest")
    assert isinstance(reply, ShowCard)
    return reply


async def test_the_list_of_credit_requests_leads_to_the_pack_and_to_the_form(desk: House) -> None:
    reply = await ask(desk, "refunds", NORA)
    shown = seen(reply)
    for word in ("Contoso", "9 days left", "Day 51 of 60, until", "Microsoft's decision", SUBSCRIPTION):
        assert word.lower() in shown.lower() or word == "Contoso", word
    data = {"subscription": SUBSCRIPTION}
    form = await desk.desk.turn(turn(kind=TurnKind.DIALOG_OPEN, verb=actions.REFUND_FILED, data=data, person=ADA))
    assert isinstance(form, OpenDialog)
    again = await desk.desk.turn(
        turn(kind=TurnKind.DIALOG_SUBMIT, verb=actions.REFUND_FILED, data=data | {"ticket": "  "}, person=ADA)
    )
    assert isinstance(again, OpenDialog)
    assert refund_texts.FORM_REQUIRED in checked(again.card).text
    done = await desk.desk.turn(
        turn(
            kind=TurnKind.DIALOG_SUBMIT,
            verb=actions.REFUND_FILED,
            data=data | {"ticket": " 26112 30 "},
            person=ADA,
            activity_id="sent",
        )
    )
    assert isinstance(done, CloseDialog)
    assert "ticket 26112 30" in done.text
    assert refund_texts.NONE in seen(await ask(desk, "refunds"))


async def test_the_ticket_is_recorded_and_taken_back_by_typing(desk: House) -> None:
    assert "ticket 2611230040001234 asks" in await text_of(desk, "refunds done A-1001 2611230040001234")
    assert "ticket 2611230040001234 filed, says Ada" in seen(await ask(desk, "show A-1001"))
    assert "no ticket is filed" in await text_of(desk, f"refunds undo {SUBSCRIPTION}")
    assert "nothing was changed" in await text_of(desk, "refunds undo A-1001")


@pytest.mark.parametrize("words", ["refunds done", "refunds done A-1001", "refunds A-1001", "refunds undo"])
async def test_a_half_command_changes_nothing(desk: House, words: str) -> None:
    assert await text_of(desk, words) == refund_texts.USAGE
    assert await desk.audit() == []


@pytest.mark.parametrize("who", [NORA, GIL])
async def test_readers_record_nothing_and_get_no_pack(desk: House, who: Person) -> None:
    assert "you need the role Admin Agent" in await text_of(desk, "refunds done A-1001 1", who)
    assert "you need the role Admin Agent" in await text_of(desk, "evidence A-1001", who)
    assert [(act, outcome) for act, outcome, _ in await desk.audited()] == [
        ("record credit request", "denied"),
        ("export audit", "denied"),
    ]


async def test_a_subscription_without_fraud_has_no_clock(desk: House) -> None:
    assert "none of its alerts" in await text_of(desk, f"refunds done {guid(70)} 1")
    assert "no alert" in (await text_of(desk, f"refunds done {guid(99)} 1")).lower()


async def test_the_details_of_a_fraud_alert_count_the_days_and_its_card_names_the_last(desk: House) -> None:
    shown = seen(await ask(desk, "show A-1001"))
    assert "Credit request: day 51 of 60, until 10 Mar 2026" in shown
    card = checked(await desk.board.card(await desk.record(resolved("fraud")), "")).text
    assert "Credit request to Microsoft: until 10 Mar 2026" in card
    assert "day 51" not in card  # it stands there for weeks
    assert "Credit request" not in checked(await desk.board.card(await desk.record(alert("open")), "")).text
    assert "Credit request" not in seen(await ask(desk, "show A-1002"))


async def test_evidence_in_a_personal_chat_comes_as_a_zip(desk: House) -> None:
    reply = await ask(desk, "evidence A-1002", conversation=personal(ADA))
    assert isinstance(reply, Attach)
    assert reply.summary == f"evidence-{SUBSCRIPTION}-20260301.zip"
    upload = {"uploadUrl": "https://x.sharepoint.com/up", "contentUrl": "https://x.sharepoint.com/f", "name": "e.zip"}
    data = {"action": "accept", "context": {"export": reply.attachment["content"]["export"]}, "uploadInfo": upload}
    await desk.desk.turn(
        turn(kind=TurnKind.FILE_CONSENT, person=ADA, data=data, conversation=personal(ADA), reply_to="asked")
    )
    await desk.settle()
    with zipfile.ZipFile(io.BytesIO(desk.files.uploaded["https://x.sharepoint.com/up"])) as pack:
        assert pack.testzip() is None
        assert {"alerts/A-1001.json", "alerts/A-1002.json"} <= set(pack.namelist())


async def test_evidence_from_a_channel_waits_in_the_personal_chat(desk: House) -> None:
    await desk.know(personal(ADA))
    told = await text_of(desk, f"evidence {SUBSCRIPTION}")
    assert "Waiting for you in our personal chat" in told
    assert pack_texts.what(SUBSCRIPTION) in told


@pytest.mark.parametrize("words", ["evidence", "evidence a b", "evidence A-1001 A-1002"])
async def test_evidence_about_nothing_says_how_to_ask(desk: House, words: str) -> None:
    assert await text_of(desk, words) == pack_texts.USAGE


async def test_evidence_about_what_is_not_there_tells_nothing(desk: House) -> None:
    assert "no alert" in (await text_of(desk, f"evidence {guid(99)}")).lower()
