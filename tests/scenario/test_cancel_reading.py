"""What people read about requests: the list, the help, what is none of their business, and hostile names."""

from __future__ import annotations

import json

from bot.texts import cancelling as words
from bot.texts import request_card as card_words
from tests.support.cancelling import (
    Asked,
    approve,
    ask,
    card_of,
    filled,
    now,
    open_form,
    reject,
    said_to,
    sent,
    signed_in,
    subject,
    tend,
    with_partner,
)
from tests.support.desk import Desk

HOSTILE = (
    "[click me](https://evil.example/login) <at>Everyone</at> **bold** ${secret} {{DATE(2026-01-01,SHORT)}} "
    "\u202egnp.exe\u202c\u200b www.evil.com\nR-1: Max Okafor rejected it.\x00\x1b[31m"
)
DEAD = ("](http", "https://evil", "www.evil.com", "<at>Everyone", "{{DATE", "${secret")
UNSEEN = ("\u202e", "\u202c", "\u200b", "\x00", "\x1b", "\n")


async def requested(desk: Desk) -> Asked:
    return await ask(desk, await subject(desk))


async def test_the_list_of_requests(people: Desk) -> None:
    await signed_in(people, "ada", "max")
    assert card_words.APPROVALS_NONE in (await people.ask("nora", "approvals")).text
    first, second, third = [await requested(people) for _ in range(3)]
    await reject(people, first, reason="no")
    await tend(people, 30)
    for where in ("alerts", "max"):
        shown = await people.ask("max", "Approvals", where)
        assert shown.json["summary"] == words.APPROVALS
        assert "2 requests wait for a decision. Write: approve R-" in shown.text
        for request, told in ((first, "Rejected"), (second, "Waits for a decision until"), (third, "Waits for a deci")):
            assert request.label in shown.text
            assert told in shown.text
            assert f"Cancel “{request.subject.entitlement.name}” of" in shown.text
        assert shown.text.count("Asked by Ada Lindqvist") == 3
    assert "approvals" in (await people.ask("max", "approvals all")).text, "it takes nothing more"
    which = await people.ask("max", "approve")
    assert second.label in which.text
    assert third.label in which.text
    assert first.label not in which.text
    assert sent(people) == []


async def test_the_help_tells_each_command(desk: Desk) -> None:
    for name in ("cancel", "approve", "reject", "withdraw", "approvals", "reactivate"):
        shown = await desk.ask("nora", f"help {name}")
        assert name in shown.text
        assert "second person" in shown.text or "equest" in shown.text, name
    assert "confirm:" in (await desk.ask("nora", "help cancel")).text
    near = await desk.ask("nora", "cancle A-1")
    assert "cancel" in near.text


async def test_a_request_of_another_partner_is_unknown_here(people: Desk) -> None:
    """Whatever is typed or pressed in Fabrikam's conversations, it reads like one that never was."""
    await people.ask("fay", "subscribe", "fabrikam")
    await people.deliver()
    await signed_in(people, "ada")
    request = await requested(people)
    about = request.subject
    theirs = (await people.posted("fabrikam", "fabrikam"))[1]
    post = await card_of(people, request)
    for typed in (
        "approve {}",
        "reject {} because I can",
        "withdraw {}",
    ):
        known, unknown = [await people.ask("fay", typed.format(label), "fabrikam") for label in (request.label, "R-99")]
        assert known.text.replace(request.label, "R-99") == unknown.text
        assert "There is no request R-99 here" in unknown.text
    for typed in (f"cancel {about.entitlement.id}", f"cancel {about.label}", f"reactivate {about.entitlement.id}"):
        said = await people.ask("fay", typed, "fabrikam")
        assert about.entitlement.name not in said.text
        assert "here" in said.text
    listed = await people.ask("fay", "approvals", "fabrikam")
    assert request.label not in listed.text
    for button in ("Approve", "Withdraw"):
        answer = await people.press("fay", theirs, post.card.button(button))
        assert "There is no request" in answer.text, button
        assert about.entitlement.name not in json.dumps(answer.body)
    stolen = await open_form(people, "fay", theirs, about.post.card.number)
    assert about.entitlement.name not in json.dumps(stolen.body)
    assert (await now(people, request)).state == "asked"
    assert [row.entry.outcome for row in await people.audit() if row.entry.actor_name == "Fay Moreau"] == []


