"""Two partners in one bot: their people never see one another's alerts, in no command, card, export or error."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from cards.actions import PAYLOADS
from tests.support.desk import Desk
from tests.support.seen import Post

SECRET = "Fabrikam secret matter"
WORDS = (
    "show {n}",
    "show {id}",
    "show {prefix}",
    "show all",
    "show unresolved",
    "show resolved",
    'show all customer:"{customer}"',
    "show all subscription:{subscription}",
    "show all partner:Fabrikam",
    "show all partner:{tenant}",
    "search {customer}",
    "search {subscription}",
    "search {id}",
    "search {prefix}",
    "mark {n} fraud",
    "mark {id} fraud a note",
    "mark {prefix} fraud",
    "reverdict {n} legitimate because",
    "investigate {n}",
    "investigate {id}",
    "note {n} hello there",
    "note {id} hello there",
    "cancel {n}",
    "cancel {id}",
    "export all partner:Fabrikam",
    'export all customer:"{customer}"',
    "whoami",
    "help",
    "subscribe",
)


class Theirs:
    """An alert of the other partner, and everything by which it could be recognised."""

    def __init__(self, desk: Desk, alert: dict[str, Any], number: int, post: Post) -> None:
        customer = desk.cloud.world.customers[alert["customerTenantId"]]
        self.number, self.post, self.alert = number, post, alert
        self.says = {
            "n": f"A-{number}",
            "id": alert["id"],
            "prefix": alert["id"][:8],
            "customer": customer.name,
            "subscription": alert["subscriptionId"],
            "tenant": desk.partner("fabrikam").tenant_id,
        }
        self.secrets = (
            alert["displayName"],
            alert["description"],
            *(str(value) for value in alert["additionalDetails"].values()),
        )
        self.ids = (alert["id"], alert["customerTenantId"], alert["subscriptionId"], customer.name)

    def leaks(self, text: str, asked: str) -> list[str]:
        """What of it stands in a text, apart from what the asker wrote."""
        found = [secret for secret in self.secrets if secret and len(secret) > 5 and secret in text]
        return found + [
            part
            for part in self.ids
            if part in text and part not in asked and not (part in self.alert["id"] and self.alert["id"] in asked)
        ]


@pytest.fixture
async def theirs(desk: Desk) -> Theirs:
    await desk.ask("fay", "subscribe", "fabrikam")
    await desk.deliver()
    # A customer whose name nobody else has a reason to read.
    alert = await desk.alert(
        "fabrikam",
        displayName=f"{SECRET} 001",
        description=f"{SECRET} described",
        additionalDetails={"Host": f"{SECRET}.example"},
    )
    await desk.settle()
    return Theirs(desk, alert, (await desk.record(alert, "fabrikam")).number, await desk.card(alert, "fabrikam"))


async def answers(desk: Desk, person: str, text: str, where: str) -> list[Post]:
    """All that the person is told: in the conversation itself, and in their own chat."""
    before = {post.id for post in await desk.posts(person, person)}
    said = await desk.say(person, text, where)
    if where != person:
        said += [post for post in await desk.posts(person, person) if post.id not in before]
    return [post for post in said if not post.is_greeting]


@pytest.mark.parametrize(("person", "where"), [("ada", "alerts"), ("ada", "ada"), ("gus", "gus"), ("ada", "general")])
async def test_no_command_tells_of_the_other_partners_alerts(
    desk: Desk, theirs: Theirs, person: str, where: str
) -> None:
    for words in WORDS:
        asked = words.format(**theirs.says)
        told = await answers(desk, person, asked, where)
        leaks = [leak for post in told for leak in theirs.leaks(str(post.json), asked)]
        assert not leaks, f"{asked!r} told {leaks}"
        if "{n}" in words and not words.startswith("whoami"):
            unknown = await answers(desk, person, words.format(**{**theirs.says, "n": "A-999999"}), where)
            same = [post.text.replace("A-999999", theirs.says["n"]) for post in unknown]
            assert [post.text for post in told] == same, f"{asked!r} differs from an alert that does not exist"
    await desk.deliver()
    assert not [deed for deed in desk.cloud.world.deeds if deed.get("id") == theirs.alert["id"]]
    assert desk.at_partner_center(theirs.alert, "fabrikam")["status"] == "active"
    assert await desk.lines(theirs.post, "fabrikam") == []


async def test_no_verb_reaches_the_other_partners_alerts(desk: Desk, theirs: Theirs) -> None:
    _, ours = await desk.posted()
    data = {
        "alert": theirs.number,
        "version": 1,
        "card": theirs.post.card.data["card"],
        "text": "x",
        "verdict": "fraud",
        "reason": "x",
        "words": "all",
        "trail": [],
    }
    for verb in PAYLOADS:
        for trigger in ("manual", "automatic"):
            action = {"type": "Action.Execute", "verb": verb, "data": data}
            answer = await desk._answered("execute", "ada", ours, action=action, trigger=trigger)
            assert answer.status == 200
            assert not theirs.leaks(str(answer.body), ""), verb
            known = theirs.post.card.label in answer.text and "no alert" not in answer.text
            assert not known, verb
        for path, sent in (
            ("submit", {**data, "verb": verb}),
            ("submit", {**data, "verb": verb, "msteams": {"type": "task/fetch"}}),
        ):
            answer = await desk._answered(path, "ada", ours, data=sent)
            assert not theirs.leaks(str(answer.body), ""), verb
        answer = await desk._answered("dialog", "ada", ours, data={**data, "verb": verb})
        assert not theirs.leaks(str(answer.body), ""), verb
    await desk.deliver()
    for where, person in (("alerts", "ada"), ("ada", "ada"), ("general", "ada")):
        for post in await desk.posts(where, person):
            assert not theirs.leaks(str(post.json), ""), post.text
    assert desk.at_partner_center(theirs.alert, "fabrikam")["status"] == "active"
    assert await desk.lines(theirs.post, "fabrikam") == []


async def test_their_people_do_see_it_and_ours_do_not(desk: Desk, theirs: Theirs) -> None:
    assert theirs.says["id"] in (await desk.ask("fay", f"show A-{theirs.number}", "fabrikam")).text
    assert theirs.says["id"] in (await desk.ask("finn", f"show A-{theirs.number}", "finn")).text
    ours, post = await desk.posted()
    for person, where in (("fay", "fabrikam"), ("finn", "fabrikam"), ("fay", "fay"), ("finn", "finn")):
        for words in (
            f"show {post.card.label}",
            f"search {ours['subscriptionId']}",
            "show all",
            f"mark {post.card.label} fraud",
        ):
            assert ours["displayName"] not in str([found.json for found in await desk.say(person, words, where)])
    assert desk.deeds() == []


async def test_an_export_has_only_what_the_asker_may_read(desk: Desk, theirs: Theirs) -> None:
    await desk.posted()
    await desk.say("ada", "export all", "ada")
    consent = next(post for post in reversed(await desk.posts("ada", "ada")) if post.has_attached("file.consent"))
    await desk.client("consent", person="ada", conversationId=consent.where, messageId=consent.id, action="accept")
    await desk.until(lambda: any(upload.complete for upload in desk.cloud.teams.uploads.values()))
    (upload,) = desk.cloud.teams.uploads.values()
    text = bytes(upload.data).decode()
    assert not theirs.leaks(text, "")
    assert {row["Partner"] for row in csv.DictReader(io.StringIO(text))} == {"Northwind Cloud"}


async def test_their_card_pressed_by_our_person_is_an_unknown_alert(desk: Desk, theirs: Theirs) -> None:
    """Even where their alerts come to a shared channel, ada has no roles for them."""
    await desk.lifecycle("addMember", "joint", person="fay")
    await desk.ask("fay", "subscribe", "joint")
    await desk.deliver()
    answer = await desk.press("ada", await desk.card(theirs.alert, "joint"), "Mark as fraud")
    assert answer.kind == "error"
    assert "not of this partner's tenant" in answer.text
    assert desk.deeds() == []


async def test_a_channel_for_both_partners_tells_them_apart(desk: Desk, theirs: Theirs) -> None:
    """fay subscribes a shared channel of the other team, where she is a member: only her partner's alerts come."""
    await desk.lifecycle("addMember", "joint", person="fay")
    said = await desk.ask("fay", "subscribe", "joint")
    assert "Fabrikam Distribution" in said.text
    assert "Northwind" not in said.text
    ours, _ = await desk.posted()
    alert = await desk.alert("fabrikam")
    await desk.settle()
    assert await desk.card(alert, "joint")
    assert not await desk.cards_of(ours, "joint")
    listed = await desk.ask("nora", "show unresolved since:1h", "joint")
    assert "Fabrikam Distribution" in listed.text
    answer = await desk.press("ada", await desk.card(alert, "joint"), "Mark as fraud")
    assert answer.kind == "error"
    assert (await desk.press("fay", await desk.card(alert, "joint"), "Mark as fraud")).kind == "card"
