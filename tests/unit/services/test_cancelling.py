"""Asking, deciding, sending and watching, on a real store and a made-up Partner Center."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bot.domain.alerts import Alert
from bot.domain.cancellations import SEND_WITHIN, STUCK_AFTER, WATCH_AT_MOST, Cancellation, Kind, RequestCard, State
from bot.domain.delivery import ItemKind
from bot.domain.people import Partner, Person, Route
from bot.errors import (
    AlertDeskError,
    ConfigError,
    Missing,
    NotAllowed,
    NotChecked,
    PendingOperation,
    Permanent,
    Refused,
    SignInNeeded,
    Transient,
    UserError,
)
from bot.ports import Receipt
from bot.services import carrying_out
from bot.services.approvers import MOST_ASKED
from bot.services.asking import Wanted
from bot.services.deciding import Answer, How
from bot.services.plan_progress import Where
from bot.texts import cancelling as words
from tests.factories import (
    ADA,
    CHANNEL,
    GENERAL,
    GIL,
    GUS,
    MAX,
    NORTHWIND,
    SUBSCRIPTION,
    alert,
    conversation,
    entitlement,
    personal,
    resolved,
)
from tests.fakes import DROPPED_AFTER, DROPPED_BEFORE, LOST_BEFORE, Trouble
from tests.support.house import OPERATORS, House

PATIENT = 10.0
HERE = Where(conversation(), "activity-1")
ONE = alert()
QUIET = "5ab00000-0000-4000-8000-000000000002"
OTHER = alert("alert-two", name="Mass deployment", severity="medium")
ZOE = replace(MAX, aad_id="2e000000-0000-4000-8000-00000000000e", mri="29:zoe", name="Zoe")
"""A second approver."""


def wanted(**changes: Any) -> Wanted:
    values: dict[str, Any] = {
        "kind": Kind.CANCEL,
        "reason": "Miners on every machine",
        "consent": "agreed",
        "consent_note": "",
        "confirm": SUBSCRIPTION[-6:],
    }
    return Wanted(**(values | changes))


@pytest.fixture
async def ready(house: House) -> House:
    """Two open alerts of one active subscription, with cards in the channel; Max and Zoe may approve."""
    await house.route()
    for record in await house.take_in(ONE, OTHER):
        async with house.store.write() as tx:
            await house.cards.announce(tx, record)
    await house.deliver()
    house.subscriptions.put(entitlement())
    house.directory.grant(NORTHWIND, ZOE, admin_agent=True, global_admin=True)
    house.channel.join(conversation(), ZOE, NORTHWIND)
    for someone in (MAX, ZOE):
        house.channel.chats[someone.aad_id] = personal(someone)
    house.directory.group = (MAX, ZOE)
    house.set_up(act_as="user", approvers_group_id="group")
    return house


async def asked(house: House, by: Person = ADA, **changes: Any) -> Cancellation:
    return await house.asking.ask(wanted(**changes), await house.record(ONE), by, HERE, PATIENT)


async def approve(house: House, c: Cancellation, by: Person = MAX, seen: int = 10**6) -> Answer:
    return await house.deciding.approve(c, by, HERE, digest=c.plan.digest, seen=seen, patience=PATIENT)


async def stands(house: House, c: Cancellation) -> Cancellation:
    async with house.store.read() as tx:
        found = await tx.cancellations.get(c.number)
    assert found is not None
    return found


async def cards_of(house: House, c: Cancellation) -> tuple[RequestCard, ...]:
    async with house.store.read() as tx:
        return await tx.request_cards.of_request(c.number)


async def later(house: House, c: Cancellation, time: timedelta) -> Cancellation:
    """As it stands after that time, in which the worker looked after it whenever it was due."""
    until = house.clock.now() + time
    while True:
        now = await stands(house, c)
        due = now.due_at
        if due is None or due > until:
            house.clock.forward((until - house.clock.now()).total_seconds())
            return now
        house.clock.forward(max(0.0, (due - house.clock.now()).total_seconds()))
        await house.carrying_out.step_due()
        await house.settle()


# Asking ------------------------------------------------------------------------------------------------------------


async def test_what_is_asked_for_is_pinned_and_both_approvers_are_called(ready: House) -> None:
    c = await asked(ready)
    plan = c.plan
    assert (c.state, c.notified, c.asked_names, c.unreached) == (State.ASKED, True, ("Max", "Zoe"), ())
    assert (plan.azure_plan_id, plan.entitlement_id, plan.entitlement_name) == (
        entitlement().plan_id,
        SUBSCRIPTION,
        "Contoso production",
    )
    assert plan.alerts == (ONE.id, OTHER.id)
    assert (plan.by_id, plan.reason, plan.consent) == (ADA.aad_id, "Miners on every machine", "agreed")
    assert plan.expires_at - plan.asked_at == timedelta(hours=4)
    await ready.deliver()
    assert len(ready.channel.cards(personal(MAX).id)) == len(ready.channel.cards(personal(ZOE).id)) == 1
    in_thread = [post for post in ready.channel.cards(CHANNEL) if post.thread]
    assert len(in_thread) == 1
    assert "Max" in str(in_thread[0].message.card)
    assert ready.subscriptions.request_ids == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": "  "}, "no_reason"),
        ({"reason": "\u200b\u2060"}, "no_reason"),
        ({"consent": ""}, "no_consent"),
        ({"consent": "unreachable"}, "no_consent_note"),
        ({"consent": "unreachable", "consent_note": "\u200b"}, "no_consent_note"),
        ({"confirm": "000002"}, "bad_suffix"),
        ({"confirm": "01"}, "bad_suffix"),
        ({"confirm": ""}, "no_suffix"),
    ],
)
async def test_a_form_that_is_not_filled_in_asks_for_nothing(ready: House, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(UserError) as problem:
        await asked(ready, **changes)
    assert problem.value.code == code
    assert await requests(ready) == []


async def requests(house: House) -> list[str]:
    async with house.store.read() as tx:
        return [c.state for c in await tx.cancellations.latest(frozenset({NORTHWIND}), 10)]


@pytest.mark.parametrize(
    ("of", "there", "code"),
    [
        (alert(is_test=True), entitlement(), "test_alert"),
        (resolved(reason="legitimate"), entitlement(), "not_fraud"),
        (resolved(reason="ignore"), entitlement(), "not_fraud"),
        (ONE, entitlement(status="inactive"), "wrong_status"),
        (ONE, entitlement(customer_tenant_id="another"), "no_entitlement"),
    ],
)
async def test_what_cannot_be_cancelled_is_not_asked_for(house: House, of: Alert, there: Any, code: str) -> None:
    house.set_up(act_as="user")
    (record,) = await house.take_in(of)
    house.subscriptions.put(there)
    with pytest.raises(UserError) as problem:
        await house.asking.ask(wanted(confirm=SUBSCRIPTION[-6:]), record, ADA, HERE, PATIENT)
    assert problem.value.code == code
    assert await requests(house) == []


async def test_an_alert_that_names_no_subscription_has_nothing_to_cancel(house: House) -> None:
    house.set_up(act_as="user")
    (record,) = await house.take_in(alert(subscription_id=""))
    with pytest.raises(UserError) as problem:
        await house.asking.subject(Kind.CANCEL, record, ADA, HERE)
    assert problem.value.code == "no_subscription"


async def test_who_is_no_admin_agent_may_not_ask_and_that_is_on_record(ready: House) -> None:
    with pytest.raises(NotAllowed):
        await asked(ready, by=GIL)
    assert ("ask to cancel", "denied", "Gil") in await ready.audited()
    assert await requests(ready) == []


async def test_one_subscription_has_one_open_request(ready: House) -> None:
    first = await asked(ready)
    with pytest.raises(UserError) as problem:
        await asked(ready, by=MAX)
    assert problem.value.code == "open_one"
    assert first.label in problem.value.message
    assert await requests(ready) == [State.ASKED]


async def test_with_the_bots_own_identity_it_is_refused_unless_that_was_proven_able(ready: House) -> None:
    ready.set_up(act_as="app")
    with pytest.raises(UserError) as problem:
        await asked(ready)
    assert problem.value.code == "cancel_in_portal"
    ready.set_up(app_may_cancel=True)
    c = await asked(ready)
    await approve(ready, c)
    assert ready.subscriptions.accepted == [("cancel", SUBSCRIPTION, c.plan.request_id, "")]


async def test_an_application_that_may_not_any_more_is_not_given_what_was_asked_for_when_it_could(ready: House) -> None:
    c = await asked(ready)
    ready.set_up(act_as="app")
    with pytest.raises(UserError) as problem:
        await approve(ready, c)
    assert problem.value.code == "cancel_in_portal"
    assert (await stands(ready, c)).state == State.ASKED
    assert ready.subscriptions.request_ids == []


@pytest.mark.parametrize("trouble", [Transient("away"), Transient("slow", retry_after=60)])
async def test_what_cannot_be_looked_up_is_not_asked_for(ready: House, trouble: Transient) -> None:
    ready.subscriptions.read_troubles.append(trouble)
    with pytest.raises(NotChecked):
        await asked(ready)
    assert await requests(ready) == []


async def test_who_cannot_be_reached_is_named(ready: House) -> None:
    ready.channel.chats.pop(ZOE.aad_id)
    ready.channel.rosters[CHANNEL].pop(ZOE.aad_id)
    c = await asked(ready)
    assert (c.asked_names, c.unreached) == (("Max",), ("Zoe",))


async def test_of_a_large_group_some_are_asked_and_who_asked_reads_who_was_not(ready: House) -> None:
    many = [replace(ZOE, aad_id=f"{number:08d}-0000-4000-8000-000000000000", name=f"P{number}") for number in range(30)]
    for one in many:
        ready.channel.chats[one.aad_id] = personal(one)
    ready.directory.group = (ADA, *many)
    c = await asked(ready)
    assert c.asked_names == tuple(one.name for one in many[:MOST_ASKED])
    assert c.unreached == tuple(one.name for one in many[MOST_ASKED:])
    assert "Not reached: P20, P21, P22, P23, P24, P25, P26, P27 and 2 more." in words.asked(c)


async def test_approvers_who_cannot_be_found_for_a_while_are_called_as_soon_as_they_can(ready: House) -> None:
    """The channel has its card meanwhile, once; who has no chat with the bot is not called by it any more."""
    ready.channel.chats.pop(ZOE.aad_id)
    ready.directory.group_away = Transient("503")
    c = await later(ready, await asked(ready), timedelta(0))
    c = await later(ready, c, timedelta(minutes=10))
    await ready.deliver()
    assert (c.state, c.notified, c.asked_names) == (State.ASKED, False, ())
    said = [text for text in ready.channel.texts(CHANNEL) if "I keep trying" in text]
    assert [text.split(":")[0] for text in said] == ["R-1"]
    assert ("call approvers", "put off", "") in await ready.audited()
    assert [card.person_id for card in await cards_of(ready, c)] == [""]

    ready.directory.group_away = None
    c = await later(ready, c, timedelta(minutes=1))
    assert (c.notified, c.asked_names, c.unreached) == (True, ("Max",), ("Zoe",))
    await ready.deliver()
    assert {card.person_id for card in await cards_of(ready, c)} == {"", MAX.aad_id}
    c = await later(ready, c, timedelta(hours=4))
    assert (c.state, c.reminded) == (State.EXPIRED, True)


@pytest.mark.parametrize("at_the_fifth_try", ["fails", "hangs", "hangs for the whole step"])
@pytest.mark.parametrize("problem", [Transient("503"), ConfigError("the secret has expired", code="AADSTS7000222")])
async def test_whatever_keeps_approvers_from_being_found_the_channel_has_its_card(
    ready: House, monkeypatch: pytest.MonkeyPatch, problem: AlertDeskError, at_the_fifth_try: str
) -> None:
    ready.directory.group_away = problem
    c = await asked(ready)
    while (await stands(ready, c)).attempts < 4:
        c = await later(ready, c, timedelta(seconds=30))
    with monkeypatch.context() as short:
        if at_the_fifth_try == "hangs":
            short.setattr(carrying_out, "_CALL_SECONDS", 0.05)
        elif at_the_fifth_try == "hangs for the whole step":
            short.setattr(carrying_out, "_STEP_SECONDS", 0.05)
        ready.directory.slow = at_the_fifth_try != "fails"
        while (await stands(ready, c)).attempts < 5:
            c = await later(ready, c, timedelta(seconds=5))
    ready.directory.slow = False
    c = await later(ready, c, timedelta(minutes=30))
    await ready.deliver()
    assert [card.person_id for card in await cards_of(ready, c)] == [""]
    assert [text for text in ready.channel.texts(CHANNEL) if "I keep trying" in text] == [words.not_called_yet(c)]


async def from_own_chat(house: House, patience: float = PATIENT) -> Cancellation:
    """Ada asks in her chat with the bot."""
    await house.know(personal(ADA))
    house.channel.join(personal(ADA), ADA, NORTHWIND)
    await house.access.known(ADA, personal(ADA))
    there = Where(personal(ADA), "activity-1")
    return await house.asking.ask(wanted(), await house.record(ONE), ADA, there, patience)


def nowhere(house: House, *people: Person) -> None:
    """Neither on the channel's roster nor with a chat of their own."""
    for someone in people:
        house.channel.chats.pop(someone.aad_id)
        house.channel.rosters[CHANNEL].pop(someone.aad_id)


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ((), "I asked Max and Zoe to decide."),
        ((ZOE,), "I asked Max to decide. Not reached: Zoe."),
        ((MAX, ZOE), "I could reach nobody who may approve it. I tried Max and Zoe."),
    ],
)
@pytest.mark.parametrize("late", ["", "slow", "away", "taken by another"])
async def test_who_asked_in_their_own_chat_reads_there_once_whom_the_call_reached(
    ready: House, monkeypatch: pytest.MonkeyPatch, missing: tuple[Person, ...], says: str, late: str
) -> None:
    """In the answer, or where that cannot wait for it, in a message of its own."""
    nowhere(ready, *missing)
    answers, approvers = asyncio.Event(), ready.directory.approvers
    if late == "slow":

        async def slow(partner: Partner) -> tuple[Person, ...]:
            await answers.wait()
            return await approvers(partner)

        monkeypatch.setattr(ready.directory, "approvers", slow)
    elif late:
        ready.directory.group_away = Transient("503")
    c = await from_own_chat(ready, patience=0.05 if late == "slow" else PATIENT)
    answer = words.asked(c)
    assert ("I am calling those who may approve it." in answer, says in answer) == (bool(late), not late)
    ready.directory.group_away = None
    answers.set()
    await ready.settle()
    if late == "taken by another":
        _, _, ready.carrying_out = ready.canceller("two")
    await later(ready, c, timedelta(minutes=1))
    await ready.deliver()
    told = ready.channel.texts(personal(ADA).id)
    assert len(told) == (1 if late else 0)
    assert all(text.startswith(f"R-1: {says}") for text in told)


