"""Asking for a subscription to be cancelled: the form, its typed twins, who is called, and every way to be refused.
Whatever is refused is said to the one who asked, and nothing is sent to Partner Center."""

from __future__ import annotations

from typing import Any

from bot.sandbox.world import Plan
from bot.texts import cancelling as words
from bot.texts import en as texts
from bot.texts import signing_in
from tests.cardcheck import mentions, walk
from tests.support.cancelling import (
    REASON,
    Subject,
    also,
    ask,
    asked,
    card_of,
    changes,
    fill,
    filled,
    newest,
    now,
    open_form,
    sent,
    signed_in,
    subject,
    tend,
    trail,
    with_partner,
)
from tests.support.desk import Desk
from tests.support.seen import Answer
from tests.support.signing import SIGNED_IN, browser, exchange, link, press

LICENCE = {
    "id": "7d1c8c0a-0000-4000-8000-000000000001",
    "offerId": "CFQ7TTC0LH18:0001:CFQ7TTC0K971",
    "status": "active",
}
LEGACY = {**LICENCE, "offerId": "MS-AZR-0145P", "offerName": "Microsoft Azure"}


async def no_request(desk: Desk) -> None:
    assert await newest(desk) is None
    assert sent(desk) == []


async def opened(desk: Desk, about: Subject, person: str = "ada") -> Answer:
    answer = await desk.open_dialog(person, about.post, "Cancel subscription")
    assert answer.status == 200
    return answer


async def test_asked_in_the_dialog_and_everybody_who_matters_knows(people: Desk) -> None:
    await signed_in(people, "ada")
    about = await subject(people, severity="low")
    worse, _ = await also(people, about, severity="high")
    await people.posted(subscriptionId=about.entitlement.id, isTest=True)
    answer = await opened(people, about)
    assert answer.kind == "dialog"
    customer = people.cloud.world.customers[about.entitlement.customer_tenant_id]
    shown = (customer.name, about.entitlement.name, about.entitlement.id, about.entitlement.plan_id, "is deallocated")
    for told in (*shown, "Its data is deleted after the retention period", "can reactivate it", "3 open alerts are"):
        assert told in answer.text, told
    before = people.mark()
    request = await ask(people, about, consent="refused", consent_note="They want to wait until Monday")
    assert request.told.startswith(f"R-1 is asked for: to cancel “{about.entitlement.name}” of {customer.name}.")
    assert "I asked Max Okafor to decide." in request.told
    assert {entry.method for entry in people.requests("partnercenter", since=before)} == {"GET"}

    plan = request.plan.plan
    assert plan.alerts == (about.alert["id"], worse["id"]), "that from which it was asked, the worst, and no test"
    assert (plan.azure_plan_id, plan.entitlement_id) == (about.entitlement.plan_id, about.entitlement.id)
    assert (plan.by_name, plan.reason, plan.consent) == ("Ada Lindqvist", REASON, "refused")
    assert (plan.expires_at - plan.asked_at).total_seconds() == 4 * 3600

    for where, person in (("alerts", "nora"), ("max", "max")):
        card = (await card_of(people, request, where, person)).card
        for told in (*shown, REASON, "They want to wait until Monday", "Reached, and did not agree", "Ada Lindqvist"):
            assert told in card.text, (where, told)
        assert worse["displayName"] in card.text
        assert card.verbs == {"cancellation.approve", "cancellation.reject"} | (
            {"cancellation.withdraw"} if where == "alerts" else set()
        )
        assert mentions(dict(card.json)) == (("<at>Max Okafor</at>",) if where == "alerts" else ())
    in_thread = await card_of(people, request)
    assert in_thread.thread == about.post.id
    line = (
        f"R-1: Ada Lindqvist asks to cancel the Azure subscription “{about.entitlement.name}” of {customer.name}. "
        f"It waits for a decision until {texts.when(plan.expires_at)}."
    )
    assert await people.lines(about.post) == [in_thread.text, line]
    for alert in (about.alert, worse):
        drawn = (await people.card(alert)).card
        assert "Cancelling the subscription was asked for by Ada Lindqvist (R-1); it waits for approval" in drawn.text
        assert "Cancel subscription" not in drawn.buttons
    assert await trail(people, request) == [("ask to cancel", "asked"), ("call approvers", "done")]
    (row,) = [row.entry for row in await people.audit() if row.entry.act == "ask to cancel"]
    assert row.actor_id == people.cloud.world.people["ada"].aad_object_id
    assert row.detail["MS-RequestId"] == plan.request_id
    assert row.detail["plan"] == plan.digest
    assert row.detail["activity"]
    assert changes(people) == []