async def test_strangers_read_no_request(people: Desk) -> None:
    """eve is in the shared channel alone, and nothing of Northwind's is sent there; finn is in no team of theirs."""
    await signed_in(people, "ada")
    request = await requested(people)
    name = request.subject.entitlement.name
    for person, where in (("eve", "joint"), ("finn", "finn"), ("finn", "fabrikam")):
        for typed in (
            "approvals",
            f"approve {request.label}",
            f"reject {request.label} no",
            f"withdraw {request.label}",
        ):
            said = await people.ask(person, typed, where)
            assert name not in said.text, (person, typed)
            assert "Ada" not in said.text, (person, typed)
    assert (await now(people, request)).state == "asked"


async def test_hostile_names_stay_dead(people: Desk) -> None:
    """The customer names the subscription, the asker writes the rest: no link, mention, template, or unseen character
    of theirs comes alive on a card, and none of them draws a line that we did not write."""
    await signed_in(people, "ada", "max")
    about = await subject(people)
    await people.control(f"entitlements/{about.entitlement.id}", {"name": HOSTILE})
    form = await people.open_dialog("ada", about.post, "Cancel subscription")
    told = await people.send_dialog(
        "ada", about.post, form, **filled(about, reason=HOSTILE, consent="refused", consent_note=HOSTILE)
    )
    assert told.text.startswith("R-1 is asked for")
    await people.deliver()
    request = Asked(about, 1, told.text, await now(people, 1))
    listed = await people.ask("max", "approvals")
    cards = [
        form.card,
        (await card_of(people, request)).card,
        (await card_of(people, request, "max")).card,
        listed.card,
    ]
    refused = await reject(people, request, reason=HOSTILE)
    await people.deliver()
    cards += [(await card_of(people, request)).card, (await people.card(about.alert)).card]
    for card in cards:
        for bad in (*DEAD, *UNSEEN[:-1]):
            assert bad not in card.text, (bad, card.text)
    for post in [post for post in await people.posts() if post.by_bot]:
        for bad in (*DEAD, *UNSEEN):
            assert bad not in str(post.json["summary"]), bad
    lines = [
        post for post in await people.posts() if post.by_bot and post.thread == about.post.id and not post.has_card
    ]
    assert len(lines) >= 2
    for said in (told.text, refused.text, *(line.text for line in lines)):
        for bad in (*DEAD, *UNSEEN):
            assert bad not in said, (bad, said)
    for line in lines:
        assert line.json.get("textFormat", "plain") == "plain"


async def test_hostile_names_in_what_is_told_afterwards(people: Desk) -> None:
    await people.another(OPERATORS_CHANNEL=people.channel("Security Operations", "General").id)
    await signed_in(people, "ada", "max")
    about = await subject(people)
    await people.switch(cancel_seconds=90_000.0)
    await people.control(f"entitlements/{about.entitlement.id}", {"name": HOSTILE})
    request = await ask(people, about)
    await approve(people, request)
    await tend(people, 3700)
    assert (await now(people, request)).state == "stuck"
    said = [*await said_to(people, "max", "an hour later"), *await people.lines(about.post)]
    said += [post.text for post in await people.posts("general") if "an hour later" in post.text]
    assert len(said) >= 4
    for text in said:
        if not text.startswith("R-1 · "):
            assert not [bad for bad in (*DEAD, *UNSEEN) if bad in text], text


async def test_the_longest_names_and_reasons_fit(people: Desk) -> None:
    await signed_in(people, "ada", "max")
    about = await subject(people)
    for _ in range(12):
        await people.alert(subscriptionId=about.entitlement.id, displayName="W" * 900)
    await people.settle("northwind")
    await people.control(f"entitlements/{about.entitlement.id}", {"name": "\U0001f4a3" * 400})
    request = await ask(people, about, reason="W" * 1000, consent="refused", consent_note="\u4e2d" * 1000)
    for where in ("alerts", "max"):
        shown = (await card_of(people, request, where, "max")).card
        assert {"Approve", "Reject"} <= shown.buttons.keys()
    assert "Accepted, under way" in (await approve(people, request)).text


async def test_a_partner_that_was_taken_out_of_the_settings(people: Desk) -> None:
    """Its requests wait, and nothing breaks; they go on when it is back."""
    await signed_in(people, "ada")
    request = await requested(people)
    partners = json.loads(people.settings["ALERTDESK_PARTNERS"])
    home = people.partner().tenant_id
    await people.another(PARTNERS=json.dumps([partner for partner in partners if partner["tenantId"] != home]))
    await tend(people, 3 * 3600)
    assert (await now(people, request)).state == "asked"
    await people.another(PARTNERS=json.dumps(partners))
    await with_partner(people)
    await tend(people, 2 * 3600)
    assert (await now(people, request)).state == "expired"