@pytest.mark.parametrize("has_a_chat", [True, False])
@pytest.mark.parametrize("blocked", [True, False])
async def test_a_mention_on_a_card_that_teams_refused_reaches_nobody(
    ready: House, blocked: bool, has_a_chat: bool
) -> None:
    ready.directory.group = (ZOE,)
    if blocked:
        ready.channel.blocked.add(personal(ZOE).id)
    if not has_a_chat:
        ready.channel.chats.pop(ZOE.aad_id)
    c = await asked(ready)
    items = {item.conversation_id: item for item in await ready.delivery.claim(10)}
    ready.channel.troubles.append(Trouble(Permanent("Teams refused the request.", code="BadSyntax")))
    for item in (items.pop(CHANNEL), *items.values()):
        await ready.delivery.deliver(item)
    await ready.deliver()
    c = await stands(ready, c)
    reached = has_a_chat and not blocked
    assert (c.asked_names, c.unreached) == ((("Zoe",), ()) if reached else ((), ("Zoe",)))
    nobody = [text for text in ready.channel.texts(CHANNEL) if "I could reach nobody" in text]
    assert nobody == ([] if reached else [words.nobody_reachable(c)])


async def test_of_two_approvers_of_one_name_the_one_who_has_a_card_was_reached(ready: House) -> None:
    twin = replace(ZOE, name="Max")
    ready.directory.group = (MAX, twin)
    nowhere(ready, ZOE)
    ready.channel.chats[twin.aad_id] = personal(ZOE)
    ready.channel.blocked.add(personal(ZOE).id)
    c = await asked(ready)
    for _ in range(2):
        await ready.deliver()
        c = await stands(ready, c)
        assert (c.asked_names, c.unreached) == (("Max",), ("Max",))
        await ready.conversations.heard(personal(ZOE), ZOE)  # it is tried, and refused, once more