async def test_the_form_as_a_message_and_its_answer(people: Desk) -> None:
    """`cancel A-1042` in a client without dialogs: the form stands in the chat."""
    await signed_in(people, "ada")
    for where, typed in (
        ("alerts", "cancel {label}"),
        ("ada", "Cancel  #{number}"),
        ("alerts", "cancel {subscription}"),
    ):
        about = await subject(people)
        text = typed.format(label=about.label, number=about.post.card.number, subscription=about.entitlement.id.upper())
        form = await people.ask("ada", text, where)
        assert about.entitlement.id in form.text, text
        for bad, says in (
            ({"confirm": "000000x"}, words.bad_suffix(about.entitlement.id)),
            ({"consent": ""}, words.NO_CONSENT),
        ):
            (refusal,) = await fill(people, "ada", form, **filled(about, **bad))
            assert refusal.text == says
        (said,) = await fill(people, "ada", form, **filled(about))
        request = await asked(people, about, said.text)
        assert (await card_of(people, request)).thread == about.post.id
        assert request.plan.plan.conversation_id == people.place(where).id
    assert sent(people) == []


async def test_typed_with_all_answers(people: Desk) -> None:
    await signed_in(people, "ada")
    about = await subject(people)
    said = await people.ask(
        "ada",
        f"cancel customer:unreachable note:“called twice, no answer” confirm:{about.suffix.upper()} {REASON}",
        thread=about.post.id,
    )
    plan = (await asked(people, about, said.text)).plan.plan
    assert (plan.reason, plan.consent, plan.consent_note) == (REASON, "unreachable", "called twice, no answer")
    other = await subject(people)
    said = await people.ask("ada", f"cancel {other.entitlement.id} customer:agreed confirm:{other.suffix} {REASON}")
    assert (await asked(people, other, said.text)).plan.plan.entitlement_id == other.entitlement.id


FORM_REFUSALS: list[tuple[dict[str, str], str]] = [
    ({"reason": "  "}, "Say why"),
    ({"consent": ""}, words.NO_CONSENT),
    ({"consent": "refused"}, words.NO_CONSENT_NOTE),
    ({"consent": "unreachable", "consent_note": " "}, words.NO_CONSENT_NOTE),
    ({"confirm": ""}, "last 6 characters"),
    ({"confirm": "abc"}, "last 6 characters"),
    ({"confirm": "zzzzzz"}, "last 6 characters"),
]
"""The form comes back as it was filled in."""
NO_FORM_SENDS: list[tuple[dict[str, str], str]] = [
    ({"consent": "perhaps"}, texts.UNREADABLE_ACTION),
    ({"reason": "x" * 1001}, "1,001 characters; 1,000 is the most"),
    ({"consent_note": "x" * 1001}, "1,001 characters"),
]


