"""Personal views of one card: who is listed for them, what each person sees and why, and what they cost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.people import Person
from bot.services.rosters import Rosters
from bot.texts import en as texts
from bot.workers.rosters import RosterKeeper
from tests.support.desk import Desk
from tests.support.seen import Card, Post
from tests.support.signing import press

DECIDING = {"alert.legitimate", "alert.fraud", "alert.ignore", "alert.investigate"}
EVERYONE = ("ada", "max", "gil", "nora", "gus")


def listed(card: Card) -> list[str]:
    found: list[str] = card.json["refresh"].get("userIds", [])
    return found


async def all_have_pressed(desk: Desk) -> None:
    """Everybody in the channel has pressed a button once, so their roles were seen."""
    _, post = await desk.posted()
    for person in EVERYONE:
        await press(desk, person, post, "Investigate")


async def view(desk: Desk, person: str, post: Post) -> Card:
    """What that person's client shows of the card by itself."""
    answer = await desk.refresh(person, post)
    assert (answer.status, answer.kind) == (200, "card"), person
    return answer.card


async def test_five_people_see_five_views_of_one_card(people: Desk) -> None:
    await all_have_pressed(people)
    alert, post = await people.posted()
    world = people.cloud.world.people
    assert set(listed(post.card)) == {world[person].mri for person in EVERYONE}
    assert post.card.verbs >= DECIDING, "the shared card has every button"
    for person in ("ada", "max"):
        seen = await view(people, person, post)
        assert seen.verbs >= DECIDING, person
        assert texts.VIEWER_MAY_NOT not in seen.text
    for person in ("gil", "nora", "gus"):
        seen = await view(people, person, post)
        assert not seen.verbs & DECIDING, person
        assert texts.VIEWER_MAY_NOT in seen.text, person
        assert alert["displayName"] in seen.text
    assert (await people.card(alert)).json == post.json, "nobody's view is anybody else's"
    answer = await people.press("nora", post, "Mark as fraud")
    assert answer.code == "lacks_role", "the server is the gate, whatever is shown"


async def test_of_somebody_whose_roles_were_never_seen_the_view_is_the_shared_card(people: Desk) -> None:
    alert, post = await people.posted()
    assert listed(post.card) == []
    for person in EVERYONE:
        assert (await view(people, person, post)).verbs == post.card.verbs, person
    assert (await people.card(alert)).json == post.json


async def test_the_roster_fills_the_list_and_who_leaves_is_off_it(people: Desk) -> None:
    mri = {person: people.cloud.world.people[person].mri for person in EVERYONE}
    rosters = Rosters(people.parts.env, people.parts.connector)
    keeper = RosterKeeper(people.parts.env, rosters, owner="test")
    _, post = await people.posted()
    await press(people, "nora", post, "Investigate")
    await keeper.round()
    _, post = await people.posted()
    assert listed(post.card)[0] == mri["nora"], "who was heard comes first"
    assert set(listed(post.card)) == set(mri.values())
    before = people.mark()
    await people.lifecycle("removeMember", "general", person="gus")
    assert people.requests("connector", "GET", since=before) == [], "nobody need be asked"
    _, post = await people.posted()
    assert set(listed(post.card)) == set(mri.values()) - {mri["gus"]}
    await people.fault("connector", "GET", "pagedmembers", status=502, times=9)
    people.clock.forward(3601)
    await keeper.round()
    _, post = await people.posted()
    assert set(listed(post.card)) == set(mri.values()) - {mri["gus"]}, "what cannot be read changes nothing"


async def test_a_bot_that_runs_keeps_up_with_its_rosters_by_itself(people: Desk) -> None:
    mri = {person: people.cloud.world.people[person].mri for person in EVERYONE}
    channel = people.channel().id
    await people.another(background=True)

    async def known() -> set[str]:
        async with people.parts.store.read() as tx:
            return set(await tx.people.responders(channel, 60))

    async def everyone() -> bool:
        return await known() == set(mri.values())

    await people.eventually(everyone, "all on the roster")
    await people.lifecycle("removeMember", "general", person="gus")
    assert await known() == set(mri.values()) - {mri["gus"]}
    await people.lifecycle("addMember", "general", person="gus")
    await people.eventually(everyone, "he is back")