async def test_that_a_chat_takes_nothing_is_news_once_until_something_arrives(ready: House) -> None:
    """Each request tries it again; alerts are sent to it too, so that others are told of its loss."""
    await ready.know(personal(MAX))
    async with ready.store.write() as tx:
        await tx.conversations.put_route(Route(personal(MAX).id, NORTHWIND, on=True, summarised=True))
    ready.access.routes_changed()
    for blocked, news in ((True, 1), (True, 1), (False, 1), (True, 2), (True, 2)):
        ready.channel.blocked = {personal(MAX).id} if blocked else set()
        before = len(ready.channel.cards(personal(MAX).id))
        c = await asked(ready)
        await ready.deliver()
        told = [text for text in ready.channel.texts(CHANNEL) if "not delivered to a personal chat" in text]
        assert len(told) == news
        assert (len(ready.channel.cards(personal(MAX).id)) == before) is blocked
        await ready.deciding.withdraw(await stands(ready, c), ADA, HERE, "")
        await ready.deliver()


async def test_who_has_blocked_the_bot_is_named_as_soon_as_teams_says_so(ready: House) -> None:
    """Teams opens the chat and then takes no message in it. Once more each time: they may take them again by now."""
    ready.channel.rosters[CHANNEL].pop(ZOE.aad_id)
    ready.channel.blocked.add(personal(ZOE).id)
    for left, label in (("Max", "R-1"), ("Max", "R-2"), ("", "R-3")):
        if not left:
            ready.directory.group = (ZOE,)
        c = await asked(ready)
        assert "Zoe" in c.asked_names
        await ready.deliver()
        c = await stands(ready, c)
        assert (c.asked_names, c.unreached) == ((left,) if left else (), ("Zoe",))
        assert (await ready.audited())[-1] == ("call approvers", "undelivered", "")
        said = [text for text in ready.channel.texts(CHANNEL) if "Zoe" in text]
        wants = "Not reached: Zoe. Asked to decide: Max." if left else "I could reach nobody who may approve it."
        assert said[-1].startswith(f"{label}: {wants}")
        await ready.deciding.withdraw(c, ADA, HERE, "")
        await ready.deliver()


async def test_who_is_mentioned_in_the_thread_is_reached_although_they_have_blocked_the_bot(ready: House) -> None:
    ready.channel.blocked.add(personal(ZOE).id)
    c = await asked(ready)
    await ready.deliver()
    c = await stands(ready, c)
    assert (c.asked_names, c.unreached) == (("Max", "Zoe"), ())


async def test_who_asked_in_their_own_chat_reads_there_what_became_of_it(ready: House) -> None:
    await ready.know(personal(ADA))
    ready.channel.join(personal(ADA), ADA, NORTHWIND)
    there = Where(personal(ADA), "activity-1")
    for end in ("rejected", "withdrawn", "expired", "done"):
        before = len(ready.channel.texts(personal(ADA).id))
        c = await ready.asking.ask(wanted(), await ready.record(ONE), ADA, there, PATIENT)
        if end == "rejected":
            await ready.deciding.reject(c, MAX, HERE, "no")
        elif end == "withdrawn":
            await ready.deciding.withdraw(c, ADA, there, "")
        elif end == "expired":
            await later(ready, c, timedelta(hours=4, minutes=1))
        else:
            await approve(ready, c)
            await later(ready, c, timedelta(minutes=20))
        await ready.deliver()
        told = ready.channel.texts(personal(ADA).id)[before:]
        wants = {
            "rejected": ["Max rejected it"],
            "withdrawn": [],
            "expired": ["it has expired"],
            "done": ["accepted by Partner Center", "was cancelled at"],
        }
        assert len(told) == len(wants[end]), (end, told)
        assert all(part in text for part, text in zip(wants[end], told, strict=True)), (end, told)