async def test_what_is_not_filled_in_is_asked_for_in_words(people: Desk) -> None:
    await signed_in(people, "ada")
    about = await subject(people)
    form = await opened(people, about)
    for fields, says in FORM_REFUSALS:
        typed_in = filled(about, **fields)
        answer = await people.send_dialog("ada", about.post, form, **typed_in)
        assert (answer.status, answer.kind) == (200, "dialog"), fields
        assert says in answer.text, (fields, answer.text)
        values = {part["id"]: part.get("value", "") for _, part in walk(answer.card.json) if "isMultiline" in part}
        assert values == {name: typed_in[name].strip() for name in ("reason", "consent_note")}, "nothing typed is lost"
        assert [one["data"] for one in answer.card.buttons.values()] == [
            one["data"] for one in form.card.buttons.values()
        ]
    for fields, says in NO_FORM_SENDS:
        answer = await people.send_dialog("ada", about.post, form, **filled(about, **fields))
        assert (answer.status, answer.kind) == (200, "message"), fields
        assert says in answer.text, (fields, answer.text)
    for typed, says in (
        (f"cancel {about.label} customer:agreed confirm:{about.suffix}", "Say why"),
        (f"cancel {about.label} confirm:{about.suffix} {REASON}", words.NO_CONSENT),
        (f"cancel {about.label} customer:yes confirm:{about.suffix} {REASON}", "customer:agreed, customer:refused"),
        (f"cancel {about.label} customer:agreed {REASON}", "last 6 characters"),
        (f"cancel {about.label} customer:agreed confirm:{about.suffix} {'x' * 1001}", "1,001 characters"),
    ):
        said = await people.ask("ada", typed)
        assert says in said.text, typed
    await no_request(people)


async def test_what_cannot_be_asked_for(people: Desk) -> None:
    """Each is told as the answer to the dialog, and as the answer to what is typed."""
    await signed_in(people, "ada", "nora", "gil")
    about = await subject(people)
    for person in ("nora", "gil", "gus"):
        if person == "gus":
            await signed_in(people, person)
        answer = await opened(people, about, person)
        assert (answer.kind, "Admin Agent" in answer.text) == ("message", True), answer.body
        assert "Admin Agent" in (await people.ask(person, f"cancel {about.label}")).text
    denied = [row.entry for row in await people.audit() if row.entry.outcome == "denied"]
    assert {(row.actor_name, row.act) for row in denied} == {
        (name, "ask to cancel") for name in ("Nora Meyer", "Gil Tanaka", "Gus Delgado")
    }

    test = await subject(people, isTest=True)
    nowhere = await people.alert(subscriptionId="")
    decided = await subject(people)
    await people.in_portal(decided.alert, "resolve", reason="legitimate", by="max")
    inactive = await subject(people, status="inactive")
    await people.settle("northwind")
    gone = await people.card(nowhere)
    rows: list[tuple[Any, str]] = [
        (test.post, "is a test alert"),
        (gone, "names no subscription"),
        (decided.post, "was decided as legitimate"),
        (inactive.post, f"“{inactive.entitlement.name}” is inactive at Partner Center; only an active subscription"),
    ]
    for post, says in rows:
        answer = await open_form(people, "ada", post, post.card.number)
        assert (answer.status, answer.kind) == (200, "message"), says
        assert says in answer.text
        assert says in (await people.ask("ada", f"cancel {post.card.label}")).text
    unknown = "11111111-2222-4333-8444-555555555555"
    for typed, says in (
        (f"cancel {unknown}", unknown),
        ("cancel A-999999", "A-999999"),
        ("cancel", texts.NO_ALERT_NAMED),
    ):
        assert says in (await people.ask("ada", typed)).text, typed
    await no_request(people)