async def test_at_most_sixty_are_listed_who_acted_last_first(people: Desk) -> None:
    place = people.channel()
    now = people.clock.now()
    async with people.parts.store.write() as tx:
        for number in range(75):
            someone = Person(f"00000000-0000-4000-8000-{number:012d}", f"29:person-{number:03d}", f"Person {number}")
            await tx.people.seen(someone, place.id, now - timedelta(minutes=number))
        elsewhere = Person("00000000-0000-4000-8000-0000000000ff", "29:elsewhere", "Elsewhere")
        await tx.people.seen(elsewhere, people.channel(name="General").id, now)
    _, post = await people.posted()
    assert listed(post.card) == [f"29:person-{number:03d}" for number in range(60)]
    people.clock.forward(60)
    await press(people, "ada", post, "Investigate")
    await people.deliver()
    mine = listed((await people.post_now(post.id)).card)
    assert mine == [people.cloud.world.people["ada"].mri, *(f"29:person-{number:03d}" for number in range(59))]


async def test_a_refresh_answers_from_the_store_alone_and_never_fails(people: Desk) -> None:
    await all_have_pressed(people)
    _, post = await people.posted()
    for service in ("graph", "entra", "connector", "partnercenter"):
        await people.fault(service, times=None, status=500)
    before = people.mark()
    seconds = []
    for _ in range(6):
        for person in EVERYONE:
            answer = await people.refresh(person, post)
            assert answer.kind == "card", person
            seconds.append(answer.seconds)
    assert people.requests("graph", since=before) == []
    assert people.requests("entra", since=before) == []
    assert people.requests("connector", since=before) == []
    assert min(seconds) < 0.05, "with the way through the sandbox's client"
    odd = dict(post.card.json["refresh"]["action"])
    for data in ({}, {"alert": 999_999, "version": 1}, {"alert": "x"}, {**odd["data"], "card": "unknown"}):
        answer = await people.press("nora", post, {**odd, "data": data}, trigger="automatic")
        assert (answer.status, answer.body["statusCode"]) == (200, 200), data
    await people.client("signins", person="ada", action="revoke")
    assert (await people.refresh("ada", post)).kind == "card"


async def test_a_personal_view_in_a_personal_chat_asks_nobody(people: Desk) -> None:
    """There it would take asking what may be read, so an automatic refresh changes nothing."""
    await all_have_pressed(people)
    _, post = await people.posted()
    shown = await people.ask("nora", f"show {post.card.label}", "nora")
    before = people.mark()
    action = {**post.card.json["refresh"]["action"], "title": ""}
    answer = await people.press("nora", shown, action, trigger="automatic")
    assert (answer.status, answer.kind, answer.text) == (200, "message", "")
    assert people.requests("graph", since=before) + people.requests("connector", since=before) == []


async def test_a_role_change_shows_within_a_minute_of_being_noticed(people: Desk) -> None:
    await all_have_pressed(people)
    _, post = await people.posted()
    one = people.bot
    two = await people.another()
    assert (await view(people, "ada", post)).verbs >= DECIDING, "the second replica has looked, and remembers"
    people.cloud.bot_url = one.url
    await people.roles("ada", "adminAgent", False)
    assert (await people.press("ada", post, "Ignore")).code == "lacks_role", "noticed"
    assert not (await view(people, "ada", post)).verbs & DECIDING, "here at once"
    people.cloud.bot_url = two.url
    people.clock.forward(60)
    assert not (await view(people, "ada", post)).verbs & DECIDING, "elsewhere within a minute"

    await people.roles("ada", "adminAgent", True)
    assert (await people.press("ada", post, "Ignore")).kind == "card", "what is shown does not decide"
    _, other = await people.posted()
    assert (await view(people, "ada", other)).verbs >= DECIDING


async def test_a_decided_card_lists_nobody(people: Desk) -> None:
    await all_have_pressed(people)
    alert, post = await people.posted()
    assert listed(post.card)
    answer = await people.press("ada", post, "Mark as fraud")
    assert listed(answer.card) == []
    await people.deliver()
    assert listed((await people.card(alert)).card) == []
    for person in EVERYONE:
        seen = await view(people, person, post)
        assert "Fraud by Ada Lindqvist" in seen.text
        assert not seen.verbs & DECIDING
        assert listed(seen) == []


@pytest.mark.usefixtures("product_seconds")
async def test_a_view_shows_who_is_deciding_right_now(people: Desk) -> None:
    await all_have_pressed(people)
    _, post = await people.posted()
    await people.fault("graph", "PATCH", latency=4.5)
    assert "has not confirmed" in (await people.press("ada", post, "Mark as fraud")).text
    for person in ("max", "nora"):
        seen = await view(people, person, post)
        assert "Ada Lindqvist is marking this as fraud" in seen.text, person
        assert not seen.verbs & DECIDING, person
    await people.until(lambda: len(people.requests("graph", "PATCH")) == 2)