@pytest.mark.parametrize("end", ["rejected", "withdrawn", "expired", "done"])
async def test_where_the_alert_has_no_card_each_step_is_a_line_below_the_requests_own(ready: House, end: str) -> None:
    """As after a quiet first sync: there is no thread of an alert, and a card that is redrawn rings nobody."""
    quiet, here = conversation(GENERAL), Where(conversation(GENERAL), "activity-1")
    await ready.know(quiet)
    for someone in (ADA, MAX):
        ready.channel.join(quiet, someone, NORTHWIND)
    (uncarded,) = await ready.take_in(alert("alert-of-last-week", subscription_id=QUIET))
    ready.subscriptions.put(entitlement(id=QUIET))
    c = await ready.asking.ask(wanted(confirm=QUIET[-6:]), uncarded, ADA, here, PATIENT)
    await ready.deliver()
    (root,) = ready.channel.cards(GENERAL)
    assert (root.thread, ready.channel.texts(GENERAL)) == ("", []), "the card itself says that it was asked"
    if end == "rejected":
        await ready.deciding.reject(c, MAX, here, "no")
    elif end == "withdrawn":
        await ready.deciding.withdraw(c, ADA, here, "")
    elif end == "expired":
        await later(ready, c, timedelta(hours=4, minutes=1))
    else:
        await approve(ready, c)
        await later(ready, c, timedelta(minutes=20))
    await ready.deliver()
    lines = [post for post in ready.channel.posts if post.conversation == GENERAL and post.message.text]
    assert {post.thread for post in lines} == {root.id}
    wants = {
        "rejected": ["Max rejected it"],
        "withdrawn": ["withdr"],
        "expired": ["still wait", "it has expired"],
        "done": ["approved", "accepted by Partner Center", "was cancelled at"],
    }
    assert len(lines) == len(wants[end]), lines
    assert all(part in post.message.text for part, post in zip(wants[end], lines, strict=True)), lines


async def test_who_asked_is_not_called_to_decide(ready: House) -> None:
    c = await asked(ready, by=MAX)
    assert (c.asked_names, c.unreached) == (("Zoe",), ())


async def test_that_nobody_can_be_reached_is_said_at_once(ready: House) -> None:
    ready.directory.group = ()
    ready.directory.held.clear()
    ready.directory.grant(NORTHWIND, ADA, admin_agent=True)
    c = await asked(ready)
    assert (c.asked_names, c.unreached) == ((), ())
    await ready.deliver()
    assert any("nobody" in text.lower() for text in ready.channel.texts(CHANNEL))


async def test_without_a_group_the_known_holders_of_both_roles_are_called(ready: House) -> None:
    ready.set_up(approvers_group_id="")
    async with ready.store.write() as tx:
        for someone in (ADA, MAX, ZOE, GIL):
            await tx.people.seen(ready.as_known(someone), CHANNEL, ready.clock.now())
            roles = ready.directory.held[NORTHWIND, someone.aad_id]
            await tx.people.remember_roles(someone.aad_id, NORTHWIND, roles, ready.clock.now())
    assert set((await asked(ready)).asked_names) == {"Max", "Zoe"}


async def test_teams_being_away_delays_the_calls_and_loses_none(ready: House) -> None:
    await ready.access.known(ADA, conversation())  # remembered for a minute
    ready.channel.roster_away = Transient("Teams is away")
    c = await asked(ready)
    assert not c.notified
    ready.channel.roster_away = None
    assert (await later(ready, c, timedelta(seconds=30))).asked_names == ("Max", "Zoe")


# Deciding ----------------------------------------------------------------------------------------------------------


async def test_the_approved_cancel_goes_out_once_with_the_approvers_token(ready: House) -> None:
    c = await asked(ready)
    answer = await approve(ready, c)
    assert (answer.how, answer.cancellation.state) == (How.DECIDED, State.ACCEPTED)
    assert ready.subscriptions.accepted == [("cancel", SUBSCRIPTION, c.plan.request_id, MAX.aad_id)]
    assert (answer.cancellation.approver_name, answer.cancellation.sent) == ("Max", 1)
    (accepted,) = [row.entry for row in await ready.audit() if row.entry.outcome == "accepted"]
    assert (accepted.detail["status"], accepted.detail["MS-CorrelationId"]) == (202, "support-1")
    assert accepted.detail["MS-RequestId"] == c.plan.request_id


async def test_who_lacks_a_role_is_on_record_with_the_plan_and_what_they_wanted(ready: House) -> None:
    c = await asked(ready)
    for act in (approve(ready, c, by=GIL), ready.deciding.reject(c, GIL, HERE, "no")):
        with pytest.raises(NotAllowed):
            await act
    denied = [row.entry for row in await ready.audit() if row.entry.outcome == "denied"]
    assert [(each.detail["request"], each.detail["plan"], each.detail["wanted"]) for each in denied] == [
        (c.label, c.plan.digest, "approve"),
        (c.label, c.plan.digest, "reject"),
    ]


async def test_the_request_id_is_on_disk_before_anything_is_sent(ready: House) -> None:
    c = await asked(ready)
    ready.subscriptions.slow.clear()
    approving = asyncio.create_task(approve(ready, c))
    await ready.subscriptions.arrived.wait()
    written = await stands(ready, c)
    assert (written.state, written.sent, written.plan.request_id) == (State.APPROVED, 1, c.plan.request_id)
    ready.subscriptions.slow.set()
    assert (await approving).cancellation.state == State.ACCEPTED


async def test_all_open_alerts_are_resolved_as_fraud_and_the_subscription_is_watched(ready: House) -> None:
    c = await asked(ready)
    await approve(ready, c)
    watched = await later(ready, c, timedelta(minutes=5))
    assert (watched.state, watched.seen_status) == (State.ACCEPTED, "active")
    for one in (ONE, OTHER):
        now = await ready.record(one)
        assert (now.alert.status, now.alert.resolved_reason) == ("resolved", "fraud")
        assert now.decision is not None
        assert (now.decision.by_name, c.label in now.decision.note) == ("Max", True)
    done = await later(ready, c, timedelta(minutes=6))
    assert (done.state, done.seen_status, done.due_at) == (State.DONE, "inactive", None)
    assert len(ready.subscriptions.request_ids) == 1


async def test_an_alert_raised_later_is_left_alone(ready: House) -> None:
    c = await asked(ready)
    await approve(ready, c)
    ready.clock.forward(60)
    young = alert("alert-young", detected_at=ready.clock.now())
    await ready.take_in(young)
    await later(ready, c, timedelta(minutes=20))
    assert (await ready.record(young)).alert.is_open


async def test_the_cards_that_call_the_approvers_are_posted_and_not_drawn_twice(ready: House) -> None:
    await asked(ready)
    kinds = [item.kind for item in await ready.waiting()]
    assert ItemKind.REQUEST_CARD in kinds
    assert ItemKind.REQUEST_UPDATE not in kinds