LOOK_UPS: list[tuple[str, dict[str, Any], str]] = [
    ("no Azure plan", {"match": "/subscriptions$", "body": {"items": [LICENCE]}}, "has no Azure plan with you"),
    ("legacy Azure", {"match": "/subscriptions$", "body": {"items": [LEGACY]}}, "has no Azure plan with you"),
    ("not below its plan", {"match": "azureEntitlements$", "body": {"items": []}}, "may stand with another partner"),
    ("no relationship", {"status": 403, "code": "900159"}, "no commerce relationship with this customer"),
    ("invalid customer", {"status": 400, "code": "900118"}, "does not know this customer"),
    ("unknown customer", {"status": 404, "code": "20003"}, "does not know this customer"),
    ("no role", {"status": 403, "code": "900308"}, "neither Alert Desk nor you"),
    ("away", {"status": 503}, words.NOT_LOOKED_UP),
    ("throttled", {"status": 429, "retry_after": 60}, words.NOT_LOOKED_UP),
    ("broken off", {"drop": "before"}, words.NOT_LOOKED_UP),
    ("nonsense", {"body": "<html>"}, words.NOT_LOOKED_UP),
]


async def test_a_subscription_that_cannot_be_found_is_not_asked_for(people: Desk) -> None:
    await signed_in(people, "ada")
    about = await subject(people)
    for name, fault, says in LOOK_UPS:
        action = {key: value for key, value in fault.items() if key != "match"}
        if "body" in action:
            action["status"] = 200
        await people.fault("partnercenter", "GET", fault.get("match"), times=None, **action)
        answer = await opened(people, about)
        assert (answer.kind, says in answer.text) == ("message", True), (name, answer.body)
        assert "Nothing was asked for" in answer.text, name
        said = await people.ask("ada", f"cancel {about.label} customer:agreed confirm:{about.suffix} {REASON}")
        assert says in said.text, name
        await people.heal()
    await no_request(people)


async def test_two_plans_that_name_it_are_ambiguous_and_one_of_two_is_found(people: Desk) -> None:
    await signed_in(people, "ada")
    about = await subject(people, plans=2)
    assert (await opened(people, about)).kind == "dialog", "one of two plans has it"
    twice = {"id": about.entitlement.id, "friendlyName": "Twice", "status": "active"}
    await people.fault("partnercenter", "GET", "azureEntitlements$", times=None, status=200, body={"items": [twice]})
    answer = await opened(people, about)
    assert "Several of this customer's Azure plans" in answer.text
    await no_request(people)


async def test_a_plan_that_is_not_azure_is_left_alone(people: Desk) -> None:
    """Only the Azure plan is looked into, never the licences beside it."""
    await signed_in(people, "ada")
    about = await subject(people)
    before = people.mark()
    await opened(people, about)
    plans: list[Plan] = people.cloud.world.plans_of(about.entitlement.customer_tenant_id)
    looked = {
        entry.path.split("/subscriptions/")[1].split("/")[0]
        for entry in people.requests("partnercenter", "GET", "azureEntitlements", before)
    }
    assert looked == {plan.id for plan in plans if plan.azure}
    assert len(plans) > len(looked)


async def test_one_request_is_open_at_a_time(people: Desk) -> None:
    await signed_in(people, "ada", "max")
    about = await subject(people)
    form = await opened(people, about)
    _, twin_post = await also(people, about)
    await ask(people, about)
    answer = await people.send_dialog("ada", about.post, form, **filled(about))
    assert "R-1 is open on this subscription already (waits for a decision), asked for by Ada Lindqvist" in answer.text
    said = await people.ask("max", f"cancel {about.entitlement.id} customer:agreed confirm:{about.suffix} {REASON}")
    assert "R-1 is open" in said.text
    assert "R-1 is open" in (await open_form(people, "max", twin_post, twin_post.card.number)).text
    assert (await now(people, 1)).state == "asked"
    latest = await newest(people)
    assert latest is not None
    assert latest.number == 1
    await people.ask("ada", "withdraw R-1")
    await people.deliver()
    again = await ask(people, Subject(about.alert, await people.card(about.alert), about.entitlement))
    assert again.number == 2