async def test_an_alert_that_we_saw_before_is_concerned_whatever_microsofts_clock_says(ready: House) -> None:
    (ahead,) = await ready.take_in(alert("ahead", detected_at=ready.clock.now() + timedelta(seconds=30)))
    c = await asked(ready)
    await approve(ready, c)
    await later(ready, c, timedelta(minutes=1))
    assert not (await ready.record(ahead.alert)).alert.is_open


async def test_a_verdict_that_fails_is_shown_and_tried_again(ready: House) -> None:
    c = await asked(ready)
    ready.source.troubles.append(Trouble(Permanent("Graph said no", code="BadThing")))
    await approve(ready, c)
    await ready.carrying_out.step_due()
    failed = await stands(ready, c)
    assert [mark.problem for mark in failed.marks.values() if not mark.done] == ["Graph said no"]
    done = await later(ready, c, timedelta(minutes=20))
    assert (done.state, done.due_at) == (State.DONE, None)
    assert all(mark.done for mark in done.marks.values())
    assert not (await ready.record(ONE)).alert.is_open
    assert not (await ready.record(OTHER)).alert.is_open


async def test_an_alert_that_somebody_opens_again_stays_open_and_the_card_says_so(ready: House) -> None:
    c = await asked(ready)
    await approve(ready, c)
    await later(ready, c, timedelta(minutes=1))
    ready.source.in_the_portal(OTHER.key, "active")
    async with ready.store.write() as tx:
        await tx.alerts.change(OTHER.key, ready.source.alerts[OTHER.key], ready.clock.now(), None)
    done = await later(ready, c, timedelta(minutes=20))
    assert (done.state, done.due_at) == (State.DONE, None)
    assert ready.source.alerts[OTHER.key].is_open
    card = str(await ready.request_board.card(done, None))
    assert f"{(await ready.record(OTHER)).label} was opened again; it is left to you." in card
    assert "1 of 2 alerts resolved as fraud" in card


async def test_the_requester_may_not_approve_whatever_roles_they_have(ready: House) -> None:
    c = await asked(ready, by=MAX)
    for act in (approve(ready, c, by=MAX), ready.deciding.reject(c, MAX, HERE, "no")):
        with pytest.raises(NotAllowed) as no:
            await act
        assert no.value.code == "own_request"
    assert [row for row in await ready.audited() if row[1] == "denied"] == [
        ("approve", "denied", "Max"),
        ("reject", "denied", "Max"),
    ]
    assert (await stands(ready, c)).state == State.ASKED


async def test_with_one_person_allowed_the_requester_with_both_roles_may(ready: House) -> None:
    asking, deciding, _ = ready.canceller("alone", two_person=False)
    c = await asking.ask(wanted(), await ready.record(ONE), MAX, HERE, PATIENT)
    answer = await deciding.approve(c, MAX, HERE, digest=c.plan.digest, seen=10**6, patience=PATIENT)
    assert answer.cancellation.state == State.ACCEPTED
    with pytest.raises(NotAllowed):
        await deciding.approve(c, ADA, HERE, digest=c.plan.digest, seen=0, patience=PATIENT)


@pytest.mark.parametrize("who", [ADA, GIL, GUS])
async def test_one_role_is_not_enough(ready: House, who: Person) -> None:
    c = await asked(ready, by=ZOE)
    for act in (approve(ready, c, by=who), ready.deciding.reject(c, who, HERE, "no")):
        with pytest.raises(NotAllowed):
            await act
    assert (await stands(ready, c)).state == State.ASKED
    assert ready.subscriptions.request_ids == []


async def test_who_could_activate_the_role_is_told_to_and_presses_again(ready: House) -> None:
    c = await asked(ready)
    ready.directory.grant(NORTHWIND, ZOE, admin_agent=True)
    with pytest.raises(NotAllowed, match="Privileged Identity Management"):
        await approve(ready, c, by=ZOE)
    ready.directory.grant(NORTHWIND, ZOE, admin_agent=True, global_admin=True)
    assert (await approve(ready, c, by=ZOE)).cancellation.state == State.ACCEPTED


async def test_new_alerts_are_seen_before_they_are_approved_over(ready: House) -> None:
    c = await asked(ready)
    (young,) = await ready.take_in(alert("alert-young"))
    answer = await approve(ready, c, seen=0)
    assert (answer.how, [record.number for record in answer.unseen]) == (How.UNSEEN, [young.number])
    assert ready.subscriptions.request_ids == []
    assert (await approve(ready, c, seen=young.number)).cancellation.state == State.ACCEPTED


async def test_what_no_card_calls_new_is_not_in_the_way(ready: House) -> None:
    """A test alert that was there when it was asked for: nothing rests on it, and nobody has to look at it."""
    (drill,) = await ready.take_in(alert("alert-test", is_test=True))
    c = await asked(ready)
    assert drill.alert.id not in c.plan.alerts
    assert (await approve(ready, c, seen=0)).cancellation.state == State.ACCEPTED


async def test_new_alerts_redraw_the_approvers_cards(ready: House) -> None:
    await asked(ready)
    await ready.deliver()
    (young,) = await ready.take_in(alert("alert-young"))
    async with ready.store.write() as tx:
        await ready.cards.announce(tx, young)
    await ready.deliver()
    (card,) = ready.channel.cards(personal(MAX).id)
    assert young.label in str(card.message.card)


async def test_a_card_that_showed_another_plan_decides_nothing(ready: House) -> None:
    c = await asked(ready)
    answer = await ready.deciding.approve(c, MAX, HERE, digest="another", seen=10**6, patience=PATIENT)
    assert answer.how is How.STALE
    assert (await stands(ready, c)).state == State.ASKED


@pytest.mark.parametrize(
    "change",
    [
        lambda house: house.subscriptions.change(SUBSCRIPTION, status="inactive"),
        lambda house: house.subscriptions.change(SUBSCRIPTION, name="Renamed"),
        lambda house: house.subscriptions.change(SUBSCRIPTION, plan_id="another"),
        lambda house: house.subscriptions.known.clear(),
        lambda house: house.source.in_the_portal(ONE.key, "resolved", "legitimate"),
        lambda house: house.source.in_the_portal(OTHER.key, "resolved", "ignore"),
        lambda house: house.directory.grant(NORTHWIND, ADA),
    ],
)
async def test_what_changed_in_the_meantime_voids_the_plan(ready: House, change: Any) -> None:
    c = await asked(ready)
    change(ready)
    answer = await approve(ready, c)
    assert (answer.how, answer.cancellation.state) == (How.DECIDED, State.VOID)
    assert answer.cancellation.outcome
    assert ready.subscriptions.request_ids == []
    await ready.deliver()
    assert answer.cancellation.outcome in "\n".join(ready.channel.texts(CHANNEL))


async def test_what_cannot_be_verified_is_not_approved(ready: House) -> None:
    c = await asked(ready)
    ready.subscriptions.read_troubles.append(Transient("away"))
    with pytest.raises(NotChecked):
        await approve(ready, c)
    assert (await stands(ready, c)).state == State.ASKED


async def test_rejecting_takes_a_reason_and_ends_it(ready: House) -> None:
    c = await asked(ready)
    with pytest.raises(UserError):
        await ready.deciding.reject(c, MAX, HERE, "  ")
    answer = await ready.deciding.reject(c, MAX, HERE, "The customer runs a load test")
    assert (answer.how, answer.cancellation.state) == (How.DECIDED, State.REJECTED)
    await ready.deliver()
    assert "The customer runs a load test" in "\n".join(ready.channel.texts(CHANNEL))
    late = await approve(ready, c, by=ZOE)
    assert (late.how, late.cancellation.state, ready.subscriptions.request_ids) == (How.ALREADY, State.REJECTED, [])


async def test_only_who_asked_withdraws(ready: House) -> None:
    c = await asked(ready)
    with pytest.raises(NotAllowed):
        await ready.deciding.withdraw(c, MAX, HERE, "")
    assert (await ready.deciding.withdraw(c, ADA, HERE, "")).cancellation.state == State.WITHDRAWN
    assert (await asked(ready)).number > c.number


async def test_a_reminder_comes_at_half_time_and_then_it_expires(ready: House) -> None:
    c = await asked(ready)
    await ready.deliver()
    half = await later(ready, c, timedelta(hours=2, minutes=1))
    assert (half.state, half.reminded) == (State.ASKED, True)
    await ready.deliver()
    assert len(ready.channel.texts(personal(MAX).id)) == 1
    expired = await later(ready, c, timedelta(hours=2))
    assert (expired.state, expired.due_at) == (State.EXPIRED, None)
    assert (await approve(ready, c)).how is How.ALREADY
    assert ready.subscriptions.request_ids == []


async def test_an_approval_that_comes_too_late_finds_it_expired(ready: House) -> None:
    c = await asked(ready)
    ready.clock.forward(4 * 3600)
    answer = await approve(ready, c)
    assert (answer.how, answer.cancellation.state) == (How.ALREADY, State.EXPIRED)


async def test_two_approvers_at_once_make_one_cancel_and_hear_the_same(ready: House) -> None:
    c = await asked(ready)
    answers = await asyncio.gather(approve(ready, c), approve(ready, c, by=ZOE))
    assert len(ready.subscriptions.request_ids) == 1
    assert sorted(answer.how for answer in answers) == [How.ALREADY, How.DECIDED]
    approvers = {answer.cancellation.approver_name for answer in answers}
    assert len(approvers) == 1


async def test_approving_against_rejecting_has_one_outcome(ready: House) -> None:
    c = await asked(ready)
    yes, no = await asyncio.gather(approve(ready, c), ready.deciding.reject(c, ZOE, HERE, "wait"))
    assert {yes.how, no.how} == {How.DECIDED, How.ALREADY}
    state = (await stands(ready, c)).state
    assert (state == State.REJECTED) == (no.how is How.DECIDED)
    assert len(ready.subscriptions.request_ids) == (yes.how is How.DECIDED)


# Sending -----------------------------------------------------------------------------------------------------------


async def test_a_lost_answer_is_looked_for_and_the_same_request_sent_again(ready: House) -> None:
    c = await asked(ready)
    ready.subscriptions.troubles.append(DROPPED_AFTER)
    answer = await approve(ready, c)
    assert answer.cancellation.state == State.ACCEPTED
    assert ready.subscriptions.request_ids == [c.plan.request_id] * 2
    assert len(ready.subscriptions.accepted) == 1


async def test_a_lost_answer_whose_cancel_shows_already_sends_nothing_more(ready: House) -> None:
    c = await asked(ready)
    ready.subscriptions.takes = 0
    ready.subscriptions.troubles.append(DROPPED_AFTER)
    assert (await approve(ready, c)).cancellation.state == State.ACCEPTED
    assert ready.subscriptions.request_ids == [c.plan.request_id]


async def test_what_never_left_is_sent_again_without_doubt(ready: House) -> None:
    c = await asked(ready)
    ready.subscriptions.troubles.append(DROPPED_BEFORE)
    answer = await approve(ready, c)
    assert (answer.cancellation.state, answer.cancellation.sent) == (State.ACCEPTED, 1)


async def test_throttling_waits_as_long_as_it_is_told(ready: House) -> None:
    c = await asked(ready)
    ready.subscriptions.troubles.append(Trouble(Transient("429", code="429", retry_after=57)))
    answer = await approve(ready, c)
    assert (answer.how, answer.cancellation.state, ready.subscriptions.request_ids) == (How.LATE, State.APPROVED, [])
    early = await later(ready, c, timedelta(seconds=50))
    assert early.state == State.APPROVED
    assert (await later(ready, c, timedelta(seconds=10))).state == State.ACCEPTED


async def test_what_cannot_be_sent_for_a_quarter_of_an_hour_lapses(ready: House) -> None:
    c = await asked(ready)
    ready.subscriptions.troubles.extend([DROPPED_BEFORE] * 500)
    await approve(ready, c)
    lapsed = await later(ready, c, SEND_WITHIN + timedelta(minutes=1))
    assert (lapsed.state, lapsed.sent, lapsed.due_at) == (State.LAPSED, 0, None)
    ready.subscriptions.troubles.clear()
    assert (await asked(ready)).state == State.ASKED


async def test_what_stays_in_doubt_is_watched_and_never_sent_again(ready: House) -> None:
    c = await asked(ready)
    ready.subscriptions.troubles.extend([LOST_BEFORE] * 500)
    await approve(ready, c)
    unsure = await later(ready, c, SEND_WITHIN + timedelta(minutes=1))
    assert unsure.state == State.UNSURE
    ready.subscriptions.troubles.clear()
    failed = await later(ready, c, STUCK_AFTER)
    assert (failed.state, failed.due_at, ready.subscriptions.request_ids) == (State.FAILED, None, [])
    assert (await ready.record(ONE)).alert.is_open


async def test_what_was_in_doubt_and_shows_after_all_is_done(ready: House) -> None:
    c = await asked(ready)
    ready.subscriptions.troubles.extend([DROPPED_AFTER, *[LOST_BEFORE] * 500])
    ready.subscriptions.takes = 3000
    await approve(ready, c)
    assert (await later(ready, c, SEND_WITHIN + timedelta(minutes=1))).state == State.UNSURE
    done = await later(ready, c, timedelta(minutes=45))
    assert (done.state, len(ready.subscriptions.accepted)) == (State.DONE, 1)
    assert not (await ready.record(ONE)).alert.is_open