async def test_where_the_bot_acts_as_itself_the_portal_is_shown(desk: Desk) -> None:
    """actAs app, and nobody has proven that this application may cancel."""
    about = await subject(desk)
    answer = await opened(desk, about)
    assert "Nothing was cancelled" in answer.text.replace("nothing", "Nothing")
    assert texts.MANAGE_SUBSCRIPTION in answer.text
    portal = about.post.card.button(texts.MANAGE_SUBSCRIPTION)
    assert about.entitlement.id in portal["url"]
    typed = await desk.ask("ada", f"cancel {about.label} customer:agreed confirm:{about.suffix} {REASON}")
    assert texts.MANAGE_SUBSCRIPTION in typed.text
    await no_request(desk)
    await with_partner(desk, appMayCancel=True)
    assert (await ask(desk, about)).number == 1


async def test_who_is_not_signed_in_is_led_to_it_and_the_question_is_not_lost(people: Desk) -> None:
    about = await subject(people)
    shown = await opened(people, about)
    async with browser(people, "ada") as tab:
        assert "Press the button in Teams again" in (await tab.open(link(shown))).text
    form = await opened(people, about)
    await people.client("signins", person="ada", action="revoke")
    people.clock.forward(120)
    refused = await people.send_dialog("ada", about.post, form, **filled(about))
    async with browser(people, "ada") as tab:
        page = await tab.open(link(refused))
    assert SIGNED_IN in page.text
    await tend(people)
    found = await newest(people)
    assert found is not None
    assert (found.number, found.plan.by_name) == (1, "Ada Lindqvist")

    other = await subject(people)
    await people.ask("ada", "signout")
    typed = await people.ask("ada", f"cancel {other.label} customer:agreed confirm:{other.suffix} {REASON}")
    assert list(typed.card.buttons) == [signing_in.GO_ON_AS_ME]
    answer = await press(people, "ada", typed, signing_in.GO_ON_AS_ME)
    assert (await asked(people, other, answer.text)).number == 2

    third = await subject(people)
    await people.ask("ada", "signout", "ada")
    card = await people.ask("ada", f"cancel {third.label}", "ada")
    assert (await exchange(people, "ada", card))[0] == 200
    form_post = (await people.posts("ada", "ada"))[-1]
    (said,) = await fill(people, "ada", form_post, **filled(third))
    assert (await asked(people, third, said.text)).number == 3


async def test_who_cannot_be_reached_is_named(people: Desk) -> None:
    """gil left the team and removed the bot; later there is nobody but him."""
    await signed_in(people, "ada")
    world = people.cloud.world
    group = world.groups[world.partner("northwind").approvers_group_id]
    about = await subject(people)
    await people.fault("connector", "POST", "/v3/conversations$", times=None, status=403)
    group.members.append(world.people["gil"].aad_object_id)
    await people.lifecycle("removeMember", "alerts", person="gil")
    await people.lifecycle("remove", "gil", person="gil")
    request = await ask(people, about)
    assert "I asked Max Okafor to decide. Not reached: Gil Tanaka." in request.told
    card = await card_of(people, request)
    assert mentions(dict(card.card.json)) == ("<at>Max Okafor</at>",)
    assert "Gil Tanaka" in card.text

    group.members.clear()
    group.members.append(world.people["gil"].aad_object_id)
    other = await subject(people)
    request = await ask(people, other)
    for told in (request.told, *(await people.lines(other.post))[-1:]):
        assert "I could reach nobody who may approve it. I tried Gil Tanaka." in told
        assert f"approve {request.label}" in told


async def test_without_a_group_those_known_to_hold_both_roles_are_asked(people: Desk) -> None:
    await with_partner(people, approversGroupId="")
    await signed_in(people, "ada", "max", "gil")
    for person in ("max", "gil"):
        await people.ask(person, "whoami", person)
    request = await ask(people, await subject(people))
    assert "I asked Max Okafor to decide." in request.told
    assert "Gil" not in request.told
    assert "Approve" in (await card_of(people, request, "max", "max")).card.buttons