@pytest.mark.parametrize("lost", ["approver", "requester"])
async def test_nothing_is_sent_again_without_live_roles(ready: House, lost: str) -> None:
    c = await asked(ready)
    ready.subscriptions.slow.clear()
    approving = asyncio.create_task(approve(ready, c))
    await ready.subscriptions.arrived.wait()
    approving.cancel()  # the process dies
    for task in ready.tasks:
        task.cancel()
    await asyncio.gather(approving, *ready.tasks, return_exceptions=True)
    ready.subscriptions.slow.set()
    ready.directory.grant(NORTHWIND, MAX if lost == "approver" else ADA)
    after = await later(ready, c, timedelta(minutes=2))
    assert (after.state, len(ready.subscriptions.request_ids)) == (State.UNSURE, 1)
    assert (await later(ready, c, timedelta(minutes=20))).state == State.DONE


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (Refused("no", code="900308"), "900308"),
        (Refused("no", code="900159"), "900159"),
        (Missing("no", code="800111"), "800111"),
        (Permanent("no", code="900307"), "900307"),
    ],
)
async def test_a_plain_no_ends_it_with_its_words(ready: House, trouble: Permanent, code: str) -> None:
    c = await asked(ready)
    ready.subscriptions.troubles.append(Trouble(trouble))
    refused = (await approve(ready, c)).cancellation
    assert (refused.state, refused.code, refused.due_at) == (State.REFUSED, code, None)
    assert refused.outcome
    assert (await ready.record(ONE)).alert.is_open


async def test_a_pending_operation_names_the_earliest_time(ready: House) -> None:
    c = await asked(ready)
    wait = timedelta(hours=24)
    ready.subscriptions.troubles.append(Trouble(PendingOperation("409", code="900278", earliest=wait)))
    refused = (await approve(ready, c)).cancellation
    assert refused.state == State.REFUSED
    assert refused.earliest_at is not None
    assert refused.earliest_at - ready.clock.now() <= wait
    with pytest.raises(UserError) as early:
        await asked(ready)
    assert early.value.code == "too_early"
    ready.clock.forward(wait.total_seconds())
    assert (await asked(ready)).state == State.ASKED


async def test_a_missing_factor_sends_the_approver_to_sign_in_and_the_request_waits(ready: House) -> None:
    c = await asked(ready)
    ready.subscriptions.troubles.append(Trouble(SignInNeeded("MFA", code="900421", interactive=True)))
    with pytest.raises(SignInNeeded):
        await approve(ready, c)
    waits = await stands(ready, c)
    assert (waits.state, waits.sent, waits.approver_id) == (State.ASKED, 0, "")
    assert (await approve(ready, waits)).cancellation.state == State.ACCEPTED
    assert ready.subscriptions.request_ids == [c.plan.request_id]


async def test_a_missing_factor_that_shows_late_leads_to_the_sign_in_when_they_press_again(
    ready: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Partner Center answers when nobody waits for it any more; each time, so that pressing alone would never end."""
    c = await asked(ready)
    answers, cancel = asyncio.Event(), ready.subscriptions.cancel

    async def slow(*values: Any, **named: Any) -> Receipt:
        await answers.wait()
        return await cancel(*values, **named)

    monkeypatch.setattr(ready.subscriptions, "cancel", slow)
    ready.subscriptions.troubles.append(Trouble(SignInNeeded("MFA", code="900421", interactive=True)))
    answer = await ready.deciding.approve(c, MAX, HERE, digest=c.plan.digest, seen=10**6, patience=0.05)
    assert answer.how is How.LATE
    await ready.waiting()
    answers.set()
    await ready.settle()
    told = [str(item.payload) for item in await ready.waiting() if item.conversation_id == personal(MAX).id]
    assert any("it waits for Max, or somebody else, to approve again" in words for words in told)
    with pytest.raises(SignInNeeded) as need:
        await approve(ready, c)
    assert (need.value.code, (await stands(ready, c)).state) == ("900421", State.ASKED)
    assert (await approve(ready, await stands(ready, c))).cancellation.state == State.ACCEPTED, "they have signed in"


async def test_after_an_hour_it_is_stuck_and_people_are_told(ready: House) -> None:
    c = await asked(ready)
    ready.subscriptions.takes = 10**9
    await approve(ready, c)
    stuck = await later(ready, c, STUCK_AFTER + timedelta(minutes=1))
    assert stuck.state == State.STUCK
    kinds = [(item.conversation_id, item.kind) for item in await ready.waiting()]
    assert (personal(MAX).id, ItemKind.NOTICE) in kinds
    failed = await later(ready, c, WATCH_AT_MOST)
    assert (failed.state, failed.due_at) == (State.FAILED, None)


async def test_what_could_not_be_read_for_long_is_not_said_to_be_active_still(ready: House) -> None:
    c = await asked(ready)
    ready.subscriptions.takes = 10**9
    await approve(ready, c)
    assert (await later(ready, c, timedelta(minutes=20))).seen_status == "active"
    ready.subscriptions.read_troubles.extend([Transient("500", code="500")] * 5000)
    stuck = await later(ready, c, STUCK_AFTER)
    assert (stuck.state, stuck.seen_status) == (State.STUCK, "")
    assert "I could not see how the subscription stands" in words.line(stuck)
    ready.subscriptions.read_troubles.clear()
    assert (await later(ready, c, timedelta(hours=1))).seen_status == "active"


@pytest.mark.parametrize(("act_as", "told"), [("app", True), ("user", False)])
async def test_what_only_operators_can_mend_they_are_told(ready: House, act_as: str, told: bool) -> None:
    ready.set_up(act_as=act_as, app_may_cancel=True)
    await ready.know(conversation(OPERATORS))
    c = await asked(ready)
    ready.subscriptions.troubles.append(Trouble(Refused("no", code="900308")))
    refused = (await approve(ready, c)).cancellation
    assert refused.state == State.REFUSED
    assert ("approver's role" in refused.outcome) is not told
    rows = [item for item in await ready.waiting() if item.conversation_id == OPERATORS]
    assert [item.payload["text"] for item in rows] == ([words.line(refused)] if told else [])


async def test_what_was_stuck_can_still_be_done(ready: House) -> None:
    c = await asked(ready)
    ready.subscriptions.takes = 2 * 3600
    await approve(ready, c)
    assert (await later(ready, c, timedelta(hours=1, minutes=30))).state == State.STUCK
    assert (await later(ready, c, timedelta(hours=1))).state == State.DONE


@pytest.mark.parametrize("sent", [False, True])
async def test_an_approver_who_has_signed_out_since_is_asked_to_sign_in(ready: House, sent: bool) -> None:
    c = await asked(ready)
    trouble = Trouble(Transient("429", code="429", retry_after=57, in_doubt=sent))
    ready.subscriptions.troubles.append(trouble)
    await approve(ready, c)
    await ready.waiting()
    ready.directory.signed_out.add(MAX.aad_id)
    after = await later(ready, c, timedelta(minutes=2))
    assert ready.subscriptions.request_ids == []
    if sent:
        assert after.state == State.UNSURE
        return
    assert (after.state, after.approver_id, after.sent) == (State.ASKED, "", 0)
    told = [str(item.payload) for item in await ready.waiting() if item.conversation_id == personal(MAX).id]
    assert any("Nothing was sent; it waits for Max, or somebody else, to approve again." in words for words in told)
    ready.directory.signed_out.clear()
    assert (await approve(ready, after)).cancellation.state == State.ACCEPTED


async def test_an_application_that_may_not_any_more_sends_nothing(ready: House) -> None:
    ready.set_up(act_as="app", app_may_cancel=True)
    c = await asked(ready)
    ready.subscriptions.troubles.append(Trouble(Transient("429", code="429", retry_after=57)))
    await approve(ready, c)
    ready.set_up(app_may_cancel=False)
    after = await later(ready, c, timedelta(minutes=2))
    assert (after.state, ready.subscriptions.request_ids) == (State.VOID, [])
    assert "with its own identity" in after.outcome


async def without_partner(house: House, c: Cancellation, time: timedelta) -> Cancellation:
    """As it stands after that time, in which the settings do not name the partner."""
    partner = house.partners.pop(NORTHWIND)
    try:
        return await later(house, c, time)
    finally:
        house.partners[NORTHWIND] = partner


@pytest.mark.parametrize(
    ("troubles", "ends"),
    [
        ([Trouble(Transient("429", code="429", retry_after=57))], State.LAPSED),
        ([LOST_BEFORE] * 3, State.FAILED),
        ([], State.FAILED),
    ],
)
async def test_what_was_approved_ends_although_its_partner_is_gone(
    ready: House, troubles: list[Trouble], ends: State
) -> None:
    c = await asked(ready)
    ready.subscriptions.takes = 10**9
    ready.subscriptions.troubles.extend(troubles)
    await approve(ready, c)
    many = len(ready.subscriptions.request_ids)
    await without_partner(ready, c, SEND_WITHIN + timedelta(minutes=1))
    ready.clock.forward((WATCH_AT_MOST - timedelta(hours=1)).total_seconds())
    ended = await without_partner(ready, c, timedelta(hours=1))
    assert (ended.state, ended.due_at) == (ends, None)
    assert len(ready.subscriptions.request_ids) == many
    await ready.deliver()
    assert any(c.label in words for words in ready.channel.texts(CHANNEL))


async def test_what_was_asked_for_expires_although_its_partner_is_gone(ready: House) -> None:
    c = await asked(ready)
    assert (await without_partner(ready, c, timedelta(hours=3))).state == State.ASKED
    expired = await without_partner(ready, c, timedelta(hours=2))
    assert (expired.state, expired.due_at) == (State.EXPIRED, None)


async def test_verdicts_that_still_lack_are_given_up_with_their_partner(ready: House) -> None:
    c = await asked(ready)
    ready.source.troubles.append(Trouble(Permanent("Graph said no", code="BadThing")))
    ready.subscriptions.takes = 0
    await approve(ready, c)
    await ready.carrying_out.step_due()
    assert (await stands(ready, c)).state == State.DONE
    ready.clock.forward((WATCH_AT_MOST - timedelta(minutes=20)).total_seconds())
    assert (await without_partner(ready, c, timedelta(minutes=10))).due_at is not None
    rests = await without_partner(ready, c, timedelta(minutes=20))
    assert (rests.state, rests.due_at) == (State.DONE, None)
    assert (await ready.record(ONE)).alert.is_open or (await ready.record(OTHER)).alert.is_open


async def test_a_plan_that_was_changed_in_the_database_goes_no_further_and_holds_up_no_other(ready: House) -> None:
    await ready.know(conversation(OPERATORS))
    c = await asked(ready)
    await ready.deliver()
    async with ready.store._engines.writer.begin() as connection:
        await connection.execute(text("DROP TRIGGER cancellations_plan_is_fixed"))
        await connection.execute(text("UPDATE cancellations SET plan = replace(plan, 'Miners', 'Kittens')"))
    ready.clock.forward(timedelta(hours=3).total_seconds())
    for _ in range(2):
        await ready.carrying_out.step_due()
    await ready.deliver()
    (told,) = ready.channel.texts(OPERATORS)
    assert told.startswith(f"{c.label}: its plan in the database is not the one that was asked for")


# Reactivating ------------------------------------------------------------------------------------------------------


async def test_reactivating_takes_two_persons_too(ready: House) -> None:
    ready.subscriptions.change(SUBSCRIPTION, status="inactive")
    c = await asked(ready, kind=Kind.REACTIVATE, consent="")
    with pytest.raises(NotAllowed):
        await approve(ready, c, by=ADA)
    await approve(ready, c)
    done = await later(ready, c, timedelta(minutes=15))
    assert (done.state, ready.subscriptions.accepted[0][0]) == (State.DONE, "reactivate")
    assert (await ready.record(ONE)).alert.is_open


async def test_an_active_subscription_is_not_reactivated(ready: House) -> None:
    with pytest.raises(UserError) as problem:
        await asked(ready, kind=Kind.REACTIVATE)
    assert problem.value.code == "wrong_status"


# On record ---------------------------------------------------------------------------------------------------------


async def test_each_step_is_a_row_about_the_very_same_plan(ready: House) -> None:
    c = await asked(ready)
    await approve(ready, c)
    await later(ready, c, timedelta(minutes=15))
    rows = [row.entry for row in await ready.audit() if row.entry.subject == c.label]
    assert [(row.act, row.outcome, row.actor_name) for row in rows] == [
        ("ask to cancel", "asked", "Ada"),
        ("call approvers", "done", ""),
        ("verify", "unchanged", "Max"),
        ("approve", "done", "Max"),
        ("cancel", "sending", "Max"),
        ("cancel", "accepted", "Max"),
        ("cancel watch", "done", ""),
    ]
    assert {row.detail["plan"] for row in rows} == {c.plan.digest}
    assert rows[4].detail["MS-RequestId"] == c.plan.request_id


async def test_what_was_seen_again_and_what_came_back_is_on_record(ready: House) -> None:
    c = await asked(ready)
    ready.subscriptions.troubles.extend([DROPPED_AFTER, DROPPED_BEFORE])
    await approve(ready, c)
    rows = [row.entry for row in await ready.audit() if row.entry.subject == c.label]
    since = [(row.act, row.outcome, row.actor_name) for row in rows][4:]
    assert since == [
        ("cancel", "sending", "Max"),
        ("cancel", "in doubt", "Max"),
        ("verify", "unchanged", "Max"),
        ("cancel", "sending", "Max"),
        ("cancel", "not taken", "Max"),
        ("verify", "unchanged", "Max"),
        ("cancel", "sending", "Max"),
        ("cancel", "accepted", "Max"),
    ]
    assert rows[5].detail["message"] == "the connection broke"
    assert rows[6].detail["entitlement"]["status"] == "active"
    assert rows[6].detail["approver lacks"] == []
